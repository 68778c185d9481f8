/**
 * Random histories of joins, crashes, partitions, merges, lost engines, full disks, congestion and client requests, then
 * quiet: C1 (equal trees), C2, C3 (empty queues, no waiter), and I4, I5, I6, I9, I10, I12 all the way (spec/pmxcfs.md §10).
 */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SeededRandom } from '../../runtime/random/seeded.ts';
import { type Operation, ReplicaTestWorld } from './replica-test-world.ts';

type Happening =
  | { readonly kind: 'request'; readonly node: number; readonly operation: Operation }
  | { readonly kind: 'step'; readonly node: number; readonly limit: number }
  | { readonly kind: 'partition'; readonly sides: readonly number[]; readonly isQuorumFollowing: boolean }
  | { readonly kind: 'heal' }
  | { readonly kind: 'restart'; readonly node: number }
  | { readonly kind: 'lose-engine'; readonly node: number }
  | { readonly kind: 'fill-disk'; readonly node: number; readonly commits: number }
  | { readonly kind: 'time'; readonly delay_ms: number }
  | { readonly kind: 'run' };

const names = fc.constantFrom('a', 'b', 'd', 'd/x', 'd/y', 'corosync.conf');
const operations: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constantFrom('create' as const, 'mkdir' as const, 'delete' as const), path: names }),
  fc.record({ kind: fc.constant('write' as const), path: names, data: fc.string({ maxLength: 12 }) }),
  fc.record({ kind: fc.constant('rename' as const), path: names, to: names }),
);

function happenings(count: number): fc.Arbitrary<Happening> {
  const node = fc.integer({ min: 1, max: count });
  const request = fc.record({ kind: fc.constant('request' as const), node, operation: operations });
  const step = fc.record({ kind: fc.constant('step' as const), node, limit: fc.integer({ min: 1, max: 4 }) });
  return fc.oneof(
    { weight: 20, arbitrary: request },
    { weight: 20, arbitrary: step },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('partition' as const),
        sides: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: count, maxLength: count }),
        isQuorumFollowing: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: 'heal' as const }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), node }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose-engine' as const), node }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('fill-disk' as const), node, commits: fc.integer({ min: 1, max: 4 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('time' as const), delay_ms: fc.integer({ min: 1, max: 4000 }) }),
    },
    { weight: 6, arbitrary: fc.constant({ kind: 'run' as const }) },
  );
}

const histories = fc.integer({ min: 3, max: 5 }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    seed: fc.integer(),
    congestion: fc.constantFrom(0, 0, 0.3),
    isFormed: fc.boolean(),
    happenings: fc.array(happenings(count), { minLength: 10, maxLength: 80 }),
  }),
);

function apply(world: ReplicaTestWorld, count: number, happening: Happening): void {
  switch (happening.kind) {
    case 'request':
      world.request(happening.node, happening.operation);
      return;
    case 'step':
      world.bus.step(happening.node, happening.limit);
      return;
    case 'partition': {
      const sides = [0, 1].map((side) =>
        [...world.nodes.keys()].filter((nodeid) => happening.sides[nodeid - 1] === side),
      );
      world.bus.reconfigure(sides);
      for (const node of world.nodes.values()) {
        const side = sides.find((nodes) => nodes.includes(node.nodeid))!;
        node.isQuorate = !happening.isQuorumFollowing || side.length * 2 > count;
      }
      return;
    }
    case 'heal':
      heal(world);
      return;
    case 'restart':
      world.crash(happening.node);
      world.boot(happening.node);
      world.bus.reconfigure([[...world.nodes.keys()]]);
      return;
    case 'lose-engine':
      world.bus.loseEngine(happening.node);
      world.bus.reconfigure([[...world.nodes.keys()]]);
      return;
    case 'fill-disk':
      world.disks.get(happening.node)!.failNextCommits('SQLITE_FULL', happening.commits);
      return;
    case 'time':
      world.clock.advance(happening.delay_ms);
      return;
    case 'run':
      world.bus.run();
  }
}

