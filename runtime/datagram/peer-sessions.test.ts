import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SeededRandom } from '../random/seeded.ts';
import type { TransportRelease } from './hello.ts';
import { type DropCause, PeerSessions, type Received } from './peer-sessions.ts';
import { ANY_PEER, DATAGRAM_KIND } from './sealing.ts';

const authkey = Buffer.alloc(128, 1);

/** Nodes whose datagrams a test delivers by hand: all that was ever sent is kept, as an attacker would. */
class World {
  now_ms = 0;
  readonly recorded: { from: number; to: number; datagram: Buffer }[] = [];
  readonly lives = new Map<number, PeerSessions>();
  #seed = 0;

  boot(
    nodeid: number,
    peers: readonly number[],
    change: { authkey?: Buffer; clusterName?: string; release?: TransportRelease } = {},
  ): PeerSessions {
    const random = new SeededRandom(++this.#seed);
    const sessions = new PeerSessions({
      nodeid,
      clusterName: 'demo',
      authkey,
      random,
      now_ms: () => this.now_ms,
      ...change,
    });
    for (const peer of peers) sessions.addPeer(peer);
    this.lives.set(nodeid, sessions);
    return sessions;
  }

  hello(from: number, to: number): number {
    const out = Buffer.alloc(256);
    const length = this.lives.get(from)!.sealHello(to, out);
    return this.#record(from, to, out.subarray(0, length));
  }

  data(from: number, to: number, text: string): number {
    const out = Buffer.alloc(text.length + 64);
    const length = this.lives.get(from)!.seal(DATAGRAM_KIND.data, to, Buffer.from(text), out);
    return this.#record(from, to, out.subarray(0, length));
  }

  /** Delivers a recorded datagram, to its destination or to another node. */
  deliver(index: number, to = this.recorded[index]!.to): Received {
    return this.lives.get(to)!.receive(this.recorded[index]!.datagram);
  }

  /** Greets and delivers all answers in order; returns how many datagrams that took. */
  converse(from: number, to: number): number {
    const first = this.hello(from, to);
    for (let next = first; next < this.recorded.length; next++) {
      assert.ok(next - first < 20, 'I5: the conversation ends');
      const { from: sender, to: receiver } = this.recorded[next]!;
      const received = this.deliver(next);
      if (received.type !== 'data' && 'answer' in received && received.answer) this.hello(receiver, sender);
    }
    return this.recorded.length - first;
  }

  established(a: number, b: number): boolean {
    return this.lives.get(a)!.isEstablished(b) && this.lives.get(b)!.isEstablished(a);
  }

  #record(from: number, to: number, datagram: Buffer): number {
    return this.recorded.push({ from, to, datagram }) - 1;
  }
}

function pair(): World {
  const world = new World();
  world.boot(1, [2]);
  world.boot(2, [1]);
  world.converse(1, 2);
  assert.ok(world.established(1, 2));
  return world;
}

function causeOf(received: Received): DropCause | undefined {
  return received.type === 'dropped' ? received.cause : undefined;
}

function textOf(received: Received): string | undefined {
  return received.type === 'data' ? received.payload.toString() : undefined;
}

test('two nodes accept each other after four hellos, whoever begins', () => {
  const world = new World();
  world.boot(1, [2]);
  world.boot(2, [1]);
  assert.is(world.converse(2, 1), 4);
  assert.ok(world.established(1, 2));
  assert.is(world.converse(1, 2), 1);
});

test('data before the handshake is dropped and asks for one', () => {
  const world = new World();
  world.boot(1, [2]);
  world.boot(2, [1]);
  assert.equal(world.deliver(world.data(1, 2, 'early')), {
    type: 'dropped',
    cause: 'unknown-incarnation',
    sender: 1,
    answer: true,
  });
});

test('data arrives, to one or to any', () => {
  const world = pair();
  assert.is(textOf(world.deliver(world.data(1, 2, 'one'))), 'one');
  const out = Buffer.alloc(100);
  const length = world.lives.get(2)!.seal(DATAGRAM_KIND.data, ANY_PEER, Buffer.from('any'), out);
  assert.is(textOf(world.lives.get(1)!.receive(out.subarray(0, length))), 'any');
});

