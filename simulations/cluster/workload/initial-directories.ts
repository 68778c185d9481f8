/** Names of clients and what they find in the tree at the start. */
import type { RunOptions } from '../options.ts';

export function clientName(nodeid: number, at: number): string {
  return `c${nodeid}-${at}`;
}

export function treeOwnerName(nodeid: number): string {
  return `trees${nodeid}`;
}

/** Nodes that may come to those of the start, at most. */
export const MOST_SPARES = 2;

/** Whoever writes files of half a mebibyte. */
export const ARCHIVER = 'archiver';

/** Parents before children. */
export function initialDirectories({ nodeCount, clientsPerNode, growth }: RunOptions): readonly string[] {
  const paths = ['nodes', 'priv', 'priv/lock', 'clients', `clients/${ARCHIVER}`, 'shared'];
  for (let nodeid = 1; nodeid <= nodeCount + (growth ? MOST_SPARES : 0); nodeid += 1) {
    const home = `nodes/n${nodeid}`;
    paths.push(home, `${home}/qemu-server`, `${home}/lxc`, `clients/${treeOwnerName(nodeid)}`);
    for (let at = 0; at < clientsPerNode; at += 1) paths.push(`clients/${clientName(nodeid, at)}`);
  }
  return paths;
}
