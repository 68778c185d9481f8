import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { totemTimers } from '../../../runtime/formats/totem-timers.ts';
import { encodeReceipt, KIND, kindOf, receivedOfReceipt } from './messages.ts';
import { Ring } from './ring.ts';
import { SendQueue } from './send-queue.ts';
import type { VoteWeights } from './stability.ts';

const RING = { rep: 1, seq: 8 };
const LIMITS = totemTimers({}, 3);

interface Station {
  readonly ring: Ring;
  readonly queue: SendQueue;
  readonly delivered: string[];
  readonly asked: string[];
  /** Frames that this station doesn't get. */
  readonly deaf: Set<number>;
}

/** Rings of nodes 1..n, wired to each other: datagrams wait in `wire` until `run`. */
function makeRing(
  count: number,
  limits = LIMITS,
  acknowledgement: 'majority' | 'local' = 'majority',
  weights: VoteWeights = { votes: Array(count).fill(1), majority: Math.floor(count / 2) + 1 },
) {
  const members = Array.from({ length: count }, (_, i) => i + 1);
  const wire: { readonly from: number; readonly to: number; readonly payload: Buffer }[] = [];
  const frames: { readonly from: number; readonly visit: number }[] = [];
  let visits = 0;
  const stations = members.map((self): Station => {
    const queue = new SendQueue(1_000_000);
    const delivered: string[] = [];
    const asked: string[] = [];
    const ring = new Ring({
      id: RING,
      members,
      self,
      maxPayload: 4096,
      limits,
      acknowledgement,
      weights,
      queue,
      recoveryQueue: new SendQueue(1_000_000),
      effects: {
        forwardToken: (receivers, payload) => {
          for (const to of receivers) wire.push({ from: self, to, payload: Buffer.from(payload) });
        },
        multicast: (peers, payload) => {
          frames.push({ from: self, visit: visits });
          for (const to of peers) wire.push({ from: self, to, payload: Buffer.from(payload) });
        },
        holdToken: () => void asked.push('hold'),
        holdEnds: () => void asked.push('holdEnds'),
        sendReceipt: (to, received) => void wire.push({ from: self, to, payload: encodeReceipt(RING, received) }),
        cancelHold: (holder) => void asked.push(`cancelHold ${holder}`),
        releaseSoon: () => void asked.push('releaseSoon'),
        workLater: () => void asked.push('workLater'),
        deliver: (sender, message) => void delivered.push(`${sender}:${message}`),
        batchEnd: () => {},
        recovered: () => {},
        recoveryComplete: () => void asked.push('recoveryComplete'),
        membersStuck: (nodeids) => void asked.push(`stuck ${nodeids}`),
      },
    });
    return { ring, queue, delivered, asked, deaf: new Set() };
  });
  const run = (datagrams: number): void => {
    for (let i = 0; i < datagrams; i++) {
      const next = wire.shift();
      if (next === undefined) return;
      const station = stations[next.to - 1]!;
      if (kindOf(next.payload) === KIND.receipt) {
        station.ring.onReceipt(next.from, receivedOfReceipt(next.payload));
      } else if (kindOf(next.payload) === KIND.token && !station.ring.isForSelf(next.payload)) {
        if (!station.deaf.has(station.ring.store.received + 1)) station.ring.overhear(next.payload);
      } else if (kindOf(next.payload) === KIND.token) {
        visits++;
        station.ring.onToken(next.payload);
      } else if (!station.deaf.has(station.ring.store.received + 1)) {
        station.ring.onFrame(next.payload);
      }
    }
  };
  const at = (nodeid: number): Station => stations[nodeid - 1]!;
  at(1).ring.start();
  run(count * 3);
  return { stations, at, wire, frames, run };
}

test('an empty recovery is over within two rotations, on all members', () => {
  const { stations } = makeRing(3);
  for (const { asked } of stations) assert.equal(asked, ['recoveryComplete']);
});

