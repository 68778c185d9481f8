/** What is derived from a whole tree when it is opened or replaced: guest configurations and locks (spec/pmxcfs.md §2.6, §2.7). */
import type { Buffer } from 'node:buffer';
import { GUEST_DIRECTORIES, type GuestConfig, guestConfigOf } from './path-class.ts';
import { FILE, lockChecksum, ROOT_INODE, type TreeEntry, type TreeNode } from './tree-entry.ts';

/** All guest configurations of a tree; undefined when it has no directory `nodes`. */
export function guestConfigsIn(root: TreeNode): readonly GuestConfig[] | undefined {
  const top = root.children?.get('nodes')?.children;
  if (top === undefined) return undefined;
  const configs: GuestConfig[] = [];
  for (const node of top.values()) {
    for (const directory of GUEST_DIRECTORIES) {
      for (const file of node.children?.get(directory)?.children?.values() ?? []) {
        const config = file.type === FILE ? guestConfigOf(['nodes', node.name, directory, file.name]) : undefined;
        if (config !== undefined) configs.push(config);
      }
    }
  }
  return configs;
}

/** The lock directories of a tree with their checksums and holders. */
export function* locksIn(
  root: TreeNode,
): Iterable<{ readonly path: string; readonly checksum: Buffer; readonly holder: number }> {
  for (const entry of root.children?.get('priv')?.children?.get('lock')?.children?.values() ?? []) {
    if (entry.type === FILE) continue;
    yield { path: `priv/lock/${entry.name}`, checksum: lockChecksum(entry), holder: entry.writer };
  }
}

/** Path of an entry without leading slash; empty for the root. */
export function pathIn(nodes: ReadonlyMap<number, TreeEntry>, entry: TreeEntry): string {
  const names: string[] = [];
  let at: TreeEntry | undefined = entry;
  while (at !== undefined && at.inode !== ROOT_INODE) {
    names.push(at.name);
    at = nodes.get(at.parent);
  }
  return names.reverse().join('/');
}
