/** `pve-actors sim run`: a sweep over many seeds, with progress, a summary and files for machines. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileSink } from '../../runtime/trace/file-sink.ts';
import { drawOptions, formatOptions } from '../cluster/options.ts';
import { runSeed } from '../cluster/run.ts';
import { runSwarm } from '../cluster/swarm-processes.ts';
import { exitCodeOf, formatRun, formatSummary, type SeedReport } from '../cluster/swarm-report.ts';
import { diffTraces, formatDifference } from '../trace/diff.ts';
import { flagsOf, type Sweep, settingsOf } from './profiles.ts';
import { junitText, sweepJson } from './report-files.ts';
import { checkTarget, EXIT, type Range, type Speech } from './usage.ts';

export interface SweepOrder {
  readonly seeds: Range;
  readonly sweep: Sweep;
  readonly jobs: number;
  /** Every so many seeds one is run twice; 0: none. */
  readonly twice: number;
  /** Files to write. */
  readonly json: string | undefined;
  readonly junit: string | undefined;
}

const PROGRESS_MS = 5000;

/** Runs the sweep; the exit code of the gravest verdict. */
export async function sweep(order: SweepOrder, { print, tell }: Speech): Promise<number> {
  const { seeds, sweep: settings, jobs, twice, json, junit } = order;
  for (const file of [json, junit]) checkTarget(file);
  const total = seeds.last - seeds.first + 1;
  if (total === 1) print(formatOptions(drawOptions(seeds.first, settingsOf(settings, seeds.first))));
  const reports: SeedReport[] = [];
  let told_ms = performance.now();
  const done = (report: SeedReport): void => {
    reports.push(report);
    if (report.verdict !== 'ok') print(formatRun(report, flagsOf(settings)));
    if (performance.now() - told_ms < PROGRESS_MS) return;
    told_ms = performance.now();
    const failed = reports.filter(({ verdict }) => verdict !== 'ok').length;
    tell(`${reports.length} of ${total} seeds, ${failed} failed`);
  };
  let death: Error | undefined;
  await runSwarm({ ...seeds, jobs, twice, set: (seed) => settingsOf(settings, seed) }, done).catch((error: Error) => {
    death = error;
  });
  reports.sort((a, b) => a.seed - b.seed);
  for (const { seed, verdict } of reports) if (verdict === 'differs') print(await firstDifference(seed, settings));
  if (reports.length > 0) print(formatSummary(reports));
  if (json !== undefined) writeFileSync(json, sweepJson(reports, flagsOf(settings)));
  if (junit !== undefined) writeFileSync(junit, junitText(reports, flagsOf(settings)));
  if (death !== undefined) {
    print(death.message);
    return EXIT.crash;
  }
  return exitCodeOf(reports);
}

/** Where two runs of a seed part. */
async function firstDifference(seed: number, settings: Sweep): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'pve-actors-differs-'));
  try {
    const paths = ['first', 'second'].map((name) => join(folder, name));
    for (const path of paths) {
      const file = fileSink(path);
      runSeed(seed, { options: settingsOf(settings, seed), sink: (line) => void file.write(line) });
      file.close();
    }
    const difference = await diffTraces(paths[0]!, paths[1]!);
    if (difference === undefined) return `seed ${seed}: two more runs, in one process, were equal`;
    return `seed ${seed}: ${formatDifference(difference)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