test('each cause of a drop', () => {
  const world = pair();
  const two = world.lives.get(2)!;
  assert.is(causeOf(two.receive(Buffer.alloc(47))), 'short');
  assert.is(causeOf(two.receive(Buffer.alloc(100))), 'magic');
  const sent = world.data(1, 2, 'x');
  assert.is(causeOf(world.deliver(sent, 1)), 'self');
  const forged = Buffer.from(world.recorded[sent]!.datagram);
  forged[forged.length - 1]! ^= 1;
  assert.is(causeOf(two.receive(forged)), 'tag');
  assert.is(textOf(world.deliver(sent)), 'x', 'a forgery takes no counter');
  assert.is(causeOf(world.deliver(sent)), 'replay');
  world.boot(3, [1, 2]);
  assert.is(causeOf(world.deliver(world.data(3, 2, 'x'))), 'unknown-sender');
  two.addPeer(3);
  assert.is(causeOf(world.deliver(world.data(3, 1, 'x'), 2)), 'misdirected');
  world.boot(1, [2], { clusterName: 'other' });
  assert.is(causeOf(world.deliver(world.data(1, 2, 'x'))), 'wrong-cluster');
  world.boot(1, [2], { authkey: Buffer.alloc(128, 2) });
  assert.is(causeOf(world.deliver(world.hello(1, 2))), 'tag');
});

test('I1: a restart of the sender ends the old incarnation', () => {
  const world = pair();
  const unseen = world.data(1, 2, 'sent before the restart');
  world.boot(1, [2]);
  world.converse(1, 2);
  assert.ok(world.established(1, 2));
  assert.is(causeOf(world.deliver(unseen)), 'unknown-incarnation');
});

test('I1, I2: after a restart of the receiver nothing recorded before is taken', () => {
  const world = pair();
  const unseen = world.data(1, 2, 'sent before the restart');
  world.boot(2, [1]);
  assert.is(causeOf(world.deliver(unseen)), 'unknown-incarnation');
  world.converse(2, 1);
  assert.ok(world.established(1, 2));
  assert.is(causeOf(world.deliver(unseen)), 'replay');
  assert.is(textOf(world.deliver(world.data(1, 2, 'after'))), 'after');
});

test('I1: a recorded handshake brings no old incarnation back', () => {
  const world = pair();
  const recordedUntil = world.recorded.length;
  world.boot(1, [2]);
  world.converse(1, 2);
  for (let index = 0; index < recordedUntil; index++) {
    const received = world.deliver(index);
    assert.not(received.type === 'hello' && received.accepted);
  }
  assert.is(textOf(world.deliver(world.data(1, 2, 'still here'))), 'still here');
});

test('a removed peer is refused at once, and greeted anew when it is added again', () => {
  const world = pair();
  const two = world.lives.get(2)!;
  const recorded = world.data(1, 2, 'recorded');
  two.removePeer(1);
  assert.is(causeOf(world.deliver(world.data(1, 2, 'x'))), 'unknown-sender');
  two.addPeer(1);
  world.converse(2, 1);
  assert.ok(world.established(1, 2));
  assert.is(causeOf(world.deliver(recorded)), 'replay');
});

test('I1, I2 under an attacker who records, replays, reorders and redirects, through restarts of both sides', () => {
  const nodeid = fc.constantFrom(1, 2, 3);
  const step = fc.oneof(
    { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const), node: nodeid, greets: fc.boolean() }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('converse' as const), node: nodeid, to: nodeid }) },
    {
      weight: 6,
      arbitrary: fc.record({ type: fc.constant('data' as const), node: nodeid, to: nodeid, held: fc.boolean() }),
    },
    {
      weight: 9,
      arbitrary: fc.record({
        type: fc.constant('replay' as const),
        back: fc.noBias(fc.nat({ max: 60 })),
        to: fc.option(nodeid),
      }),
    },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const world = new World();
      const others = (node: number) => [1, 2, 3].filter((each) => each !== node);
      const life = new Map<number, number>();
      const bornAt = new Map<number, number>();
      /** By node: who was newest of each sender, and what was delivered to this life. */
      const newest = new Map<string, number>();
      const delivered = new Set<string>();
      const boot = (node: number) => {
        world.boot(node, others(node));
        life.set(node, (life.get(node) ?? 0) + 1);
        bornAt.set(node, world.recorded.length);
      };
      const greet = (node: number) => {
        for (const other of others(node)) world.converse(node, other);
      };
      for (const node of [1, 2, 3]) boot(node);
      for (const node of [1, 2, 3]) greet(node);
      const check = (index: number, to: number, received: Received) => {
        if (received.type !== 'data') return;
        const [sender, senderLife, destination] = received.payload.toString().split('.').map(Number);
        const receiver = `${to}.${life.get(to)}`;
        assert.is(destination, to, 'taken by its destination only');
        assert.not(delivered.has(`${receiver} ${index}`), 'taken once in the life of a receiver');
        assert.ok(index >= bornAt.get(to)!, 'not taken from before the life of the receiver');
        assert.ok(
          senderLife! >= (newest.get(`${receiver} ${sender}`) ?? 0),
          'not taken from an older life of the sender',
        );
        delivered.add(`${receiver} ${index}`);
        newest.set(`${receiver} ${sender}`, senderLife!);
      };
      for (const action of steps) {
        world.now_ms += 100;
        if (action.type === 'restart') {
          boot(action.node);
          if (action.greets) greet(action.node);
        } else if (action.type === 'converse' && action.node !== action.to) world.converse(action.node, action.to);
        else if (action.type === 'data' && action.node !== action.to) {
          const index = world.data(action.node, action.to, `${action.node}.${life.get(action.node)}.${action.to}`);
          if (!action.held) check(index, action.to, world.deliver(index));
        } else if (action.type === 'replay' && world.recorded.length > 0) {
          const index = Math.max(0, world.recorded.length - 1 - action.back);
          const to = action.to ?? world.recorded[index]!.to;
          check(index, to, world.deliver(index, to));
        }
      }
      // Whatever the attacker did, two live nodes find each other.
      world.now_ms += 10_000;
      world.converse(1, 2);
      assert.ok(world.established(1, 2), 'two live nodes find each other');
    }),
    { numRuns: 100 },
  );
});

