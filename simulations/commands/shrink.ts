/** `pve-actors sim shrink`: the least that fails as a seed or a schedule does, written as a scenario. */
import { writeFileSync } from 'node:fs';
import type { GivenOptions } from '../cluster/options.ts';
import { formatProblems } from '../cluster/swarm-report.ts';
import { runScenario } from '../scenarios/run-scenario.ts';
import { formatScenario, parseScenario, withHistory } from '../scenarios/scenario.ts';
import { type Schedule, scheduleOf } from '../schedule/schedule.ts';
import { shrink } from '../schedule/shrink.ts';
import { runSource, type Source } from './source.ts';
import { checkTarget, EXIT, type Speech, UsageProblem } from './usage.ts';

export interface ShrinkOrder {
  readonly source: Source;
  readonly set: (seed: number) => GivenOptions;
  /** At most so many runs. */
  readonly budget: number;
  /** The scenario; printed where no file is named. */
  readonly output: string | undefined;
}

const SHOWN = ['acts', 'ring', 'quorum', 'leader', 'answers', 'expectations'] as const;

/** 0 when it has been made smaller; 5 when there is nothing to shrink. */
export function shrinkOnce({ source, set, budget, output }: ShrinkOrder, { print, tell }: Speech): number {
  if (source.kind === 'trace') throw new UsageProblem(`'${source.path}' is a trace; shrink its seed or its schedule`);
  checkTarget(output);
  const schedule = scheduleOfSource(source, set);
  const shrunk = shrink(schedule, { budget, progress: tell });
  if (shrunk === undefined) throw new UsageProblem('this run violates nothing: there is nothing to shrink');
  const { rule, runs, result } = shrunk;
  tell(`${runs} runs`);
  const why = [`Shrunk${source.kind === 'seed' ? ` from seed ${source.seed}` : ''}: violates '${rule}'.`];
  const { options, steps } = shrunk.schedule;
  const text = formatScenario(why, options, SHOWN, steps);
  const scenario = parseScenario(text, 'the shrunk scenario');
  if ('complaint' in scenario) throw new Error(scenario.complaint);
  const whole = withHistory(scenario, runScenario(scenario).history);
  if (output === undefined) print(whole.trimEnd());
  else {
    writeFileSync(output, whole);
    for (const line of formatProblems(result)) print(line);
    print(`written to ${output}`);
  }
  return EXIT.ok;
}

function scheduleOfSource(source: Exclude<Source, { readonly kind: 'trace' }>, set: ShrinkOrder['set']): Schedule {
  if (source.kind === 'schedule') return source.schedule;
  return scheduleOf(runSource(source, {}, source.kind === 'seed' ? set(source.seed) : {}));
}
