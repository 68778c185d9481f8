/** Each checker of high availability complains of what it is there for, and of nothing else. What random runs show is in simulations/mutants. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Ask, Reply } from '../../../machines/ha/port.ts';
import type { Checker, CheckerFactory, ObservedNode, TreeChange } from '../observation.ts';
import { HA_CHECKERS } from './all.ts';
import { configOwnership } from './config-ownership.ts';
import { disarmedSilence } from './disarmed-silence.ts';
import { fenceBeforeRecovery } from './fence-before-recovery.ts';
import { fenceDelay } from './fence-delay.ts';
import { lockTakeover } from './lock-takeover.ts';
import { lockedExecution } from './locked-execution.ts';
import type { ObservedDaemon, ObservedMachine } from './observation.ts';
import { placement } from './placement.ts';
import { quorumSilence } from './quorum-silence.ts';
import { singleExecution } from './single-execution.ts';
import { singleMaster } from './single-master.ts';
import { watchdogCoupling } from './watchdog-coupling.ts';

const YES: Reply = { ok: true, value: true };
const NO: Reply = { ok: true, value: false };

interface TestMachine extends ObservedMachine {
  isOn: boolean;
  starts: number;
  readonly guests: Set<string>;
  readonly open: Set<string>;
}

/** A cluster of three machines, of which everything can be set. */
class TestCluster {
  now_ms = 0;
  version = 1;
  rules = '';
  status = '';
  readonly machines: readonly TestMachine[] = [1, 2, 3].map((nodeid) => {
    const open = new Set<string>();
    return {
      nodeid,
      name: `n${nodeid}`,
      isOn: true,
      starts: 1,
      guests: new Set<string>(),
      open,
      hasWatchdogOpen: (kind: string) => open.has(kind),
      daemon: () => undefined,
    };
  });
  readonly problems: string[] = [];
  readonly checker: Checker;

  constructor(create: CheckerFactory, fencing: 'watchdog' | 'both' = 'watchdog') {
    const cluster = this;
    const ha = {
      machines: this.machines,
      machine: (name: string) => this.machines.find((machine) => machine.name === name),
      fencing,
      isCalm: true,
    };
    const view = {
      get now_ms() {
        return cluster.now_ms;
      },
      nodes: [],
      leastNodes: 3,
      profile: 'promise' as const,
      areVotesLowered: false,
      ha,
      reachedFrom: () => [],
      heardBy: () => [],
    };
    this.checker = create(view, (problem) => this.problems.push(problem));
  }

  at(nodeid: number): TestMachine {
    return this.machines[nodeid - 1]!;
  }

  daemon(kind: 'crm' | 'lrm', nodeid: number, state: string, snapshot: object = {}): ObservedDaemon {
    const cluster = this;
    return {
      kind,
      pid: 1,
      machine: this.at(nodeid),
      core: { state, snapshot, mode: 'active' } as never,
      get now_ms() {
        return cluster.now_ms;
      },
    };
  }

  change(kind: TreeChange['kind'], path: string, writer: number, detail = ''): void {
    const versionBefore = this.version++;
    const change = { kind, path, detail, writer, time_s: 0, result: 0, versionBefore, versionAfter: this.version };
    const files: Record<string, string> = { 'ha/rules.cfg': this.rules, 'ha/manager_status': this.status };
    const lookup = (wanted: string) => ({ data: Buffer.from(files[wanted] ?? '') });
    this.checker.changed?.({ nodeid: 1, process: { memdb: { lookup } } } as unknown as ObservedNode, change);
  }

  lock(name: string, by: number): void {
    this.change('mkdir', `priv/lock/${name}`, by);
  }

  flush(status: object, by = 1): void {
    this.status = JSON.stringify(status);
    this.change('rename', 'ha/manager_status.tmp', by, 'ha/manager_status');
  }

  did(daemon: ObservedDaemon, ask: Ask, reply: Reply = YES): void {
    this.checker.asked?.(daemon, ask);
    this.checker.answered?.({ daemon, ask, reply });
  }
}

const on = (node: string, state: string, more: object = {}) => ({ 'vm:1': { node, state, uid: `${state}`, ...more } });

test('every checker has a rule and a reason of its own', () => {
  const checkers = HA_CHECKERS.map((create) => new TestCluster(create).checker);
  assert.is(new Set(checkers.map(({ rule }) => rule)).size, checkers.length);
  for (const { rule, why } of checkers) {
    assert.match(rule, /^16\.\d+/);
    assert.match(why, /^[a-z].*[^.]$/);
  }
});

