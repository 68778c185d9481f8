/** Each invariant must be able to fail: a wrong deed in a world that is otherwise right. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Ask, Reply } from '../../../machines/ha/port.ts';
import type { ManagerStatus } from '../../../machines/ha/state-files.ts';
import type { DaemonHost, Deed } from '../daemon-host.ts';
import { RoundRobinWorld } from '../round-robin.ts';
import { readScenario } from '../scenario.ts';
import type { Invariant } from './checker.ts';
import { fenceBeforeRecovery } from './fence-before-recovery.ts';
import { lockTakeover } from './lock-takeover.ts';
import { lockedExecution } from './locked-execution.ts';
import { quorumSilence } from './quorum-silence.ts';
import { singleExecution } from './single-execution.ts';
import { singleMaster } from './single-master.ts';
import { vocabulary } from './vocabulary.ts';
import { watchInvariants } from './watch.ts';
import { watchdogCoupling } from './watchdog-coupling.ts';

const on = { power: 'on', network: 'on' };

function newWorld(hardware: Record<string, unknown> = { node1: on, node2: on, node3: on }): RoundRobinWorld {
  return new RoundRobinWorld(
    readScenario({ cmdlist: '[]', service_config: '{}', hardware_status: JSON.stringify(hardware) }),
  );
}

interface FakeDaemon {
  readonly state?: string;
  readonly mode?: string;
  readonly snapshot?: unknown;
}

function host(kind: 'crm' | 'lrm', node: string, daemon: FakeDaemon = {}, watchdog?: number): DaemonHost {
  return { kind, node, daemon, now: 0, watchdog, hasOpenWatchdog: watchdog !== undefined } as unknown as DaemonHost;
}

function deed(of: DaemonHost, ask: Ask, value: unknown = true): Deed {
  return { host: of, ask, reply: { ok: true, value } satisfies Reply };
}

const acquire = (name: string): Ask => ({ op: 'lock', do: 'acquire', name });
const flush = (status: ManagerStatus): Ask => ({ op: 'write', what: 'manager_status', value: status });
const start: Ask = { op: 'exec', sid: 'vm:1', cmd: 'started', params: {} };

function broken(invariant: Invariant, world: RoundRobinWorld, ...deeds: readonly Deed[]): string | undefined {
  return deeds.map((one) => invariant.deed?.(one, world)).find((violation) => violation !== undefined);
}

test('16.1 a guest on two nodes', () => {
  const world = newWorld();
  world.hardware.node('node1').running.set('vm:1', true);
  const invariant = singleExecution();
  assert.is(invariant.iteration!(host('crm', 'node1'), world), undefined);
  world.hardware.node('node2').running.set('vm:1', true);
  assert.is(invariant.iteration!(host('crm', 'node1'), world), 'vm:1 runs on node1 and node2');
  assert.is(invariant.command!('service vm:1 manual-migrate node2', world), undefined);
});

test('16.2 a start without lock, without watchdog, in the wrong state', () => {
  const world = newWorld();
  const lrm = host('lrm', 'node1', { state: 'active' }, 1);
  const lock = deed(lrm, acquire('ha_agent_node1_lock'));
  assert.is(broken(lockedExecution(), world, lock, deed(lrm, start, 0)), undefined);
  assert.match(broken(lockedExecution(), world, deed(lrm, start, 0))!, 'without a renewed lock');
  const bare = host('lrm', 'node1', { state: 'active' });
  const locked = deed(bare, acquire('ha_agent_node1_lock'));
  assert.match(broken(lockedExecution(), world, locked, deed(bare, start, 0))!, 'without a watchdog');
  const lost = host('lrm', 'node1', { state: 'lost_agent_lock' }, 1);
  assert.match(broken(lockedExecution(), world, deed(lost, start, 0))!, 'in state lost_agent_lock');
  const late = deed(lrm, { op: 'refresh' });
  assert.match(broken(lockedExecution(), world, lock, late, deed(lrm, start, 0))!, 'without a renewed lock');
});

test('16.3 who acts without a watchdog, who closes it too early', () => {
  const world = newWorld();
  const invariant = watchdogCoupling();
  assert.ok(invariant.iteration!(host('lrm', 'node1', { state: 'active' }), world));
  const master = host('crm', 'node1', { state: 'master', snapshot: { isDisarmed: false } });
  assert.is(invariant.iteration!(master, world), undefined);
  assert.ok(invariant.iteration!(master, world));
  world.hardware.managerStatus = { service_status: { 'vm:1': { state: 'started', node: 'node1' } } };
  world.hardware.node('node1').running.set('vm:1', true);
  const close: Ask = { op: 'watchdog', do: 'close' };
  assert.ok(broken(invariant, world, deed(host('lrm', 'node1'), close)));
});

test('16.4 a master, or a flush, without the lock', () => {
  const world = newWorld();
  const master = host('crm', 'node1', { state: 'master' });
  assert.ok(singleMaster().iteration!(master, world));
  assert.ok(broken(singleMaster(), world, deed(master, flush({}))));
  world.hardware.locks.acquire('ha_manager_lock', 'node1', 0);
  assert.is(singleMaster().iteration!(master, world), undefined);
  world.hardware.clock = 121;
  assert.ok(singleMaster().iteration!(master, world));
});

test('16.5 a recovery without a fenced node', () => {
  const world = newWorld();
  const snapshot = { manager: { service_status: { 'vm:1': { state: 'fence', node: 'node2' } } } };
  const master = host('crm', 'node1', { state: 'master', snapshot });
  const steal = deed(master, { op: 'steal', sid: 'vm:1', from: 'node2', to: 'node1' });
  assert.is(broken(fenceBeforeRecovery(), world, deed(master, acquire('ha_agent_node2_lock')), steal), undefined);
  assert.ok(broken(fenceBeforeRecovery(), world, deed(master, acquire('ha_agent_node3_lock')), steal));
  world.hardware.managerStatus = { service_status: { 'vm:2': { state: 'recovery', node: 'node2' } } };
  const invariant = fenceBeforeRecovery();
  assert.is(broken(invariant, world, deed(master, flush({}))), undefined, 'it was so from the start');
  world.hardware.managerStatus = { service_status: { 'vm:3': { state: 'recovery', node: 'node2' } } };
  assert.ok(broken(invariant, world, deed(master, flush({}))));
});

test('16.7 a lock that is taken from a node that may still run', () => {
  const world = newWorld();
  const name = 'ha_agent_node2_lock';
  const id = world.hardware.watchdogs.open('node2', 0);
  const renewed = deed(host('lrm', 'node2', {}, id), acquire(name));
  const at = (now: number) => deed({ ...host('crm', 'node1'), now } as DaemonHost, acquire(name));
  assert.match(broken(lockTakeover(), world, renewed, at(120))!, '120 s after');
  assert.match(broken(lockTakeover(), world, renewed, at(121))!, 'still had its watchdog');
  world.hardware.watchdogs.removeAll('node2');
  assert.is(broken(lockTakeover(), world, renewed, at(121)), undefined);
});

test('16.8 unknown words, a target in the wrong state, a uid that stays', () => {
  const world = newWorld();
  const crm = host('crm', 'node1');
  const one = (service: unknown) => deed(crm, flush({ service_status: { 'vm:1': service } } as ManagerStatus));
  assert.match(broken(vocabulary(), world, one({ state: 'odd', node: 'n' }))!, 'state odd');
  assert.match(broken(vocabulary(), world, one({ state: 'started', node: 'n', target: 'm' }))!, 'target');
  assert.match(broken(vocabulary(), world, one({ state: 'migrate', node: 'n' }))!, 'target');
  const before = one({ state: 'started', node: 'n', uid: 'u' });
  assert.match(broken(vocabulary(), world, before, one({ state: 'error', node: 'n', uid: 'u' }))!, 'outlived');
  assert.ok(broken(vocabulary(), world, deed(crm, flush({ node_status: { n: 'odd' as never } }))));
  assert.ok(broken(vocabulary(), world, deed(crm, { op: 'write', what: 'lrm_status', value: { state: 'odd' } })));
});

test('16.13 a minority that acts', () => {
  const world = newWorld({ node1: on, node2: { ...on, network: 'off' }, node3: { ...on, power: 'off' } });
  const crm = host('crm', 'node1', { state: 'master' });
  assert.ok(broken(quorumSilence(), world, deed(crm, acquire('ha_manager_lock'))));
  assert.ok(broken(quorumSilence(), world, deed(host('lrm', 'node1'), { op: 'write', what: 'lrm_status', value: {} })));
  assert.ok(quorumSilence().iteration!(crm, world));
  assert.is(broken(quorumSilence(), newWorld(), deed(crm, acquire('ha_manager_lock'))), undefined);
});

test('a violation is told once, with its time', () => {
  const world = newWorld();
  const { observer, violations } = watchInvariants([() => ({ name: 'x', iteration: () => 'wrong' })]);
  for (const _ of [1, 2]) observer.afterIteration!(host('crm', 'node1'), world);
  assert.equal(violations, ['x, at 0: wrong']);
});

test.run();
