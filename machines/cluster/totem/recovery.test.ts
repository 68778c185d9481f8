import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CommitEntry } from './messages.ts';
import { planRecovery } from './recovery.ts';

const OLD = { rep: 1, seq: 8 };

/** What members hold of the old ring, as sets of frame numbers. */
function entriesOf(holdings: readonly (readonly number[])[]): CommitEntry[] {
  return holdings.map((held, i) => {
    let received = 0;
    while (held.includes(received + 1)) received++;
    return { nodeid: i + 1, filled: true, oldRing: OLD, received, high: Math.max(0, ...held), stable: 0 };
  });
}

test('one member sends what another lacks of a prefix, all send what is behind gaps', () => {
  const holdings = [
    [1, 2],
    [1, 2, 3, 4],
    [1, 2, 3, 4, 6],
    [1, 2, 3, 7],
  ];
  const entries = entriesOf(holdings);
  const plans = holdings.map((held, i) => planRecovery(i + 1, OLD, entries, (seq) => held.includes(seq)));
  assert.equal(
    plans.map((plan) => plan.rebroadcast),
    [[], [3, 4], [6], [7]],
  );
  for (const { transitional, high } of plans) assert.equal([transitional, high], [[1, 2, 3, 4], 7]);
});

test('members of another old ring are not asked, and a lone survivor sends nothing', () => {
  const [first, second] = entriesOf([[1, 2, 3], [1]]) as [CommitEntry, CommitEntry];
  const foreign = { ...second, oldRing: { rep: 2, seq: 8 } };
  const plan = planRecovery(1, OLD, [first, foreign], () => true);
  assert.equal([plan.transitional, plan.rebroadcast], [[1], []]);
});

test('the stable point is the highest that any of them knows', () => {
  const entries = entriesOf([
    [1, 2, 3],
    [1, 2, 3],
  ]).map((entry, i) => ({ ...entry, stable: i + 1 }));
  assert.is(planRecovery(1, OLD, entries, () => true).stable, 2);
});

test('after the rebroadcast all transitional members hold the union (I1)', () => {
  const held = fc.subarray([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  fc.assert(
    fc.property(fc.array(held, { minLength: 1, maxLength: 5 }), (holdings) => {
      const entries = entriesOf(holdings);
      const sent = new Set<number>();
      for (const [i, own] of holdings.entries()) {
        for (const seq of planRecovery(i + 1, OLD, entries, (n) => own.includes(n)).rebroadcast) sent.add(seq);
      }
      const union = new Set(holdings.flat());
      for (const own of holdings) {
        const after = new Set([...own, ...sent]);
        for (const seq of union) assert.ok(after.has(seq), `frame ${seq} is missing`);
      }
    }),
  );
});

test.run();