test('16.1: a guest on two machines, unless nothing guards the other one any more', () => {
  const cluster = new TestCluster(singleExecution);
  cluster.at(2).guests.add('vm:1');
  cluster.did(cluster.daemon('lrm', 2, 'active'), { op: 'watchdog', do: 'close' });
  cluster.checker.guest!(cluster.at(1), 'vm:1', true);
  assert.equal(cluster.problems, []);
  cluster.did(cluster.daemon('lrm', 2, 'active'), { op: 'watchdog', do: 'open' });
  cluster.checker.guest!(cluster.at(1), 'vm:1', true);
  assert.is(cluster.problems.length, 1);
});

test('16.2: a command without a renewed lock, in another state, without a watchdog', () => {
  const cluster = new TestCluster(lockedExecution);
  const lrm = cluster.daemon('lrm', 1, 'active');
  const exec = { op: 'exec', sid: 'vm:1', cmd: 'started', params: {} } as const;
  const acquire = { op: 'lock', do: 'acquire', name: 'ha_agent_n1_lock' } as const;
  cluster.at(1).open.add('lrm');
  cluster.did(lrm, acquire);
  cluster.did(lrm, exec);
  cluster.checker.agentCall!(lrm, 'vm:1', { call: 'start' });
  assert.equal(cluster.problems, []);
  cluster.did(lrm, { op: 'refresh' });
  cluster.did(lrm, exec);
  assert.is(cluster.problems.length, 1);
  cluster.did(lrm, acquire, NO);
  cluster.did(lrm, exec);
  assert.is(cluster.problems.length, 2);
  cluster.at(1).open.clear();
  cluster.checker.agentCall!(lrm, 'vm:1', { call: 'start' });
  assert.is(cluster.problems.length, 3);
});

test('16.3: an active LRM and a master without watchdog, and one that is put away under a running service', () => {
  const cluster = new TestCluster(watchdogCoupling);
  cluster.checker.iterated!(cluster.daemon('lrm', 1, 'active'));
  assert.is(cluster.problems.length, 1);
  const master = cluster.daemon('crm', 1, 'master', { isDisarmed: false });
  cluster.checker.iterated!(master);
  assert.is(cluster.problems.length, 1, 'the watchdog comes with the next renewal');
  cluster.checker.iterated!(master);
  assert.is(cluster.problems.length, 2);
  const lrm = cluster.daemon('lrm', 2, 'active');
  const status = { service_status: on('n2', 'started') };
  cluster.did(lrm, { op: 'read', what: ['manager_status'] }, { ok: true, value: [status] });
  cluster.did(lrm, { op: 'watchdog', do: 'close' });
  assert.is(cluster.problems.length, 2, 'nothing runs');
  cluster.at(2).guests.add('vm:1');
  cluster.did(lrm, { op: 'watchdog', do: 'close' });
  assert.is(cluster.problems.length, 3);
});

test('16.4: a flush and a role without the lock', () => {
  const cluster = new TestCluster(singleMaster);
  cluster.lock('ha_manager_lock', 1);
  cluster.flush({}, 1);
  cluster.checker.iterated!(cluster.daemon('crm', 1, 'master'));
  assert.equal(cluster.problems, []);
  cluster.flush({}, 2);
  cluster.checker.iterated!(cluster.daemon('crm', 2, 'master'));
  assert.is(cluster.problems.length, 2);
});

test('16.5: a recovery from a node that was neither locked nor reset', () => {
  const cluster = new TestCluster(fenceBeforeRecovery);
  cluster.lock('ha_agent_n2_lock', 2);
  cluster.at(2).guests.add('vm:1');
  cluster.flush({ service_status: on('n2', 'fence') });
  cluster.flush({ service_status: on('n2', 'recovery') });
  assert.is(cluster.problems.length, 3);
  const good = new TestCluster(fenceBeforeRecovery);
  good.lock('ha_agent_n2_lock', 2);
  good.at(2).isOn = false;
  good.flush({ service_status: on('n2', 'fence') });
  good.lock('ha_agent_n2_lock', 1);
  good.flush({ service_status: on('n1', 'started') });
  assert.equal(good.problems, []);
});

