/**
 * `npm test -- [PATTERN…] [--jobs N]`: runs the test files whose path holds one of the patterns (all without a pattern).
 * The last line is `N passed, N failed`, with `, N skipped` where tests were skipped; CI reads it. With REQUIRE_ALL=1 a
 * skip is a failure. `--root DIR` is for the runner's own tests.
 */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { killAllGroups } from './test-run/bounded-process.ts';
import { closingLine, runTests, type TestTotals } from './test-run/test-run.ts';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    killAllGroups();
    process.exit(130);
  });
}

function parse(): { jobs: number | undefined; root: string; patterns: string[] } {
  const { values, positionals } = parseArgs({
    options: { jobs: { type: 'string' }, root: { type: 'string' } },
    allowPositionals: true,
  });
  if (values.jobs !== undefined && !/^[1-9]\d*$/.test(values.jobs))
    throw new Error(`--jobs ${values.jobs}: not a number`);
  return {
    jobs: values.jobs === undefined ? undefined : Number(values.jobs),
    root: values.root === undefined ? join(dirname(fileURLToPath(import.meta.url)), '..', '..') : resolve(values.root),
    patterns: positionals,
  };
}

function demanded(totals: TestTotals): TestTotals {
  if (process.env.REQUIRE_ALL !== '1' || totals.skips.length === 0) return totals;
  console.log(`REQUIRE_ALL=1: ${totals.skips.length} skipped tests count as failed`);
  return { passed: totals.passed, failed: totals.failed + totals.skips.length, skips: [] };
}

try {
  const totals = demanded(await runTests({ ...parse(), print: (line) => console.log(line) }));
  console.log(closingLine(totals));
  process.exitCode = totals.failed === 0 ? 0 : 1;
} catch (error) {
  console.error(`run-tests: ${(error as Error).message}`);
  process.exitCode = 2;
}