test('the token is made once, also when the commit token comes back twice (I1)', () => {
  const { at, wire } = makeRing(3);
  const before = wire.length;
  at(1).ring.start();
  assert.is(wire.length, before);
});

test('messages of all members are delivered in one order, each once (I2)', () => {
  const { stations, run } = makeRing(3);
  for (const [i, { queue }] of stations.entries())
    for (let n = 0; n < 5; n++) queue.push(undefined, Buffer.from(`${i}.${n}`));
  run(30);
  assert.is(stations[0]!.delivered.length, 15);
  for (const { delivered } of stations) assert.equal(delivered, stations[0]!.delivered);
});

test('nothing is delivered before a majority holds it (I3), at once with `local`', () => {
  for (const acknowledgement of ['majority', 'local'] as const) {
    const { at, wire, run } = makeRing(5, LIMITS, acknowledgement);
    while (wire[0]?.to !== 1) run(1);
    at(1).queue.push(undefined, Buffer.from('x'));
    run(1);
    assert.equal(at(1).delivered, acknowledgement === 'local' ? ['1:x'] : [], 'held by one of five');
    run(4);
    assert.is(at(2).delivered.length, acknowledgement === 'local' ? 1 : 0);
    run(1);
    assert.is(at(2).delivered.length, acknowledgement === 'local' ? 1 : 0, 'held by two, as the second visit shows');
    run(1);
    assert.equal(at(3).delivered, ['1:x'], 'held by three');
    run(10);
    for (const nodeid of [1, 2, 3, 4, 5]) assert.equal(at(nodeid).delivered, ['1:x']);
  }
});

test('a visit and a rotation send no more than allowed (I5)', () => {
  const { stations, frames, run } = makeRing(5);
  for (const { queue } of stations) for (let n = 0; n < 100; n++) queue.push(undefined, Buffer.alloc(3000));
  frames.length = 0;
  run(2000);
  const perVisit = new Map<number, number>();
  for (const { visit } of frames) perVisit.set(visit, (perVisit.get(visit) ?? 0) + 1);
  const visits = [...perVisit.keys()];
  for (const visit of visits) {
    assert.ok(perVisit.get(visit)! <= LIMITS.max_messages, `${perVisit.get(visit)} frames in one visit`);
    let rotation = 0;
    for (let other = visit; other < visit + 5; other++) rotation += perVisit.get(other) ?? 0;
    assert.ok(rotation <= LIMITS.window_size, `${rotation} frames in one rotation`);
  }
  assert.ok(frames.length >= 300);
});

test('the last frame of a visit goes with the token to all others, where one datagram holds both', () => {
  for (const { bytes, alone, withToken } of [
    { bytes: 100, alone: [], withToken: [2, 3] },
    { bytes: 4040, alone: [2, 3], withToken: [2] },
  ]) {
    const { at, stations, wire, run } = makeRing(3);
    while (wire[0]?.to !== 1) run(1);
    at(1).queue.push(undefined, Buffer.alloc(bytes));
    run(1);
    const receivers = (kind: number) => wire.filter(({ payload }) => kindOf(payload) === kind).map(({ to }) => to);
    assert.equal([receivers(KIND.frame), receivers(KIND.token)], [alone, withToken]);
    run(20);
    for (const { delivered } of stations) assert.is(delivered.length, 1);
  }
});

test('a token that proves a frame goes to its sender too, who needs not wait for the rest of the rotation', () => {
  const { at, wire, run } = makeRing(5);
  while (wire[0]?.to !== 1) run(1);
  at(1).queue.push(undefined, Buffer.from('x'));
  // The token to 2, with copies for the rest; then 2 passes it on to 3, the third of five.
  run(5);
  assert.equal(at(1).delivered, []);
  run(1);
  assert.equal(
    wire.map(({ from, to }) => [from, to]),
    [
      [3, 1],
      [3, 4],
    ],
  );
  run(1);
  assert.equal(at(1).delivered, ['1:x']);
});

