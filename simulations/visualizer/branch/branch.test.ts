// test-timeout: 240
/** Branches: the same past, another future. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { TraceRecord } from '../../../runtime/trace/trace.ts';
import { runSeed } from '../../cluster/run.ts';
import { replay, scheduleOf } from '../../schedule/schedule.ts';
import { type BranchOrder, branched, readBranchOrder } from './branch.ts';

const OPTIONS = { chaos_ms: 6000, nodeCount: 3, faults: ['crash', 'partition'] } as const;
const lines: string[] = [];
const base = scheduleOf(runSeed(3, { options: OPTIONS, sink: (line) => void lines.push(line) }));
const BRANCH_ms = 4000.25;

function recordsOf(given: readonly string[]): readonly TraceRecord[] {
  return given.slice(1).map((line) => JSON.parse(line) as TraceRecord);
}

function branchAt(at_ms: number, order: BranchOrder): readonly TraceRecord[] {
  const found: string[] = [];
  replay(branched(base, at_ms, order), { sink: (line) => void found.push(line) });
  return recordsOf(found);
}

const before = (records: readonly TraceRecord[], at_ms: number): readonly TraceRecord[] =>
  records.filter(({ time_ms, actor }) => time_ms < at_ms && actor !== 'script');

test('until its instant a branch is the run that it branches from', () => {
  const branch = branchAt(BRANCH_ms, { act: 'crash', node: 3 });
  const past = before(recordsOf(lines), BRANCH_ms);
  assert.ok(past.length > 1000);
  assert.equal(
    before(branch, BRANCH_ms).map(({ time_ms, node, kind }) => [time_ms, node, kind]),
    past.map(({ time_ms, node, kind }) => [time_ms, node, kind]),
  );
});

test('at its instant the act happens, and not in the run that it branches from', () => {
  const isCrash = (record: TraceRecord): boolean =>
    record.kind === 'note' && record.event === 'crash' && record.node === 'n3' && record.time_ms === BRANCH_ms;
  assert.ok(branchAt(BRANCH_ms, { act: 'crash', node: 3 }).some(isCrash));
  assert.not(recordsOf(lines).some(isCrash));
});

test('a dropped message is lost, and another of the same sender to others is not', () => {
  const records = recordsOf(lines);
  const send = records.find(({ kind, node, time_ms }) => kind === 'send' && node === 'n1' && time_ms > 3000)!;
  assert.is(send.kind, 'send');
  const receive = records.find(({ kind, cause }) => kind === 'receive' && cause === send.sequence)!;
  const to = Number(receive.node.slice(1));
  const branch = branchAt(send.time_ms, { act: 'drop', from: 1, to });
  const lost = branch.filter(({ kind, time_ms }) => kind === 'drop' && Math.abs(time_ms - send.time_ms) < 0.001);
  assert.equal(
    lost.map((record) => record.kind === 'drop' && [record.node, record.to]),
    [['n1', `n${to}`]],
  );
});

test('an order is read from a query, or refused with a sentence', () => {
  const read = (text: string) => readBranchOrder(new URLSearchParams(text), 3);
  assert.equal(read('act=crash&node=2'), { act: 'crash', node: 2 });
  assert.equal(read('act=drop&from=1&to=3'), { act: 'drop', from: 1, to: 3 });
  for (const bad of ['', 'act=melt&node=1', 'act=crash', 'act=crash&node=4', 'act=drop&from=1&to=1']) {
    assert.type(read(bad), 'string', bad);
  }
});

test.run();
