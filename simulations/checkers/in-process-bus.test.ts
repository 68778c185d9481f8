/** The in-process bus keeps the contract of the ProcessGroup port (G1-G10) under random partitions, merges and crashes. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InProcessBus } from '../../runtime/process-group/in-process-bus.ts';
import type {
  GroupHandle,
  GroupListener,
  GroupMember,
  ProcessGroup,
} from '../../runtime/process-group/process-group.ts';
import { SeededRandom } from '../../runtime/random/seeded.ts';
import { ProcessGroupContract } from './process-group-contract.ts';

const GROUP = 'g';
const NODES = 4;

type Happening =
  | { readonly kind: 'send' | 'join' | 'leave' | 'crash' | 'lose'; readonly node: number }
  | { readonly kind: 'step'; readonly node: number; readonly limit: number }
  | { readonly kind: 'reconfigure'; readonly sides: readonly number[] };

const node = fc.integer({ min: 1, max: NODES });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('send' as const), node }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('join' as const), node }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('leave' as const, 'crash' as const, 'lose' as const), node }),
  },
  {
    weight: 15,
    arbitrary: fc.record({ kind: fc.constant('step' as const), node, limit: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('reconfigure' as const),
      sides: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: NODES, maxLength: NODES }),
    }),
  },
);

interface Process {
  readonly self: GroupMember;
  readonly handle: GroupHandle;
}

class World {
  readonly bus: InProcessBus;
  readonly contract = new ProcessGroupContract();
  private readonly groups = new Map<number, ProcessGroup>();
  private readonly processes = new Map<number, Process>();
  private lastPid = 0;
  private lastMessage = 0;

  constructor(random: SeededRandom) {
    this.bus = new InProcessBus({ choose: (bound) => random.below(bound), isCongested: () => random.below(8) === 0 });
    for (let nodeid = 1; nodeid <= NODES; nodeid += 1) this.groups.set(nodeid, this.bus.addNode(nodeid));
  }

  apply(happening: Happening): void {
    switch (happening.kind) {
      case 'join':
        if (!this.processes.has(happening.node)) this.join(happening.node);
        return;
      case 'send':
        this.send(happening.node);
        return;
      case 'leave':
        this.processes.get(happening.node)?.handle.leave();
        this.end(happening.node);
        return;
      case 'crash':
        this.end(happening.node);
        this.bus.crash(happening.node);
        this.groups.set(happening.node, this.bus.addNode(happening.node));
        return;
      case 'lose':
        this.bus.loseEngine(happening.node);
        this.end(happening.node);
        return;
      case 'step':
        this.bus.step(happening.node, happening.limit);
        return;
      case 'reconfigure':
        this.reconfigure(happening.sides);
    }
  }

  reconfigure(sides: readonly number[]): void {
    const nodes = [...this.groups.keys()];
    this.bus.reconfigure([0, 1, 2].map((side) => nodes.filter((nodeid) => sides[nodeid - 1] === side)));
  }

  private join(nodeid: number): void {
    this.lastPid += 1;
    const self = { nodeid, pid: this.lastPid };
    this.contract.joined(GROUP, self);
    const listener: GroupListener = {
      deliver: (sender, message) => this.contract.delivered(GROUP, self, sender, message),
      configurationChange: (change) => this.contract.changed(GROUP, self, change, this.bus.position(nodeid)),
      batchEnd: () => {},
      lost: () => {},
    };
    const handle = this.groups.get(nodeid)!.join(GROUP, self.pid, listener);
    this.processes.set(nodeid, { self, handle });
  }

  private send(nodeid: number): void {
    const process = this.processes.get(nodeid);
    if (process === undefined) return;
    this.lastMessage += 1;
    const message = Buffer.from(`${nodeid} ${this.lastMessage}`);
    if (process.handle.mcast(message) === 'sent') this.contract.accepted(GROUP, process.self, message);
  }

  private end(nodeid: number): void {
    const process = this.processes.get(nodeid);
    if (process !== undefined) this.contract.ended(GROUP, process.self);
    this.processes.delete(nodeid);
  }
}

test('G1-G10 hold after any history', () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(happening, { minLength: 20, maxLength: 120 }), (seed, history) => {
      const world = new World(new SeededRandom(seed));
      world.reconfigure([0, 0, 0, 0]);
      for (const each of [1, 2, 3, 4]) world.apply({ kind: 'join', node: each });
      for (const each of history) world.apply(each);
      world.bus.run();
      const violations = world.contract.check(true).map(({ rule, message }) => `${rule} ${message}`);
      assert.is(violations.length, 0, violations.join('; '));
    }),
    { numRuns: 400, includeErrorInReport: true },
  );
});

test('G7: a merge is one change with joined members on both sides', () => {
  const bus = new InProcessBus();
  const joined: string[] = [];
  for (const nodeid of [1, 2]) {
    bus.addNode(nodeid).join(GROUP, 1, {
      deliver: () => {},
      configurationChange: (change) => joined.push(`${nodeid}: ${change.joined.map((member) => member.nodeid).join()}`),
      batchEnd: () => {},
      lost: () => {},
    });
  }
  bus.run();
  bus.reconfigure([[1, 2]]);
  bus.run();
  assert.equal(joined, ['1: 1', '2: 2', '1: 2', '2: 1']);
});

test('re-joining after a leave is allowed at once, with the same pid', () => {
  const bus = new InProcessBus();
  const group = bus.addNode(1);
  const seen: string[] = [];
  const listener = (name: string): GroupListener => ({
    deliver: (_, message) => seen.push(`${name} ${message.toString()}`),
    configurationChange: ({ members }) => seen.push(`${name} ${members.length}`),
    batchEnd: () => {},
    lost: () => {},
  });
  const first = group.join(GROUP, 1, listener('first'));
  bus.run();
  first.leave();
  const second = group.join(GROUP, 1, listener('second'));
  bus.run();
  assert.is(first.mcast(Buffer.from('x')), 'not-joined');
  second.mcast(Buffer.from('y'));
  bus.run();
  assert.equal(seen, ['first 1', 'first 0', 'second 1', 'second y']);
});

test.run();