test('a token whose frame is broken is malformed, and changes nothing', () => {
  const { at, wire, run } = makeRing(3);
  while (wire[0]?.to !== 1) run(1);
  at(1).queue.push(undefined, Buffer.from('x'));
  run(1);
  const token = wire.find(({ payload }) => kindOf(payload) === KIND.token)!;
  const broken = Buffer.from(token.payload);
  broken[broken.length - 'x'.length - 4]! ^= 1;
  const { ring } = at(token.to);
  assert.is(ring.onToken(broken), 'malformed');
  assert.is(ring.onToken(token.payload), 'taken');
});

test('a lost frame is asked for and sent again, and kept until all have it (I4)', () => {
  const { at, stations, run } = makeRing(3);
  at(3).deaf.add(at(3).ring.store.received + 1);
  at(1).queue.push(undefined, Buffer.from('lost'));
  run(12);
  assert.equal(at(3).delivered, []);
  const seq = at(1).ring.store.high;
  assert.ok(at(1).ring.store.get(seq) !== undefined);
  at(3).deaf.clear();
  run(60);
  for (const { delivered } of stations) assert.equal(delivered, ['1:lost']);
  assert.is(at(3).ring.counters.retransmitsRequested, 1);
  run(10);
  assert.is(at(1).ring.store.get(seq), undefined, 'collected');
});

test('the sender of the newest frame holds the token of an idle ring, not while a frame is missing (I6)', () => {
  const { at, run, wire } = makeRing(3);
  at(3).deaf.add(at(3).ring.store.received + 1);
  at(1).queue.push(undefined, Buffer.from('x'));
  run(400);
  assert.not(at(1).ring.isHolding);
  at(3).deaf.clear();
  run(400);
  assert.ok(at(1).ring.isHolding);
  assert.is(wire.length, 0);
  at(3).queue.push(undefined, Buffer.from('y'));
  at(3).ring.wake();
  assert.ok(at(3).asked.includes('cancelHold 1'));
  at(1).ring.onHoldCancel();
  run(20);
  assert.equal(at(1).delivered, ['1:x', '3:y']);
  run(400);
  assert.equal(
    [1, 2, 3].filter((nodeid) => at(nodeid).ring.isHolding),
    [3],
  );
});

const SOON = { ...LIMITS, seqno_unchanged_const: 1 };

test('held after one rotation: a message of the holder costs one rotation, and it asks nobody', () => {
  const { at, run, wire } = makeRing(3, SOON);
  at(2).queue.push(undefined, Buffer.from('x'));
  at(2).ring.wake();
  assert.equal(at(2).asked.at(-1), 'cancelHold 1');
  at(1).ring.onHoldCancel();
  run(100);
  assert.equal([at(2).ring.isHolding, wire.length], [true, 0]);
  const visits = at(2).ring.counters.visits;
  at(2).queue.push(undefined, Buffer.from('y'));
  at(2).ring.wake();
  assert.equal(at(2).asked.at(-1), 'releaseSoon');
  at(2).ring.release();
  run(100);
  for (const nodeid of [1, 2, 3]) assert.equal(at(nodeid).delivered, ['2:x', '2:y']);
  assert.equal([at(2).ring.isHolding, wire.length], [true, 0]);
  assert.is(at(2).ring.counters.visits - visits, 2);
});

test('held after one rotation: who asks while the token is on its way to the holder is not forgotten', () => {
  const { at, run, wire } = makeRing(3, SOON);
  at(1).queue.push(undefined, Buffer.from('x'));
  at(1).ring.release();
  for (let n = 0; n < 100 && !(wire[0]?.to === 1 && at(3).delivered.length === 1); n++) run(1);
  assert.is(wire[0]?.to, 1, 'the token is between 3 and 1, which would hold it');
  at(2).queue.push(undefined, Buffer.from('y'));
  at(2).ring.wake();
  assert.equal(at(2).asked.at(-1), 'cancelHold 1');
  at(1).ring.onHoldCancel();
  run(100);
  for (const nodeid of [1, 2, 3]) assert.equal(at(nodeid).delivered, ['1:x', '2:y']);
  assert.ok(at(2).ring.isHolding);
});

