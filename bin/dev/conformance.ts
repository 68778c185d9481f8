/**
 * `npm run conformance -- [DIR] [--corpus NAME] [--built]`: runs the corpora of DIR (default: ../shared/conformance).
 * The last line is `N passed, N failed`. Exit code 0: no failure, 1: failures, 2: an unusable request. `--built` leaves
 * out corpora whose part isn't built, which otherwise count as failed.
 */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { corpora } from '../../simulations/conformance/registry.ts';
import { runCorpora } from '../../simulations/conformance/run-corpora.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { corpus: { type: 'string' }, built: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  if (positionals.length > 1) throw new Error(`one folder at most, not ${positionals.join(' ')}`);
  // npm runs scripts in the package's folder and tells where the caller stood.
  const base = process.env.INIT_CWD ?? process.cwd();
  const totals = await runCorpora({
    directory: positionals[0] === undefined ? join(root, '..', 'shared', 'conformance') : resolve(base, positionals[0]),
    corpora,
    only: values.corpus,
    builtOnly: values.built,
    print: (line) => console.log(line),
  });
  if ('refusal' in totals) throw new Error(totals.refusal);
  console.log(`${totals.passed} passed, ${totals.failed} failed`);
  return totals.failed === 0 ? 0 : 1;
}

let exitCode = 2;
try {
  exitCode = await main();
} catch (error) {
  console.error(`conformance: ${(error as Error).message}`);
}
// Not left to itself: a part that hung keeps the process alive.
process.exit(exitCode);
