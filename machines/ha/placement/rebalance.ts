/**
 * Automatic load balancing: steps 2 to 6 of spec/ha.md §7.5, without queueing the motion. The caller has done step 1 (not
 * while services move), stores the counter and queues the motion.
 *
 *  I1 At most one motion per call, and none unless imbalance has held for the configured number of rounds.
 *  I2 What a positive rule keeps together is moved together, or not at all.
 *  I3 A chosen target is a preferred node of the leader, and no node from which it is kept separate.
 */
import { byBytes } from '../../../runtime/formats/byte-string.ts';
import { type CompiledRules, nodeAffinityOf, resourceAffinityOf } from '../rules/compile.ts';
import { criteriaOf, criteriaWeights, imbalanceOf, type NodeLoad } from './node-load.ts';
import { closenesses } from './topsis.ts';
import { twoDecimals } from './two-decimals.ts';
import type { BalanceView, PlacementMessage, Usage } from './usage-model.ts';
import type { PlacedService } from './used-nodes.ts';

export interface RebalanceSettings {
  /** `bruteforce` or `topsis`; anything else moves nothing. */
  readonly method: string;
  /** Fraction, not percent (§3.3). */
  readonly threshold: number;
  readonly hold_duration_rounds: number;
  /** Fraction of the present imbalance that a motion must save. */
  readonly margin: number;
}

export interface Rebalance {
  readonly usage: Usage;
  readonly compiled: CompiledRules;
  /** The manager's `service_status`. */
  readonly services: Readonly<Record<string, PlacedService>>;
  readonly settings: RebalanceSettings;
  /** Rounds of imbalance so far. */
  readonly counter: number;
}

export interface RebalanceMotion {
  readonly verb: 'migrate' | 'relocate';
  readonly sid: string;
  readonly target: string;
  /** Imbalance before and after. */
  readonly before: number;
  readonly after: number;
  /** The info line of step 6. */
  readonly text: string;
}

export interface Rebalanced {
  readonly counter: number;
  readonly motion?: RebalanceMotion;
  readonly messages: readonly PlacementMessage[];
}

/** Services that are moved as one. */
interface Bundle {
  readonly leader: string;
  /** Sorted; the leader is the first. */
  readonly members: readonly string[];
  readonly source: string;
}

interface Alternative {
  readonly bundle: Bundle;
  readonly target: string;
  /** Loads as they would be. */
  readonly loads: readonly NodeLoad[];
}

interface Choice {
  readonly alternative: Alternative;
  readonly imbalance: number;
}

export function rebalance(input: Rebalance): Rebalanced {
  const { usage, settings } = input;
  const before = usage.imbalance();
  if (!(before > settings.threshold)) return { counter: 0, messages: [] };
  const counter = input.counter + 1;
  if (counter < settings.hold_duration_rounds) return { counter, messages: [] };

  const alternatives = listAlternatives(input);
  if ('error' in alternatives) {
    const text = `unable to score best balancing migration - ${alternatives.error}`;
    return { counter: 0, messages: [{ level: 'warning', text }] };
  }
  const choice = methods.get(settings.method)?.(alternatives.list);
  if (choice === undefined || (before - choice.imbalance) / before < settings.margin)
    return { counter: 0, messages: [] };
  return { counter: 0, motion: motionOf(choice, before), messages: [] };
}

function motionOf({ alternative, imbalance: after }: Choice, before: number): RebalanceMotion {
  const sid = alternative.bundle.leader;
  const { target } = alternative;
  const verb = sid.startsWith('vm:') ? 'migrate' : 'relocate';
  const change = `from ${twoDecimals(before)} to ${twoDecimals(after)}`;
  const text = `auto rebalance - ${verb} ${sid} to ${target} (expected change for imbalance ${change})`;
  return { verb, sid, target, before, after, text };
}

const methods: ReadonlyMap<string, (alternatives: readonly Alternative[]) => Choice | undefined> = new Map([
  ['bruteforce', leastImbalance],
  ['topsis', closestToIdeal],
]);

