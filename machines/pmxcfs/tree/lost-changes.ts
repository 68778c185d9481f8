/**
 * What a node loses when a leader's tree replaces its own (spec/pmxcfs.md §5.6, §13.2.2): the leader does not tell its
 * history, so that it is inferred from both trees.
 *
 * Facts used. Inodes and versions grow together; one history never gives the same version twice. Let `common` be the
 * newest version of an entry that is the same on both sides: what is not newer belongs to the shared past. If the
 * node's history were a prefix of the leader's, every entry of the leader whose version (or inode) is not newer than
 * the node's own version would be in the node's tree unchanged. Where that fails, the histories are known to have
 * forked.
 *
 * Errs on the safe side: an entry newer than `common` that the leader lacks is named even without proof of a fork,
 * since a deletion by others cannot be told from a creation that others never saw; `dcdb/proven-history.ts` knows more. Not named: what the leader holds at
 * the same path with the same bytes, such as the corosync.conf that a new node imports; and locks, which come and go.
 */
import { components, isLockPath } from './path-class.ts';
import { ROOT_INODE, type TreeNode } from './tree-entry.ts';
import { pathIn } from './tree-scan.ts';

type Nodes = ReadonlyMap<number, TreeNode>;

export interface LostChanges {
  /** Sorted: entries whose state on this side the leader's tree does not hold. */
  readonly lost: readonly string[];
  /** The histories are known to have forked; else what is lost may have been removed by others. */
  readonly hasForked: boolean;
}

export function lostChanges(own: Nodes, leader: Nodes): LostChanges {
  const common = newestCommonVersion(own, leader);
  // Trees without a single entry in common have no past in common either, as far as anyone can tell.
  const hasForked = common === 0 || haveForked(own, leader);
  const paths = new Set<string>();
  for (const node of own.values()) {
    if (node.inode === ROOT_INODE || node.version <= common) continue;
    const theirs = leader.get(node.inode);
    if (theirs !== undefined && (!hasForked || isSame(node, theirs))) continue;
    const path = pathIn(own, node);
    if (!isHeldAt(leader, path, node)) paths.add(path);
  }
  if (hasForked) for (const node of deletedHere(own, leader, common)) paths.add(pathIn(leader, node));
  return { lost: [...paths].filter((path) => !isLockPath(path)).sort(), hasForked };
}

function isSame(a: TreeNode, b: TreeNode): boolean {
  return a.version === b.version && a.digest().equals(b.digest());
}

function newestCommonVersion(own: Nodes, leader: Nodes): number {
  let common = 0;
  for (const node of own.values()) {
    if (node.inode === ROOT_INODE || node.version <= common) continue;
    const theirs = leader.get(node.inode);
    if (theirs !== undefined && isSame(node, theirs)) common = node.version;
  }
  return common;
}

function haveForked(own: Nodes, leader: Nodes): boolean {
  const ownVersion = own.get(ROOT_INODE)?.version ?? 0;
  for (const theirs of leader.values()) {
    const node = own.get(theirs.inode);
    if (node === undefined ? theirs.inode <= ownVersion : theirs.version <= ownVersion && !isSame(node, theirs)) {
      return true;
    }
  }
  return false;
}

/** The leader has the same bytes, or a directory for a directory, at this path. */
function isHeldAt(leader: Nodes, path: string, node: TreeNode): boolean {
  let there = leader.get(ROOT_INODE);
  for (const name of components(path)) there = there?.children?.get(name);
  return there?.type === node.type && there.data.equals(node.data);
}

/** Entries of the shared past that the leader still has: their removal on this side is what is lost. */
function deletedHere(own: Nodes, leader: Nodes, common: number): readonly TreeNode[] {
  return [...leader.values()].filter((node) => node.version <= common && !own.has(node.inode));
}
