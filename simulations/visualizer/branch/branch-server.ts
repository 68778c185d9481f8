/** Runs branches of one simulated run, for the page: `run?act=crash&node=2&at_ms=1000`. */

import type { Schedule } from '../../schedule/schedule.ts';
import { prepareSource } from '../run/prepare-run.ts';
import { branched, readBranchOrder } from './branch.ts';

export type Branches = (query: URLSearchParams) => Promise<Buffer | { readonly refusal: string }>;

/** `schedule` is asked once, when the first branch is wanted. */
export function branchesOf(schedule: () => Schedule): Branches {
  let known: Schedule | undefined;
  return async (query) => {
    known ??= schedule();
    const at_ms = Number(query.get('at_ms') ?? Number.NaN);
    if (!Number.isFinite(at_ms) || at_ms < 0) return { refusal: 'at which instant?' };
    const order = readBranchOrder(query, known.options.nodeCount);
    if (typeof order === 'string') return { refusal: order };
    const what = order.act === 'drop' ? `n${order.from} → n${order.to} dropped` : `${order.act} n${order.node}`;
    const title = `branch: ${what} at ${(at_ms / 1000).toFixed(3)} s`;
    return prepareSource({ kind: 'schedule', schedule: branched(known, at_ms, order) }, title);
  };
}
