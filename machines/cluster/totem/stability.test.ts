import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isKnownByReceipt, isWordNeeded, stablePoint } from './stability.ts';

test('three of five votes must hold a frame', () => {
  assert.is(stablePoint([9, 7, 5, 3, 1], { votes: [1, 1, 1, 1, 1], majority: 3 }), 5);
});

test('votes weigh', () => {
  assert.is(stablePoint([9, 7, 5], { votes: [3, 1, 1], majority: 3 }), 9);
  assert.is(stablePoint([5, 7, 9], { votes: [3, 1, 1], majority: 3 }), 5);
});

test('a ring without a majority needs all its members', () => {
  assert.is(stablePoint([9, 4], { votes: [1, 1], majority: 3 }), 4);
  assert.is(stablePoint([9], { votes: [1], majority: 2 }), 9);
});

test('any set with a majority of votes contains a holder of what is stable', () => {
  const member = fc.record({ received: fc.nat(20), votes: fc.nat(3), chosen: fc.boolean() });
  fc.assert(
    fc.property(fc.array(member, { minLength: 1, maxLength: 7 }), fc.nat(3), (members, elsewhere) => {
      const total = members.reduce((sum, { votes }) => sum + votes, elsewhere);
      const majority = Math.floor(total / 2) + 1;
      const weights = { votes: members.map(({ votes }) => votes), majority };
      const stable = stablePoint(
        members.map(({ received }) => received),
        weights,
      );
      const chosen = members.filter((m) => m.chosen);
      if (chosen.reduce((sum, { votes }) => sum + votes, 0) < majority) return;
      assert.ok(chosen.some(({ received }) => received >= stable));
    }),
  );
});

const ring = fc
  .array(fc.nat(3), { minLength: 2, maxLength: 8 })
  .chain((votes) => fc.record({ votes: fc.constant(votes), holder: fc.nat(votes.length - 1), elsewhere: fc.nat(3) }));

function weightsOf(votes: readonly number[], elsewhere: number) {
  const total = votes.reduce((sum, own) => sum + own, elsewhere);
  return { votes, majority: Math.floor(total / 2) + 1 };
}

test('the word of the witnesses, and no less in ring order, makes a frame of the holder stable', () => {
  fc.assert(
    fc.property(ring, ({ votes, holder, elsewhere }) => {
      const weights = weightsOf(votes, elsewhere);
      const order = votes.map((_, step) => (holder + step) % votes.length);
      const witnesses = order.slice(1).filter((index) => isWordNeeded(holder, index, weights));
      assert.equal(witnesses, order.slice(1, 1 + witnesses.length), 'they come next to the holder');
      const received = votes.map((_, index) => (index === holder ? 1 : 0));
      for (const index of witnesses) {
        const isAll = stablePoint(received, weights) === 1;
        assert.not(isAll, 'stable before the last word');
        received[index] = 1;
      }
      if (witnesses.length > 0) assert.is(stablePoint(received, weights), 1);
    }),
  );
});

test('where it is known by receipt, any member that has the frame of the holder knows that it is stable', () => {
  fc.assert(
    fc.property(ring, fc.nat(7), ({ votes, holder, elsewhere }, at) => {
      const weights = weightsOf(votes, elsewhere);
      const member = at % votes.length;
      if (member === holder || !isKnownByReceipt(holder, weights)) return;
      const received = votes.map((_, index) => (index === holder || index === member ? 1 : 0));
      assert.is(stablePoint(received, weights), 1);
    }),
  );
});

test.run();