/** Ties go to the first in the order of leader, source, target: a leader has one source, so in list order. */
function leastImbalance(alternatives: readonly Alternative[]): Choice | undefined {
  let best: Choice | undefined;
  for (const alternative of alternatives) {
    const imbalance = Math.trunc(imbalanceOf(alternative.loads) * 1e15) / 1e15;
    if (best === undefined || imbalance < best.imbalance) best = { alternative, imbalance };
  }
  return best;
}

function closestToIdeal(alternatives: readonly Alternative[]): Choice | undefined {
  const closeness = closenesses(
    alternatives.map(({ loads }) => criteriaOf(loads)),
    criteriaWeights,
  );
  let best: number | undefined;
  for (const [i, value] of closeness.entries()) if (best === undefined || value > closeness[best]!) best = i;
  if (best === undefined) return undefined;
  return { alternative: alternatives[best]!, imbalance: imbalanceOf(alternatives[best]!.loads) };
}

/** In the order of leader and target. The first bundle that can't be moved as one aborts the whole scoring. */
function listAlternatives(input: Rebalance): { readonly list: readonly Alternative[] } | { readonly error: string } {
  const { balance } = input.usage;
  if (balance === undefined) return { list: [] };
  const list: Alternative[] = [];
  for (const bundle of bundles(input)) {
    const targets = targetsOf(bundle, input);
    if (targets.length === 0) continue;
    const error = unmovable(bundle, balance);
    if (error !== undefined) return { error };
    for (const target of targets) {
      list.push({ bundle, target, loads: movedLoads(bundle, target, input.usage.nodes, balance) });
    }
  }
  return { list };
}

/** By leader, sorted. */
function bundles({ compiled, services }: Rebalance): readonly Bundle[] {
  const byLeader = new Map<string, Bundle>();
  for (const sid of Object.keys(services).sort(byBytes)) {
    const service = services[sid]!;
    if (service.state !== 'started') continue;
    const partners = [...(compiled.positive.get(sid) ?? [])].filter((other) => services[other] !== undefined);
    if (partners.some((other) => ['migrate', 'relocate'].includes(services[other]!.state))) continue;
    const members = [sid, ...partners.filter((other) => services[other]!.state === 'started')].sort(byBytes);
    if (members.some((member) => services[member]!.node !== service.node)) continue;
    const leader = members[0]!;
    byLeader.set(leader, { leader, members, source: service.node });
  }
  return [...byLeader.values()].sort((a, b) => byBytes(a.leader, b.leader));
}

function targetsOf({ leader, source }: Bundle, { compiled, services, usage }: Rebalance): readonly string[] {
  const { preferred } = nodeAffinityOf(compiled, leader, usage.online);
  const { separate } = resourceAffinityOf(compiled, leader, services, usage.online);
  return [...preferred].filter((node) => node !== source && !separate.has(node)).sort(byBytes);
}

/** §9, the texts after `unable to score best balancing migration - `. */
function unmovable({ leader, members }: Bundle, balance: BalanceView): string | undefined {
  const place = balance.placeOf(leader);
  if (place === undefined) return `leader '${leader}' is not present in the cluster usage`;
  if (place.target !== undefined) return `leader '${leader}' is non-stationary`;
  for (const member of members) {
    const own = balance.placeOf(member);
    if (own === undefined) return `resource '${member}' is not present in the cluster usage`;
    if (own.current !== place.current) return `resource '${member}' is on other node than leader`;
    if (own.target !== undefined) return `resource '${member}' is non-stationary`;
  }
  return undefined;
}

function movedLoads(
  { members, source }: Bundle,
  target: string,
  nodes: readonly string[],
  balance: BalanceView,
): readonly NodeLoad[] {
  let cpu = 0;
  let mem = 0;
  for (const member of members) {
    const load = balance.runningLoadOf(member);
    cpu += load.cpu;
    mem += load.mem;
  }
  return balance.loads().map((load, i) => {
    if (nodes[i] === source) return { ...load, cpu: Math.max(0, load.cpu - cpu), mem: Math.max(0, load.mem - mem) };
    return nodes[i] === target ? { ...load, cpu: load.cpu + cpu, mem: load.mem + mem } : load;
  });
}
