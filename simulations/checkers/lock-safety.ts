/** I11 of spec/pmxcfs.md §10.1, and the argument of §10.4. */
import type { CheckerFactory } from './observation.ts';

export const lockSafety: CheckerFactory = (view, fail) => {
  const inside = new Map<string, Set<string>>();
  return {
    rule: 'I11, 10.4',
    why: 'two holders of one lock change the same thing at the same time',
    entered: (lock, client) => {
      const clients = inside.get(lock) ?? new Set();
      // Beyond the promise an acknowledged lock may be lost as any change may.
      if (clients.size > 0 && view.profile === 'promise') {
        fail(`${client} holds the lock '${lock}' together with ${[...clients].join(' and ')}`);
      }
      clients.add(client);
      inside.set(lock, clients);
    },
    left: (lock, client) => inside.get(lock)?.delete(client),
  };
};
