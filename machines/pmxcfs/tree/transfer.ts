/**
 * The commit of a state transfer, rehearsed: which rows change, which tree results, what is lost, or why it cannot be
 * (spec/pmxcfs.md §5.6). Nothing of the current tree is changed; the result is adopted once the database has committed.
 */
import type { Buffer } from 'node:buffer';
import { lostChanges } from './lost-changes.ts';
import { DIRECTORY, ROOT_INODE, type TreeEntry, type TreeNode } from './tree-entry.ts';
import { decodeIndex, encodeIndex, inodesToDelete } from './tree-index.ts';
import { type LoadedTree, type LoadRow, loadTree, type RowChange, rowOf } from './tree-load.ts';

/** A log line that the caller writes. */
export interface TreeLog {
  readonly domain: 'database' | 'status' | 'dcdb';
  readonly level: 'crit';
  readonly message: string;
}

/** `failure` says in a sentence what was refused; `logs` are the lines of the specification, in order. */
export interface TreeFailure {
  readonly failure: string;
  readonly logs: readonly TreeLog[];
}

export interface TransferPlan {
  /** For one transaction; contains what `takeChanges` would still give. */
  readonly changes: readonly RowChange[];
  /** The tree to adopt; opaque to callers. */
  readonly tree: LoadedTree;
  /** Paths whose state on this node the leader's tree does not hold (§13.2.2), sorted. */
  readonly lost: readonly string[];
  /** See `LostChanges`. */
  readonly hasForked: boolean;
}

export interface TransferInput {
  readonly nodes: ReadonlyMap<number, TreeNode>;
  /** Rows that [Q5] left in the database. */
  readonly orphaned: ReadonlySet<number>;
  readonly pending: readonly RowChange[];
  readonly ownIndex: Buffer;
  readonly leaderIndex: Buffer;
  readonly updates: readonly Omit<TreeEntry, 'size'>[];
}

const INDEX_MISMATCH = 'new index does not match master index - internal error';

export function planTransfer(input: TransferInput): TransferPlan | TreeFailure {
  const own = decodeIndex(input.ownIndex);
  if ('failure' in own) return failureOf('dcdb', own.failure);
  const leader = decodeIndex(input.leaderIndex);
  if ('failure' in leader) return failureOf('dcdb', leader.failure);

  const absent = new Set([...inodesToDelete(own, leader), ...input.orphaned]);
  const updates = new Map(input.updates.map((update) => [update.inode, update]));
  const tree = loadTree(rowsAfter(input.nodes, absent, updates));
  if ('failure' in tree) return failureOf('database', tree.failure, 'DB load failed');
  if (tree.root.version === 0) return failureOf('database', 'new index has version 0 - internal error');
  if (!encodeIndex([...tree.nodes.values()]).equals(input.leaderIndex)) return failureOf('database', INDEX_MISMATCH);

  const changes = [...input.pending, ...rowChanges(absent, updates.values())];
  return { changes, tree, ...lostChanges(input.nodes, tree.nodes) };
}

export function failureOf(domain: TreeLog['domain'], ...messages: readonly [string, ...string[]]): TreeFailure {
  return { failure: messages[0], logs: messages.map((message) => ({ domain, level: 'crit', message })) };
}

/** The database's rows after the transaction. A file without bytes has size 0 again there [Q3], hence no digest. */
function* rowsAfter(
  nodes: ReadonlyMap<number, TreeNode>,
  absent: ReadonlySet<number>,
  updates: ReadonlyMap<number, Omit<TreeEntry, 'size'>>,
): Iterable<LoadRow> {
  for (const node of nodes.values()) {
    if (absent.has(node.inode) || updates.has(node.inode)) continue;
    yield { ...rowOf(node), digest: node.size === node.data.length ? node.digest() : undefined };
  }
  for (const update of updates.values()) yield rowOf(update);
}

function* rowChanges(absent: Iterable<number>, updates: Iterable<Omit<TreeEntry, 'size'>>): Iterable<RowChange> {
  for (const inode of absent) yield { kind: 'delete', inode };
  for (const update of updates) {
    const row = rowOf(update);
    // After a transfer the version row keeps the root's type (§3.3).
    yield { kind: 'replace', row: update.inode === ROOT_INODE ? { ...row, type: DIRECTORY } : row };
  }
}
