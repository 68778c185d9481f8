/** The difference of two traces, and reading them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { fileSink } from '../../runtime/trace/file-sink.ts';
import { openTrace, TraceUnreadable } from '../../runtime/trace/reader.ts';
import { TraceWriter } from '../../runtime/trace/writer.ts';
import { diffTraces, runDiff } from './diff.ts';

const folder = mkdtempSync(join(tmpdir(), 'pve-actors-diff-'));
const header = { trace: 1, source: 'simulator', nodes: ['n1', 'n2'], options: { seed: 1 } } as const;

/** A trace of `count` records, of which the one at `changed` differs; returns its path. */
function traceOf(name: string, count: number, changed = -1): string {
  const path = join(folder, name);
  const sink = fileSink(path);
  const clock = new VirtualClock();
  const writer = new TraceWriter({ clock, capacity: 0, header, sink: sink.write });
  let cause = 0;
  for (let at = 0; at < count; at += 1) {
    clock.advance(0.25);
    const node = at % 2 === 0 ? 'n1' : 'n2';
    const message = at === changed ? 'frame' : 'token';
    cause = writer.put({ kind: 'receive', node, actor: 'ring', message, from: 'n2', bytes: undefined }, cause);
  }
  sink.close();
  return path;
}

async function exitOf(left: string, right: string): Promise<{ readonly code: number; readonly said: string }> {
  const said: string[] = [];
  const take = (text: string): void => void said.push(text);
  return { code: await runDiff({ left, right, print: take, complain: take }), said: said.join('\n') };
}

test('traces that are the same', async () => {
  assert.is(await diffTraces(traceOf('a', 1000), traceOf('b', 1000)), undefined);
  assert.equal(await exitOf(join(folder, 'a'), join(folder, 'b')), { code: 0, said: 'the traces are the same' });
});

test('the first difference, with what is the same before it', async () => {
  const [left, right] = [traceOf('a', 1000), traceOf('b', 1000, 700)];
  const found = await diffTraces(left, right);
  assert.is(found?.line, 702);
  assert.equal(
    found?.before.map(({ sequence }) => sequence),
    [693, 694, 695, 696, 697, 698, 699, 700],
  );
  const { code, said } = await exitOf(left, right);
  assert.is(code, 4);
  assert.match(said, /line 702/);
  assert.match(said, /message: "token" \| "frame"/);
  assert.not.match(said, /time_ms:/);
});

test('a trace that ends before the other', async () => {
  const { code, said } = await exitOf(traceOf('a', 1000), traceOf('b', 999));
  assert.is(code, 4);
  assert.match(said, /right: has ended/);
});

test('what is no trace ends in one sentence', async () => {
  const good = traceOf('a', 10);
  const cases: readonly (readonly [name: string, content: string, sentence: RegExp])[] = [
    ['empty', '', /empty is empty/],
    ['text', 'hello\n', /is no trace|no record/],
    ['newer', '{"trace":2,"source":"node","nodes":[]}\n', /version 2|no record/],
  ];
  for (const [name, content, sentence] of cases) {
    const path = join(folder, name);
    writeFileSync(path, content);
    for (const { code, said } of [await exitOf(path, good), await exitOf(good, path), await exitOf(path, path)]) {
      assert.is(code, 5, name);
      assert.match(said, sentence);
      assert.is(said.split('\n').length, 1);
    }
  }
  const missing = await exitOf(join(folder, 'nothing'), good);
  assert.is(missing.code, 5);
  assert.match(missing.said, /cannot read .*nothing/);
});

test('a line that was cut off by the end of its writer is left out, one in the middle is not', async () => {
  const path = traceOf('cut', 10);
  writeFileSync(path, '{"sequence":11,"ti', { flag: 'a' });
  const sequences: number[] = [];
  for await (const { sequence } of (await openTrace(path)).records) sequences.push(sequence);
  assert.equal(sequences, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  writeFileSync(path, '\n{"sequence":12}\n', { flag: 'a' });
  const { records } = await openTrace(path);
  try {
    for await (const _ of records);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, TraceUnreadable);
    assert.match((error as Error).message, /line 12/);
  }
});

/** 10 million records take ten minutes; what counts is that memory doesn't grow with their number. */
test('writing, reading and comparing take the memory of a few records, not that of a trace', async () => {
  const records = 200_000;
  const most_bytes = 48 * 1_048_576;
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().heapUsed - before);
  }, 5);
  const [left, right] = [traceOf('long-a', records), traceOf('long-b', records, records - 1)];
  const found = await diffTraces(left, right);
  clearInterval(watch);
  assert.is(found?.line, records + 1);
  assert.ok(peak < most_bytes, `${(peak / 1_048_576).toFixed(0)} MiB for ${records} records`);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
