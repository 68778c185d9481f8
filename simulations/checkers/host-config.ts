/** I15 of spec/pmxcfs.md §10.1. */
import { configVersionOf } from '../../runtime/formats/config-version.ts';
import type { CheckerFactory } from './observation.ts';

export const hostConfig: CheckerFactory = (_view, fail) => ({
  rule: 'I15',
  why: 'an older configuration names other nodes, and would split the cluster at the next start',
  hostConfigWritten: ({ nodeid }, before, after) => {
    const from = before === undefined ? 0n : configVersionOf(before.toString('latin1'));
    const to = configVersionOf(after.toString('latin1'));
    if (to < from) fail(`n${nodeid} replaced corosync.conf of version ${from} by version ${to}`);
  },
});
