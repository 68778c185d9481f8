import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { TraceRecord } from '../../runtime/trace/trace.ts';
import { runScenario } from './run-scenario.ts';
import { traceScenario } from './scenario-trace.ts';

const off = { power: 'off', network: 'off' };
const files = {
  cmdlist: JSON.stringify([['power node1 on', 'power node2 on'], ['network node2 off']]),
  hardware_status: JSON.stringify({ node1: off, node2: off, node3: off }),
  manager_status: '{}',
  service_config: JSON.stringify({ 'vm:1': { node: 'node2', state: 'started' } }),
};

function traced() {
  const lines: string[] = [];
  const { log } = traceScenario(files, (line) => lines.push(line) > 0);
  return { log, records: lines.slice(1).map((line) => JSON.parse(line) as TraceRecord) };
}

test('a traced run is the same run', () => {
  assert.is(traced().log, runScenario(files).log);
  assert.equal(traced().records, traced().records);
});

test('each event of a machine has the iteration as its cause, and the change of a service its line', () => {
  const { records } = traced();
  const byNumber = new Map(records.map((record) => [record.sequence, record]));
  const placed = records.find(
    (record) => record.kind === 'machine' && (record.event as { type: string }).type === 'PLACED',
  );
  assert.ok(placed?.kind === 'machine');
  assert.equal([placed.machine, placed.before, placed.after], ['ha-resource vm:1', 'request_start', 'started']);
  assert.is(byNumber.get(placed.cause!)?.kind, 'core');
  assert.is(placed.time_ms, 20_000);
  const line = records.find((record) => record.kind === 'log' && record.message.includes("to 'started'"));
  assert.equal([line?.node, line?.actor], ['node1', 'crm']);
});

test('commands are faults, and effects are told with their answers', () => {
  const { records } = traced();
  assert.ok(records.some((record) => record.kind === 'fault' && record.fault === 'network node2 off'));
  const lock = records.find((record) => record.kind === 'note' && record.event === 'effect lock');
  assert.ok(lock?.kind === 'note');
  assert.equal(lock.detail, {
    ask: { op: 'lock', do: 'acquire', name: 'ha_manager_lock' },
    reply: { ok: true, value: true },
  });
});

test.run();
