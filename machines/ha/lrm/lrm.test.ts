import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ServiceState } from '../state-files.ts';
import { done, refused, TestWorld } from '../test-daemon.ts';
import { Lrm, type LrmOptions } from './lrm.ts';

function newLrm(states: Record<string, ServiceState> = { 'vm:1': 'started' }, options: Partial<LrmOptions> = {}) {
  const lrm = new Lrm('n1', { maxWorkers: 0, ...options });
  const world = new TestWorld(lrm);
  world.said();
  const service_status = Object.fromEntries(
    Object.entries(states).map(([sid, state]) => [sid, { state, node: 'n1', uid: `${sid} ${state}` }]),
  );
  world.files.manager_status = { node_status: { n1: 'online' }, service_status };
  return { lrm, world };
}

function newActive(states?: Record<string, ServiceState>) {
  const { lrm, world } = newLrm(states);
  world.tick(0);
  assert.is(lrm.state, 'active');
  world.said();
  world.did();
  return { lrm, world };
}

const AGENT = 'ha_agent_n1_lock';

test('a new daemon waits, and writes its status', () => {
  const { lrm, world } = newLrm({});
  world.tick(0);
  assert.is(lrm.state, 'wait_for_agent_lock');
  assert.equal(world.did(), ['write lrm_status', 'write lrm_status']);
});

test('until its status is written once, it does nothing else', () => {
  const { world } = newLrm();
  world.override = (ask) => (ask.op === 'write' ? refused('broken') : undefined);
  world.tick(0);
  assert.equal(world.said(), ['err unable to write lrm status file - broken']);
  assert.equal(world.did(), ['write lrm_status']);
  const other = newLrm();
  other.world.files.members.quorate = false;
  other.world.tick(0);
  assert.equal([other.world.said(), other.world.did()], [[], []]);
  other.world.give({ type: 'STATUS_WRITTEN' });
  other.world.files.members.quorate = true;
  other.world.tick(20);
  assert.is(other.world.did()[0], `acquire ${AGENT}`);
});

test('L1 it becomes active with lock and watchdog, and then touches services', () => {
  const { lrm, world } = newLrm();
  world.tick(0);
  assert.is(lrm.state, 'active');
  assert.equal(world.did(), [
    'write lrm_status',
    `acquire ${AGENT}`,
    'watchdog open',
    'exec started vm:1',
    'write lrm_status',
  ]);
});

test('wait_for_agent_lock: nothing active, no quorum, a fence request or a disarm: no attempt at the lock', () => {
  const cases: ((world: TestWorld) => void)[] = [
    (world) => {
      world.files.manager_status = { service_status: { 'vm:1': { state: 'freeze', node: 'n1' } } };
    },
    (world) => {
      world.files.manager_status = { ...world.files.manager_status, node_status: { n1: 'fence' } };
    },
    (world) => {
      world.files.manager_status = {
        ...world.files.manager_status,
        disarm: { mode: 'freeze', state: 'disarming' },
      };
    },
  ];
  for (const arrange of cases) {
    const { lrm, world } = newLrm();
    arrange(world);
    world.tick(0);
    assert.is(lrm.state, 'wait_for_agent_lock');
    assert.not(world.did().includes(`acquire ${AGENT}`));
  }
});

test('L1 a lock that is not renewed stops everything, and leaves the watchdog running', () => {
  const { lrm, world } = newActive();
  world.override = (ask) => (ask.op === 'lock' ? done(false) : undefined);
  world.tick(20);
  assert.is(lrm.state, 'lost_agent_lock');
  assert.equal(world.did(), [`acquire ${AGENT}`]);
});

test('L2 a fence request leaves lock and watchdog as they are', () => {
  const { lrm, world } = newActive();
  world.files.manager_status = { service_status: { 'vm:1': { state: 'fence', node: 'n1', uid: 'u' } } };
  world.tick(20);
  assert.is(lrm.state, 'lost_agent_lock');
  assert.equal(world.did(), []);
  assert.is(world.said()[0], 'err node needs to be fenced - releasing agent_lock');
});

