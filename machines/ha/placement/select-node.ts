/**
 * Chooses the node for a service (spec/ha.md §3.8).
 *
 *  I1 A node that a negatively related service uses is never chosen, except that a service without failback stays where
 *     it is kept together with others.
 *  I2 Nodes are scored only if the choice comes down to scores: scoring may log.
 *  I3 The choice depends on its input alone; equal scores go to the first by name.
 */
import { byBytes } from '../../../runtime/formats/byte-string.ts';
import { type CompiledRules, nodeAffinityOf, resourceAffinityOf } from '../rules/compile.ts';
import type { PlacementMessage, Usage } from './usage-model.ts';
import type { PlacedService } from './used-nodes.ts';

export type Preference = 'none' | 'best-score' | 'try-next';

export interface Selection {
  readonly compiled: CompiledRules;
  readonly usage: Usage;
  readonly sid: string;
  /** The service's configured failback, as a truth value. */
  readonly failback: boolean;
  /** Its entry in `services`. */
  readonly service: PlacedService;
  /** The manager's `service_status`. */
  readonly services: Readonly<Record<string, PlacedService>>;
  readonly preference: Preference;
}

export interface Exclusion {
  readonly why: 'failed-before' | 'kept-separate' | 'not-together';
  /** The services there from which it is kept separate. */
  readonly from?: readonly string[];
}

/** Why a node was chosen, as data for the trace and for what-if. */
export interface SelectionReasons {
  readonly because:
    | 'no-allowed-node'
    | 'no-failback'
    | 'back-from-maintenance'
    | 'stays'
    | 'best-score'
    | 'next-in-list'
    | 'no-node-left';
  /** By the node affinity rules, sorted. */
  readonly preferred: readonly string[];
  /** Preferred nodes that were ruled out. */
  readonly excluded: Readonly<Record<string, Exclusion>>;
  /** Of all online nodes; lower is better. Only where they decided. */
  readonly scores?: Readonly<Record<string, number>>;
}

export interface Selected {
  readonly node: string | undefined;
  readonly messages: readonly PlacementMessage[];
  readonly reasons: SelectionReasons;
}

export function selectNode(selection: Selection): Selected {
  const { compiled, usage, sid, service, services, preference } = selection;
  const current = service.node;
  const { allowed, preferred } = nodeAffinityOf(compiled, sid, usage.online);
  const candidates = new Candidates(preferred);
  if (preferred.size === 0) return candidates.choose(undefined, 'no-allowed-node');

  const { together, separate } = resourceAffinityOf(compiled, sid, services, usage.online);
  const mayStay = allowed.has(current) && (together.has(current) || !separate.has(current));
  if (preference === 'none' && !selection.failback && mayStay) return candidates.choose(current, 'no-failback');

  const failed = preference === 'try-next' ? (service.failed_nodes ?? []) : [];
  for (const node of failed) candidates.exclude(node, { why: 'failed-before' });
  for (const [node, from] of separate) candidates.exclude(node, { why: 'kept-separate', from });
  candidates.keepTogether(together);

  const fallback = service.maintenance_node;
  if (fallback && candidates.has(fallback)) return candidates.choose(fallback, 'back-from-maintenance');
  if (preference === 'none' && candidates.has(current)) return candidates.choose(current, 'stays');
  return chooseByScore(candidates, selection);
}

function chooseByScore(candidates: Candidates, { usage, sid, service, preference }: Selection): Selected {
  const { scores, failure } = usage.scores(sid);
  const messages: PlacementMessage[] = failure === undefined ? [] : [{ level: 'err', text: failure }];
  const list = candidates.sortedBy(scores);
  const place = list.indexOf(service.node);
  const takesNext = preference === 'try-next' && place >= 0 && place + 1 < list.length;
  const because = list.length === 0 ? 'no-node-left' : takesNext ? 'next-in-list' : 'best-score';
  return candidates.choose(list[takesNext ? place + 1 : 0], because, { messages, scores });
}

/** The preferred nodes, as one reason after the other rules some of them out. */
class Candidates {
  readonly #preferred: ReadonlySet<string>;
  readonly #left: Set<string>;
  readonly #excluded: Record<string, Exclusion> = {};

  constructor(preferred: ReadonlySet<string>) {
    this.#preferred = preferred;
    this.#left = new Set(preferred);
  }

  has(node: string): boolean {
    return this.#left.has(node);
  }

  exclude(node: string, exclusion: Exclusion): void {
    if (this.#left.delete(node)) this.#excluded[node] = exclusion;
  }

  /** Where most partners are, if one of their nodes is left; the first by name among equals. */
  keepTogether(together: ReadonlyMap<string, number>): void {
    const [best] = [...together]
      .filter(([node]) => this.#left.has(node))
      .sort(([a, countA], [b, countB]) => countB - countA || byBytes(a, b));
    if (best === undefined) return;
    for (const node of this.#left) if (node !== best[0]) this.exclude(node, { why: 'not-together' });
  }

  sortedBy(scores: ReadonlyMap<string, number>): readonly string[] {
    const scoreOf = (node: string) => scores.get(node) ?? 0;
    return [...this.#left].sort((a, b) => scoreOf(a) - scoreOf(b) || byBytes(a, b));
  }

  choose(
    node: string | undefined,
    because: SelectionReasons['because'],
    scored?: { readonly messages: readonly PlacementMessage[]; readonly scores: ReadonlyMap<string, number> },
  ): Selected {
    const reasons: SelectionReasons = {
      because,
      preferred: [...this.#preferred].sort(byBytes),
      excluded: this.#excluded,
      ...(scored !== undefined && { scores: Object.fromEntries(scored.scores) }),
    };
    return { node, messages: scored?.messages ?? [], reasons };
  }
}
