/** I9 of spec/pmxcfs.md §10.1. */
import type { Memdb } from '../../machines/pmxcfs/tree/memdb.ts';
import { ROOT_INODE } from '../../machines/pmxcfs/tree/tree-entry.ts';
import type { StoreRow } from '../../runtime/store/store.ts';
import type { CheckerFactory, ObservedNode } from './observation.ts';

const TICKS_BETWEEN_CHECKS = 12;

export const storeEqualsMemory: CheckerFactory = (view, fail) => {
  let ticks = 0;
  const changed = new Set<number>();
  const note = ({ nodeid }: ObservedNode): void => {
    changed.add(nodeid);
  };
  const check = ({ nodeid, process, rows }: ObservedNode): void => {
    if (process === undefined || process.memdb.errorFlag) return;
    const problem = differenceOf(process.memdb, rows);
    if (problem !== undefined) fail(`n${nodeid}: ${problem}`);
  };
  return {
    rule: 'I9',
    why: 'after a restart the database is the tree: what it lacks was never written',
    changed: note,
    replaced: note,
    // A restart follows from the database alone, so the last moment before it counts.
    died: check,
    tick: () => {
      ticks += 1;
      if (ticks % TICKS_BETWEEN_CHECKS !== 0) return;
      for (const node of view.nodes) if (changed.delete(node.nodeid)) check(node);
    },
    quiet: () => view.nodes.forEach(check),
  };
};

function differenceOf(memdb: Memdb, rows: readonly StoreRow[]): string | undefined {
  if (rows.length !== memdb.entryCount) return `${rows.length} rows, but ${memdb.entryCount} entries`;
  for (const row of rows) {
    const entry = memdb.entryByInode(row.inode);
    if (entry === undefined) return `row ${row.inode} has no entry`;
    const { version, writer, mtime, parent, name, data } = entry;
    // The version row has a name of its own, and a type that nobody reads (§13.1.3); a new root has no mtime [Q7].
    const isRoot = row.inode === ROOT_INODE;
    const isSame =
      row.version === version &&
      (isRoot || (row.parent === parent && row.name === name && row.type === entry.type)) &&
      (isRoot && version === 1 ? true : row.mtime === mtime && row.writer === writer) &&
      (row.data === null ? data.length === 0 : row.data.equals(data));
    if (!isSame) return `row ${row.inode} ('${row.name}', version ${row.version}) differs from its entry`;
  }
  return undefined;
}