function heal(world: ReplicaTestWorld): void {
  world.bus.reconfigure([[...world.nodes.keys()]]);
  for (const node of world.nodes.values()) node.isQuorate = true;
}

/** C1-C3 and I10 after quiet, and no violation seen on the way. */
function assertConverged(world: ReplicaTestWorld): void {
  world.checkTrees();
  assert.is(world.violations.length, 0, world.violations.join('; '));
  const nodes = [...world.nodes.values()];
  const reference = nodes[0]!;
  for (const { nodeid, replica, memdb, results, requested } of nodes) {
    const state = replica.state();
    assert.is(state.mode, 'synced', `C1: node ${nodeid}`);
    assert.ok(memdb.encodeIndex().equals(reference.memdb.encodeIndex()), `C1: index of node ${nodeid}`);
    assert.ok(memdb.checksum().equals(reference.memdb.checksum()), `C1: checksum of node ${nodeid}`);
    assert.equal(
      state.members.map(({ member, isSynced }) => [member.nodeid, member.pid, isSynced]),
      nodes.map((node) => [node.nodeid, node.pid, true]).sort((a, b) => Number(a[0]) - Number(b[0])),
      `C2: node ${nodeid}`,
    );
    const { queuedMessages, queuedSyncMessages, heldRequests, waiters, sendBacklog } = state;
    assert.equal([queuedMessages, queuedSyncMessages, heldRequests, waiters, sendBacklog], [0, 0, 0, 0, 0], 'C3');
    assert.is(results.length, requested, `I10: node ${nodeid}`);
  }
  assert.equal(
    world.log.filter((line) => line.includes('wrong checksum')),
    [],
  );
}

test('§10: after any history and quiet, all replicas are synced and equal (C1-C3, I4-I6, I9, I10, I12)', () => {
  fc.assert(
    fc.property(histories, ({ count, seed, congestion, isFormed, happenings: history }) => {
      const random = new SeededRandom(seed);
      const world = new ReplicaTestWorld({
        mode: 'solo',
        choose: (bound) => random.below(bound),
        isCongested: () => random.unit() < congestion,
      });
      for (let nodeid = 1; nodeid <= count; nodeid += 1) world.boot(nodeid);
      heal(world);
      if (isFormed) world.settle(2);
      for (const happening of history) {
        apply(world, count, happening);
        world.checkTrees();
      }
      for (const disk of world.disks.values()) disk.failNextCommits('SQLITE_FULL', 0);
      heal(world);
      world.settle(40);
      assertConverged(world);
    }),
    { numRuns: 150, includeErrorInReport: true },
  );
});

/** Steps and requests only, within a round that a merge of diverged sides has begun. */
const races = fc.record({
  seed: fc.integer(),
  ahead: fc.integer({ min: 1, max: 3 }),
  moves: fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('step' as const), node: fc.integer({ min: 1, max: 3 }) }) },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('request' as const), node: fc.integer({ min: 1, max: 3 }) }),
      },
    ),
    { minLength: 20, maxLength: 120 },
  ),
});

test('Q11: requests at every step of a round leave equal trees in solo (C1)', () => {
  fc.assert(
    fc.property(races, ({ seed, ahead, moves }) => {
      const random = new SeededRandom(seed);
      const world = new ReplicaTestWorld({ mode: 'solo', choose: (bound) => random.below(bound) });
      for (const nodeid of [1, 2, 3]) world.boot(nodeid);
      world.settle(1);
      // Each node alone; one of them makes changes, so that the others are behind it.
      for (const path of ['x', 'y']) world.request(ahead, { kind: 'create', path });
      world.settle(1);
      heal(world);
      for (const [at, { kind, node }] of moves.entries()) {
        if (kind === 'step') world.bus.step(node);
        else world.request(node, { kind: 'create', path: `${node}-${at}` });
      }
      world.settle(20);
      assertConverged(world);
      assert.is(world.node(1).memdb.entryCount, 3 + moves.filter(({ kind }) => kind === 'request').length);
    }),
    { numRuns: 150, includeErrorInReport: true },
  );
});

test.run();