test('L3 a node without services goes idle after more than 60 rounds', () => {
  const { lrm, world } = newActive();
  world.files.manager_status = { node_status: { n1: 'online' }, service_status: {} };
  for (let round = 1; round <= 60; round++) world.tick(round * 20);
  assert.is(lrm.state, 'active');
  world.did();
  world.tick(1220);
  assert.is(lrm.state, 'wait_for_agent_lock');
  assert.equal(world.did().slice(0, 4), [`acquire ${AGENT}`, 'watchdog feed', `release ${AGENT}`, 'watchdog close']);
});

test('maintenance: kept with the lock while something runs, let go of afterwards, and left again', () => {
  const { lrm, world } = newActive();
  const services = world.files.manager_status.service_status!;
  const node_request = { n1: { maintenance: 1 as const } };
  world.files.manager_status = { service_status: services, node_request };
  world.tick(20);
  assert.equal([lrm.state, lrm.mode], ['maintenance', 'maintenance']);
  world.did();
  world.tick(40);
  assert.equal(world.did().slice(0, 2), [`acquire ${AGENT}`, 'watchdog feed']);
  world.files.manager_status = { service_status: {}, node_request };
  world.tick(60);
  assert.equal(world.did(), ['watchdog close', `release ${AGENT}`, 'write lrm_status']);
  world.files.manager_status = { service_status: {} };
  world.tick(80);
  assert.equal([lrm.state, lrm.mode], ['active', 'active']);
});

test('maintenance: an unreadable status changes nothing; the original ends with its services running', () => {
  for (const hasQuirks of [false, true]) {
    const { lrm, world } = newLrm({ 'vm:1': 'started' }, { hasQuirks });
    world.tick(0);
    world.files.manager_status = { ...world.files.manager_status, node_request: { n1: { maintenance: 1 } } };
    world.tick(20);
    assert.is(lrm.state, 'maintenance');
    let reads = 0;
    // The first read of an iteration is that of its transition, the second one that of its work.
    world.override = (ask) =>
      ask.op === 'read' && ask.what.includes('manager_status') && ++reads === 2 ? refused('broken') : undefined;
    world.tick(40);
    assert.equal([lrm.state, world.end?.out], hasQuirks ? ['exited', 'exit'] : ['maintenance', 'nextTickIn']);
  }
});

test('L5 a shutdown into maintenance that finds its lock again does not let go of running services', () => {
  for (const hasQuirks of [false, true]) {
    const { lrm, world } = newLrm({ 'vm:1': 'started' }, { hasQuirks });
    world.tick(0);
    world.override = (ask) => (ask.op === 'lock' ? done(false) : undefined);
    world.tick(20);
    world.files.datacenter = { ha: { shutdown_policy: 'migrate' } };
    world.give({ type: 'SHUTDOWN_REQUEST', marker: 'shutdown', at: 30 });
    world.override = () => undefined;
    world.did();
    world.tick(40);
    assert.equal([lrm.mode, world.end?.out], ['maintenance', hasQuirks ? 'exit' : 'nextTickIn']);
    assert.is(world.did().includes('watchdog close'), hasQuirks);
    if (hasQuirks) continue;
    world.tick(60);
    assert.is(lrm.state, 'maintenance');
  }
});

test('a migration that was asked for while the daemon is to end is answered as failed', () => {
  for (const hasQuirks of [false, true]) {
    const { lrm, world } = newLrm({ 'vm:1': 'started' }, { hasQuirks });
    world.tick(0);
    world.give({ type: 'SHUTDOWN_REQUEST', marker: '', at: 10 });
    world.files.manager_status = {
      node_status: { n1: 'online' },
      service_status: { 'vm:1': { state: 'relocate', node: 'n1', target: 'n2', uid: 'motion' } },
    };
    world.did();
    world.tick(20);
    assert.not(world.did().some((deed) => deed.startsWith('exec')));
    const refused = { motion: { sid: 'vm:1', state: 'relocate', exit_code: 1 } };
    assert.equal(lrm.snapshot.results.motion, hasQuirks ? undefined : refused.motion);
    assert.is(world.end?.out, 'nextTickIn');
  }
});

