/** Scheduler settings of `datacenter.cfg` (spec/ha.md §3.3). */
import type { RebalanceSettings } from '../placement/rebalance.ts';
import { type DatacenterSettings, isTruthy } from '../state-files.ts';

export interface SchedulerSettings {
  /** basic, static, dynamic, or what somebody wrote. */
  readonly mode: string;
  readonly isRebalancingOnStart: boolean;
  readonly isRebalancing: boolean;
  readonly rebalance: RebalanceSettings;
}

export function schedulerSettings({ crs = {} }: DatacenterSettings): SchedulerSettings {
  const number = (key: string, otherwise: number) => (crs[key] === undefined ? otherwise : Number(crs[key]));
  return {
    mode: isTruthy(crs.ha) ? String(crs.ha) : 'basic',
    isRebalancingOnStart: isTruthy(crs['ha-rebalance-on-start']),
    isRebalancing: isTruthy(crs['ha-auto-rebalance']),
    rebalance: {
      threshold: number('ha-auto-rebalance-threshold', 0.3),
      method: String(crs['ha-auto-rebalance-method'] ?? 'bruteforce'),
      hold_duration_rounds: number('ha-auto-rebalance-hold-duration', 3),
      margin: number('ha-auto-rebalance-margin', 0.1),
    },
  };
}
