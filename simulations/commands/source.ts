/** What `sim replay`, `shrink` and `explain` are given: a seed, a schedule, a scenario or a trace. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { GivenOptions } from '../cluster/options.ts';
import { type RunResult, type RunSettings, runSeed } from '../cluster/run.ts';
import { runScenario } from '../scenarios/run-scenario.ts';
import { parseScenario, type Scenario } from '../scenarios/scenario.ts';
import { readSchedule, replay, type Schedule } from '../schedule/schedule.ts';
import { UsageProblem } from './usage.ts';

export type Source =
  | { readonly kind: 'seed'; readonly seed: number }
  | { readonly kind: 'schedule'; readonly schedule: Schedule }
  | { readonly kind: 'scenario'; readonly path: string; readonly scenario: Scenario }
  | { readonly kind: 'trace'; readonly path: string };

const HEAD_BYTES = 4096;

/** A number is a seed, all else a file. Throws `UsageProblem`. */
export function readSource(text: string): Source {
  if (/^\d{1,9}$/.test(text)) return { kind: 'seed', seed: Number(text) };
  const head = headOf(text);
  if (head.startsWith('{"trace":')) return { kind: 'trace', path: text };
  const content = readFileSync(text, 'utf8');
  if (head.trimStart().startsWith('{')) {
    const schedule = readSchedule(content, text);
    if ('complaint' in schedule) throw new UsageProblem(schedule.complaint);
    return { kind: 'schedule', schedule };
  }
  const scenario = parseScenario(content, text);
  if ('complaint' in scenario) throw new UsageProblem(scenario.complaint);
  return { kind: 'scenario', path: text, scenario };
}

function headOf(path: string): string {
  try {
    const file = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(HEAD_BYTES);
      return bytes.toString('utf8', 0, readSync(file, bytes));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageProblem(
      code === 'ENOENT' ? `'${path}' is neither a seed nor a file` : `'${path}' can't be read: ${code}`,
    );
  }
}

/** Runs it; `set` are options of a seed instead of what it draws. */
export function runSource(
  source: Exclude<Source, { readonly kind: 'trace' }>,
  settings: Pick<RunSettings, 'sink' | 'until_ms'>,
  set: GivenOptions,
): RunResult {
  if (source.kind === 'seed') return runSeed(source.seed, { ...settings, options: set });
  if (source.kind === 'schedule') return replay(source.schedule, settings);
  return runScenario(source.scenario, settings).result;
}
