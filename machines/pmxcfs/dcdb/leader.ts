/** Who leads a synchronisation round, and who is in sync with the leader (spec/pmxcfs.md §5.4). Pure: every member computes the same. */
import type { Buffer } from 'node:buffer';
import type { DfsmState } from '../dfsm/application.ts';
import type { DfsmMember } from '../dfsm/members.ts';
import { decodeIndex, type TreeIndex } from '../tree/tree-index.ts';

export interface Candidate {
  readonly member: DfsmMember;
  readonly index: TreeIndex;
}

export interface Election {
  readonly leader: Candidate;
  /** The leader first, then the others with a byte-identical index, in member order. */
  readonly synced: readonly DfsmMember[];
  /** Members whose index differs from the leader's. */
  readonly behind: readonly Candidate[];
}

/** `states` in member order, at least one. A blob that is no index gives the log text of §5.4. */
export function elect(states: readonly DfsmState[]): Election | { readonly failure: string } {
  const candidates: Candidate[] = [];
  for (const { member, state } of states) {
    const index = decodeIndex(state);
    if ('failure' in index) return index;
    candidates.push({ member, index });
  }
  const leader = candidates.reduce<Candidate | undefined>((best, next) => (beats(next, best) ? next : best), undefined);
  if (leader === undefined) return { failure: 'unable to select leader failed' };
  const others = candidates.filter((candidate) => candidate !== leader);
  const isEqual = (candidate: Candidate): boolean => blobOf(candidate).equals(blobOf(leader));
  const synced = [leader, ...others.filter(isEqual)].map(({ member }) => member);
  return { leader, synced, behind: others.filter((candidate) => !isEqual(candidate)) };
}

/** Highest version, then highest mtime; among equals the first stays. */
function beats(next: Candidate, best: Candidate | undefined): boolean {
  if (best === undefined) return true;
  if (next.index.version !== best.index.version) return next.index.version > best.index.version;
  return next.index.mtime > best.index.mtime;
}

function blobOf(candidate: Candidate): Buffer {
  return candidate.index.blob;
}
