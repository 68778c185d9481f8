import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { currentStatus, managerStatusAnswer } from './current-status.ts';
import { readState } from './state.ts';
import { membersText, NOW_S, stateWith, textsWith } from './test-state.ts';

const at = (time_s: number) => `@${time_s - NOW_S}`;

function lines(texts: Parameters<typeof stateWith>[0]): readonly string[] {
  return currentStatus(stateWith(texts), at).map(({ type, status }) => `${type} ${status}`);
}

function withManager(status: object, more: Parameters<typeof stateWith>[0] = {}) {
  return lines({ managerStatus: JSON.stringify(status), ...more });
}

test('a cluster that has never had a master', () => {
  assert.equal(lines({ resources: undefined }), ['quorum OK', 'fencing standby (CRM watchdog standby)']);
  assert.is(lines({ members: membersText({ n1: 1, n2: 0, n3: 0 }, 0) })[0], "quorum No quorum on node 'n1'!");
  assert.equal(lines({ members: '{\n"nodename": "n1",\n"version": 1\n}\n' })[0], 'quorum OK', 'local mode');
});

test('the master: age of its time stamp, disarm, scheduler', () => {
  const master = (age_s: number, more: object = {}, texts: object = {}) =>
    withManager({ master_node: 'n2', timestamp: NOW_S - age_s, ...more }, texts)[1];
  assert.is(master(30), 'master n2 (active, @-30)');
  assert.is(master(31), 'master n2 (old timestamp - dead?, @-31)');
  assert.is(master(-2), 'master n2 (active, @2)');
  assert.is(master(-3), 'master n2 (detected time drift!, @3)');
  assert.is(master(31, {}, { resources: '' }), 'master n2 (idle, @-31)');
  assert.is(master(3, {}, { resources: '' }), 'master n2 (active, @-3)');
  assert.is(
    master(31, {}, { resources: '', members: membersText({ n1: 1, n2: 0, n3: 0 }, 0) }),
    'master n2 (old timestamp - dead?, @-31)',
  );
  assert.is(
    master(1, { disarm: { mode: 'freeze', state: 'disarming' } }, { datacenter: 'crs: ha=static\n' }),
    'master n2 (active, @-1) - disarming, resource mode: freeze - static load CRS',
  );
});

test('fencing', () => {
  const fencing = (status: object) => withManager({ master_node: 'n2', timestamp: NOW_S, ...status })[2];
  assert.is(fencing({}), 'fencing armed (CRM watchdog active)');
  assert.is(fencing({ timestamp: NOW_S - 99 }), 'fencing standby (CRM watchdog standby)');
  assert.is(
    fencing({ disarm: { mode: 'ignore', state: 'disarming' } }),
    'fencing disarming, resource mode: ignore (CRM watchdog active)',
  );
  assert.is(
    fencing({ disarm: { mode: 'ignore', state: 'disarmed' } }),
    'fencing disarmed, resource mode: ignore (CRM watchdog released)',
  );
});

test('an LRM per node that the manager knows', () => {
  const lrm = (status: object | undefined, services: object = {}) => {
    const text = status === undefined ? undefined : JSON.stringify(status);
    return withManager(
      { node_status: { n2: 'online' }, service_status: services },
      { lrmStatus: new Map([['n2', text]]), resources: '' },
    )[2];
  };
  const fresh = { timestamp: NOW_S - 5, mode: 'active' };
  assert.is(lrm(undefined), 'lrm n2 (unable to read lrm status)');
  assert.is(lrm({ mode: 'active' }), 'lrm n2 (unable to read lrm status)');
  assert.is(lrm({ ...fresh, state: 'active' }), 'lrm n2 (active, watchdog active, @-5)');
  assert.is(lrm({ ...fresh, state: 'wait_for_agent_lock' }), 'lrm n2 (idle, watchdog standby, @-5)');
  const coming = { 'vm:100': { state: 'migrate', node: 'n1', target: 'n2', uid: 'a' } };
  assert.is(
    lrm({ ...fresh, state: 'wait_for_agent_lock' }, coming),
    'lrm n2 (wait_for_agent_lock, watchdog standby, @-5)',
  );
  assert.is(
    lrm({ ...fresh, state: 'maintenance', mode: 'maintenance' }),
    'lrm n2 (maintenance mode, watchdog active, @-5)',
  );
  assert.is(lrm({ ...fresh, state: 'active', mode: 'restart' }), 'lrm n2 (restart mode, watchdog active, @-5)');
  assert.is(
    lrm({ ...fresh, state: 'wait_for_agent_lock', mode: 'disarm' }),
    'lrm n2 (disarm mode, watchdog released, @-5)',
  );
  const old = { timestamp: NOW_S - 50, state: 'active' };
  assert.is(lrm(old), 'lrm n2 (old timestamp - dead?, watchdog standby, @-50)');
  assert.is(lrm({ ...old, mode: 'shutdown' }), 'lrm n2 (old timestamp - dead?, watchdog standby, @-50)');
  assert.is(lrm({ ...old, mode: 'maintenance' }), 'lrm n2 (maintenance mode, watchdog standby, @-50)');
  assert.is(lrm({ ...old, mode: 'disarm' }), 'lrm n2 (disarm mode, watchdog released, @-50)');
});

