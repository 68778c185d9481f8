/** What a schedule is played on. */
import type { Workload } from '../cluster/workload/workload.ts';
import type { ClusterWorld } from '../cluster/world.ts';

export interface Stage {
  readonly world: ClusterWorld;
  readonly workload: Workload;
}
