// test-timeout: 480
/** A seed means one run: in another process, with and without a trace, and in another version of Node. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reportSkip } from '../../runtime/test-support/shared-corpus.ts';
import { diffTraces, formatDifference } from './diff.ts';
import { OTHER_VERSION, otherNode } from './other-node.ts';
import type { RunOrder, RunOutcome } from './traced-run.ts';

const folder = mkdtempSync(join(tmpdir(), 'pve-actors-determinism-'));
const program = join(dirname(fileURLToPath(import.meta.url)), 'traced-run.ts');
/** As the seeds draw them, but for the time that they take. */
const ORDERS: readonly RunOrder[] = [
  ...[1, 2, 7, 24].map((seed) => ({ seed, options: { chaos_ms: 30_000 } })),
  ...[3, 8].map((seed) => ({ seed, options: { chaos_ms: 100_000, ha: {} } })),
];

function runIn(node: string, orders: readonly RunOrder[]): readonly RunOutcome[] {
  const printed = execFileSync(node, ['--import', 'tsx', program, JSON.stringify(orders)], { encoding: 'utf8' });
  return JSON.parse(printed) as readonly RunOutcome[];
}

/** Fails with the first record that differs. */
async function expectSame(left: string, right: string): Promise<void> {
  const [lefts, rights] = [runIn(left, ORDERS), runIn(right, ORDERS)];
  const at = lefts.findIndex(({ digest }, index) => digest !== rights[index]?.digest);
  if (at < 0) {
    assert.equal(rights, lefts);
    return;
  }
  const order = ORDERS[at]!;
  const traces = [left, right].map((node, side) => {
    const trace = join(folder, `${side}.jsonl`);
    runIn(node, [{ ...order, trace }]);
    return trace;
  });
  const difference = await diffTraces(traces[0]!, traces[1]!);
  const shown = difference === undefined ? 'this time the traces are the same' : formatDifference(difference);
  assert.unreachable(`seed ${order.seed} is two runs: ${shown}`);
}

test('in two processes', () => expectSame(process.execPath, process.execPath));

test('with and without a trace', () => {
  const [order] = ORDERS;
  const [plain, traced] = [order!, { ...order!, trace: join(folder, 'traced.jsonl') }].map((one) =>
    runIn(process.execPath, [one]),
  );
  assert.equal(traced, plain);
});

test(`in Node ${process.versions.node} and ${OTHER_VERSION}`, async () => {
  const other = otherNode();
  if ('reason' in other) {
    reportSkip('two versions of Node', other.reason);
    return;
  }
  const version = execFileSync(other.program, ['--version'], { encoding: 'utf8' }).trim();
  assert.is(version, `v${OTHER_VERSION}`);
  await expectSame(process.execPath, other.program);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
