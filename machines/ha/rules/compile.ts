/** What the rules say about each service (spec/ha.md §5.5), and the two questions of placement (§5.6). */
import { byBytes } from '../../../runtime/formats/byte-string.ts';
import { type PlacedService, usedNodes } from '../placement/used-nodes.ts';
import { enabledRules, type NodeAffinityRule, type ResourceAffinityRule, type RuleSet } from './rule-set.ts';

export interface CompiledRules {
  /** sid to (node to priority). */
  readonly nodeAffinity: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** sid to the other sids, sorted. */
  readonly positive: ReadonlyMap<string, ReadonlySet<string>>;
  readonly negative: ReadonlyMap<string, ReadonlySet<string>>;
}

export const noRules: CompiledRules = { nodeAffinity: new Map(), positive: new Map(), negative: new Map() };

/** @param rules after `transformRules` @param nodes all nodes of the cluster */
export function compileRules(rules: RuleSet, nodes: Iterable<string>): CompiledRules {
  const all = [...nodes].sort(byBytes);
  const nodeAffinity = new Map<string, ReadonlyMap<string, number>>();
  const positive = new Map<string, Set<string>>();
  const negative = new Map<string, Set<string>>();
  for (const [, rule] of enabledRules(rules)) {
    if (rule.type === 'node-affinity') addNodeAffinity(nodeAffinity, rule, all);
    else addResourceAffinity(rule.affinity === 'positive' ? positive : negative, rule);
  }
  return { nodeAffinity, positive: sortedSets(positive), negative: sortedSets(negative) };
}

function addNodeAffinity(
  compiled: Map<string, ReadonlyMap<string, number>>,
  rule: NodeAffinityRule,
  all: readonly string[],
): void {
  const priorities = new Map(rule.nodes);
  if (!rule.strict) for (const node of all) if (!priorities.has(node)) priorities.set(node, -1);
  for (const sid of rule.resources) compiled.set(sid, priorities);
}

function addResourceAffinity(compiled: Map<string, Set<string>>, rule: ResourceAffinityRule): void {
  for (const sid of rule.resources) {
    for (const other of rule.resources) {
      if (other === sid) continue;
      const others = compiled.get(sid) ?? new Set();
      compiled.set(sid, others.add(other));
    }
  }
}

/** Sorted once here, so that nobody who walks through partners has to. */
function sortedSets(sets: ReadonlyMap<string, ReadonlySet<string>>): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map([...sets].map(([sid, others]) => [sid, new Set([...others].sort(byBytes))]));
}

export interface NodeAffinity {
  readonly allowed: ReadonlySet<string>;
  /** The allowed nodes of highest priority; may be empty. */
  readonly preferred: ReadonlySet<string>;
}

/** Where the node affinity rules want a service, among the online nodes. */
export function nodeAffinityOf(compiled: CompiledRules, sid: string, online: ReadonlySet<string>): NodeAffinity {
  const priorities = compiled.nodeAffinity.get(sid);
  if (priorities === undefined) return { allowed: online, preferred: online };
  const allowed = [...priorities].filter(([node]) => online.has(node));
  const highest = Math.max(...allowed.map(([, priority]) => priority));
  const preferred = allowed.filter(([, priority]) => priority === highest);
  return { allowed: new Set(allowed.map(([node]) => node)), preferred: new Set(preferred.map(([node]) => node)) };
}

export interface ResourceAffinity {
  /** Nodes of the services that it is kept together with, and how many of them are there. */
  readonly together: ReadonlyMap<string, number>;
  /** Nodes that services use from which it is kept separate, and which services these are. */
  readonly separate: ReadonlyMap<string, readonly string[]>;
}

/** @param services the manager's `service_status` */
export function resourceAffinityOf(
  compiled: CompiledRules,
  sid: string,
  services: Readonly<Record<string, PlacedService>>,
  online: ReadonlySet<string>,
): ResourceAffinity {
  const together = new Map<string, number>();
  const separate = new Map<string, string[]>();
  for (const other of compiled.positive.get(sid) ?? []) {
    const service = services[other];
    if (service === undefined) continue;
    const { current, target } = usedNodes(service, online);
    const node = target ?? current;
    if (node !== undefined) together.set(node, (together.get(node) ?? 0) + 1);
  }
  for (const other of compiled.negative.get(sid) ?? []) {
    const service = services[other];
    if (service === undefined) continue;
    const { current, target } = usedNodes(service, online);
    for (const node of [current, target]) {
      if (node !== undefined) separate.set(node, [...(separate.get(node) ?? []), other]);
    }
  }
  return { together, separate };
}