test('16.6: a node is fenced 59 s after it was seen', () => {
  for (const [waited_s, expected] of [
    [30, 1],
    [61, 0],
  ] as const) {
    const cluster = new TestCluster(fenceDelay);
    const master = cluster.daemon('crm', 1, 'master');
    const seen = (isOnline: boolean): void => {
      const value = [{ quorate: true, online: { n1: true, n2: isOnline } }];
      cluster.did(master, { op: 'refresh' });
      cluster.did(master, { op: 'read', what: ['members'] }, { ok: true, value });
    };
    seen(true);
    cluster.now_ms = waited_s * 1000;
    seen(false);
    cluster.checker.notified!(master, "Try to fence node 'n2'");
    assert.is(cluster.problems.length, expected, `${waited_s} s`);
  }
});

test('16.7: a lock that is taken away early, or from a node with a watchdog', () => {
  const cluster = new TestCluster(lockTakeover);
  cluster.lock('ha_agent_n2_lock', 2);
  cluster.now_ms = 121_000;
  cluster.change('remove', 'priv/lock/ha_agent_n2_lock', 1);
  assert.equal(cluster.problems, []);
  cluster.at(2).open.add('lrm');
  cluster.lock('ha_agent_n2_lock', 1);
  assert.is(cluster.problems.length, 1);
  cluster.now_ms = 150_000;
  cluster.change('remove', 'priv/lock/ha_agent_n2_lock', 3);
  assert.is(cluster.problems.length, 2);
});

test('16.10, 16.11: a service where its rules do not want it', () => {
  const rules = {
    strict: 'node-affinity: a\n\tresources vm:1\n\tnodes n2,n3:1\n\tstrict 1\n',
    apart: 'resource-affinity: b\n\tresources vm:1,vm:2\n\taffinity negative\n',
  };
  const other = { 'vm:2': { node: 'n1', state: 'started', uid: 'x' } };
  for (const [text, expected] of [
    [rules.strict, 1],
    [rules.strict.replace('\tstrict 1\n', ''), 0],
    [rules.apart, 1],
    ['', 0],
  ] as const) {
    const cluster = new TestCluster(placement);
    cluster.rules = text;
    cluster.flush({ service_status: { ...on('n2', 'recovery'), ...other } });
    cluster.flush({ service_status: { ...on('n1', 'started'), ...other } });
    assert.is(cluster.problems.length, expected, text);
  }
});

test('16.12: a configuration that is moved by a stranger, or from under a guest', () => {
  const cluster = new TestCluster(configOwnership);
  const [path, to] = ['nodes/n2/qemu-server/1.conf', 'nodes/n1/qemu-server/1.conf'];
  const master = cluster.daemon('crm', 1, 'master');
  cluster.lock('ha_manager_lock', 1);
  cluster.checker.fileCall!(master, { op: 'rename', path, to });
  cluster.change('rename', path, 1, to);
  assert.equal(cluster.problems, []);
  cluster.change('rename', to, 1, path);
  assert.is(cluster.problems.length, 1);
  cluster.at(2).guests.add('vm:1');
  cluster.checker.fileCall!(master, { op: 'rename', path, to });
  cluster.checker.fileCall!(cluster.daemon('crm', 3, 'slave'), { op: 'rename', path, to });
  assert.is(cluster.problems.length, 5);
});

test('16.13: a status without quorum, and a master that was refused its lock', () => {
  const cluster = new TestCluster(quorumSilence);
  const lrm = cluster.daemon('lrm', 1, 'active');
  const members = { quorate: false, online: {} };
  cluster.did(lrm, { op: 'read', what: ['members'] }, { ok: true, value: [members] });
  cluster.did(lrm, { op: 'write', what: 'lrm_status', value: {} });
  assert.is(cluster.problems.length, 1);
  const master = cluster.daemon('crm', 1, 'master');
  cluster.did(master, { op: 'lock', do: 'acquire', name: 'ha_manager_lock' }, NO);
  cluster.checker.iterated!(master);
  assert.is(cluster.problems.length, 2);
});

test('16.14: a change and a mail while disarmed', () => {
  const cluster = new TestCluster(disarmedSilence);
  const disarm = { mode: 'freeze', state: 'disarmed' };
  cluster.flush({ disarm, service_status: on('n1', 'freeze') });
  cluster.flush({ disarm, service_status: on('n1', 'freeze') });
  assert.equal(cluster.problems, []);
  cluster.flush({ disarm, service_status: on('n1', 'started') });
  cluster.checker.notified!(cluster.daemon('crm', 1, 'master'), 'x');
  assert.is(cluster.problems.length, 2);
});

test.run();
