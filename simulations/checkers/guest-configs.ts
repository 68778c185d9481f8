/** I7 and I8 of spec/pmxcfs.md §10.1. */
import type { Memdb } from '../../machines/pmxcfs/tree/memdb.ts';
import { guestConfigOf } from '../../machines/pmxcfs/tree/path-class.ts';
import { FILE } from '../../machines/pmxcfs/tree/tree-entry.ts';
import type { CheckerFactory, ObservedNode } from './observation.ts';

const CHECKED_EVERY = 16;

export const guestConfigs: CheckerFactory = (view, fail) => {
  let changes = 0;
  const check = ({ nodeid, process }: ObservedNode): void => {
    for (const problem of process === undefined ? [] : guestProblems(process.memdb)) fail(`n${nodeid}: ${problem}`);
  };
  return {
    rule: 'I7, I8',
    why: 'a guest that is configured on two nodes may run twice on one disk',
    changed: (node, { path }) => {
      if (!path.startsWith('nodes/')) return;
      changes += 1;
      if (changes % CHECKED_EVERY === 0) check(node);
    },
    replaced: check,
    quiet: () => view.nodes.forEach(check),
  };
};

function guestProblems(memdb: Memdb): readonly string[] {
  const problems: string[] = [];
  const places = new Map<number, string>();
  for (const entry of memdb.entries()) {
    if (entry.type !== FILE || !entry.name.endsWith('.conf')) continue;
    const path = memdb.pathOf(entry);
    const guest = guestConfigOf(path.split('/'));
    if (guest === undefined) continue;
    const other = places.get(guest.vmid);
    if (other !== undefined) problems.push(`guest ${guest.vmid} is configured as '${other}' and as '${path}'`);
    places.set(guest.vmid, path);
    if (!memdb.guests.lists(guest)) problems.push(`the guest list lacks '${path}'`);
  }
  if (memdb.guests.size !== places.size) {
    problems.push(`the guest list has ${memdb.guests.size} guests, the tree ${places.size}`);
  }
  return problems;
}
