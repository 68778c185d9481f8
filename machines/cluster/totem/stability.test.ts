import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stablePoint } from './stability.ts';

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

test.run();
