/** Positive resource affinity rules that overlap act as one (spec/ha.md §5.4, "merged positive groups"). */
import { byBytes } from '../../../runtime/formats/byte-string.ts';

export interface PositiveGroup {
  /** In the order in which the rules joined. */
  readonly ids: readonly string[];
  readonly resources: ReadonlySet<string>;
}

/**
 * One greedy pass: two groups that only a later rule links are not fused.
 * @param rules sorted by id
 */
export function mergedGroups(
  rules: readonly (readonly [id: string, rule: { readonly resources: ReadonlySet<string> }])[],
): readonly PositiveGroup[] {
  const byLowest = rules
    .map(([id, { resources }]) => ({ id, resources, lowest: [...resources].sort(byBytes)[0] ?? '' }))
    .sort((a, b) => byBytes(a.lowest, b.lowest));
  const groups: { ids: string[]; resources: Set<string> }[] = [];
  for (const { id, resources } of byLowest) {
    const group = groups.find((one) => [...resources].some((sid) => one.resources.has(sid)));
    if (group === undefined) {
      groups.push({ ids: [id], resources: new Set(resources) });
      continue;
    }
    group.ids.push(id);
    for (const sid of resources) group.resources.add(sid);
  }
  return groups;
}
