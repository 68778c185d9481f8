/** The running replica: service life, rejoin, lost engine, full disk, divergent rejoin (spec/pmxcfs.md §4.7-4.9, §13.2). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Operation, ReplicaTestWorld, type WorldOptions } from './replica-test-world.ts';

function cluster(count: number, options: Partial<WorldOptions> = {}): ReplicaTestWorld {
  const world = new ReplicaTestWorld({ mode: 'solo', ...options });
  for (let nodeid = 1; nodeid <= count; nodeid += 1) world.boot(nodeid);
  connect(world);
  world.settle(2);
  world.log.length = 0;
  return world;
}

function connect(world: ReplicaTestWorld): void {
  world.bus.reconfigure([[...world.nodes.keys()]]);
}

function modes(world: ReplicaTestWorld): readonly string[] {
  return [...world.nodes.values()].map(({ replica }) => replica.state().mode);
}

function linesOf(world: ReplicaTestWorld, nodeid: number): readonly string[] {
  return world.log.filter((line) => line.startsWith(`${nodeid} `)).map((line) => line.slice(2));
}

function assertEqualTrees(world: ReplicaTestWorld): void {
  const [first, ...others] = [...world.nodes.values()];
  for (const { memdb, nodeid } of others) {
    assert.ok(memdb.encodeIndex().equals(first!.memdb.encodeIndex()), `tree of node ${nodeid}`);
  }
  world.checkTrees();
  assert.is(world.violations.length, 0, world.violations.join('; '));
}

const create = (path: string): Operation => ({ kind: 'create', path });

test('start: nothing before 10 ms, then the group is joined and synced', () => {
  const world = new ReplicaTestWorld({ mode: 'solo' });
  const { replica } = world.boot(1);
  world.clock.advance(9);
  assert.equal(world.bus.pendingNodes(), []);
  world.clock.advance(1);
  assert.is(replica.state().service, 'starting');
  world.bus.run();
  const { service, mode } = replica.state();
  assert.equal([service, mode], ['running', 'synced']);
  assert.equal(linesOf(world, 1).slice(-2), [
    '[dcdb] notice: members: 1/1001',
    '[dcdb] notice: all data is up to date',
  ]);
});

test('§4.10: a join, line by line', () => {
  const world = cluster(1);
  world.request(1, create('a'));
  world.bus.run();
  world.boot(2);
  connect(world);
  world.settle(2);
  assert.equal(linesOf(world, 1), [
    '[dcdb] notice: members: 1/1001, 2/1002',
    '[dcdb] notice: starting data syncronisation',
    '[dcdb] notice: received sync request (epoch 1/1001/00000002)',
    '[dcdb] notice: received all states',
    '[dcdb] notice: leader is 1/1001',
    '[dcdb] notice: synced members: 1/1001',
    '[dcdb] notice: start sending inode updates',
    '[dcdb] notice: sent all (2) updates',
    '[dcdb] notice: all data is up to date',
  ]);
  assert.equal(linesOf(world, 2).slice(-3), [
    '[dcdb] notice: waiting for updates from leader',
    '[dcdb] notice: update complete - trying to commit (got 2 inode updates)',
    '[dcdb] notice: all data is up to date',
  ]);
  const { rounds, lastRound_ms } = world.node(2).replica.state();
  assert.equal([rounds, lastRound_ms], [1, 0]);
  assert.equal(world.node(2).replica.leader, { nodeid: 1, pid: 1001 });
  assertEqualTrees(world);
});

test('a request ends when it was delivered here and stored', () => {
  const world = cluster(2);
  world.request(1, create('a'));
  assert.equal(world.node(1).results, []);
  world.bus.step(2);
  assert.equal(world.node(1).results, [], 'another node having it is not enough');
  world.bus.step(1);
  assert.equal(world.node(1).results, [0]);
  assert.ok(world.disks.get(1)!.rows.some(({ name }) => name === 'a'));
});

test('not quorate: -EACCES at once, nothing sent (§1.7)', () => {
  const world = cluster(2);
  world.node(1).isQuorate = false;
  world.request(1, create('a'));
  assert.equal([world.node(1).results, world.bus.pendingNodes()], [[-13], []]);
});

test('delivered while not quorate: -EBUSY, the node leaves, is back within 7 s, and the change is made then (§4.9, §13.2.1)', () => {
  const world = cluster(3);
  world.request(1, create('a'));
  world.node(1).isQuorate = false;
  world.bus.run();
  assert.equal(world.node(1).results, [-16]);
  assert.equal(linesOf(world, 1).slice(0, 2), [
    '[dcdb] crit: received write while not quorate - trigger resync',
    '[dcdb] crit: leaving CPG group',
  ]);
  assert.equal(modes(world), ['leaving', 'synced', 'synced']);
  world.node(1).isQuorate = true;
  world.settle(7);
  assert.equal(modes(world), ['synced', 'synced', 'synced']);
  assertEqualTrees(world);
  assert.ok(world.node(1).memdb.lookup('a') !== undefined);
});

test('requests between leave and rejoin end with -EBUSY at once', () => {
  const world = cluster(2);
  world.request(2, create('a'));
  world.node(1).isQuorate = false;
  world.bus.run();
  world.node(1).isQuorate = true;
  world.request(1, create('b'));
  assert.equal(world.node(1).results, [-16]);
});

test('a lost engine: its lines, waiters end with -EBUSY, the node rejoins (§4.9)', () => {
  const world = cluster(2);
  world.request(1, create('a'));
  world.bus.loseEngine(1);
  assert.equal(world.node(1).results, [-16]);
  assert.equal(linesOf(world, 1), ['[dcdb] crit: cpg_dispatch failed: CS_ERR_LIBRARY']);
  connect(world);
  world.settle(8);
  assert.ok(linesOf(world, 1).includes('[dcdb] notice: start cluster connection'));
  assert.equal(modes(world), ['synced', 'synced']);
  assertEqualTrees(world);
});

test("an engine that dies before the first configuration: can't initialize service, once per streak", () => {
  const world = new ReplicaTestWorld({ mode: 'solo' });
  world.boot(1);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    world.clock.advance(6500);
    world.bus.loseEngine(1);
  }
  assert.is(linesOf(world, 1).filter((line) => line.includes("can't initialize service")).length, 1);
});

test('full disk: -EIO, error, readable; back by itself when the store works again (§13.2.9)', () => {
  const world = cluster(3);
  world.disks.get(1)!.failNextCommits('SQLITE_FULL', 3);
  world.request(1, create('a'));
  world.request(1, create('b'));
  world.bus.step(1, 1);
  assert.equal(world.node(1).results, [-5, -16], 'Q12: who waits is released');
  assert.is(world.node(1).replica.state().mode, 'error');
  assert.ok(world.node(1).memdb.errorFlag);
  assert.ok(world.node(1).memdb.lookup('a') !== undefined);
  world.settle(4);
  assert.is(world.node(1).replica.state().mode, 'error', 'two probes have failed');
  world.settle(20);
  assert.equal(modes(world), ['synced', 'synced', 'synced']);
  assert.not(world.node(1).memdb.errorFlag);
  assertEqualTrees(world);
  world.request(1, create('c'));
  world.bus.run();
  assert.is(world.node(1).results.at(-1), 0);
});

test('a store that refuses a transfer: error, and the transfer is done when it works again', () => {
  const world = cluster(1);
  world.request(1, create('a'));
  world.bus.run();
  world.boot(2);
  world.disks.get(2)!.failNextCommits('SQLITE_FULL', 2);
  connect(world);
  world.settle(3);
  assert.equal(modes(world), ['synced', 'error']);
  world.settle(15);
  assert.equal(modes(world), ['synced', 'synced']);
  assertEqualTrees(world);
});

test('divergent rejoin: the lost names are logged and the old database is kept (§13.2.2)', () => {
  const world = cluster(3);
  world.request(1, create('shared'));
  world.bus.run();
  world.bus.reconfigure([[1, 2], [3]]);
  world.bus.run();
  for (const path of ['a', 'b']) world.request(1, create(path));
  world.request(3, create('mine'));
  world.bus.run();
  world.log.length = 0;
  connect(world);
  world.settle(2);
  assertEqualTrees(world);
  assert.is(world.node(3).memdb.lookup('mine'), undefined);
  const lines = linesOf(world, 3);
  const named = lines.indexOf('[dcdb] notice: changes of this node that the leader lacks are given up: mine');
  assert.ok(named > 0 && named < lines.lastIndexOf('[dcdb] notice: all data is up to date'));
  const kept = world.disks.get(3)!.backups;
  assert.equal([...kept.keys()], ['backup/3-1']);
  assert.ok([...kept.values()][0]!.some(({ name }) => name === 'mine'));
});

test('congestion: a request waits about 10 s, then -EBUSY; nothing else is hurt (§1.7)', () => {
  let isCongested = false;
  const world = cluster(2, { isCongested: () => isCongested });
  isCongested = true;
  world.request(1, create('a'));
  world.clock.advance(9900);
  assert.equal(world.node(1).results, []);
  world.clock.advance(200);
  assert.equal(world.node(1).results, [-16]);
  isCongested = false;
  world.request(1, create('b'));
  world.bus.run();
  assert.equal(world.node(1).results, [-16, 0]);
  assertEqualTrees(world);
});

test('verification: hourly, by the lowest node, equal (§4.8)', () => {
  const world = cluster(3);
  world.request(2, create('a'));
  world.settle(3602);
  for (const nodeid of [1, 2, 3]) {
    assert.equal(linesOf(world, nodeid), ['[dcdb] notice: data verification successful'], `node ${nodeid}`);
  }
});

test('verification: a node that differs leaves, rejoins and is corrected', () => {
  const world = cluster(2);
  world.request(1, create('a'));
  world.bus.run();
  // A change behind the back of the group, older than the leader's next one.
  world.node(2).memdb.setMtime('a', 5, { writer: 2, time: 5, monotonic_s: 0 });
  world.node(1).memdb.setMtime('a', 6, { writer: 1, time: 6, monotonic_s: 0 });
  world.settle(3610);
  assert.ok(linesOf(world, 2).some((line) => /wrong checksum [0-9A-F]{16} != [0-9A-F]{16} - restarting/.test(line)));
  assert.equal(modes(world), ['synced', 'synced']);
  assert.is(world.node(2).memdb.lookup('a')!.mtime, 6);
});

test('stop: leaves the group, ends waiters, takes no more requests', () => {
  const world = cluster(2);
  world.request(1, create('a'));
  world.node(1).replica.stop();
  world.request(1, create('b'));
  assert.equal(world.node(1).results, [-16, -16]);
  assert.is(world.node(1).replica.state().service, 'stopped');
  world.settle(10);
  assert.equal(world.node(2).replica.state().members.length, 1);
});

test('two nodes that join at the same time end in one round with equal trees', () => {
  const world = cluster(1);
  world.request(1, create('a'));
  world.bus.run();
  world.boot(2);
  world.boot(3);
  connect(world);
  world.settle(3);
  assert.equal(modes(world), ['synced', 'synced', 'synced']);
  assertEqualTrees(world);
});

test.run();
