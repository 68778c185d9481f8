/**
 * What the output and the end of one test file mean.
 *
 * uvu 0.5.6 exits 0 with no tests, where a file forgets `.run()`, and where a `before` hook throws. So the totals that it
 * prints are judged, not its exit code alone: without totals, or with fewer passed than run, a file has failed.
 */
import type { BoundedResult } from './bounded-process.ts';
import type { TestFile } from './test-files.ts';

export interface FileVerdict {
  readonly path: string;
  readonly passed: number;
  readonly failed: number;
  readonly skips: readonly string[];
  /** Why the file failed, a sentence; undefined when it passed. */
  readonly complaint: string | undefined;
  readonly output: string;
  readonly duration_ms: number;
}

const totalsPattern = /^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)\n {2}Duration:/gm;
/** uvu's bullets may stand before it on the line. */
const skipPattern = /(?:^|\s)SKIP (\S[^\n]*?: \S[^\n]*)$/gm;

interface Totals {
  readonly total: number;
  readonly passed: number;
  readonly skipped: number;
}

/** The totals that uvu printed last, or undefined where it printed none. */
export function parseTotals(output: string): Totals | undefined {
  const match = [...output.matchAll(totalsPattern)].at(-1);
  if (match === undefined) return undefined;
  return { total: Number(match[1]), passed: Number(match[2]), skipped: Number(match[3]) };
}

/** Texts `name: reason` of the skips that tests reported on lines `SKIP name: reason`. */
export function parseSkips(output: string): readonly string[] {
  return [...output.matchAll(skipPattern)].map((match) => match[1]!);
}

/**
 * Judges one file. A test that reported a skip returns early and is a pass to uvu; it is counted as skipped here,
 * never as passed.
 */
export function judge(file: TestFile, result: BoundedResult): FileVerdict {
  const totals = parseTotals(result.output);
  const reported = parseSkips(result.output);
  const unnamed = totals?.skipped ?? 0;
  const skips =
    unnamed === 0 ? reported : [...reported, `${unnamed} of ${file.path}: marked by test.skip or test.only`];
  const complaint = complaintOf(file, result, totals, reported.length);
  const failedTests = totals === undefined ? 0 : totals.total - totals.passed;
  return {
    path: file.path,
    passed: Math.max(0, (totals?.passed ?? 0) - reported.length),
    failed: complaint === undefined ? 0 : Math.max(1, failedTests),
    skips,
    complaint,
    output: result.output,
    duration_ms: result.duration_ms,
  };
}

function complaintOf(
  file: TestFile,
  result: BoundedResult,
  totals: Totals | undefined,
  skipCount: number,
): string | undefined {
  if (result.timedOut) {
    const limit_s = file.timeout_ms / 1000;
    return totals === undefined
      ? `did not end within ${limit_s} s and was killed`
      : `printed its totals, but something kept it from ending within ${limit_s} s (an open handle?)`;
  }
  if (result.signal !== undefined) return `was ended by ${result.signal}`;
  if (totals === undefined) {
    return result.exitCode === 0
      ? 'ran no test: it must call .run() on its suites'
      : `ended with exit code ${result.exitCode} before its tests`;
  }
  if (totals.passed < totals.total) return `${totals.total - totals.passed} of ${totals.total} tests failed`;
  if (result.exitCode !== 0) return `its tests passed, but it ended with exit code ${result.exitCode}`;
  if (totals.total === 0 && skipCount === 0) return 'holds no test';
  return undefined;
}
