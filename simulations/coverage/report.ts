/** What a sweep of runs has met, and what it hasn't, by name. */
import type { CoverageCounts } from './coverage.ts';
import { HOSTED_MACHINES } from './hosted-machines.ts';
import { ENOUGH_HA_RUNS, ENOUGH_RUNS, HA_SOMETIMES, SOMETIMES, type Sometimes } from './sometimes.ts';

/** Adds up the counts of runs. */
export function mergeCounts(runs: Iterable<CoverageCounts>): CoverageCounts {
  const sum: Record<string, number> = {};
  for (const run of runs) for (const [name, count] of Object.entries(run)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

export interface MachineCoverage {
  readonly machine: string;
  readonly states: number;
  readonly statesReached: number;
  readonly transitions: number;
  readonly transitionsTaken: number;
  /** States and transitions that no run has met. */
  readonly missing: readonly string[];
}

/** Of every machine that a simulated node hosts; those of high availability only where a run had it. */
export function machineCoverage(counts: CoverageCounts): readonly MachineCoverage[] {
  const hasHa = HOSTED_MACHINES.some(
    ({ isOfHa, name, states }) => isOfHa && states.some((state) => counts[`${name}: ${state}`] !== undefined),
  );
  return HOSTED_MACHINES.filter(({ isOfHa }) => hasHa || !isOfHa).map(({ name, states, transitions }) => {
    const isMet = (part: string): boolean => (counts[`${name}: ${part}`] ?? 0) > 0;
    return {
      machine: name,
      states: states.length,
      statesReached: states.filter(isMet).length,
      transitions: transitions.length,
      transitionsTaken: transitions.filter(isMet).length,
      missing: [...states, ...transitions].filter((part) => !isMet(part)),
    };
  });
}

/** A line per machine, and below it what was never met. */
export function formatCoverage(counts: CoverageCounts): string {
  return machineCoverage(counts)
    .flatMap(({ machine, states, statesReached, transitions, transitionsTaken, missing }) => [
      `${machine}: ${statesReached} of ${states} states, ${transitionsTaken} of ${transitions} transitions`,
      ...missing.map((part) => `  never: ${part}`),
    ])
    .join('\n');
}

/** What should have happened sometimes in so many runs, and never did; `counts` are marks and coverage together, `haRuns` had high availability. */
export function missingSometimes(counts: CoverageCounts, runs: number, haRuns: number): readonly Sometimes[] {
  const expected = [...(runs >= ENOUGH_RUNS ? SOMETIMES : []), ...(haRuns >= ENOUGH_HA_RUNS ? HA_SOMETIMES : [])];
  return expected.filter(({ name }) => (counts[name] ?? 0) === 0);
}
