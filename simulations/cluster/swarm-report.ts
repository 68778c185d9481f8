/** What a swarm says: a paragraph per run, a table at the end, and an exit code. */
import type { CoverageCounts } from '../coverage/coverage.ts';
import { formatCoverage, machineCoverage, mergeCounts, missingSometimes } from '../coverage/report.ts';
import { ENOUGH_RUNS } from '../coverage/sometimes.ts';
import { formatOptions, type RunResult, type Verdict } from './run.ts';

export interface SeedReport extends Omit<RunResult, 'verdict'> {
  readonly verdict: Verdict | 'differs';
  readonly wall_ms: number;
  /** How many befell the cluster. */
  readonly faults: number;
  /** Digest of the second run, where there was one. */
  readonly secondDigest: string | undefined;
}

const COMMAND = import.meta.url.endsWith('.ts') ? 'node --import tsx bin/pve-actors.ts' : 'pve-actors';

const EXIT_CODES: readonly (readonly [verdict: SeedReport['verdict'], code: number])[] = [
  ['crash', 3],
  ['safety', 1],
  ['liveness', 2],
  ['differs', 4],
];

/** The gravest verdict decides. */
export function exitCodeOf(reports: readonly Pick<SeedReport, 'verdict'>[]): number {
  return EXIT_CODES.find(([verdict]) => reports.some((report) => report.verdict === verdict))?.[1] ?? 0;
}

/** The command that repeats a run; `flags`: those of its sweep. */
export function repetitionOf({ seed, verdict }: Pick<SeedReport, 'seed' | 'verdict'>, flags: string): string {
  if (verdict === 'differs') return `${COMMAND} sim run --seeds ${seed} --twice 1${flags}`;
  return `${COMMAND} sim replay ${seed}${flags}`;
}

export function formatRun(report: SeedReport, flags = ''): string {
  const { verdict, options, simulated_ms, requests, wall_ms, digest, secondDigest } = report;
  const figures = `${(simulated_ms / 1000).toFixed(0)} s simulated in ${wall_ms.toFixed(0)} ms, ${requests} requests`;
  if (verdict === 'ok') return `${formatOptions(options)}\n  ok, ${figures}`;
  return [
    formatOptions(options),
    `  FAILED (${verdict}), ${figures}; repeat it: ${repetitionOf(report, flags)}`,
    ...formatProblems(report).map((line) => `  ${line}`),
    ...(verdict === 'differs' ? [`  two runs gave the traces ${digest} and ${secondDigest}`] : []),
  ].join('\n');
}

/** What a run has shown, a line each. */
export function formatProblems({ violations, crash }: Pick<RunResult, 'violations' | 'crash'>): readonly string[] {
  return [
    ...violations.map(({ rule, message, time_ms }) => `at ${(time_ms / 1000).toFixed(3)} s, ${rule}: ${message}`),
    ...(crash === undefined ? [] : crash.split('\n')),
  ];
}

const VERDICTS = ['ok', 'safety', 'liveness', 'crash', 'differs'] as const;

/** Marks and coverage, then the distribution of what the runs consist of, then the verdicts. */
export function formatSummary(reports: readonly SeedReport[]): string {
  const counts = mergeCounts(reports.flatMap(({ marks, coverage }) => [marks, coverage]));
  // A few runs miss a lot, and that means nothing.
  const areEnough = reports.length >= ENOUGH_RUNS;
  const haRuns = reports.filter(({ options }) => options.ha !== undefined).length;
  const missing = missingSometimes(counts, reports.length - haRuns, haRuns);
  const wall_s = reports.reduce((sum, { wall_ms }) => sum + wall_ms, 0) / 1000;
  const simulated_s = reports.reduce((sum, { simulated_ms }) => sum + simulated_ms, 0) / 1000;
  const twice = reports.filter(({ secondDigest }) => secondDigest !== undefined).length;
  const verdicts = VERDICTS.map((verdict) => `${reports.filter((each) => each.verdict === verdict).length} ${verdict}`);
  return [
    areEnough ? formatCoverage(counts) : coverageTotals(counts),
    ...marksOf(reports),
    ...missing.map(({ name, why }) => `NEVER HAPPENED: ${name}. ${why}`),
    '',
    distributionsOf(reports),
    '',
    `${reports.length} seeds (${twice} of them twice): ${verdicts.join(', ')}`,
    `${simulated_s.toFixed(0)} s simulated, ${(simulated_s / wall_s).toFixed(0)} s per second of a process`,
  ].join('\n');
}

function coverageTotals(counts: CoverageCounts): string {
  const totals = machineCoverage(counts).map(
    ({ machine, states, statesReached, transitions, transitionsTaken }) =>
      `${machine} ${statesReached}/${states}, ${transitionsTaken}/${transitions}`,
  );
  return `states and transitions met: ${totals.join('; ')}`;
}

/** How often rare things happened, and in how many runs. */
function marksOf(reports: readonly SeedReport[]): readonly string[] {
  const runs = new Map<string, number>();
  for (const { marks } of reports) for (const name of Object.keys(marks)) runs.set(name, (runs.get(name) ?? 0) + 1);
  const times = mergeCounts(reports.map(({ marks }) => marks));
  return [...runs]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `  ${name}: ${times[name]} in ${count} runs`);
}

const COLUMNS = ['of each run', 'least', 'median', '90 %', 'most', 'all'] as const;
const FIRST_WIDTH = 20;
const WIDTH = 10;

function distributionsOf(reports: readonly SeedReport[]): string {
  const rows: readonly (readonly [name: string, values: readonly number[]])[] = [
    ['simulated seconds', reports.map(({ simulated_ms }) => Math.round(simulated_ms / 1000))],
    ['faults', reports.map(({ faults }) => faults)],
    ['operations', reports.map(({ requests }) => requests)],
    ['rings formed', reports.map(({ marks }) => marks['ring formed'] ?? 0)],
    ['datagrams', reports.map(({ datagrams }) => datagrams)],
    ['milliseconds taken', reports.map(({ wall_ms }) => Math.round(wall_ms))],
  ];
  const lines = [COLUMNS, ...rows.map(([name, values]) => [name, ...distributionOf(values)])];
  return lines
    .map(([name, ...cells]) => `${name!.padEnd(FIRST_WIDTH)}${cells.map((cell) => cell.padStart(WIDTH)).join('')}`)
    .join('\n');
}

function distributionOf(values: readonly number[]): readonly string[] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const total = values.reduce((sum, value) => sum + value, 0);
  return [at(0), at(0.5), at(0.9), at(1), total].map(String);
}
