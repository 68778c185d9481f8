/**
 * What a join or a contact means to a node: the pure rules of the membership machine (spec/pmxcfs.md §7.4).
 */
import type { RingId } from './messages.ts';
import { sameRing } from './messages.ts';
import { equalSets, intersection, type NodeSet, union, without } from './node-set.ts';

export interface MembershipContext {
  readonly self: number;
  /** Nodes of the configuration: others are never candidates. */
  readonly configured: NodeSet;
  /** The ring that is installed, or was last. */
  readonly ring: RingId;
  readonly members: NodeSet;
  /** Candidates. */
  readonly proc: NodeSet;
  readonly failed: NodeSet;
  /** Candidates that named the same sets as this node. */
  readonly consensus: NodeSet;
  /** Highest ring sequence seen. */
  readonly highestSeq: number;
  /** The ring being formed; undefined outside `commit` and `recovery`. */
  readonly forming: { readonly ring: RingId; readonly members: NodeSet } | undefined;
  /** Nodes that said that they leave, since the installed ring. */
  readonly leaving: NodeSet;
  /** Why the last ring ended, for the log and the trace. */
  readonly cause: string;
}

export interface JoinEvent {
  readonly type: 'JOIN';
  readonly sender: number;
  readonly highestSeq: number;
  readonly proc: NodeSet;
  readonly failed: NodeSet;
}

/** What a join asks of a node that is gathering. */
export type JoinVerdict =
  | { readonly kind: 'ignore' }
  | { readonly kind: 'agrees' }
  | { readonly kind: 'changes'; readonly proc: NodeSet; readonly failed: NodeSet };

type Sets = Pick<MembershipContext, 'self' | 'configured' | 'members' | 'proc' | 'failed'>;

/** The rule of §7.4 for a join in `gather`. */
export function judgeJoin(context: Sets, join: JoinEvent): JoinVerdict {
  const { self, proc, failed } = context;
  if (join.failed.includes(join.sender)) {
    if (failed.includes(join.sender) || !proc.includes(join.sender)) return { kind: 'ignore' };
    return { kind: 'changes', proc, failed: union(failed, [join.sender]) };
  }
  if (failed.includes(join.sender)) return { kind: 'ignore' };
  if (equalSets(join.proc, proc) && equalSets(join.failed, failed)) return { kind: 'agrees' };
  if (join.failed.includes(self)) {
    return { kind: 'changes', proc: union(proc, [join.sender]), failed: union(failed, [join.sender]) };
  }
  const strangers = without(join.proc, context.configured);
  const theirFailed = context.members.includes(join.sender) ? join.failed : intersection(join.failed, failed);
  const nextProc = union(proc, union(join.proc, [join.sender]));
  const nextFailed = union(failed, union(theirFailed, strangers));
  if (equalSets(nextProc, proc) && equalSets(nextFailed, failed)) return { kind: 'ignore' };
  return { kind: 'changes', proc: nextProc, failed: nextFailed };
}

/** Candidates that the ring would have now. */
export function candidates(context: Pick<MembershipContext, 'proc' | 'failed'>): number[] {
  return without(context.proc, context.failed);
}

/** A join may end an installed ring unless it is old, excludes us, or comes from a stranger that may not hear us. */
export function endsRing(context: MembershipContext, join: JoinEvent): boolean {
  const isMember = context.members.includes(join.sender);
  if (join.failed.includes(join.sender)) return isMember;
  if (isMember) return join.highestSeq >= context.ring.seq && !join.failed.includes(context.self);
  return join.proc.includes(context.self) && !join.failed.includes(context.self);
}

/** A contact may start a merge when it comes from another ring, isn't old, and its sender hears us. */
export function isMergeable(
  context: MembershipContext,
  event: { readonly sender: number; readonly ring: RingId; readonly heardBy: NodeSet },
): boolean {
  if (!event.heardBy.includes(context.self) || sameRing(event.ring, context.ring)) return false;
  return !context.members.includes(event.sender) || event.ring.seq > context.ring.seq;
}
