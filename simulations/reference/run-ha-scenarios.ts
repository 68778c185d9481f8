/** `pve-actors sim ha DIR…`: runs scenarios of pve-ha-manager's regression tests and compares their logs. */
import { existsSync, statSync } from 'node:fs';
import { fileSink } from '../../runtime/trace/file-sink.ts';
import { judgeScenario } from './judge-scenario.ts';
import { runScenario } from './run-scenario.ts';
import { findScenarios, readScenarioFiles } from './scenario-directory.ts';
import { traceScenario } from './scenario-trace.ts';

export interface HaScenariosOptions {
  /** Print the logs instead of judging them. */
  readonly isPrinting?: boolean;
  /** Write the trace of the only scenario here. */
  readonly traceFile?: string | undefined;
  readonly print: (text: string) => void;
  /** What was asked for wrongly. */
  readonly complain: (sentence: string) => void;
}

const PASSED = 0;
const FAILED = 1;
const BAD_USAGE = 5;

/** A directory may be a scenario, or hold scenarios below it. Returns the exit code. */
export async function runHaScenarios(directories: readonly string[], options: HaScenariosOptions): Promise<number> {
  const { print, complain } = options;
  if (directories.length === 0) return refuse('which directories?', complain);
  const scenarios: string[] = [];
  for (const directory of directories) {
    if (!existsSync(directory) || !statSync(directory).isDirectory()) {
      return refuse(`there is no directory ${directory}`, complain);
    }
    const found = findScenarios(directory);
    if (found.length === 0) return refuse(`there is no scenario in ${directory}`, complain);
    scenarios.push(...found);
  }
  if (options.traceFile !== undefined) {
    if (scenarios.length !== 1) return refuse(`a trace is of one scenario, not of ${scenarios.length}`, complain);
    try {
      return writeTrace(scenarios[0]!, options.traceFile, print);
    } catch (error) {
      return refuse((error as Error).message, complain);
    }
  }
  return options.isPrinting === true ? printLogs(scenarios, print) : judgeAll(scenarios, print);
}

function judgeAll(scenarios: readonly string[], print: (text: string) => void): number {
  let failed = 0;
  for (const directory of scenarios) {
    const verdict = judgeScenario(directory);
    print(`${directory}: ${verdict.verdict}`);
    if (verdict.verdict === 'passed') continue;
    failed++;
    print(`  ${verdict.difference.replaceAll('\n', '\n  ')}`);
  }
  print(`${scenarios.length - failed} passed, ${failed} failed`);
  return failed === 0 ? PASSED : FAILED;
}

function writeTrace(directory: string, path: string, print: (text: string) => void): number {
  const sink = fileSink(path);
  try {
    const { failure } = traceScenario(readScenarioFiles(directory), (line) => sink.write(line));
    print(`${directory}: ${failure ?? 'done'}`);
    return PASSED;
  } finally {
    sink.close();
  }
}

function printLogs(scenarios: readonly string[], print: (text: string) => void): number {
  for (const directory of scenarios) {
    try {
      print(runScenario(readScenarioFiles(directory)).log.replace(/\n$/, ''));
    } catch (error) {
      print(`${directory}: ${(error as Error).message}`);
      return FAILED;
    }
  }
  return PASSED;
}

function refuse(sentence: string, complain: (sentence: string) => void): number {
  complain(`sim ha: ${sentence}`);
  return BAD_USAGE;
}
