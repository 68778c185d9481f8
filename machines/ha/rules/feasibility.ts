/**
 * Which rules can't be kept for the given nodes (spec/ha.md §5.3). The checks run in a fixed order on all enabled rules;
 * a rule collects a message for each conflict that it is part of, so the same message may come more than once.
 */
import { byBytes } from '../../../runtime/formats/byte-string.ts';
import { mergedGroups } from './positive-groups.ts';
import { enabledRules, type NodeAffinityRule, type ResourceAffinityRule, type RuleSet } from './rule-set.ts';

type Named<R> = readonly [id: string, rule: R];

interface EnabledRules {
  readonly nodeRules: readonly Named<NodeAffinityRule>[];
  readonly resourceRules: readonly Named<ResourceAffinityRule>[];
  readonly positive: readonly Named<ResourceAffinityRule>[];
  readonly negative: readonly Named<ResourceAffinityRule>[];
  readonly nodeCount: number;
}

/** Takes a message about a rule. */
type Complain = (id: string, message: string) => void;

/** Messages by rule id, in append order. Rules without an entry are feasible. */
export function infeasibleRules(rules: RuleSet, nodes: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const enabled = enabledRules(rules);
  const nodeRules = enabled.filter((one): one is Named<NodeAffinityRule> => one[1].type === 'node-affinity');
  const resourceRules = enabled.filter((one): one is Named<ResourceAffinityRule> => one[1].type !== 'node-affinity');
  const positive = resourceRules.filter(([, { affinity }]) => affinity === 'positive');
  const negative = resourceRules.filter(([, { affinity }]) => affinity === 'negative');
  const sorted: EnabledRules = { nodeRules, resourceRules, positive, negative, nodeCount: new Set(nodes).size };

  const messages = new Map<string, string[]>();
  const complain: Complain = (id, message) => {
    const before = messages.get(id);
    if (before === undefined) messages.set(id, [message]);
    else before.push(message);
  };
  for (const check of checks) check(sorted, complain);
  return messages;
}

const checks: readonly ((enabled: EnabledRules, complain: Complain) => void)[] = [
  resourceInTwoNodeRules,
  lonelyResources,
  moreResourcesThanNodes,
  togetherAndApart,
  severalPriorities,
  togetherInSeveralNodeRules,
  apartOnTooFewNodes,
];

function resourceInTwoNodeRules({ nodeRules }: EnabledRules, complain: Complain): void {
  const uses = new Map<string, number>();
  for (const [, { resources }] of nodeRules) for (const sid of resources) uses.set(sid, (uses.get(sid) ?? 0) + 1);
  for (const [id, { resources }] of nodeRules) {
    for (const sid of [...resources].sort(byBytes)) {
      if (uses.get(sid)! > 1) complain(id, `resource '${sid}' is already used in another node affinity rule`);
    }
  }
}

function lonelyResources({ resourceRules }: EnabledRules, complain: Complain): void {
  for (const [id, { resources }] of resourceRules) {
    if (resources.size < 2) complain(id, 'rule is ineffective as there are less than two resources');
  }
}

function moreResourcesThanNodes({ negative, nodeCount }: EnabledRules, complain: Complain): void {
  for (const [id, { resources }] of negative) {
    if (resources.size > nodeCount) complain(id, 'rule defines more resources than available nodes');
  }
}

function togetherAndApart({ positive, negative }: EnabledRules, complain: Complain): void {
  for (const group of mergedGroups(positive)) {
    for (const [id, { resources }] of negative) {
      if (shared(resources, group.resources).length < 2) continue;
      complain(id, 'rule shares two or more resources with a positive resource affinity rule');
      for (const member of group.ids) {
        complain(member, 'rule shares two or more resources with a negative resource affinity rule');
      }
    }
  }
}

function severalPriorities({ nodeRules, resourceRules }: EnabledRules, complain: Complain): void {
  for (const [id, { resources }] of resourceRules) {
    const touching = touched(nodeRules, resources);
    if (!touching.some(([, { nodes }]) => new Set(nodes.values()).size > 1)) continue;
    complain(id, 'resources are in node affinity rules with multiple priorities');
    for (const [nodeRule] of touching) {
      complain(
        nodeRule,
        'resources are in a resource affinity rule and cannot be in a node affinity rule with multiple priorities',
      );
    }
  }
}

function togetherInSeveralNodeRules({ nodeRules, positive }: EnabledRules, complain: Complain): void {
  for (const group of mergedGroups(positive)) {
    const touching = touched(nodeRules, group.resources);
    if (touching.length < 2) continue;
    for (const member of group.ids) complain(member, 'resources are in multiple node affinity rules');
    for (const [nodeRule] of touching) {
      complain(
        nodeRule,
        'at least one resource is in a positive resource affinity rule and there are other resources in at least one other node affinity rule already',
      );
    }
  }
}

function apartOnTooFewNodes({ nodeRules, negative }: EnabledRules, complain: Complain): void {
  for (const [id, { resources }] of negative) {
    const touching = touched(nodeRules, resources);
    const restricted = new Set(touching.flatMap(([, rule]) => shared(rule.resources, resources)));
    const available = new Set(touching.flatMap(([, rule]) => [...rule.nodes.keys()]));
    if (available.size >= restricted.size) continue;
    complain(id, 'two or more resources are restricted to less nodes than available to the resources');
    for (const [nodeRule] of touching) {
      complain(
        nodeRule,
        'at least one resource is in a negative resource affinity rule and this rule would restrict these to less nodes than available to the resources',
      );
    }
  }
}

function touched(rules: readonly Named<NodeAffinityRule>[], resources: ReadonlySet<string>) {
  return rules.filter(([, rule]) => shared(rule.resources, resources).length > 0);
}

function shared(a: ReadonlySet<string>, b: ReadonlySet<string>): readonly string[] {
  return [...a].filter((sid) => b.has(sid));
}
