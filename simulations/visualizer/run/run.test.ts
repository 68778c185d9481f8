// test-timeout: 240
/** Runs as columns: what goes in comes out, whole. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openTrace } from '../../../runtime/trace/reader.ts';
import type { TraceRecord } from '../../../runtime/trace/trace.ts';
import { runSeed } from '../../cluster/run.ts';
import { BLOCK_RECORDS, KINDS } from './layout.ts';
import { prepareRun, prepareTrace } from './prepare-run.ts';
import { countUpTo, factAt, Run, RunUnreadable } from './run.ts';
import { RunWriter } from './run-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'pve-actors-run-'));
const tracePath = join(folder, 'trace.jsonl');

function writeTrace(): void {
  const lines: string[] = [];
  const options = { chaos_ms: 6000, nodeCount: 3, faults: ['crash', 'partition'] } as const;
  runSeed(3, { options, sink: (line) => void lines.push(line) });
  writeFileSync(tracePath, `${lines.join('\n')}\n`);
}
writeTrace();

async function recordsIn(path: string): Promise<readonly TraceRecord[]> {
  const found: TraceRecord[] = [];
  for await (const record of (await openTrace(path)).records) found.push(record);
  return found;
}

test('every record comes back as it was, to the microsecond', async () => {
  const records = await recordsIn(tracePath);
  const run = await Run.of(await prepareTrace(tracePath, 'trace'));
  assert.is(run.count, records.length);
  assert.ok(records.length > BLOCK_RECORDS);
  for (const [at, record] of records.entries()) {
    const { time_ms, ...rest } = record;
    const { time_ms: shown_ms, ...shown } = await run.record(at);
    assert.equal(shown, rest);
    assert.ok(Math.abs(shown_ms - time_ms) < 0.001, `${shown_ms} for ${time_ms}`);
  }
});

test('causes, effects and states are those of the records', async () => {
  const records = await recordsIn(tracePath);
  const run = await Run.of(await prepareTrace(tracePath, 'trace'));
  const positions = new Map(records.map(({ sequence }, at) => [sequence, at]));
  const states = new Map<number, string>();
  for (const [at, record] of records.entries()) {
    assert.is(run.cause(at), record.cause === null ? -1 : (positions.get(record.cause) ?? -1));
    if (run.cause(at) >= 0) assert.ok(run.effects(run.cause(at)).includes(at));
    if (record.kind === 'machine') states.set(run.tracks[at]!, String(record.after));
    const track = run.tracks[at]!;
    assert.is(run.stateAt(track, at), states.get(track) ?? '');
  }
});

test('a causal cone holds what led to a record and what came of it, and nothing else', async () => {
  const run = await Run.of(await prepareTrace(tracePath, 'trace'));
  const at = run.kinds.lastIndexOf(KINDS.indexOf('receive'));
  const cone = new Set(run.cone(at, run.count));
  const leadsTo = (from: number, to: number): boolean => {
    for (let one = to; one >= 0; one = run.cause(one)) if (one === from) return true;
    return false;
  };
  for (let one = 0; one < run.count; one += 1) {
    assert.is(cone.has(one), leadsTo(one, at) || leadsTo(at, one), `${one} for ${at}`);
  }
});

test('the strip knows power, quorum and tree of each node', async () => {
  const run = await Run.of(await prepareTrace(tracePath, 'trace'));
  const last = (node: number, key: string): string | undefined => {
    const series = run.head.facts.find((one) => one.node === node && one.key === key);
    return series && factAt(series, run.count - 1);
  };
  for (const node of [0, 1, 2]) {
    assert.is(last(node, 'power'), 'on');
    assert.is(last(node, 'quorum'), 'yes');
    assert.match(last(node, 'tree') ?? '', /^version \d+$/);
    assert.is(last(node, 'tree'), last(0, 'tree'));
  }
});

test('rules of a simulation are listed, and what the run violates is found with its chain', async () => {
  const lines = readFileSync(tracePath, 'utf8').trimEnd().split('\n');
  const cause = lines.findLastIndex((line) => line.includes('"kind":"machine"'));
  const sequence = (JSON.parse(lines.at(-1)!) as TraceRecord).sequence + 1;
  const { sequence: causing, time_ms } = JSON.parse(lines[cause]!) as TraceRecord;
  const violation = { sequence, time_ms, node: '', actor: 'checker', cause: causing, kind: 'violation' };
  const path = join(folder, 'violated.jsonl');
  writeFileSync(
    path,
    `${lines.join('\n')}\n${JSON.stringify({ ...violation, rule: 'I4', message: 'n1 went back' })}\n`,
  );
  const { head, count } = await Run.of(await prepareTrace(path, 'violated'));
  assert.ok(head.invariants.length > 20);
  assert.equal(head.invariants.find(({ rule }) => rule === 'I4')?.violations, [
    { at: count - 1, message: 'n1 went back' },
  ]);
  assert.is(head.chain.at(-1)?.at, count - 1);
  assert.ok(head.chain.length > 1);
});

test('machines come with their drawings', async () => {
  const { head } = await Run.of(await prepareTrace(tracePath, 'trace'));
  for (const name of ['membership', 'dfsm', 'quorum-client']) {
    const machine = head.machines.find((one) => one.name === name);
    assert.ok(machine?.drawing.includes('data-state='), name);
    for (const track of head.tracks.filter((one) => one.machine === name)) assert.ok(track.node >= 0);
  }
});

test('what is no run is refused with a sentence', async () => {
  const error = await Run.of(Buffer.from('something else entirely')).catch((one: unknown) => one);
  assert.instance(error, RunUnreadable);
  const missing = await prepareRun(join(folder, 'nowhere')).catch((one: Error) => one.message);
  assert.match(missing as string, /neither a seed nor a file/);
});

test('a count up to a limit is that of a search from the start', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 })), fc.integer({ min: -1, max: 51 }), (numbers, limit) => {
      const ascending = numbers.toSorted((a, b) => a - b);
      assert.is(countUpTo(ascending, limit), ascending.filter((one) => one <= limit).length);
    }),
  );
});

test('times that stand still, go back or have gaps of days survive', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 1e9 }), { minLength: 1, maxLength: 40 }), async (times) => {
      const writer = new RunWriter('any', { trace: 1, source: 'node', nodes: ['a'] });
      for (const [at, time_ms] of times.entries()) {
        const stamp = { sequence: at * 2 + 1, time_ms, node: 'a', actor: 'x', cause: null };
        writer.add({ ...stamp, kind: 'note', event: 'tick', detail: at });
      }
      const run = await Run.of(writer.finish({ invariants: [], chain: [], machines: [] }));
      assert.equal([...run.times], times);
      assert.equal(
        [...run.sequences],
        times.map((_, at) => at * 2 + 1),
      );
    }),
    { numRuns: 30 },
  );
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
