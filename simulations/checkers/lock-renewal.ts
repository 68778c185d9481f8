/** §1.6: a lock's time is changed only by the node that took it, and never backwards. */
import { DIRECTORY } from '../../machines/pmxcfs/tree/tree-entry.ts';
import type { CheckerFactory, ObservedNode } from './observation.ts';

const LOCK_FOLDER = 'priv/lock';

export const lockRenewal: CheckerFactory = (_view, fail) => {
  /** Who wrote each lock last, by node and path: the tree itself has forgotten when it is told of a renewal. */
  const writers = new Map<number, Map<string, number>>();
  const learn = ({ nodeid, process }: ObservedNode): void => {
    const known = new Map<string, number>();
    const folder = process?.memdb.lookup(LOCK_FOLDER);
    for (const entry of folder === undefined ? [] : (process?.memdb.list(folder) ?? [])) {
      if (entry.type === DIRECTORY) known.set(`${LOCK_FOLDER}/${entry.name}`, entry.writer);
    }
    writers.set(nodeid, known);
  };
  return {
    rule: 'lock renewal',
    why: 'a lock that a stranger keeps alive never expires when its holder is gone',
    booted: learn,
    replaced: learn,
    died: ({ nodeid }) => writers.delete(nodeid),
    changed: (node, { kind, path, writer, result }) => {
      if (result < 0 || !path.startsWith(`${LOCK_FOLDER}/`)) return;
      const before = writers.get(node.nodeid)?.get(path);
      if (kind === 'mtime' && before !== undefined && before !== writer) {
        fail(`n${node.nodeid} let n${writer} renew '${path}', which n${before} holds`);
      }
      learn(node);
    },
  };
};
