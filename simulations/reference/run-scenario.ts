import { RoundRobinWorld, type WorldObserver } from './round-robin.ts';
import { readScenario, type ScenarioFiles } from './scenario.ts';

export interface ScenarioRun {
  /** The whole log. */
  readonly log: string;
  /** What ended the run before its end. */
  readonly failure?: string;
}

/** Runs a scenario of the regression tests of pve-ha-manager; pure over the texts. Throws where a file is malformed. */
export function runScenario(files: ScenarioFiles, observer: WorldObserver = {}): ScenarioRun {
  const world = new RoundRobinWorld(readScenario(files), observer);
  const failure = world.run();
  return { log: world.log.text, ...(failure !== undefined && { failure }) };
}