test('services: those of the manager, then those that wait', () => {
  const service = (state: string, more: object = {}) => ({ state, node: 'n2', uid: 'a', ...more });
  const resources =
    'vm: 100\n\nvm: 101\n\tstate disabled\n\nvm: 102\n\tstate ignored\n\nvm: 103\n\tstate stopped\n\nvm: 998\n\nct: 200\n\n';
  const words = (services: object, disarm?: object) =>
    withManager({ service_status: services, ...(disarm && { disarm }) }, { resources })
      .filter((line) => line.startsWith('service'))
      .map((line) => line.slice('service '.length));
  assert.equal(
    words({ 'vm:100': service('started', { running: 1 }), 'vm:101': service('stopped'), 'vm:555': service('started') }),
    [
      'vm:100 (n2, started)',
      'vm:101 (n2, disabled)',
      'vm:555 (n2, deleting)',
      'ct:200 (n2, queued)',
      'vm:102 (n3, ignored)',
      'vm:103 (n3, queued)',
      'vm:998 (---, not found)',
    ],
  );
  assert.equal(
    words({
      'vm:100': service('stopped'),
      'vm:101': service('error'),
      'vm:103': service('started', { running: 1 }),
      'ct:200': service('started'),
      'vm:102': service('started'),
      'vm:998': service('started'),
    }),
    [
      'ct:200 (n2, starting)',
      'vm:100 (n2, starting)',
      'vm:101 (n2, clearing error flag)',
      'vm:102 (n2, ignored)',
      'vm:103 (n2, stopping)',
      'vm:998 (n2, not found)',
    ],
  );
  assert.equal(
    words({ 'vm:103': service('stopped'), 'vm:101': service('started'), 'vm:100': service('migrate') }).slice(0, 3),
    ['vm:100 (n2, migrate)', 'vm:101 (n2, starting)', 'vm:103 (n2, stopped)'],
  );
  assert.equal(
    words({ 'vm:100': service('started') }, { mode: 'ignore', state: 'disarmed' })[0],
    'vm:100 (n2, ignore)',
  );
  assert.equal(words({ 'vm:100': service('freeze') }, { mode: 'freeze', state: 'disarmed' })[0], 'vm:100 (n2, freeze)');
});

test('the fields of a service', () => {
  const state = stateWith({
    resources: 'vm: 100\n\tcomment hi\n\tfailback 0\n\tmax_restart 3\n\tstate enabled\n\n',
    managerStatus: JSON.stringify({ service_status: { 'vm:100': { state: 'request_stop', node: 'n1', uid: 'a' } } }),
  });
  assert.equal(currentStatus(state, at).at(-1), {
    id: 'service:vm:100',
    type: 'service',
    sid: 'vm:100',
    node: 'n1',
    status: 'vm:100 (n1, request_stop)',
    state: 'request_stop',
    crm_state: 'request_stop',
    request_state: 'started',
    max_restart: 3,
    max_relocate: 1,
    failback: 0,
    comment: 'hi',
  });
});

test('the status of the manager as it is, with the LRMs', () => {
  const status = { master_node: 'n1', timestamp: 5, node_status: { n1: 'online' } };
  const state = stateWith({
    managerStatus: JSON.stringify(status),
    lrmStatus: new Map([
      ['n1', '{"state":"active"}'],
      ['n2', undefined],
    ]),
  });
  assert.equal(managerStatusAnswer(state), {
    manager_status: status,
    quorum: { node: 'n1', quorate: 1 },
    lrm_status: { n1: { state: 'active' }, n2: { mode: 'unknown' } },
  });
});

test('a broken file of the daemons is told', () => {
  const read = readState(textsWith({ managerStatus: '{"a":' }));
  assert.ok(!read.ok && read.refusal.message === "unable to read 'ha/manager_status': not a JSON object");
});

test.run();
