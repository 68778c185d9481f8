/**
 * Makes a rule set effective: drops what can't be kept (§5.3), then merges positive rules and adds what follows from
 * them (spec/ha.md §5.4).
 *
 *  I1 Disabled rules are never changed, dropped or counted.
 *  I2 Each step sees the enabled rules as they are at its beginning; what it adds itself, it doesn't see.
 */
import { byBytes } from '../../../runtime/formats/byte-string.ts';
import { infeasibleRules } from './feasibility.ts';
import { mergedGroups } from './positive-groups.ts';
import { enabledRules, type ResourceAffinityRule, type Rule, type RuleSet } from './rule-set.ts';

export interface Transformed {
  readonly rules: RuleSet;
  /** The lines `Drop rule '<id>', because <why>.`, without line feed, in the order in which they are logged (info). */
  readonly messages: readonly string[];
}

interface Draft {
  readonly ids: Map<string, Rule>;
  readonly order: Map<string, number>;
}

/** @param nodes all nodes of the cluster */
export function transformRules(rules: RuleSet, nodes: Iterable<string>): Transformed {
  const infeasible = infeasibleRules(rules, nodes);
  const draft: Draft = { ids: new Map(rules.ids), order: new Map(rules.order) };
  const messages: string[] = [];
  for (const id of [...infeasible.keys()].sort(byBytes)) {
    remove(draft, id);
    for (const message of infeasible.get(id)!) messages.push(`Drop rule '${id}', because ${message}.`);
  }
  mergePositive(draft);
  inferNegative(draft);
  extendNodeAffinity(draft);
  return { rules: { ...rules, ids: draft.ids, order: draft.order }, messages };
}

function mergePositive(draft: Draft): void {
  for (const group of mergedGroups(affinityRules(draft, 'positive'))) {
    if (group.ids.length < 2) continue;
    const order = draft.order.get(group.ids[0]!)!;
    for (const id of group.ids) remove(draft, id);
    add(draft, `_merged-${group.ids.join('-')}`, 'positive', group.resources, order);
  }
}

/** Who must stay away from one member of a positive rule must stay away from all. */
function inferNegative(draft: Draft): void {
  const negative = affinityRules(draft, 'negative');
  for (const [id, { resources }] of affinityRules(draft, 'positive')) {
    const members = [...resources].sort(byBytes);
    const separated = new Map<string, Set<string>>();
    for (const member of members) {
      for (const [, rule] of negative) {
        if (!rule.resources.has(member)) continue;
        for (const other of rule.resources) {
          if (other !== member) separated.set(other, (separated.get(other) ?? new Set()).add(member));
        }
      }
    }
    for (const other of [...separated.keys()].sort(byBytes)) {
      for (const member of members) {
        if (separated.get(other)!.has(member)) continue;
        const order = Math.min(...draft.order.values()) + 1;
        add(draft, `_implicit-negative-${id}-${member}-${other}`, 'negative', new Set([member, other]), order);
      }
    }
  }
}

/** A positive rule takes all of its resources to where one of them is wanted. */
function extendNodeAffinity(draft: Draft): void {
  for (const [, { resources }] of affinityRules(draft, 'positive')) {
    const found = enabledRules(asRuleSet(draft)).find(
      ([, rule]) => rule.type === 'node-affinity' && [...resources].some((sid) => rule.resources.has(sid)),
    );
    if (found === undefined) continue;
    const [id, rule] = found;
    draft.ids.set(id, { ...rule, resources: new Set([...rule.resources, ...resources]) });
  }
}

function add(
  draft: Draft,
  id: string,
  affinity: ResourceAffinityRule['affinity'],
  resources: ReadonlySet<string>,
  order: number,
): void {
  draft.ids.set(id, { type: 'resource-affinity', affinity, resources });
  draft.order.set(id, order);
}

function remove(draft: Draft, id: string): void {
  draft.ids.delete(id);
  draft.order.delete(id);
}

function affinityRules(draft: Draft, affinity: ResourceAffinityRule['affinity']) {
  return enabledRules(asRuleSet(draft)).filter(
    (one): one is readonly [string, ResourceAffinityRule] =>
      one[1].type === 'resource-affinity' && one[1].affinity === affinity,
  );
}

function asRuleSet(draft: Draft): RuleSet {
  return { digest: '', invalid: new Set(), ...draft };
}
