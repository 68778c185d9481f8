/** Black boxes of several nodes as one trace. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeLayout } from '../../../runtime/node/layout.ts';
import { boxesBelow, mergeBoxes } from './merge-boxes.ts';
import { prepareRun } from './prepare-run.ts';
import { Run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'pve-actors-boxes-'));

function note(node: string, sequence: number, time_ms: number, cause: number | null = null): string {
  return JSON.stringify({
    sequence,
    time_ms,
    node,
    actor: 'process',
    cause,
    kind: 'note',
    event: `e${time_ms}`,
    detail: null,
  });
}

function header(node: string, origin_wall_ms: number): string {
  return JSON.stringify({ trace: 1, source: 'node', nodes: [node], origin_wall_ms });
}

function writeBox(node: string, name: string, lines: readonly string[], end = '\n'): void {
  const { logDirectory } = nodeLayout(join(folder, node));
  mkdirSync(logDirectory, { recursive: true });
  writeFileSync(join(logDirectory, name), lines.join('\n') + end);
}

// n1 was started twice; n2 started between, and has lost its power in the middle of a line.
writeBox('n1', 'black-box.jsonl.1', [header('n1', 1000), note('n1', 1, 0), note('n1', 2, 500, 1)]);
writeBox('n1', 'black-box.jsonl', [header('n1', 5000), note('n1', 1, 10), note('n1', 2, 20, 1)]);
writeBox(
  'n2',
  'black-box.jsonl',
  [header('n2', 1200), note('n2', 1, 100), note('n2', 7, 4000, 3)],
  '\n{"sequence":8,"ti',
);

test('records are in the order of wall clocks, whoever wrote them', async () => {
  const { header: merged, records } = await mergeBoxes(boxesBelow(folder));
  assert.equal(merged.nodes, ['n1', 'n2']);
  assert.is(merged.origin_wall_ms, 1000);
  assert.equal(
    records.map(({ node, time_ms, sequence }) => [node, time_ms, sequence]),
    [
      ['n1', 0, 1],
      ['n2', 300, 2],
      ['n1', 500, 3],
      ['n1', 4010, 4],
      ['n1', 4020, 5],
      ['n2', 4200, 6],
    ],
  );
});

test('a cause is of the same process, and one that was not kept is none', async () => {
  const { records } = await mergeBoxes(boxesBelow(folder));
  assert.equal(
    records.map(({ cause }) => cause),
    [null, null, 1, null, 4, null],
  );
});

test('boxes are found from the directory of a cluster, of a node, and of its logs', () => {
  const { logDirectory } = nodeLayout(join(folder, 'n1'));
  assert.is(boxesBelow(folder).length, 3);
  assert.equal(boxesBelow(join(folder, 'n1')), boxesBelow(logDirectory));
  assert.ok(boxesBelow(logDirectory)[0]?.endsWith('.1'));
});

test('they are shown as a run, and a directory without any is refused', async () => {
  const run = await Run.of((await prepareRun(folder)).bytes);
  assert.is(run.count, 6);
  assert.is(run.head.source, 'node');
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  const refusal = await prepareRun(empty).catch((error: Error) => error.message);
  assert.match(refusal as string, /neither a scenario \(cmdlist\) nor black boxes/);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
