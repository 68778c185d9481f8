/** The evidence of one question, by corrected time, with ways to look into it. */
import { type Clocks, compareClocks } from './clocks.ts';
import type { Evidence, Fact, Testimony } from './evidence.ts';

type FactOf<Is extends Fact['is']> = Extract<Fact, { is: Is }>;
export type EvidenceOf<Is extends Fact['is']> = Evidence & { readonly fact: FactOf<Is> };

export interface Window {
  readonly from_ms: number;
  readonly to_ms: number;
}

export class CaseFile {
  readonly victim: string;
  readonly testimony: Testimony;
  readonly clocks: Clocks;
  /** By corrected time. */
  readonly evidence: readonly Evidence[];
  /** Corrected, ascending. */
  readonly activity: ReadonlyMap<string, readonly number[]>;
  readonly #names: ReadonlyMap<number, string>;

  constructor(victim: string, testimony: Testimony) {
    this.victim = victim;
    this.testimony = testimony;
    this.clocks = compareClocks(testimony.evidence, testimony.isCoarse ? 1500 : 50);
    const { ahead_ms } = this.clocks;
    this.evidence = testimony.evidence
      .map((one) => ({ ...one, at_ms: one.at_ms - (ahead_ms.get(one.clock) ?? 0) }))
      .sort((a, b) => a.at_ms - b.at_ms);
    this.activity = new Map(
      [...testimony.activity].map(([node, seen]) => [node, seen.map((at_ms) => at_ms - this.aheadOf(node))]),
    );
    this.#names = namesOf(testimony.ids, victim, this.evidence);
  }

  /** Of the node's last known clock. */
  aheadOf(node: string): number {
    const ahead = [...this.clocks.ahead_ms].filter(([clock]) => clock === node || clock.startsWith(`${node}@`));
    return ahead.at(-1)?.[1] ?? 0;
  }

  nameOf(id: number): string {
    return this.#names.get(id) ?? `node id ${id}`;
  }

  get victimId(): number | undefined {
    return [...this.#names].find(([, name]) => name === this.victim)?.[0];
  }

  all<Is extends Fact['is']>(is: Is, { from_ms, to_ms }: Window): EvidenceOf<Is>[] {
    return this.evidence.filter(
      (one) => one.fact.is === is && one.at_ms >= from_ms && one.at_ms <= to_ms,
    ) as EvidenceOf<Is>[];
  }

  /** Rings that others have formed without the node: not those of a node that has lost most of the others itself. */
  lossesOf(id: number, window: Window): EvidenceOf<'ring'>[] {
    const size = this.evidence.reduce(
      (most, { fact }) => (fact.is === 'members' ? Math.max(most, fact.ids.length) : most),
      this.testimony.ids.size,
    );
    return this.all('ring', window).filter(
      ({ fact, node }) => node !== this.nameOf(id) && fact.left.includes(id) && fact.left.length * 2 <= size,
    );
  }

  /** The last instant up to `at_ms` at which the node wrote anything. */
  lastWordOf(node: string, at_ms: number): number | undefined {
    return this.activity.get(node)?.findLast((seen) => seen <= at_ms);
  }

  wordsOf(node: string, { from_ms, to_ms }: Window): number {
    return this.activity.get(node)?.filter((seen) => seen > from_ms && seen <= to_ms).length ?? 0;
  }

  /** Nodes that somebody speaks of. */
  get mentioned(): ReadonlySet<string> {
    const names = new Set<string>([this.victim, ...this.activity.keys()]);
    for (const { fact } of this.evidence) {
      if (fact.is === 'node-state' || fact.is === 'fence-acknowledged') names.add(fact.about);
      if (fact.is === 'recover') names.add(fact.to);
    }
    return names;
  }
}

/** An id that no other node has, and that alone left or is spoken of, is the victim's where it told none itself. */
function namesOf(
  ids: ReadonlyMap<string, number>,
  victim: string,
  evidence: readonly Evidence[],
): ReadonlyMap<number, string> {
  const names = new Map([...ids].map(([name, id]) => [id, name]));
  if (ids.has(victim)) return names;
  const unnamed = new Set<number>();
  for (const { fact, node } of evidence) {
    if (node === victim || fact.is !== 'ring') continue;
    for (const id of fact.left) if (!names.has(id)) unnamed.add(id);
  }
  if (unnamed.size === 1) names.set([...unnamed][0]!, victim);
  return names;
}
