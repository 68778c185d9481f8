/** C4 of spec/pmxcfs.md §10.2. */
import type { CheckerFactory } from './observation.ts';

export const statusKeys: CheckerFactory = (view, fail) => {
  /** What each running process has set; nothing of it outlives the process. */
  const published = new Map<number, Map<string, string>>();
  return {
    rule: 'C4',
    why: 'the others decide by what a node last said about itself',
    died: ({ nodeid }) => published.delete(nodeid),
    published: ({ nodeid }, key, value) => {
      const keys = published.get(nodeid) ?? new Map();
      keys.set(key, value);
      published.set(nodeid, keys);
    },
    quiet: () => {
      for (const { nodeid, name } of view.nodes) {
        for (const [key, value] of published.get(nodeid) ?? []) {
          for (const reader of view.nodes) {
            const found = reader.process?.node.status.get(key, name)?.toString('latin1');
            if (found !== value) fail(`n${reader.nodeid} has '${found}' as ${key} of ${name}, which set '${value}'`);
          }
        }
      }
    },
  };
};
