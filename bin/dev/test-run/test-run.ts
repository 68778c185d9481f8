/** Runs test files in processes of their own, several at once, and prints a line per file as it ends. */
import { availableParallelism } from 'node:os';
import { runBounded } from './bounded-process.ts';
import { findTestFiles, selectFiles, type TestFile } from './test-files.ts';
import { type FileVerdict, judge } from './verdict.ts';

export interface TestRunOptions {
  readonly root: string;
  /** Substrings of paths; none means all files. */
  readonly patterns: readonly string[];
  /** Files at once; undefined: the number of CPUs. */
  readonly jobs: number | undefined;
  readonly print: (line: string) => void;
}

export interface TestTotals {
  readonly passed: number;
  readonly failed: number;
  readonly skips: readonly string[];
}

/** The line that CI reads; it must be the last one. */
export function closingLine({ passed, failed, skips }: TestTotals): string {
  const skipped = skips.length === 0 ? '' : `, ${skips.length} skipped`;
  return `${passed} passed, ${failed} failed${skipped}`;
}

/** Runs the files that `patterns` select. Nothing found, and a pattern without a file, are failures. */
export async function runTests(options: TestRunOptions): Promise<TestTotals> {
  const files = findTestFiles(options.root);
  const { selected, unmatched } = selectFiles(files, options.patterns);
  if (files.length === 0) options.print('FAIL there is no test file');
  for (const pattern of unmatched) options.print(`FAIL no test file has "${pattern}" in its path`);
  if (files.length === 0 || unmatched.length > 0)
    return { passed: 0, failed: Math.max(1, unmatched.length), skips: [] };

  const verdicts = await runAll(options, selected);
  const skips = verdicts.flatMap((verdict) => verdict.skips);
  printSummary(verdicts, skips, options.print);
  return {
    passed: verdicts.reduce((sum, verdict) => sum + verdict.passed, 0),
    failed: verdicts.reduce((sum, verdict) => sum + verdict.failed, 0),
    skips,
  };
}

async function runAll(options: TestRunOptions, files: readonly TestFile[]): Promise<readonly FileVerdict[]> {
  const jobs = options.jobs ?? availableParallelism();
  // Those that ask for more time start first: a long one at the end would run alone.
  const shared = files.filter(({ exclusive }) => !exclusive).sort((a, b) => b.timeout_ms - a.timeout_ms);
  const alone = files.filter(({ exclusive }) => exclusive);
  const verdicts = await runQueue(options, shared, jobs);
  return [...verdicts, ...(await runQueue(options, alone, 1))];
}

async function runQueue(options: TestRunOptions, files: readonly TestFile[], jobs: number): Promise<FileVerdict[]> {
  const waiting = [...files];
  const verdicts: FileVerdict[] = [];
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const verdict = await runFile(options.root, file);
      verdicts.push(verdict);
      printVerdict(verdict, options.print);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, files.length) }, worker));
  return verdicts;
}

async function runFile(root: string, file: TestFile): Promise<FileVerdict> {
  const args = ['--import', import.meta.resolve('tsx'), file.path];
  const result = await runBounded(process.execPath, args, {
    cwd: root,
    env: testEnvironment(),
    timeout_ms: file.timeout_ms,
  });
  return judge(file, result);
}

/** Without colours, whatever the caller's terminal: the totals are read from the output. */
function testEnvironment(): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _, ...env } = process.env;
  return { ...env, NO_COLOR: '1' };
}

function printVerdict(verdict: FileVerdict, print: (line: string) => void): void {
  const duration = `${Math.round(verdict.duration_ms)} ms`;
  if (verdict.complaint === undefined) {
    const skipped = verdict.skips.length === 0 ? '' : `, ${verdict.skips.length} skipped`;
    print(`ok   ${verdict.path}: ${verdict.passed} passed${skipped}, ${duration}`);
    return;
  }
  print(`FAIL ${verdict.path}: ${verdict.complaint}, ${verdict.passed} passed, ${duration}`);
  for (const line of verdict.output.trimEnd().split('\n')) print(`     | ${line}`);
}

function printSummary(verdicts: readonly FileVerdict[], skips: readonly string[], print: (line: string) => void): void {
  const failures = verdicts.filter(({ complaint }) => complaint !== undefined);
  if (skips.length > 0 || failures.length > 0) print('');
  for (const skip of skips) print(`SKIPPED ${skip}`);
  for (const { path, complaint } of failures) print(`FAILED ${path}: ${complaint}`);
}
