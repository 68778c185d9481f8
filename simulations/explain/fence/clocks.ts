/**
 * How far the clocks of nodes are apart. Nodes that form the same ring say so at nearly the same instant, so that what their
 * clocks differ by there is what they differ by. Chains of such pairs lead from clock to clock.
 */
import type { Evidence } from './evidence.ts';

export interface Clocks {
  /** Milliseconds that a clock is ahead of the reference; absent where no ring was seen together. */
  readonly ahead_ms: ReadonlyMap<string, number>;
  readonly reference: string | undefined;
}

/** @param tolerance_ms below this, clocks count as equal */
export function compareClocks(evidence: readonly Evidence[], tolerance_ms: number): Clocks {
  const sightings = ringSightings(evidence);
  const counts = new Map<string, number>();
  for (const { clock } of evidence) counts.set(clock, (counts.get(clock) ?? 0) + 1);
  const order = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([clock]) => clock);
  const ahead_ms = new Map<string, number>();
  const reference = order[0];
  if (reference === undefined) return { ahead_ms, reference };
  ahead_ms.set(reference, 0);
  const known = [reference];
  for (const from of known) {
    for (const clock of order) {
      if (ahead_ms.has(clock)) continue;
      const ahead = median(differences(sightings.get(from), sightings.get(clock)));
      if (ahead === undefined) continue;
      ahead_ms.set(clock, ahead_ms.get(from)! + (Math.abs(ahead) < tolerance_ms ? 0 : ahead));
      known.push(clock);
    }
  }
  // Other processes of a node read the same clock.
  for (const clock of order) {
    if (ahead_ms.has(clock)) continue;
    const nearest = [...known]
      .filter((other) => nodeOf(other) === nodeOf(clock))
      .sort((a, b) => between(clock, a) - between(clock, b))[0];
    if (nearest !== undefined) ahead_ms.set(clock, ahead_ms.get(nearest)!);
  }
  return { ahead_ms, reference };
}

/** `n2@1795389762315`: a start of a process; `n2`: the node. */
function nodeOf(clock: string): string {
  return clock.replace(/@\d+$/, '');
}

function between(clock: string, other: string): number {
  const origin = (name: string): number => Number(/@(\d+)$/.exec(name)?.[1] ?? 0);
  return Math.abs(origin(clock) - origin(other));
}

/** clock → ring → instant; a ring that a clock saw twice is no mark. */
function ringSightings(evidence: readonly Evidence[]): Map<string, Map<string, number>> {
  const sightings = new Map<string, Map<string, number>>();
  const repeated = new Set<string>();
  for (const { at_ms, clock, fact } of evidence) {
    if (fact.is !== 'ring') continue;
    const rings = sightings.get(clock) ?? new Map<string, number>();
    sightings.set(clock, rings);
    const before = rings.get(fact.ring);
    // A log and a black box of one node tell the same ring.
    if (before !== undefined && Math.abs(before - at_ms) > 2000) repeated.add(fact.ring);
    rings.set(fact.ring, at_ms);
  }
  for (const rings of sightings.values()) for (const ring of repeated) rings.delete(ring);
  return sightings;
}

function differences(from: Map<string, number> | undefined, to: Map<string, number> | undefined): number[] {
  const found: number[] = [];
  for (const [ring, at_ms] of to ?? []) {
    const other = from?.get(ring);
    if (other !== undefined) found.push(at_ms - other);
  }
  return found;
}

function median(values: number[]): number | undefined {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
