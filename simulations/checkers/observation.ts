/**
 * What a checker of a simulated cluster sees. A checker knows the promise of the system and what happened at its edges: requests
 * and answers, what was done to each tree, commits, log lines, transitions, datagrams. It changes nothing.
 */
import type { ClusterNode, NodeTransition } from '../../actors/node/cluster-node.ts';
import type { Memdb } from '../../machines/pmxcfs/tree/memdb.ts';
import type { StoreRow } from '../../runtime/store/store.ts';
import type { HaHooks, HaView } from './ha/observation.ts';

/** A process of a node, from its start to its end. */
export interface ObservedProcess {
  readonly pid: number;
  readonly node: ClusterNode;
  readonly memdb: Memdb;
  readonly isStopped: boolean;
  /** Of its machine's monotonic clock. */
  readonly now_ms: number;
  /** Version in the last transaction that the store took. */
  readonly committedVersion: number;
}

export interface ObservedNode {
  readonly nodeid: number;
  readonly name: string;
  /** Undefined while the node is down. */
  readonly process: ObservedProcess | undefined;
  /** Rows of the database, by ascending inode. */
  readonly rows: readonly StoreRow[];
  readonly hostConfig: Buffer | undefined;
}

/** One ordered operation on one tree. */
export interface TreeChange {
  readonly kind: 'create' | 'write' | 'mkdir' | 'remove' | 'rename' | 'mtime';
  readonly path: string;
  /** Target, time or data, as text. */
  readonly detail: string;
  readonly writer: number;
  readonly time_s: number;
  readonly result: number;
  readonly versionBefore: number;
  readonly versionAfter: number;
}

export interface TreeReplacement {
  readonly cause: 'transfer' | 'reload';
  readonly before: { readonly version: number; readonly mtime: number };
  readonly isGood: boolean;
}

export type RequestKind = 'create' | 'write' | 'truncate' | 'mkdir' | 'unlink' | 'rmdir' | 'rename' | 'mtime';

/** A client's request from its invocation to its end. */
export interface Request {
  readonly id: number;
  readonly client: string;
  readonly nodeid: number;
  readonly pid: number;
  readonly kind: RequestKind;
  readonly path: string;
  readonly to: string;
  /** Of the whole file after a write, or of the target after a rename, as its client knows it. */
  readonly content: string;
  /** Of the file after a truncate, bytes. */
  readonly size: number;
  readonly invoked_ms: number;
  returned_ms: number;
  /** Undefined while nobody has answered. */
  result: number | undefined;
  /** The process died before it answered. */
  isOrphaned: boolean;
}

/**
 * Mark by which a request is found in datagrams and trees: it stands in its path or its content. Twice, since a message may be cut
 * anywhere when it is sent.
 */
export function requestMark(id: number): string {
  return `op#${id}#op#${id}#`;
}

export interface ClusterView {
  readonly now_ms: number;
  /** Of the cluster now: some may come and go. */
  readonly nodes: readonly ObservedNode[];
  /** So few they have been at some time. */
  readonly leastNodes: number;
  readonly profile: 'promise' | 'wild';
  /** An operator has told nodes to expect fewer votes than there are: no majority is sure any more. */
  readonly areVotesLowered: boolean;
  /** Undefined where the cluster has no high availability. */
  readonly ha?: HaView | undefined;
  /** The nodes that datagrams of `nodeid` can reach now, perhaps over others: itself, and those whose process is stopped, included. */
  reachedFrom(nodeid: number): readonly number[];
  /** The nodes whose datagrams can reach `nodeid` now, perhaps over others; itself included. */
  heardBy(nodeid: number): readonly number[];
}

export type Fail = (message: string) => void;

/** One property of the cluster. All hooks are optional; `fail` may be called at any time. */
export interface Checker extends HaHooks {
  /** e.g. `I4`. */
  readonly rule: string;
  /** Why it matters, a sentence. */
  readonly why: string;
  booted?(node: ObservedNode): void;
  /** The process is about to end, whatever the cause. */
  died?(node: ObservedNode): void;
  /** The last commits may be gone from the disk. */
  powerLost?(node: ObservedNode): void;
  changed?(node: ObservedNode, change: TreeChange): void;
  replaced?(node: ObservedNode, replacement: TreeReplacement): void;
  invoked?(request: Request): void;
  returned?(request: Request): void;
  logged?(node: ObservedNode, domain: string, message: string): void;
  transition?(node: ObservedNode, transition: NodeTransition): void;
  /** The process has sent, or is about to handle, a frame of the ring, alone or with the token. */
  frame?(node: ObservedNode, payload: Buffer): void;
  hostConfigWritten?(node: ObservedNode, before: Buffer | undefined, after: Buffer): void;
  /** A client set a key of its node's status. */
  published?(node: ObservedNode, key: string, value: string): void;
  /** A client entered or left protected code. */
  entered?(lock: string, client: string): void;
  left?(lock: string, client: string): void;
  /** Connectivity changed. */
  rewired?(): void;
  /** Four times a second, between events. */
  tick?(): void;
  /** After quiescence. */
  quiet?(): void;
}

export type CheckerFactory = (view: ClusterView, fail: Fail) => Checker;
