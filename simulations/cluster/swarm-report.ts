/** What a swarm says: a line per run, a summary, and an exit code. */
import type { RunOptions } from './options.ts';
import { formatOptions, type RunResult, type Verdict } from './run.ts';

/** The command that repeats a run. */
export const RUNNER = 'node --import tsx simulations/cluster/swarm.ts';

export interface SeedReport extends Omit<RunResult, 'verdict'> {
  readonly verdict: Verdict | 'differs';
  readonly wall_ms: number;
  /** Digest of the second run, where there was one. */
  readonly secondDigest: string | undefined;
}

const EXIT_CODES: readonly (readonly [verdict: SeedReport['verdict'], code: number])[] = [
  ['crash', 3],
  ['safety', 1],
  ['liveness', 2],
  ['differs', 4],
];

/** The gravest verdict decides. */
export function exitCodeOf(reports: readonly SeedReport[]): number {
  return EXIT_CODES.find(([verdict]) => reports.some((report) => report.verdict === verdict))?.[1] ?? 0;
}

/** `set`: options that were given instead of drawn. */
export function formatRun(report: SeedReport, set: Partial<RunOptions> = {}): string {
  const { verdict, seed, options, violations, crash, simulated_ms, requests, wall_ms, digest, secondDigest } = report;
  const lines = [formatOptions(options)];
  const figures = `${(simulated_ms / 1000).toFixed(0)} s simulated in ${wall_ms.toFixed(0)} ms, ${requests} requests`;
  if (verdict === 'ok') return `${lines[0]}\n  ok, ${figures}`;
  const given = Object.keys(set).length === 0 ? '' : ` --set '${JSON.stringify(set)}'`;
  lines.push(`  FAILED (${verdict}), ${figures}; repeat it: ${RUNNER} --seeds ${seed}${given}`);
  for (const { rule, message, time_ms } of violations)
    lines.push(`  at ${(time_ms / 1000).toFixed(3)} s, ${rule}: ${message}`);
  if (crash !== undefined) lines.push(crash.replaceAll(/^/gm, '  '));
  if (verdict === 'differs') lines.push(`  two runs gave the traces ${digest} and ${secondDigest}`);
  return lines.join('\n');
}

export function formatSummary(reports: readonly SeedReport[]): string {
  const count = (verdict: SeedReport['verdict']): number =>
    reports.filter((report) => report.verdict === verdict).length;
  const simulated_s = reports.map(({ simulated_ms }) => simulated_ms / 1000).sort((a, b) => a - b);
  const total_s = simulated_s.reduce((sum, each) => sum + each, 0);
  const wall_s = reports.reduce((sum, { wall_ms }) => sum + wall_ms, 0) / 1000;
  const requests = reports.reduce((sum, report) => sum + report.requests, 0);
  const failed = (['safety', 'liveness', 'crash', 'differs'] as const).map((verdict) => `${count(verdict)} ${verdict}`);
  return [
    marksOf(reports),
    `${reports.length} seeds: ${count('ok')} ok, ${failed.join(', ')}`,
    `${total_s.toFixed(0)} s simulated (${simulated_s[0]?.toFixed(0)} to ${simulated_s.at(-1)?.toFixed(0)} s a run), ${requests} requests, ${(total_s / wall_s).toFixed(0)} simulated s per s and process`,
  ].join('\n');
}

/** How often rare things happened, and in how many runs. */
function marksOf(reports: readonly SeedReport[]): string {
  const totals = new Map<string, { times: number; runs: number }>();
  for (const { marks } of reports) {
    for (const [name, times] of Object.entries(marks)) {
      const total = totals.get(name) ?? { times: 0, runs: 0 };
      totals.set(name, { times: total.times + times, runs: total.runs + 1 });
    }
  }
  return [...totals]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { times, runs }]) => `  ${name}: ${times} in ${runs} runs`)
    .join('\n');
}