test('a disarm takes lock and watchdog away', () => {
  const { lrm, world } = newActive();
  const { manager_status } = world.files;
  world.files.manager_status = { ...manager_status, disarm: { mode: 'ignore', state: 'disarming' } };
  world.tick(20);
  assert.equal([lrm.state, lrm.mode], ['wait_for_agent_lock', 'disarm']);
  assert.equal(world.did(), [
    `acquire ${AGENT}`,
    'watchdog feed',
    `release ${AGENT}`,
    'watchdog close',
    'write lrm_status',
  ]);
});

test('an unreadable configuration is an unexpected error of the work, and the end of the daemon in a transition', () => {
  const { world } = newActive();
  world.override = (ask) => (ask.op === 'read' && ask.what.includes('resources') ? refused('broken') : undefined);
  world.tick(20);
  assert.equal(world.said(), ['err got unexpected error - broken']);
  world.files.manager_status = { service_status: {} };
  world.tick(40);
  assert.equal(world.end, { out: 'failed', error: 'broken' });
});

test('shutdown of the node: services are stopped, then lock and watchdog go, then the daemon', () => {
  const { lrm, world } = newActive();
  world.give({ type: 'SHUTDOWN_REQUEST', marker: 'shutdown', at: 10 });
  assert.equal(world.said(), [
    "info got shutdown request with shutdown policy 'conditional'",
    'info shutdown LRM, stop all services',
  ]);
  world.did();
  world.tick(20);
  assert.equal(world.did(), [
    `acquire ${AGENT}`,
    'watchdog feed',
    'exec request_stop vm:1',
    'watchdog close',
    `release ${AGENT}`,
    'write lrm_status',
  ]);
  assert.equal([lrm.mode, world.end], ['shutdown', { out: 'exit' }]);
});

test('a request that finds no settings is carried out by the default policy', () => {
  const { lrm, world } = newActive();
  world.override = (ask) => (ask.op === 'read' && ask.what.includes('datacenter') ? refused('broken') : undefined);
  world.give({ type: 'SHUTDOWN_REQUEST', marker: 'shutdown', at: 10 });
  assert.is(world.said()[0], 'err could not read datacenter settings: broken');
  assert.is(lrm.mode, 'shutdown');
});

test('L5 a service that could not be stopped keeps lock and watchdog', () => {
  const { world } = newActive();
  world.give({ type: 'SHUTDOWN_REQUEST', marker: 'shutdown', at: 10 });
  world.did();
  world.override = (ask) => (ask.op === 'exec' ? done(1) : undefined);
  world.tick(20);
  assert.equal(world.did(), [`acquire ${AGENT}`, 'watchdog feed', 'exec request_stop vm:1', 'write lrm_status']);
  assert.equal(world.end, { out: 'exit' });
});

test('a restart of the daemon waits until the manager has frozen all services', () => {
  const { lrm, world } = newActive();
  world.give({ type: 'SHUTDOWN_REQUEST', marker: '', at: 10 });
  assert.is(lrm.mode, 'restart');
  world.tick(20);
  assert.is(world.end?.out, 'nextTickIn');
  world.files.manager_status = { service_status: { 'vm:1': { state: 'freeze', node: 'n1' } } };
  world.tick(40);
  assert.equal(world.end, { out: 'exit' });
});

test('D1 once the end was asked for, the status of the manager no longer changes the mode', () => {
  const { lrm, world } = newActive();
  world.give({ type: 'SHUTDOWN_REQUEST', marker: '', at: 10 });
  world.files.manager_status = { ...world.files.manager_status, node_request: { n1: { maintenance: 1 } } };
  world.tick(20);
  assert.is(lrm.mode, 'restart');
});

test('lost_agent_lock: a restart is given up 90 s after the lock was lost', () => {
  const { world } = newActive();
  world.override = (ask) => (ask.op === 'lock' ? done(false) : undefined);
  world.tick(20);
  world.give({ type: 'SHUTDOWN_REQUEST', marker: '', at: 30 });
  world.said();
  world.tick(110);
  assert.equal(world.said(), ["err got shutdown request in state 'lost_agent_lock' - detected 1 running services"]);
  world.tick(111);
  assert.is(world.said().at(-1), 'err lost agent lock and restart request for over 90 seconds - giving up!');
  assert.equal(world.end, { out: 'exit' });
});

test.run();
