/**
 * The model of what the online nodes carry, rebuilt in each round of the manager (spec/ha.md §7.2).
 *
 *  I1 Adding a service and removing it again leaves the model as it was, whatever was added or removed meanwhile.
 *  I2 Nothing depends on the order in which services were added: sums go over sorted sids and sorted nodes.
 *  I3 A model is always made: what can't be built falls back to `basic`, with a warning.
 */
import { byBytes } from '../../../runtime/formats/byte-string.ts';
import { BasicUsage } from './basic-usage.ts';
import { nodeCapacities, ResourceUsage } from './resource-usage.ts';
import type { PlacementMessage, Usage, UsageStatistics } from './usage-model.ts';

export type { Figures, PlacementMessage, Scores, Usage, UsageStatistics } from './usage-model.ts';

/**
 * @param mode the scheduler mode; unknown words are `basic` with a warning
 * @param nodes names of the online nodes, in any order
 */
export function createUsage(
  mode: string,
  nodes: Iterable<string>,
  statistics: UsageStatistics,
): { readonly usage: Usage; readonly messages: readonly PlacementMessage[] } {
  const online = [...nodes].sort(byBytes);
  if (mode === 'basic') return { usage: new BasicUsage(online), messages: [] };
  if (mode !== 'static' && mode !== 'dynamic') {
    return basicInstead(online, `got unknown scheduler mode '${mode}', using 'basic'`);
  }
  const capacities = nodeCapacities(mode, online, statistics.nodes);
  if ('error' in capacities) {
    return basicInstead(online, `fallback to 'basic' scheduler mode, init for '${mode}' failed - ${capacities.error}`);
  }
  return { usage: new ResourceUsage(mode, online, capacities.nodes, statistics.services), messages: [] };
}

function basicInstead(online: readonly string[], text: string) {
  return { usage: new BasicUsage(online), messages: [{ level: 'warning' as const, text }] };
}
