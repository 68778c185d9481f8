/** Spec/ha.md §16.1, on the hypervisors themselves and not only in what the manager believes. */
import type { CheckerFactory } from '../observation.ts';
import { Unguarded } from './unguarded.ts';

export const singleExecution: CheckerFactory = ({ ha }, fail) => {
  const unguarded = new Unguarded();
  return {
    rule: '16.1 single execution',
    why: 'two nodes that run one guest write to one disk, and its data is lost',
    ...unguarded.hooks,
    guest: (machine, sid, isRunning) => {
      if (!isRunning) return;
      for (const other of ha?.machines ?? []) {
        if (other === machine || !other.guests.has(sid) || unguarded.has(other)) continue;
        fail(`${machine.name} has started ${sid}, which runs on ${other.name}`);
      }
    },
  };
};
