/** spec/ha.md §4.5, by the answers that a resource agent may give. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type AgentCall, executeCommand } from './command.ts';

function execute(
  cmd: string,
  answers: readonly boolean[],
  input: { params?: object; configuredOn?: string | undefined; hasAgent?: boolean } = {},
) {
  const calls: AgentCall['call'][] = [];
  const lines: string[] = [];
  const worker = executeCommand({
    node: 'n1',
    sid: 'vm:1',
    cmd,
    params: {},
    configuredOn: 'n1',
    hasAgent: true,
    log: (_, text) => lines.push(text),
    ...input,
  });
  const left = [...answers];
  let step = worker.next();
  while (!step.done) {
    calls.push(step.value.call);
    step = worker.next(left.shift() ?? false);
  }
  return { code: step.value, calls: calls.join(' '), lines };
}

test('start', () => {
  assert.equal(execute('started', [true]), { code: 0, calls: 'check-running', lines: [] });
  const good = execute('started', [false, true, true]);
  assert.equal([good.code, good.calls], [0, 'check-running start check-running']);
  assert.equal(good.lines, ['starting service vm:1', 'service status vm:1 started']);
  const bad = execute('started', [false, true, false]);
  assert.equal([bad.code, bad.lines[1]], [1, 'unable to start service vm:1']);
});

test('stop', () => {
  for (const cmd of ['request_stop', 'stopped']) {
    assert.is(execute(cmd, [false]).code, 0);
    const good = execute(cmd, [true, true, false], { params: { timeout: '0' } });
    assert.equal([good.code, good.lines[0]], [0, 'stopping service vm:1 (timeout=0)']);
    assert.is(execute(cmd, [true, true, true]).code, 1);
  }
});

test('motions', () => {
  const params = { target: 'n2' };
  for (const cmd of ['migrate', 'relocate', 'request_start_balance']) {
    assert.equal(execute(cmd, [false, true], { params }).code, 0);
    assert.equal(execute(cmd, [false, false], { params }).code, 1);
    assert.equal(execute(cmd, [false], { params: { target: 'n1' } }).calls, 'check-running');
    assert.equal(execute(cmd, [false], { params: { target: null } }).lines, [`${cmd} 'vm:1' failed - missing target`]);
  }
  assert.is(execute('request_start_balance', [true], { params }).code, 8);
});

test('what is not to be executed', () => {
  assert.is(execute('started', [], { hasAgent: false }).code, 4);
  assert.is(execute('started', [], { configuredOn: undefined }).code, 7);
  assert.is(execute('started', [], { configuredOn: 'n2' }).code, 3);
  assert.is(execute('error', [], { configuredOn: 'n2' }).code, 0);
  assert.is(execute('fence', [false]).code, 5);
});

test.run();
