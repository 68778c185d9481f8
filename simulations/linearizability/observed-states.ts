/** What a path holds on the node that knows most. */
import type { Memdb } from '../../machines/pmxcfs/tree/memdb.ts';
import { DIRECTORY } from '../../machines/pmxcfs/tree/tree-entry.ts';
import type { ClusterView } from '../checkers/observation.ts';
import { ABSENT, type FileState } from './single-file.ts';

/** The tree with the highest version; after quiescence all are alike. */
export function newestTree(view: ClusterView): Memdb | undefined {
  let newest: Memdb | undefined;
  for (const { process } of view.nodes) {
    if (process === undefined) continue;
    if (newest === undefined || process.memdb.root.version > newest.root.version) newest = process.memdb;
  }
  return newest;
}

export function stateIn(memdb: Memdb, path: string): FileState {
  const entry = memdb.lookup(path);
  if (entry === undefined) return ABSENT;
  return entry.type === DIRECTORY ? { kind: 'directory' } : { kind: 'file', content: entry.data.toString('latin1') };
}
