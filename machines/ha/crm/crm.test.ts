import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { done, refused, TestWorld } from '../test-daemon.ts';
import { Crm, type CrmOptions } from './crm.ts';

const started = { node: 'n1', state: 'started', failback: true, max_restart: 1, max_relocate: 1 };

function newCrm(options?: CrmOptions) {
  const crm = new Crm('n1', options);
  const world = new TestWorld(crm);
  world.said();
  return { crm, world };
}

function newMaster(options?: CrmOptions) {
  const { crm, world } = newCrm(options);
  world.files.resources = { 'vm:1': started };
  world.tick(0);
  assert.is(crm.state, 'master');
  world.said();
  world.did();
  return { crm, world };
}

test('a new daemon waits', () => {
  const crm = new Crm('n1');
  assert.equal(new TestWorld(crm).said(), ['info status change startup => wait_for_quorum']);
});

test('wait_for_quorum: nothing configured, no quorum, no refresh, an unreadable file or an own service in fence: it waits', () => {
  const cases: ((world: TestWorld) => void)[] = [
    () => {},
    (world) => {
      world.files.members.quorate = false;
    },
    (world) => {
      world.override = (ask) => (ask.op === 'refresh' ? done(false) : undefined);
    },
    (world) => {
      world.override = (ask) => (ask.op === 'read' ? refused('broken') : undefined);
    },
    (world) => {
      world.files.manager_status = { service_status: { 'vm:1': { state: 'fence', node: 'n1' } } };
    },
  ];
  for (const [i, arrange] of cases.entries()) {
    const { crm, world } = newCrm();
    if (i > 0) world.files.resources = { 'vm:1': started };
    arrange(world);
    world.tick(0);
    assert.is(crm.state, 'wait_for_quorum', `case ${i}`);
    assert.equal(world.did(), [], `case ${i}`);
    assert.equal(world.end, { out: 'nextTickIn', seconds: 5 });
  }
});

test('C1 the lock makes the master, another one in its hands a slave', () => {
  const { crm, world } = newCrm();
  world.files.resources = { 'vm:1': started };
  world.override = (ask) => (ask.op === 'lock' ? done(false) : undefined);
  world.tick(0);
  assert.is(crm.state, 'slave');
  world.override = () => undefined;
  world.tick(20);
  assert.is(crm.state, 'master');
  assert.equal(world.said().slice(0, 2), [
    'info status change wait_for_quorum => slave',
    'info status change slave => master',
  ]);
  assert.equal(world.did(), [
    'acquire ha_manager_lock',
    'acquire ha_manager_lock',
    'watchdog open',
    'write manager_status',
  ]);
});

test('C1 a lock that is not renewed ends the role, closes the watchdog and flushes nothing', () => {
  const { crm, world } = newMaster();
  world.override = (ask) => (ask.op === 'lock' ? done(false) : undefined);
  world.tick(20);
  assert.is(crm.state, 'wait_for_quorum');
  assert.equal(world.said(), [
    'info status change master => lost_manager_lock',
    'info status change lost_manager_lock => wait_for_quorum',
  ]);
  assert.equal(world.did(), ['acquire ha_manager_lock', 'watchdog close']);
});

test('C2 a master without services goes idle after more than 90 rounds', () => {
  const { crm, world } = newMaster();
  world.files.resources = {};
  world.tick(20); // the service is removed
  for (let round = 1; round <= 90; round++) world.tick(20 + round * 20);
  assert.is(crm.state, 'master');
  world.said();
  world.did();
  world.tick(2000);
  assert.equal(world.said(), [
    'info cluster had no service configured for 90 rounds, going idle.',
    'info status change master => wait_for_quorum',
  ]);
  assert.equal(world.did(), ['acquire ha_manager_lock', 'watchdog feed', 'release ha_manager_lock', 'watchdog close']);
});

test('without services: a command, a disarm or a left-over service wakes it, another online master lets it sleep', () => {
  const wakes: ((world: TestWorld) => void)[] = [
    (world) => {
      world.files.crmPending = true;
    },
    (world) => {
      world.files.manager_status = { disarm: { mode: 'freeze', state: 'disarmed' } };
    },
    (world) => {
      world.files.manager_status = { node_status: { n1: 'maintenance' } };
    },
    (world) => {
      world.files.manager_status = { service_status: { 'vm:1': { state: 'stopped', node: 'n1' } } };
    },
  ];
  for (const wake of wakes) {
    const { crm, world } = newCrm();
    wake(world);
    world.tick(0);
    assert.is(crm.state, 'master');
    const other = newCrm();
    wake(other.world);
    const { node_status = {} } = other.world.files.manager_status;
    other.world.files.manager_status = {
      ...other.world.files.manager_status,
      master_node: 'n2',
      node_status: { ...node_status, n2: 'online' },
    };
    other.world.tick(0);
    assert.is(other.crm.state, 'wait_for_quorum');
  }
});

