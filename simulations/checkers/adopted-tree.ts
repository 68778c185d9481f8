/** §5.4: the highest version leads, and among equals the highest mtime; so nobody ever adopts less than it had. */
import type { CheckerFactory } from './observation.ts';

export const adoptedTree: CheckerFactory = (_view, fail) => ({
  rule: 'adopted tree',
  why: 'of two trees with one version the older is more likely the one whose changes were never acknowledged',
  replaced: ({ nodeid, process }, { cause, before, isGood }) => {
    if (cause !== 'transfer' || process === undefined || !isGood) return;
    const { version, mtime } = process.memdb.root;
    if (version > before.version || (version === before.version && mtime >= before.mtime)) return;
    const own = `version ${before.version} of ${before.mtime}`;
    fail(`n${nodeid} gave up ${own} for version ${version} of ${mtime}`);
  },
});
