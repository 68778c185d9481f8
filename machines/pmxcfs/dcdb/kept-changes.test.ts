/** Changes of a broken quorate ring (§13.2.1): kept where they were refused, made by the next quorate round. */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CREATE, encodeFileMessage, UNLOCK_REQUEST, WRITE } from '../messages/file-message.ts';
import type { ReplayMessage } from '../messages/replay-message.ts';
import { changesToReplay } from './kept-changes.ts';
import { node, ONE, round, THREE, TWO } from './test-node.ts';

const create = (path: string): Buffer => encodeFileMessage({ path });

/** Ring 8 of all three has written `a`; then ONE got `b`, which THREE sent, but ONE moves on alone. */
function brokenRing() {
  const [one, two, three] = [node(ONE), node(TWO), node(THREE)];
  round(8, true, [
    [ONE, one],
    [TWO, two],
    [THREE, three],
  ]);
  for (const each of [one, two, three]) each.deliver(CREATE, create('a'), ONE);
  one.world.isQuorate = false;
  assert.equal(one.deliver(CREATE, create('b'), THREE), { result: -16, failure: 'leave' });
  return { one, two, three };
}

test('a refused change is made by the next quorate round, at the version that others gave it', () => {
  const { one, two, three } = brokenRing();
  three.deliver(CREATE, create('b'), THREE);
  round(12, true, [
    [ONE, one],
    [TWO, two],
  ]);
  assert.ok(one.memdb.encodeIndex().equals(three.memdb.encodeIndex()));
  assert.ok(two.memdb.encodeIndex().equals(three.memdb.encodeIndex()));
  assert.equal([one.world.primaryRing, two.world.primaryRing], [12, 12]);
  assert.is(one.application.keptChanges, 0);
});

test('C1: what follows the refused change is kept too, up to the change of configuration (C2)', () => {
  const { one, two } = brokenRing();
  one.application.missed(THREE, WRITE, 1_700_000_000, encodeFileMessage({ path: 'b', data: Buffer.from('x') }));
  one.application.missed(THREE, UNLOCK_REQUEST, 1_700_000_000, Buffer.alloc(40));
  one.application.configurationBegins();
  one.application.missed(THREE, CREATE, 1_700_000_000, create('later'));
  assert.is(one.application.keptChanges, 2);
  round(12, true, [
    [ONE, one],
    [TWO, two],
  ]);
  assert.is(two.memdb.lookup('b')?.data.toString(), 'x');
  assert.is(two.memdb.lookup('later'), undefined);
});

test('a round without quorum decides nothing, and what was kept stays', () => {
  const { one, two } = brokenRing();
  round(12, false, [[ONE, one]]);
  assert.equal([one.memdb.lookup('b'), one.application.keptChanges], [undefined, 1]);
  round(16, true, [
    [ONE, one],
    [TWO, two],
  ]);
  assert.ok(two.memdb.lookup('b') !== undefined);
});

test('a later quorate ring has decided: what was kept before it is dropped', () => {
  const { one, two, three } = brokenRing();
  round(12, true, [
    [TWO, two],
    [THREE, three],
  ]);
  for (const each of [two, three]) each.deliver(CREATE, create('c'), TWO);
  round(16, true, [
    [ONE, one],
    [TWO, two],
    [THREE, three],
  ]);
  for (const each of [one, two, three]) {
    assert.equal([each.memdb.lookup('b'), each.application.keptChanges], [undefined, 0]);
    assert.ok(each.memdb.lookup('c') !== undefined);
  }
});

test('C4: what the leader has made already is not made again', () => {
  const { one, two, three } = brokenRing();
  three.deliver(CREATE, create('b'), THREE);
  one.application.missed(THREE, CREATE, 1_700_000_000, create('c'));
  round(12, true, [
    [ONE, one],
    [TWO, two],
    [THREE, three],
  ]);
  assert.is(one.memdb.root.version, three.memdb.root.version);
  for (const each of [one, two, three]) assert.ok(each.memdb.lookup('c') !== undefined);
});

test('a ring that breaks while its round makes them: the rest is kept again, under the new ring', () => {
  const { one, two } = brokenRing();
  one.application.configurationBegins();
  Object.assign(one.world, { ring: 12, isQuorate: true });
  two.application.configurationBegins();
  Object.assign(two.world, { ring: 12, isQuorate: true });
  const states = [
    { member: ONE, state: one.application.getState(), note: one.application.stateNote() },
    { member: TWO, state: two.application.getState(), note: two.application.stateNote() },
  ];
  for (const replay of one.application.replays()) two.application.processReplay(ONE, replay);
  two.application.processStates(states);
  two.world.isQuorate = false;
  assert.is(two.application.synced(), 'leave');
  assert.equal([two.world.primaryRing, two.application.keptChanges, two.memdb.lookup('b')], [12, 1, undefined]);
});

test('D6: without its number on disk a ring is not entered', () => {
  const one = node(ONE);
  one.world.ringRefusal = 'no space left on device';
  assert.equal(one.file(CREATE, { path: 'a' }), { result: -5, failure: 'storage' });
  assert.is(one.memdb.lookup('a'), undefined);
});

test('mode upstream refuses as the original does', () => {
  const one = node(ONE, 'upstream');
  one.file(CREATE, { path: 'a' });
  one.world.isQuorate = false;
  assert.equal(one.file(CREATE, { path: 'b' }), { result: -1, failure: 'leave' });
  assert.equal([one.application.keptChanges, one.application.stateNote()], [0, 0]);
});

test('law: of beginnings of one order, the round makes exactly what the leader lacks of the longest', () => {
  const order = Array.from({ length: 12 }, (_, at): ReplayMessage => {
    return { version: 101 + at, writer: 1, time_s: 0, subtype: CREATE, payload: create(`f${at}`) };
  });
  fc.assert(
    fc.property(
      fc.array(fc.record({ length: fc.nat({ max: 12 }), ring: fc.constantFrom(4, 8) }), { minLength: 1, maxLength: 5 }),
      fc.nat({ max: 12 }),
      (drawn, made) => {
        const offers = drawn.map(({ length, ring }) => ({ primaryRing: ring, changes: order.slice(0, length) }));
        const longest = Math.max(0, ...drawn.filter(({ ring }) => ring === 8).map(({ length }) => length));
        assert.equal(changesToReplay(offers, 8, 100 + made), order.slice(made, Math.max(made, longest)));
      },
    ),
  );
});

test.run();