test('lost and reordered hellos: repeated greetings lead to a session', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ fromFirst: fc.boolean(), pick: fc.nat(), lost: fc.boolean() }), { maxLength: 60 }),
      (steps) => {
        const world = new World();
        world.boot(1, [2]);
        world.boot(2, [1]);
        const flying: number[] = [];
        for (const { fromFirst, pick, lost } of steps) {
          world.now_ms += 50;
          flying.push(fromFirst ? world.hello(1, 2) : world.hello(2, 1));
          const [index] = flying.splice(pick % flying.length, 1);
          if (lost) continue;
          const { from, to } = world.recorded[index!]!;
          const received = world.deliver(index!);
          if (received.type === 'hello' && received.answer) flying.push(world.hello(to, from));
        }
        world.now_ms += 1000;
        world.converse(1, 2);
        assert.ok(world.established(1, 2));
      },
    ),
  );
});

test('I4: a flood of forged hellos costs a bounded number of key derivations', () => {
  const world = pair();
  const two = world.lives.get(2)!;
  const forged = Buffer.from(world.recorded[world.hello(1, 2)]!.datagram);
  const causes = new Map<DropCause | undefined, number>();
  for (let i = 0; i < 5000; i++) {
    forged.writeUInt32BE(i, 40);
    const cause = causeOf(two.receive(forged));
    causes.set(cause, (causes.get(cause) ?? 0) + 1);
  }
  assert.is(causes.get('tag'), 49, 'the handshake took one of 50');
  assert.is(causes.get('hello-limit'), 4951);
  assert.is(textOf(world.deliver(world.data(1, 2, 'unimpressed'))), 'unimpressed');
});

test('I4: datagrams of unknown incarnations cause a bounded number of answers', () => {
  const world = new World();
  world.boot(1, [2]);
  world.boot(2, [1]);
  let answers = 0;
  for (let i = 0; i < 1000; i++) {
    const received = world.deliver(world.data(1, 2, 'x'));
    if (received.type === 'dropped' && received.answer) answers++;
  }
  assert.is(answers, 16);
});

test('releases: N works with N-1, and says once why it refuses N+2', () => {
  const release = (protocol: number, oldestProtocol: number): TransportRelease => ({
    protocol,
    oldestProtocol,
    features: protocol,
  });
  const world = new World();
  world.boot(1, [2, 3], { release: release(4, 3) });
  world.boot(2, [1], { release: release(3, 2) });
  world.boot(3, [1], { release: release(6, 5) });
  world.converse(1, 2);
  assert.ok(world.established(1, 2));
  assert.equal(world.lives.get(1)!.releaseOf(2), release(3, 2));
  const refusals = [0, 1, 2].map(() => world.deliver(world.hello(3, 1)));
  assert.equal(refusals[0], {
    type: 'hello',
    sender: 3,
    answer: false,
    accepted: false,
    refusal: 'node 3 speaks transport protocol 5 to 6, this node 3 to 4: no connection, upgrade this node',
  });
  assert.equal(
    refusals.slice(1).map((each) => each.type === 'hello' && each.refusal),
    [undefined, undefined],
  );
  assert.not(world.established(1, 3));
  const older = world.deliver(world.hello(1, 3));
  assert.ok(older.type === 'hello' && older.refusal?.endsWith('upgrade node 1'));
});

test('any bytes are dropped with a cause', () => {
  const world = pair();
  const genuine = world.recorded[world.data(1, 2, 'some payload')]!.datagram;
  const change = fc.record({ at: fc.nat({ max: genuine.length - 1 }), value: fc.nat({ max: 255 }) });
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 1, maxLength: 5 }),
      fc.nat({ max: genuine.length }),
      (changes, length) => {
        const datagram = Buffer.from(genuine.subarray(0, length));
        for (const { at, value } of changes) if (at < length) datagram[at] = value;
        if (datagram.equals(genuine)) return;
        assert.ok(causeOf(world.lives.get(2)!.receive(datagram)));
      },
    ),
  );
});

test.run();
