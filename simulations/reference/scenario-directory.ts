/** Reads scenarios from directories (spec/ha.md §1.1). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScenarioFiles } from './scenario.ts';

const scenarioFile =
  /^(?:cmdlist|hardware_status|manager_status|service_config|rules_config|groups|datacenter\.cfg|(?:static|dynamic)_service_stats|service_status_.+)$/;

/** Only what a scenario consists of: neither the expected log nor prose. */
export function readScenarioFiles(directory: string): ScenarioFiles {
  const names = readdirSync(directory).filter((name) => scenarioFile.test(name));
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(directory, name), 'latin1')]));
}

/** The log to compare with, or undefined where there is none. */
export function readExpectedLog(directory: string): string | undefined {
  const path = join(directory, 'log.expect');
  return existsSync(path) ? readFileSync(path, 'latin1') : undefined;
}

/** The scenario directories in a directory: itself, or those below it, sorted. */
export function findScenarios(directory: string): readonly string[] {
  if (existsSync(join(directory, 'cmdlist'))) return [directory];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(directory, name))
    .sort()
    .flatMap(findScenarios);
}
