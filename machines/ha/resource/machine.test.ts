import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ServiceFields, ServiceState } from '../state-files.ts';
import type { ResourceChange } from './machine.ts';
import { HaResource } from './resource.ts';

const everything: ServiceFields = {
  node: 'n1',
  uid: 'u0',
  target: 'n2',
  timeout: '5',
  cmd: ['stop', '0'],
  failed_nodes: ['n3'],
  maintenance_node: 'n4',
  running: 1,
};

/** spec/ha.md §14.3: what each state takes, where it goes when the service is wanted to run, and when it is not. */
const chart: Record<
  ServiceState,
  Partial<Record<ResourceChange['type'], ServiceState | [ServiceState, ServiceState]>>
> = {
  request_start: { PLACED: 'started', PLACED_ELSEWHERE: 'request_start_balance', DISARMED: 'freeze' },
  request_start_balance: {
    MOTION_DONE: ['started', 'request_stop'],
    MOTION_FAILED: ['started', 'request_stop'],
    WRONG_NODE: 'error',
    NODE_LOST: 'fence',
    DISARMED: 'freeze',
  },
  migrate: {
    MOTION_DONE: ['started', 'request_stop'],
    MOTION_FAILED: ['started', 'request_stop'],
    WRONG_NODE: 'error',
    NODE_LOST: 'fence',
  },
  relocate: {
    MOTION_DONE: ['started', 'request_stop'],
    MOTION_FAILED: ['started', 'request_stop'],
    WRONG_NODE: 'error',
    NODE_LOST: 'fence',
  },
  started: {
    NODE_LOST: 'fence',
    STOP_WANTED: 'request_stop',
    MIGRATE: 'migrate',
    RELOCATE: 'relocate',
    GIVEN_UP: 'error',
    LRM_RESTARTS: 'freeze',
    DISARMED: 'freeze',
  },
  request_stop: {
    STOP_DONE: 'stopped',
    STOP_FAILED: 'error',
    NODE_LOST: 'fence',
    LRM_RESTARTS: 'freeze',
    DISARMED: 'freeze',
  },
  stopped: {
    MIGRATE: 'migrate',
    RELOCATE: 'relocate',
    NODE_LOST: 'fence',
    START_WANTED: 'request_start',
    LRM_RESTARTS: 'freeze',
    DISARMED: 'freeze',
  },
  freeze: { LRM_BACK: ['started', 'request_stop'] },
  fence: {
    FENCED: 'recovery',
    STOP_WANTED: 'request_stop',
    MIGRATE: 'migrate',
    RELOCATE: 'relocate',
    GIVEN_UP: 'error',
  },
  recovery: { RECOVERED: ['started', 'request_stop'], ABANDONED: 'stopped' },
  error: { CLEARED: 'stopped', NODE_LOST: 'fence' },
};

const states = Object.keys(chart) as ServiceState[];
const changes = [...new Set(states.flatMap((state) => Object.keys(chart[state])))] as ResourceChange['type'][];

function changed(state: ServiceState, type: ResourceChange['type'], wanted: 'started' | 'request_stop') {
  const resource = new HaResource('vm:1', everything, state);
  const line = resource.change({ type, uid: 'u1', wanted } as ResourceChange);
  return { resource, line };
}

test('each state takes the changes of the chart, and no others', () => {
  for (const state of states) {
    for (const type of changes) {
      const target = chart[state][type];
      if (target === undefined) {
        assert.throws(() => changed(state, type, 'started'), type, `${state} ${type}`);
        continue;
      }
      const [running, stopped] = typeof target === 'string' ? [target, target] : target;
      assert.is(changed(state, type, 'started').resource.state, running, `${state} ${type}`);
      assert.is(changed(state, type, 'request_stop').resource.state, stopped, `${state} ${type}`);
    }
  }
});

test('I1 every change of state gives the uid that came with it', () => {
  for (const state of states) {
    for (const type of Object.keys(chart[state]) as ResourceChange['type'][]) {
      assert.is(changed(state, type, 'started').resource.status.uid, 'u1');
    }
  }
});

test('I2 node, failed_nodes and maintenance_node outlive a change, the rest of the fields do not', () => {
  assert.equal(changed('started', 'NODE_LOST', 'started').resource.status, {
    state: 'fence',
    node: 'n1',
    failed_nodes: ['n3'],
    maintenance_node: 'n4',
    uid: 'u1',
  });
});

test('I2 a disarm drops failed_nodes too', () => {
  const resource = new HaResource('vm:1', everything, 'started');
  resource.disarm('u1');
  assert.equal(resource.status, { state: 'freeze', node: 'n1', maintenance_node: 'n4', uid: 'u1' });
});

test('I3 recovery is entered from fence alone', () => {
  for (const state of states) {
    if (state !== 'fence') assert.throws(() => changed(state, 'FENCED', 'started'), 'FENCED');
  }
});

test('I4 the target comes with a motion and goes with it', () => {
  const resource = new HaResource('vm:1', { node: 'n1', uid: 'u0' }, 'started');
  resource.change({ type: 'MIGRATE', uid: 'u1', params: { node: 'n1', target: 'n2' } });
  assert.is(resource.status.target, 'n2');
  resource.change({ type: 'MOTION_DONE', uid: 'u2', wanted: 'started', params: { node: 'n2' } });
  assert.equal(resource.status, { state: 'started', node: 'n2', uid: 'u2' });
});

test('the line of a change names its parameters in order', () => {
  const resource = new HaResource('vm:1', { node: 'n1' }, 'request_start');
  assert.is(
    resource.change({ type: 'PLACED_ELSEWHERE', uid: 'u', params: { node: 'n1', target: null } }),
    "service 'vm:1': state changed from 'request_start' to 'request_start_balance'  (node = n1, target = )",
  );
});

test('a new service is to be started or stopped', () => {
  for (const [wanted, state] of [
    ['started', 'request_start'],
    ['request_stop', 'request_stop'],
  ] as const) {
    const resource = new HaResource('vm:1', { node: 'n1' });
    resource.configure('u1', wanted);
    assert.equal(resource.status, { state, node: 'n1', uid: 'u1' });
  }
});

test.run();
