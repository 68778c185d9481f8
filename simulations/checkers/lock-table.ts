/** §2.6, §9.7: the lock table knows the lock directories of the tree and nothing else; after a transfer all ages start anew [Q8]. */
import { DIRECTORY } from '../../machines/pmxcfs/tree/tree-entry.ts';
import type { CheckerFactory, ObservedNode } from './observation.ts';

const LOCK_FOLDER = 'priv/lock';

export const lockTable: CheckerFactory = (view, fail) => {
  const pathsOf = ({ process }: ObservedNode): readonly string[] => {
    const folder = process?.memdb.lookup(LOCK_FOLDER);
    if (process === undefined || folder === undefined) return [];
    const locks = [...process.memdb.list(folder)].filter(({ type }) => type === DIRECTORY);
    return locks.map(({ name }) => `${LOCK_FOLDER}/${name}`);
  };
  const check = (node: ObservedNode): void => {
    const { nodeid, process } = node;
    if (process === undefined) return;
    const paths = pathsOf(node);
    const unknown = paths.filter((path) => process.memdb.locks.age_s(path, 0) === undefined);
    if (unknown.length > 0) fail(`n${nodeid}: the lock table lacks ${unknown.join(', ')}`);
    const { size } = process.memdb.locks;
    if (size !== paths.length) fail(`n${nodeid}: the lock table has ${size} locks, the tree ${paths.length}`);
  };
  return {
    rule: 'lock table',
    why: 'a lock whose age is that of another incarnation expires under its holder',
    replaced: (node) => {
      check(node);
      const { nodeid, process } = node;
      const now_s = (process?.now_ms ?? 0) / 1000;
      for (const path of pathsOf(node)) {
        const age_s = process?.memdb.locks.age_s(path, now_s) ?? 0;
        if (age_s > 0) fail(`n${nodeid} got a new tree, and still takes '${path}' for ${age_s} s old`);
      }
    },
    quiet: () => view.nodes.forEach(check),
  };
};
