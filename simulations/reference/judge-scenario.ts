/** Compares a scenario's log with the one that it must have, byte for byte. */
import { runScenario } from './run-scenario.ts';
import { readExpectedLog, readScenarioFiles } from './scenario-directory.ts';

export type Verdict =
  | { readonly verdict: 'passed' }
  /** `difference`: the first line that differs, with the lines before it. */
  | { readonly verdict: 'failed'; readonly difference: string };

const CONTEXT_LINES = 3;

export function judgeScenario(directory: string): Verdict {
  const expected = readExpectedLog(directory);
  if (expected === undefined) return { verdict: 'failed', difference: 'there is no log.expect' };
  try {
    const { log } = runScenario(readScenarioFiles(directory));
    return log === expected ? { verdict: 'passed' } : { verdict: 'failed', difference: firstDifference(log, expected) };
  } catch (error) {
    return { verdict: 'failed', difference: (error as Error).message };
  }
}

/** Words the first difference of two logs that are not equal. */
export function firstDifference(log: string, expected: string): string {
  const got = log.split('\n');
  const wanted = expected.split('\n');
  let at = 0;
  while (got[at] === wanted[at]) at++;
  const before = wanted.slice(Math.max(0, at - CONTEXT_LINES), at).map((line) => `    ${line}`);
  return [`line ${at + 1}`, ...before, `  - ${shown(wanted[at])}`, `  + ${shown(got[at])}`].join('\n');
}

function shown(line: string | undefined): string {
  return line ?? '(the log ends)';
}
