/** spec/ha.md §3.7, row by row: what a step says, and where it leads. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NodeState, ServiceFields, ServiceState } from '../state-files.ts';
import { endStep, finishRecovery, stepResource } from './handlers.ts';
import { HaResource } from './resource.ts';
import { Step, type StepWorld, type WantedService } from './step.ts';

interface Situation {
  readonly state: ServiceState;
  readonly fields?: Partial<ServiceFields>;
  readonly config?: WantedService;
  readonly result?: number;
  readonly nodes?: Readonly<Record<string, NodeState>>;
  readonly delayed?: boolean;
  readonly lrmMode?: string;
  readonly selected?: string | undefined;
  readonly isRebalancingOnStart?: boolean;
  readonly sid?: string;
}

function run(situation: Situation) {
  const { state, fields = {}, nodes = { n1: 'online', n2: 'online' }, sid = 'vm:1' } = situation;
  const lines: string[] = [];
  const asked: string[] = [];
  let uids = 0;
  const world: StepWorld = {
    nodeState: (node) => nodes[node] ?? 'unknown',
    delayed: (node) => {
      asked.push(`delayed ${node}`);
      return situation.delayed ?? false;
    },
    lrmMode: () => situation.lrmMode ?? 'active',
    select: (resource, preference) => {
      asked.push(`select ${preference}`);
      return 'selected' in situation ? situation.selected : resource.status.node;
    },
    isRebalancingOnStart: situation.isRebalancingOnStart ?? false,
    newUid: () => `u${++uids}`,
    log: (level, text) => lines.push(`${level} ${text}`),
    changed: (_, line) => lines.push(line.replace("service 'vm:1': state changed from ", '')),
  };
  const resource = new HaResource(sid, { node: 'n1', uid: 'u0', ...fields }, state);
  const step = new Step(resource, situation.config ?? { state: 'started', max_relocate: 1 }, situation.result, world);
  const effect = stepResource(step);
  if (effect === undefined) endStep(step);
  return { effect, lines, asked, status: resource.status, step };
}

const offline = { n1: 'unknown', n2: 'online' } as const;

test('request_stop: the answer decides, without one the node is watched', () => {
  assert.is(run({ state: 'request_stop', result: 0 }).status.state, 'stopped');
  const failed = run({ state: 'request_stop', result: 1 });
  assert.is(failed.status.state, 'error');
  assert.is(failed.lines[0], "err service 'vm:1' stop failed (exit code 1)");
  assert.is(run({ state: 'request_stop', delayed: true }).status.state, 'fence');
  assert.is(run({ state: 'request_stop' }).status.state, 'request_stop');
});

test('a motion: done, failed, ignored, on the wrong node', () => {
  const fields = { target: 'n2' };
  for (const state of ['migrate', 'relocate', 'request_start_balance'] as const) {
    assert.equal(run({ state, fields, result: 0 }).status.node, 'n2');
    assert.is(run({ state, fields, result: 0, config: { state: 'stopped' } }).status.state, 'request_stop');
    const failed = run({ state, fields, result: 1 });
    assert.equal([failed.status.state, failed.status.node], ['started', 'n1']);
    assert.equal(failed.asked, []);
    assert.is(run({ state, fields, delayed: true }).status.state, 'fence');
  }
});

test('S1 a motion that was ignored, or found its service elsewhere, still looks at the node in the same step', () => {
  for (const [result, before] of [
    [3, 'error'],
    [8, 'started'],
  ] as const) {
    const { asked, lines, status } = run({ state: 'migrate', fields: { target: 'n2' }, result, delayed: true });
    assert.is(status.state, 'fence');
    assert.ok(lines.some((line) => line.startsWith(`'${before}' to 'fence'`)));
    assert.equal(asked, ['delayed n1']);
  }
});

test('request_start: with rebalancing the node may be another, or none', () => {
  assert.is(run({ state: 'request_start' }).status.state, 'started');
  const there = run({ state: 'request_start', isRebalancingOnStart: true, selected: 'n2' });
  assert.equal([there.status.state, there.status.target], ['request_start_balance', 'n2']);
  assert.is(there.lines[0], 'info service vm:1: re-balance selected new node n2 for startup');
  const nowhere = run({ state: 'request_start', isRebalancingOnStart: true, selected: undefined });
  assert.is(nowhere.status.target, null);
  assert.is(nowhere.lines[0], 'info service vm:1: re-balance selected new node  for startup');
  const here = run({ state: 'request_start', isRebalancingOnStart: true });
  assert.is(here.lines[0], 'info service vm:1: re-balance selected current node n1 for startup');
});

test('stopped: the place, the command, the configuration, in this order', () => {
  const moved = run({ state: 'stopped', config: { state: 'stopped', node: 'n2' } });
  assert.is(moved.status.node, 'n2');
  assert.is(run({ state: 'stopped', fields: { cmd: ['relocate', 'n2'] } }).status.state, 'relocate');
  const late = run({ state: 'stopped', fields: { cmd: ['migrate', 'n3'] }, config: { state: 'stopped' } });
  assert.is(late.lines[0], "err ignore service 'vm:1' migrate request - node 'n3' not online");
  assert.is(late.status.cmd, undefined);
  const stop = run({ state: 'stopped', fields: { cmd: ['stop', '0'] }, config: { state: 'stopped' } });
  assert.equal(stop.lines, ["info ignore service 'vm:1' stop request - service already stopped"]);
  assert.is(run({ state: 'stopped' }).status.state, 'request_start');
  const odd = run({ state: 'stopped', config: { state: 'odd' } });
  assert.equal(odd.lines, ["err service 'vm:1' - unknown state 'odd' in service configuration"]);
});

test('S2 a stopped service that is disabled asks for no clock, one that is not asks before it looks at maintenance', () => {
  assert.equal(run({ state: 'stopped', config: { state: 'disabled' } }).asked, []);
  const waiting = run({ state: 'stopped', config: { state: 'stopped' }, nodes: { n1: 'maintenance' }, delayed: true });
  assert.equal(waiting.asked, ['delayed n1']);
  assert.is(waiting.status.state, 'stopped');
});

test('started: a lost node is fenced, one in maintenance is left', () => {
  assert.is(run({ state: 'started', nodes: offline, delayed: true }).status.state, 'fence');
  assert.is(run({ state: 'started', nodes: offline }).status.state, 'started');
  const maintenance = { n1: 'maintenance', n2: 'online' } as const;
  const left = run({ state: 'started', nodes: maintenance, selected: 'n2' });
  assert.equal([left.status.state, left.status.maintenance_node], ['migrate', 'n1']);
  const twice = run({ state: 'started', nodes: maintenance, delayed: true, selected: 'n2' });
  assert.ok(twice.lines.some((line) => line.startsWith("'fence' to 'migrate'")));
});

test('started: commands', () => {
  const moved = run({ state: 'started', fields: { cmd: ['relocate', 'n2'] } });
  assert.equal(moved.lines[0], "info relocate service 'vm:1' to node 'n2'");
  assert.is(moved.status.state, 'relocate');
  const stop = run({ state: 'started', fields: { cmd: ['stop', '0'] } });
  assert.equal(stop.effect, { effect: 'configure-stopped' });
  assert.equal([stop.status.state, stop.status.timeout], ['request_stop', '0']);
  assert.is(stop.lines[0], "info request immediate service hard-stop for service 'vm:1'");
  const odd = run({ state: 'started', fields: { cmd: ['odd', ''] } });
  assert.equal(odd.lines, ["err unknown command 'odd' for service 'vm:1'"]);
  assert.is(odd.status.cmd, undefined);
});

test('started: a success is confirmed, and forgets the failures', () => {
  const { lines, status } = run({ state: 'started', result: 0, fields: { failed_nodes: ['n2'] } });
  assert.equal(status, { state: 'started', node: 'n1', uid: 'u1', running: 1 });
  assert.equal(lines, ["info relocation policy successful for 'vm:1' on node 'n1', failed nodes: n2"]);
});

test('started: a failure is tried elsewhere, then here, then given up', () => {
  const elsewhere = run({ state: 'started', result: 1, selected: 'n2' });
  assert.equal(elsewhere.asked, ['select try-next']);
  assert.equal([elsewhere.status.state, elsewhere.status.failed_nodes], ['migrate', ['n1']]);
  const here = run({ state: 'started', result: 1, selected: undefined });
  assert.is(here.status.state, 'started');
  assert.match(here.lines[1]!, /^warning Start Error Recovery: .* Tried nodes: n1$/);
  const over = run({ state: 'started', result: 1, fields: { failed_nodes: ['n2'] } });
  assert.is(over.status.state, 'error');
  assert.match(over.lines[0]!, /entering error state. Failed nodes: n2, n1$/);
  assert.is(run({ state: 'started', result: 7 }).lines[0], "err service 'vm:1' got unrecoverable error (exit code 7)");
});

test('started: back from maintenance, and other ways of leaving the fallback', () => {
  const back = run({ state: 'started', fields: { maintenance_node: 'n2' }, selected: 'n2' });
  assert.is(back.lines[0], "info moving service 'vm:1' back to 'n2', node came back from maintenance.");
  assert.is(back.status.maintenance_node, undefined);
  const elsewhere = run({ state: 'started', fields: { maintenance_node: 'n3' }, selected: 'n2' });
  assert.is(elsewhere.lines[0], "info dropping maintenance fallback node 'n3' for 'vm:1'");
  const stale = run({ state: 'started', fields: { maintenance_node: 'n1' } });
  assert.is(stale.status.maintenance_node, undefined);
});

test('started: only a vm moves running', () => {
  const { lines } = run({ state: 'started', selected: 'n2', sid: 'ct:1' });
  assert.is(lines[0], "info relocate service 'ct:1' to node 'n2'");
});

test('a restarting LRM freezes what could be touched, an active one thaws it', () => {
  for (const state of ['started', 'stopped', 'request_stop'] as const) {
    const config = { state: state === 'started' ? 'started' : 'stopped' };
    assert.is(run({ state, config, lrmMode: 'restart' }).status.state, 'freeze');
  }
  assert.is(run({ state: 'freeze', lrmMode: 'restart' }).status.state, 'freeze');
  assert.is(run({ state: 'freeze' }).status.state, 'started');
});

test('recovery: a node is found, the configuration goes first; without a node it stays, or is given up', () => {
  const found = run({ state: 'recovery', selected: 'n2' });
  assert.equal(found.effect, { effect: 'recover', target: 'n2' });
  assert.is(found.status.state, 'recovery');
  finishRecovery(found.step, 'n2');
  assert.equal([found.step.status.state, found.step.status.node], ['started', 'n2']);
  const again = run({ state: 'recovery', selected: 'n1' });
  assert.is(again.lines[0], "info recover service 'vm:1' to previous failed and fenced node 'n1' again");
  assert.is(run({ state: 'recovery', selected: undefined }).status.state, 'recovery');
  const disabled = { state: 'recovery', selected: undefined, config: { state: 'disabled' } } as const;
  assert.equal(run({ ...disabled, fields: { failed_nodes: ['n1'] } }).status, {
    state: 'stopped',
    node: 'n1',
    uid: 'u1',
  });
});

test('error: left by disabling alone, without its failures', () => {
  assert.is(run({ state: 'error', delayed: true }).status.state, 'error');
  const cleared = run({ state: 'error', config: { state: 'disabled' }, fields: { failed_nodes: ['n1'] } });
  assert.equal(cleared.status, { state: 'stopped', node: 'n1', uid: 'u1' });
});

test.run();
