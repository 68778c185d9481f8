/** Runs a scenario and tells its history. */
import { type RunResult, runSteps, type StepSettings } from '../cluster/run.ts';
import { History } from './history.ts';
import type { Scenario } from './scenario.ts';

export interface ScenarioRun {
  readonly result: RunResult;
  /** What belongs below the four dashes. */
  readonly history: string;
}

export function runScenario(scenario: Scenario, settings: Pick<StepSettings, 'sink' | 'until_ms'> = {}): ScenarioRun {
  const history = new History(scenario);
  const result = runSteps(scenario.options, scenario.steps, {
    ...settings,
    checkers: [history.observer],
    onStep: (step) => history.took(step),
    onStepDone: (step, now_ms) => history.met(now_ms, step),
  });
  const faults = result.violations.map(
    ({ rule, message, time_ms }) => `${(time_ms / 1000).toFixed(1)}s VIOLATED ${rule}: ${message}\n`,
  );
  return { result, history: history.text + faults.join('') };
}
