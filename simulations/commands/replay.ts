/** `pve-actors sim replay`: one run again, with its trace and its schedule if they are wanted. */
import { writeFileSync } from 'node:fs';
import { fileSink } from '../../runtime/trace/file-sink.ts';
import type { GivenOptions, RunOptions } from '../cluster/options.ts';
import { drawOptions } from '../cluster/options.ts';
import { formatOptions, type RunResult } from '../cluster/run.ts';
import { exitCodeOf, formatProblems } from '../cluster/swarm-report.ts';
import { historyDifference } from '../scenarios/compare.ts';
import { runScenario } from '../scenarios/run-scenario.ts';
import { withHistory } from '../scenarios/scenario.ts';
import { formatSchedule, scheduleOf } from '../schedule/schedule.ts';
import { runSource, type Source } from './source.ts';
import { checkTarget, EXIT, type Speech, UsageProblem } from './usage.ts';

export interface ReplayOrder {
  readonly source: Source;
  readonly set: (seed: number) => GivenOptions;
  /** Files to write. */
  readonly trace: string | undefined;
  readonly schedule: string | undefined;
  readonly until_ms: number | undefined;
  /** A scenario gets the history of this run. */
  readonly isRewritten: boolean;
}

/** Runs it again; the exit code of its verdict. */
export function replayOnce(
  { source, set, trace, schedule, until_ms, isRewritten }: ReplayOrder,
  speech: Speech,
): number {
  if (source.kind === 'trace') throw new UsageProblem(`'${source.path}' is a trace: it shows a run, and can't be run`);
  if (isRewritten && source.kind !== 'scenario') throw new UsageProblem('--rewrite wants a scenario');
  if (isRewritten && until_ms !== undefined)
    throw new UsageProblem('--rewrite wants the whole scenario, without --until');
  for (const file of [trace, schedule]) checkTarget(file);
  const { print } = speech;
  const given = source.kind === 'seed' ? set(source.seed) : {};
  print(formatOptions(optionsOf(source, given)));
  const file = trace === undefined ? undefined : fileSink(trace);
  const settings = { until_ms, ...(file === undefined ? {} : { sink: (line: string) => void file.write(line) }) };
  let result: RunResult;
  try {
    if (source.kind === 'scenario') {
      const run = runScenario(source.scenario, settings);
      result = run.result;
      print(run.history.trimEnd());
      if (isRewritten) writeFileSync(source.path, withHistory(source.scenario, run.history));
      else if (until_ms === undefined) tellDifference(source.scenario.history, run.history, print);
    } else {
      result = runSource(source, settings, given);
    }
  } finally {
    file?.close();
  }
  if (schedule !== undefined) writeFileSync(schedule, formatSchedule(scheduleOf(result)));
  const { verdict, simulated_ms, requests, records, digest } = result;
  for (const line of formatProblems(result)) print(line);
  print(
    `${verdict}: ${(simulated_ms / 1000).toFixed(3)} s, ${requests} requests, ${records} records, digest ${digest}`,
  );
  return verdict === 'ok' ? EXIT.ok : exitCodeOf([result]);
}

function tellDifference(expected: string, actual: string, print: Speech['print']): void {
  const difference = historyDifference(expected, actual);
  if (difference.length > 0) print(`the history is another one than the file says:\n${difference.join('\n')}`);
}

function optionsOf(source: Exclude<Source, { readonly kind: 'trace' }>, given: GivenOptions): RunOptions {
  if (source.kind === 'seed') return drawOptions(source.seed, given);
  return source.kind === 'schedule' ? source.schedule.options : source.scenario.options;
}
