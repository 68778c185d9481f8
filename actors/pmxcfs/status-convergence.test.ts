/**
 * The status service over real dfsm machines: random sets, log messages, partitions, merges and restarts, then quiet:
 * C2, C3, C4, C5 of spec/pmxcfs.md §10.2, and the same cluster log everywhere.
 */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Status } from '../../machines/pmxcfs/status/status.ts';
import { StatusApplication } from '../../machines/pmxcfs/status/status-application.ts';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { InProcessBus } from '../../runtime/process-group/in-process-bus.ts';
import { SeededRandom } from '../../runtime/random/seeded.ts';
import { Replica } from './replica.ts';

const NODES = [1, 2, 3, 4];
const CLUSTER = {
  clusterName: 'testcl',
  configVersion: 1,
  nodes: NODES.map((nodeid) => ({ nodeid, name: `n${nodeid}`, votes: 1 })),
};

interface Node {
  readonly status: Status;
  readonly replica: Replica;
  /** What the node's clients have set since it started. */
  readonly own: Map<string, string>;
}

class World {
  readonly clock = new VirtualClock();
  readonly bus: InProcessBus;
  readonly nodes = new Map<number, Node>();
  readonly crits: string[] = [];
  #lastPid = 1000;

  constructor(seed: number) {
    const random = new SeededRandom(seed);
    this.bus = new InProcessBus({
      choose: (bound) => random.u32() % bound,
      isCongested: () => random.unit() < 0.1,
    });
    for (const nodeid of NODES) this.boot(nodeid);
  }

  boot(nodeid: number): void {
    const status = new Status({
      nodeName: `n${nodeid}`,
      pid: ++this.#lastPid,
      wall_s: () => Math.floor(this.clock.wall_ms() / 1000),
      monotonic_s: () => this.clock.monotonic_ms() / 1000,
      log: () => {},
    });
    status.installClusterInfo(CLUSTER);
    const application = new StatusApplication({ status, address: `10.0.0.${nodeid}` });
    const log = {
      write: (_domain: string, level: string, message: string) => {
        if (level === 'crit') this.crits.push(message);
      },
    };
    const group = this.bus.addNode(nodeid);
    const { clock } = this;
    const replica = new Replica({ group, pid: this.#lastPid, clock, log, application, holdWhileUnsynced: false });
    replica.start();
    this.nodes.set(nodeid, { status, replica, own: new Map() });
  }

  node(nodeid: number): Node {
    return this.nodes.get(nodeid)!;
  }

  /** Log entries are told apart by (second, uid): a process that starts anew does so in a new second. */
  restart(nodeid: number): void {
    this.bus.crash(nodeid);
    this.node(nodeid).replica.stop();
    this.clock.advance(1000);
    this.boot(nodeid);
  }

  settle(): void {
    this.bus.reconfigure([NODES]);
    for (let second = 0; second < 15; second++) {
      this.bus.run();
      this.clock.advance(1000);
    }
    this.bus.run();
  }
}

type Happening =
  | { readonly kind: 'set'; readonly node: number; readonly key: string; readonly value: string }
  | { readonly kind: 'log' | 'restart'; readonly node: number }
  | { readonly kind: 'step'; readonly node: number; readonly limit: number }
  | { readonly kind: 'partition'; readonly sides: readonly number[] }
  | { readonly kind: 'time'; readonly delay_ms: number };

const node = fc.constantFrom(...NODES);
const happenings: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      node,
      key: fc.constantFrom('kv/a', 'kv/b', 'tasklist', 'nodeip', 'rrd/x'),
      value: fc.string({ unit: fc.constantFrom('a', 'b', '1'), minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('log' as const), node }) },
  {
    weight: 16,
    arbitrary: fc.record({ kind: fc.constant('step' as const), node, limit: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('partition' as const),
      sides: fc.array(fc.nat(1), { minLength: 4, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), node }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('time' as const), delay_ms: fc.integer({ min: 1, max: 3000 }) }),
  },
);

function apply(world: World, happening: Happening): void {
  switch (happening.kind) {
    case 'set': {
      const { status, own } = world.node(happening.node);
      own.set(happening.key, happening.value);
      status.set(happening.key, Buffer.from(`${happening.value}\0`));
      return;
    }
    case 'log': {
      const message = Buffer.from('something');
      world.node(happening.node).status.logMessage({ priority: 6, ident: 'root', tag: 't', message, pid: 1 });
      return;
    }
    case 'step':
      world.bus.step(happening.node, happening.limit);
      return;
    case 'partition':
      world.bus.reconfigure([0, 1].map((side) => NODES.filter((nodeid) => happening.sides[nodeid - 1] === side)));
      return;
    case 'restart':
      world.restart(happening.node);
      return;
    case 'time':
      world.clock.advance(happening.delay_ms);
  }
}

/** `<viewer> sees <owner>'s <key>` for every key that is not seen as its owner has set it (C4). */
function staleViews(world: World): string[] {
  const stale: string[] = [];
  for (const [viewer, { status }] of world.nodes) {
    for (const [owner, { own }] of world.nodes) {
      for (const [key, value] of own) {
        if (key.startsWith('rrd/')) continue;
        const name = `n${owner}`;
        const seen =
          key === 'nodeip' ? status.info.addressOf(name) : status.get(key, name)?.toString('latin1').slice(0, -1);
        if (seen !== value) stale.push(`n${viewer} sees ${seen} for ${name}'s ${key} = ${value}`);
      }
    }
  }
  return stale;
}

function logOf({ status }: Node): string[] {
  return Array.from(status.clusterLog.walk(), ({ entry }) => `${entry.time_s} ${entry.node} ${entry.uid}`).toSorted();
}

test('after any history, all nodes have the same keys, members and log', () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(happenings, { minLength: 5, maxLength: 80 }), (seed, history) => {
      const world = new World(seed);
      world.clock.advance(10);
      for (const happening of history) apply(world, happening);
      world.settle();
      for (const [nodeid, { status, replica }] of world.nodes) {
        const state = replica.state();
        assert.is(state.mode, 'synced', `node ${nodeid}`);
        assert.is(state.members.length, NODES.length);
        assert.is(state.sendBacklog, 0, 'C3');
        assert.ok(
          status.info.nodes.every(({ online }) => online),
          'C5',
        );
      }
      assert.equal(staleViews(world), [], 'C4');
      const [first, ...others] = [...world.nodes.values()].map(logOf);
      assert.ok(first!.length >= NODES.length);
      for (const other of others) assert.equal(other, first);
    }),
    { numRuns: 60 },
  );
});

test('C5: online is who is in the group, on both sides of a cut', () => {
  const world = new World(1);
  world.clock.advance(10);
  world.settle();
  world.bus.reconfigure([
    [1, 2],
    [3, 4],
  ]);
  world.bus.run();
  const online = (nodeid: number) =>
    world
      .node(nodeid)
      .status.info.nodes.filter((node) => node.online)
      .map((node) => node.nodeid);
  assert.equal(
    [online(1), online(2), online(3), online(4)],
    [
      [1, 2],
      [1, 2],
      [3, 4],
      [3, 4],
    ],
  );
});

test.run();
