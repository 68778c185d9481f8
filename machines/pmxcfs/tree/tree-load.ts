/**
 * From rows to a tree (spec/pmxcfs.md §3.3, §3.5): used when a database is opened and when a state transfer is
 * rehearsed. Rows come in any order. What is refused, is refused with the log text of §3.5.
 *
 *  I6 after a load every entry but the root has an existing directory as parent, names are unique per directory, and
 *     every entry is reached from the root.
 */
import type { Buffer } from 'node:buffer';
import type { RowChange, TreeRow } from '../../../runtime/formats/tree-row.ts';
import { hex16 } from '../messages/u64.ts';
import { DIRECTORY, FILE, NO_BYTES, ROOT_INODE, type TreeEntry, TreeNode } from './tree-entry.ts';

/** Name of the row that holds the root's version, writer and mtime (§3.3). */
const VERSION_ROW_NAME = '__version__';

export type { RowChange, TreeRow };

/** A row whose index digest is known already and need not be computed again. */
export interface LoadRow extends TreeRow {
  readonly digest?: Buffer | undefined;
}

/** Root and all entries by inode, the root included; `nodes` iterates in ascending inode order. */
export interface LoadedTree {
  readonly root: TreeNode;
  readonly nodes: Map<number, TreeNode>;
}

/** The root of a database that was never written has version 0 here. */
export function loadTree(rows: Iterable<LoadRow>): LoadedTree | { readonly failure: string } {
  const root = newRoot();
  const nodes = new Map<number, TreeNode>();
  for (const row of inInodeOrder(rows)) {
    const failure = rowFailure(row);
    if (failure !== undefined) return { failure };
    if (row.inode === ROOT_INODE) {
      root.stamp(row.version, row.writer, row.mtime);
      continue;
    }
    if (nodes.has(row.inode)) return { failure: `found strange placeholder for ${place(row)}` };
    nodes.set(row.inode, nodeOf(row));
  }
  const failure = link(root, nodes);
  if (failure !== undefined) return { failure };
  return { root, nodes: new Map([[ROOT_INODE, root], ...nodes]) };
}

export function newRoot(): TreeNode {
  const fields = { inode: ROOT_INODE, parent: ROOT_INODE, version: 0, writer: 0, mtime: 0, name: '', data: NO_BYTES };
  return new TreeNode({ ...fields, type: DIRECTORY });
}

function inInodeOrder(rows: Iterable<LoadRow>): LoadRow[] {
  return [...rows].sort((a, b) => a.inode - b.inode);
}

function rowFailure(row: LoadRow): string | undefined {
  const inode = `inode = ${hex16(row.inode)}`;
  if (row.name === '') return `inode has no name (${inode})`;
  if (row.type !== DIRECTORY && row.type !== FILE) {
    return `inode has unknown type (${inode}, type = ${row.type})`;
  }
  if (row.inode === ROOT_INODE) {
    return row.name === VERSION_ROW_NAME ? undefined : `root inode has unexpected name '${row.name}'`;
  }
  if (row.type === DIRECTORY && row.data !== null && row.data.length > 0) {
    return `directory inode contains data (${inode})`;
  }
  return undefined;
}

function nodeOf(row: LoadRow): TreeNode {
  return new TreeNode({ ...row, type: row.type === DIRECTORY ? DIRECTORY : FILE, data: row.data ?? NO_BYTES });
}

function place(row: { inode: number; parent: number; name: string; type: number }): string {
  return `(inode = ${hex16(row.inode)}, parent = ${hex16(row.parent)}, name = '${row.name}', type = '${row.type}')`;
}

/** Hangs every node into its directory; the failure text when one cannot be. */
function link(root: TreeNode, nodes: ReadonlyMap<number, TreeNode>): string | undefined {
  for (const node of nodes.values()) {
    const parent = node.parent === ROOT_INODE ? root : nodes.get(node.parent);
    if (parent === undefined) return `missing directory inode (inode = ${hex16(node.parent)})`;
    if (parent.children === undefined) {
      const where = `inode = ${hex16(node.inode)}, parent = ${hex16(node.parent)}, name = '${node.name}'`;
      return `parent is not a directory (${where})`;
    }
    const twin = parent.children.get(node.name);
    if (twin !== undefined) return duplicateName(twin, node);
    parent.children.set(node.name, node);
  }
  return cycleFailure(root, nodes);
}

function duplicateName(a: TreeNode, b: TreeNode): string {
  return `found entry with duplicate name '${b.name}' - A:${incarnation(a)} vs. B:${incarnation(b)}`;
}

function incarnation(node: TreeNode): string {
  const change = `0x${node.version.toString(16).toUpperCase()}/0x${node.mtime}`;
  return `(inode = 0x${hex16(node.inode)}, parent = 0x${hex16(node.parent)}, v./mtime = ${change})`;
}

/** Directories that hold one another are reached from nowhere; the original has no text for them. */
function cycleFailure(root: TreeNode, nodes: ReadonlyMap<number, TreeNode>): string | undefined {
  const reached = new Set<number>();
  const open: TreeNode[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const child of node.children?.values() ?? []) {
      reached.add(child.inode);
      if (child.children !== undefined) open.push(child);
    }
  }
  for (const inode of nodes.keys()) {
    if (!reached.has(inode)) return `directory inode is its own ancestor (inode = ${hex16(inode)})`;
  }
  return undefined;
}

/** The row that stores an entry; the root's is the version row, of type 8 as a normal change writes it (§3.3). */
export function rowOf(entry: Omit<TreeEntry, 'size'>): TreeRow {
  const { inode, parent, version, writer, mtime } = entry;
  const stamp = { inode, parent, version, writer, mtime };
  if (inode === ROOT_INODE) return { ...stamp, type: FILE, name: VERSION_ROW_NAME, data: null };
  return { ...stamp, type: entry.type, name: entry.name, data: entry.data.length > 0 ? entry.data : null };
}
