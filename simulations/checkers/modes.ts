/** I13 of spec/pmxcfs.md §10.1. */
import type { CheckerFactory, ObservedNode } from './observation.ts';

const TICKS_BETWEEN_CHECKS = 20;
const PRIVATE_PATHS = ['priv', 'priv/lock'];
const OTHERS = 0o077;
const OWNER_WRITES = 0o200;

export const modes: CheckerFactory = (view, fail) => {
  let ticks = 0;
  const check = ({ nodeid, process }: ObservedNode): void => {
    if (process === undefined) return;
    const { fileSystem, quorate } = process.node;
    for (const path of PRIVATE_PATHS) {
      const attributes = fileSystem.getattr(path);
      if (typeof attributes !== 'number' && (attributes.mode & OTHERS) !== 0) {
        fail(`n${nodeid} shows '${path}' with mode ${attributes.mode.toString(8)}`);
      }
    }
    const shared = fileSystem.getattr('corosync.conf');
    if (typeof shared === 'number') return;
    const isWritable = (shared.mode & OWNER_WRITES) !== 0;
    if (isWritable !== quorate)
      fail(`n${nodeid} shows mode ${shared.mode.toString(8)}, and is ${quorate ? '' : 'not '}quorate`);
  };
  return {
    rule: 'I13',
    why: 'keys lie in private paths, and people and programs read from the mode whether they may write',
    tick: () => {
      ticks += 1;
      if (ticks % TICKS_BETWEEN_CHECKS === 0) view.nodes.forEach(check);
    },
    quiet: () => view.nodes.forEach(check),
  };
};