test('C3 a stack that is disarmed has a master without watchdog, armed again one with', () => {
  const { world, crm } = newMaster();
  world.files.lrm_status = { n1: { mode: 'disarm', state: 'wait_for_agent_lock' } };
  world.commands = ['disarm-ha freeze'];
  world.tick(20);
  assert.ok(world.said().includes('info HA stack fully disarmed, releasing CRM watchdog'));
  assert.ok(world.did().includes('watchdog close'));
  world.tick(40);
  assert.not(world.did().some((deed) => deed.startsWith('watchdog')));
  world.commands = ['arm-ha'];
  world.tick(60);
  assert.ok(world.said().includes('info re-arming HA stack'));
  world.tick(80);
  assert.ok(world.did().includes('watchdog open'));
  assert.is(crm.state, 'master');
});

test('C3 whoever takes over a disarmed stack opens no watchdog', () => {
  const { world } = newCrm();
  world.files.manager_status = { node_status: { n1: 'online' }, disarm: { mode: 'freeze', state: 'disarmed' } };
  world.tick(0);
  assert.equal(world.said()[0], 'info taking over as disarmed master, skipping watchdog');
  assert.not(world.did().includes('watchdog open'));
});

test('an error in the work of a master is logged and ends the iteration only', () => {
  const { crm, world } = newMaster();
  world.override = (ask) => (ask.op === 'read' && ask.what.includes('rules') ? refused('broken') : undefined);
  world.tick(20);
  assert.equal(world.said(), ['err got unexpected error - broken']);
  assert.not(world.did().includes('write manager_status'));
  assert.is(crm.state, 'master');
});

test('without a refreshed state a master skips the round', () => {
  const { world } = newMaster();
  world.override = (ask) => (ask.op === 'refresh' ? done(false) : undefined);
  world.tick(20);
  assert.equal(world.said(), ['notice temporary inconsistent cluster state (cfs restart?), skip round']);
});

test('a shutdown request ends a master in order after a last round, and counts once; the original leaves at once', () => {
  for (const hasQuirks of [false, true]) {
    const { crm, world } = newMaster({ hasQuirks });
    const request = { type: 'SHUTDOWN_REQUEST', marker: '', at: 10 } as const;
    world.give(request);
    world.give(request);
    assert.equal(world.said(), ['info server received shutdown request']);
    world.tick(20);
    assert.equal(world.said(), ['info voluntary release CRM lock']);
    const round = hasQuirks ? [] : ['write manager_status'];
    assert.equal(world.did(), [
      'acquire ha_manager_lock',
      'watchdog feed',
      ...round,
      'watchdog close',
      'release ha_manager_lock',
    ]);
    assert.equal(world.end, { out: 'exit' });
    assert.is(crm.state, 'exited');
  }
});

test('a last round that fails, or for which there is no cluster file system, keeps no master from its end', () => {
  for (const op of ['refresh', 'write'] as const) {
    const { crm, world } = newMaster();
    world.give({ type: 'SHUTDOWN_REQUEST', marker: '', at: 10 });
    world.override = (ask) => {
      if (ask.op !== op) return undefined;
      return op === 'refresh' ? done(false) : refused('broken');
    };
    world.tick(20);
    assert.equal([crm.state, world.end], ['exited', { out: 'exit' }]);
    assert.is(world.did().at(-1), 'release ha_manager_lock');
  }
});

test('a failed watchdog is the end of the daemon', () => {
  const { world } = newMaster();
  world.override = (ask) => (ask.op === 'watchdog' ? refused('gone') : undefined);
  world.tick(20);
  assert.equal(world.end, { out: 'failed', error: 'gone' });
});

test('P1 a reply to another question is a broken invariant', () => {
  const crm = new Crm('n1');
  crm.start();
  const [ask] = crm.take({ type: 'TICK', at: 0 });
  assert.is(ask?.out, 'ask');
  assert.throws(() => crm.take({ type: 'REPLY', id: 99, ok: true, value: true }), 'another question');
});

test('a request that comes during an iteration waits for its end', () => {
  const crm = new Crm('n1');
  crm.start();
  const [ask] = crm.take({ type: 'TICK', at: 0 });
  assert.equal(crm.take({ type: 'SHUTDOWN_REQUEST', marker: '', at: 1 }), []);
  if (ask?.out !== 'ask') throw new Error('nothing was asked');
  const [read] = crm.take({ type: 'REPLY', id: ask.id, ok: true, value: true });
  if (read?.out !== 'ask') throw new Error('nothing was asked');
  const outs = crm.take({ type: 'REPLY', id: read.id, ok: false, error: 'broken' });
  assert.ok(outs.some((out) => out.out === 'log' && out.text === 'server received shutdown request'));
});

test.run();
