/**
 * `npm run verify`: all that CI does. The checks run first, side by side where they can, then the tests; the last line
 * is the tests' closing line, in which a failed check counts as one more failure.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killAllGroups, runBounded } from './test-run/bounded-process.ts';
import { closingLine, runTests } from './test-run/test-run.ts';

interface Check {
  readonly name: string;
  readonly command: readonly string[];
  /** Why it can't run here; undefined when it can. */
  readonly lacking?: string | undefined;
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const checkTimeout_ms = 15 * 60_000;

/** The environment without which every part is silent about colours and progress. */
const environment = { ...process.env, NO_COLOR: '1' };

const quickChecks: readonly Check[] = [
  { name: 'types', command: [bin('tsc'), '-p', 'tsconfig.json', '--pretty', 'false'] },
  { name: 'biome', command: [bin('biome'), 'ci', '--colors=off', '.'] },
  { name: 'tidy', command: [process.execPath, '--import', 'tsx', 'bin/dev/tidy.ts'] },
];

const conformance: Check = {
  name: 'conformance',
  command: [process.execPath, '--import', 'tsx', 'bin/dev/conformance.ts', '--built'],
  lacking: existsSync(join(root, '..', 'shared', 'conformance')) ? undefined : '../shared/conformance is not there',
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    killAllGroups();
    process.exit(130);
  });
}

function bin(name: string): string {
  return join(root, 'node_modules', '.bin', name);
}

/** Runs one check and prints its line, and its output where that says something. True when it didn't fail. */
async function runCheck({ name, command, lacking }: Check): Promise<boolean> {
  if (lacking !== undefined) {
    console.log(`skip ${name}: ${lacking}`);
    return true;
  }
  const [program, ...args] = command as [string, ...string[]];
  const result = await runBounded(program, args, { cwd: root, env: environment, timeout_ms: checkTimeout_ms });
  const good = result.exitCode === 0;
  console.log(`${good ? 'ok  ' : 'FAIL'} ${name}, ${(result.duration_ms / 1000).toFixed(1)} s`);
  const output = result.output.trimEnd();
  if (output !== '') console.log(output.replaceAll(/^/gm, '     | '));
  return good;
}

const quick = await Promise.all(quickChecks.map(runCheck));
const outcomes = [...quick, await runCheck(conformance)];
const failedChecks = outcomes.filter((good) => !good).length;

// What `npm test` does with fewer seeds, and with a tenth of the times.
process.env.SWARM_SEEDS ??= '600';
process.env.HA_FULL_LENGTH ??= '1';
const totals = await runTests({ root, patterns: [], jobs: undefined, print: (line) => console.log(line) });
if (failedChecks > 0) console.log(`${failedChecks} of the checks before the tests failed`);
const all = { ...totals, failed: totals.failed + failedChecks };
console.log(closingLine(all));
process.exitCode = all.failed === 0 ? 0 : 1;