test('held after one rotation: not while another member could not send all that it has (I6)', () => {
  const { at, run } = makeRing(3, { ...SOON, window_size: 4, max_messages: 4 });
  for (const nodeid of [1, 3]) {
    for (let n = 0; n < 40; n++) at(nodeid).queue.push(undefined, Buffer.alloc(3000));
  }
  at(1).ring.release();
  run(2000);
  assert.is(at(2).delivered.length, 80);
});

/** A ring of `count` whose member 1 holds the token, and how it sends a message meanwhile. */
function heldRing(count: number, ...rest: readonly [('majority' | 'local')?, VoteWeights?]) {
  const world = makeRing(count, SOON, ...rest);
  world.run(400);
  const holder = world.at(1);
  assert.ok(holder.ring.isHolding);
  const send = (text: string): void => {
    holder.queue.push(undefined, Buffer.from(text));
    holder.ring.wake();
    assert.is(holder.asked.at(-1), 'releaseSoon', 'in a later turn');
    holder.ring.workWhileHolding();
  };
  return { ...world, holder, send };
}

test('I7: a message of the holder is delivered after the witnesses have answered, and the token stays', () => {
  for (const { count, witnesses } of [
    { count: 2, witnesses: [2] },
    { count: 3, witnesses: [2] },
    { count: 5, witnesses: [2, 3] },
  ]) {
    const { stations, holder, send, wire, run } = heldRing(count);
    const { visits } = holder.ring.counters;
    send('x');
    assert.equal(
      wire.map(({ to }) => to),
      witnesses,
    );
    run(witnesses.length + witnesses.length - 1);
    assert.equal(holder.delivered, [], 'one answer is missing');
    run(1);
    assert.equal(holder.delivered, ['1:x']);
    run(100);
    for (const { delivered } of stations) assert.equal(delivered, ['1:x'], 'the others are told without a visit');
    assert.equal([holder.ring.isHolding, holder.ring.counters.visits], [true, visits]);
  }
});

test('I7: who is a majority alone, or acknowledges alone, waits for nobody, and tells the others', () => {
  const cases: readonly (readonly ['majority' | 'local', VoteWeights?])[] = [
    ['majority', { votes: [2, 1], majority: 2 }],
    ['local'],
  ];
  for (const rest of cases) {
    const { stations, holder, send, run } = heldRing(2, ...rest);
    send('x');
    assert.equal(holder.delivered, ['1:x']);
    run(10);
    for (const { delivered } of stations) assert.equal(delivered, ['1:x']);
    assert.ok(holder.ring.isHolding);
  }
});

test('I8: messages gather while the word about a frame is awaited, and leave as one frame when it comes', () => {
  for (const count of [3, 5]) {
    const { stations, holder, send, run } = heldRing(count);
    const { framesSent } = holder.ring.counters;
    send('x');
    send('y');
    assert.is(holder.asked.at(-1), 'workLater');
    run(2);
    send('z');
    run(200);
    assert.is(holder.asked.at(-1), 'releaseSoon', 'the word has come');
    holder.ring.workWhileHolding();
    run(200);
    for (const { delivered } of stations) assert.equal(delivered, ['1:x', '1:y', '1:z']);
    assert.is(holder.ring.counters.framesSent - framesSent, 2);
    holder.ring.workWhileHolding(true);
    assert.is(holder.ring.counters.framesSent - framesSent, 2, 'nothing is left to send');
  }
});

test('I8: what has gathered does not wait for a word that is late, nor for one that nobody needs', () => {
  const { stations, holder, send, wire, run } = heldRing(3);
  send('x');
  wire.splice(0);
  send('y');
  assert.is(wire.length, 0);
  holder.ring.workWhileHolding(true);
  assert.is(wire.length, 1);
  holder.ring.onHoldCancel();
  run(200);
  for (const { delivered } of stations) assert.equal(delivered, ['1:x', '1:y']);
  const local = heldRing(3, 'local');
  local.send('x');
  local.send('y');
  assert.equal(local.holder.delivered, ['1:x', '1:y']);
});

