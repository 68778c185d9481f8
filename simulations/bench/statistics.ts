/** Numbers of a bench: medians and percentiles, and ratios of sides that were measured in turn. */

/** Of durations in milliseconds. */
export interface Summary {
  readonly count: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

/** The smallest value that at least `fraction` of the values don't exceed; NaN without values. */
export function percentile(values: readonly number[], fraction: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.ceil(fraction * sorted.length);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1]!;
}

/** The mean of the two middle values where their number is even; NaN without values. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function summary(durations_ms: readonly number[]): Summary {
  return {
    count: durations_ms.length,
    p50_ms: percentile(durations_ms, 0.5),
    p99_ms: percentile(durations_ms, 0.99),
    max_ms: percentile(durations_ms, 1),
  };
}

/** One summary of several rounds: the median of each figure, so that one disturbed round doesn't count. */
export function medianSummary(rounds: readonly Summary[]): Summary {
  return {
    count: rounds.reduce((sum, { count }) => sum + count, 0),
    p50_ms: median(rounds.map(({ p50_ms }) => p50_ms)),
    p99_ms: median(rounds.map(({ p99_ms }) => p99_ms)),
    max_ms: median(rounds.map(({ max_ms }) => max_ms)),
  };
}

/** Median of the rounds' own ratios: both sides of a round saw the same load of the machine. */
export function medianRatio(numerators: readonly number[], denominators: readonly number[]): number {
  return median(numerators.map((numerator, round) => numerator / (denominators[round] ?? Number.NaN)));
}
