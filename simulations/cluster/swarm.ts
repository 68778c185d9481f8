/**
 * Runs many seeds over several processes:
 *
 *     node --import tsx simulations/cluster/swarm.ts [--seeds 1..300] [--jobs 2] [--twice 10] [--set JSON] [--trace FILE]
 *
 * `--twice N` runs every Nth seed a second time and compares the traces; `--set JSON` sets options that the seed would draw
 * (`'{"nodeCount":5,"faults":["crash","ambush"]}'`); `--trace FILE` writes the trace of the last seed run as lines
 * of JSON. Exit codes: 0 all is well, 1 safety, 2 liveness, 3 an exception, 4 two runs of a seed differ, 5 bad usage.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { RunOptions } from './options.ts';
import { runSeed } from './run.ts';
import { runSwarm } from './swarm-processes.ts';
import { exitCodeOf, formatRun, formatSummary, RUNNER, type SeedReport } from './swarm-report.ts';

const USAGE = 5;

interface Arguments {
  readonly first: number;
  readonly last: number;
  readonly jobs: number;
  readonly twice: number;
  readonly set: Partial<RunOptions>;
  readonly trace: string | undefined;
}

function readArguments(): Arguments | { readonly complaint: string } {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '1..300' },
        jobs: { type: 'string', default: '2' },
        twice: { type: 'string', default: '10' },
        set: { type: 'string', default: '{}' },
        trace: { type: 'string' },
      },
    });
    const seeds = /^(\d+)(?:\.\.(\d+))?$/.exec(values.seeds);
    const first = Number(seeds?.[1]);
    const last = Number(seeds?.[2] ?? seeds?.[1]);
    const [jobs, twice] = [Number(values.jobs), Number(values.twice)];
    if (seeds === null || last < first) return { complaint: `--seeds wants N or N..M, not '${values.seeds}'` };
    if (!Number.isInteger(jobs) || jobs < 1) return { complaint: `--jobs wants a number from 1, not '${values.jobs}'` };
    if (!Number.isInteger(twice) || twice < 0)
      return { complaint: `--twice wants a number from 0, not '${values.twice}'` };
    return { first, last, jobs, twice, set: JSON.parse(values.set) as Partial<RunOptions>, trace: values.trace };
  } catch (error) {
    return { complaint: (error as Error).message };
  }
}

function runTraced(seed: number, set: Partial<RunOptions>, path: string): void {
  const file = openSync(path, 'w');
  try {
    runSeed(seed, { options: set, sink: (line) => void writeSync(file, `${line}\n`) });
  } finally {
    closeSync(file);
  }
}

async function main(): Promise<number> {
  const given = readArguments();
  if ('complaint' in given) {
    console.error(
      `${given.complaint}\nusage: ${RUNNER} [--seeds 1..300] [--jobs 2] [--twice 10] [--set JSON] [--trace FILE]`,
    );
    return USAGE;
  }
  const { first, last, jobs, twice, set, trace } = given;
  const reports: SeedReport[] = [];
  const total = last - first + 1;
  await runSwarm({ first, last, jobs, twice, set }, (report) => {
    reports.push(report);
    if (report.verdict !== 'ok' || total <= 20) console.log(formatRun(report, set));
    if (reports.length % 50 === 0) console.log(`${reports.length} of ${total} seeds`);
  });
  if (trace !== undefined) runTraced(last, set, trace);
  console.log(formatSummary(reports));
  return exitCodeOf(reports);
}

process.exitCode = await main();