test('a frame of a hold that is lost is found when the hold ends, and delivered nowhere before', () => {
  for (const count of [3, 5]) {
    const { stations, holder, send, wire, run } = heldRing(count);
    send('lost');
    wire.length = 0;
    run(100);
    assert.equal(holder.delivered, []);
    holder.ring.release();
    run(1000);
    for (const { delivered } of stations) assert.equal(delivered, ['1:lost']);
  }
});

test('who misses a frame of a hold asks for the token', () => {
  const { stations, at, holder, send, wire, run } = heldRing(3);
  send('lost');
  wire.length = 0;
  send('x');
  holder.ring.workWhileHolding(true);
  run(1);
  assert.is(at(2).asked.at(-1), 'cancelHold 1');
  holder.ring.onHoldCancel();
  assert.is(holder.asked.at(-1), 'holdEnds');
  run(200);
  for (const { delivered } of stations) assert.equal(delivered, ['1:lost', '1:x']);
});

test('what a frame cannot hold ends the hold', () => {
  const { at, holder, send, run } = heldRing(3);
  send('x'.repeat(10_000));
  assert.is(holder.asked.at(-1), 'holdEnds');
  run(30);
  assert.is(at(2).delivered[0]?.length, 10_002);
});

test('a receipt of a stranger or for frames that do not exist is malformed, one after the hold is nothing', () => {
  const { holder, send, run } = heldRing(3);
  send('x');
  assert.is(holder.ring.onReceipt(9, 1), 'malformed');
  assert.is(holder.ring.onReceipt(2, -1), 'malformed');
  assert.is(holder.ring.onReceipt(2, 1000), 'malformed');
  holder.ring.release();
  assert.is(holder.ring.onReceipt(2, 1), 'taken');
  assert.equal(holder.delivered, []);
  run(30);
  assert.equal(holder.delivered, ['1:x']);
});

test('a copy of a token is stale, a broken one malformed', () => {
  const { at, wire } = makeRing(3);
  const token = wire[0]!;
  const { ring } = at(token.to);
  assert.is(ring.onToken(token.payload.subarray(0, token.payload.length - 1)), 'malformed');
  assert.is(ring.onToken(token.payload), 'taken');
  assert.is(ring.onToken(token.payload), 'stale');
  assert.is(ring.onToken(Buffer.alloc(10)), 'malformed');
});

test('a frame of a stranger or with a broken chunk is malformed, a copy a duplicate', () => {
  const { at, wire, run } = makeRing(3);
  while (wire[0]?.to !== 1) run(1);
  at(1).queue.push(undefined, Buffer.alloc(4040));
  run(1);
  const frame = wire.find(({ payload }) => kindOf(payload) === KIND.frame)!;
  const stranger = Buffer.from(frame.payload);
  stranger.writeUInt32LE(9, 16);
  const { ring } = at(frame.to);
  assert.is(ring.onFrame(stranger), 'malformed');
  assert.is(ring.onFrame(frame.payload.subarray(0, frame.payload.length - 1)), 'malformed');
  assert.is(ring.onFrame(frame.payload), 'stored');
  assert.is(ring.onFrame(frame.payload), 'duplicate');
});

test('a member that receives nothing for fail_recv_const visits is reported', () => {
  const { at, run } = makeRing(3, { ...LIMITS, fail_recv_const: 20 });
  for (let seq = 1; seq < 50; seq++) at(3).deaf.add(seq);
  at(1).queue.push(undefined, Buffer.from('x'));
  run(200);
  assert.ok(at(1).asked.includes('stuck 3'));
  assert.not(
    at(3).asked.some((text) => text.startsWith('stuck')),
    'it does not report itself',
  );
});

test.run();
