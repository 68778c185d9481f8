/** I5 and I6 of spec/pmxcfs.md §10.1. */
import type { Memdb } from '../../machines/pmxcfs/tree/memdb.ts';
import { DIRECTORY, ROOT_INODE } from '../../machines/pmxcfs/tree/tree-entry.ts';
import type { CheckerFactory, ObservedNode } from './observation.ts';

/** A walk over the whole tree costs more than most changes. */
const CHECKED_EVERY = 32;

export const treeShape: CheckerFactory = (view, fail) => {
  let changes = 0;
  const check = ({ nodeid, process }: ObservedNode): void => {
    const problem = process === undefined ? undefined : shapeProblem(process.memdb);
    if (problem !== undefined) fail(`n${nodeid}: ${problem}`);
  };
  return {
    rule: 'I5, I6',
    why: 'an inode used twice, or an entry without its directory, is a file that nobody can reach or that is another one',
    booted: check,
    changed: (node) => {
      changes += 1;
      if (changes % CHECKED_EVERY === 0) check(node);
    },
    replaced: check,
    quiet: () => view.nodes.forEach(check),
  };
};

/** What is wrong with a tree, or undefined. */
export function shapeProblem(memdb: Memdb): string | undefined {
  const places = new Set<string>();
  for (const { inode, version, parent, name } of memdb.entries()) {
    if (inode === ROOT_INODE) continue;
    if (version > memdb.root.version) return `inode ${inode} has version ${version}, beyond the root's`;
    if (inode > version) return `inode ${inode} is newer than its version ${version}`;
    const directory = memdb.entryByInode(parent);
    if (directory?.type !== DIRECTORY) return `the parent of inode ${inode} is no directory`;
    const place = `${parent}/${name}`;
    if (places.has(place)) return `two entries are called '${name}' in inode ${parent}`;
    places.add(place);
  }
  for (const entry of memdb.entries()) {
    if (memdb.lookup(memdb.pathOf(entry)) !== entry) return `inode ${entry.inode} is not found by its path`;
  }
  return undefined;
}
