import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closenesses } from './topsis.ts';

const weights = [1 / 18, 2 / 18, 5 / 18, 10 / 18];
const row = fc.tuple(...weights.map(() => fc.nat(1000)));
const rows = fc.array(row, { minLength: 1, maxLength: 6 });

function near(a: number, b: number): void {
  assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);
}

test('the best in everything is 1, the worst 0, no difference 0', () => {
  assert.equal(
    closenesses(
      [
        [1, 1, 1, 1],
        [2, 3, 4, 5],
      ],
      weights,
    ),
    [1, 0],
  );
  assert.equal(
    closenesses(
      [
        [3, 3, 3, 3],
        [3, 3, 3, 3],
      ],
      weights,
    ),
    [0, 0],
  );
  assert.equal(
    closenesses(
      [
        [0, 0],
        [0, 1],
      ],
      [1, 1],
    ),
    [1, 0],
    'a column of zeros counts for nothing',
  );
});

test('a worked example: two criteria, three alternatives', () => {
  // Columns 3,4,0 and 0,0,1 have the norms 5 and 1: normalised .6 .8 0 and 0 0 1.
  const list = [
    [3, 0],
    [4, 0],
    [0, 1],
  ];
  const [a, b, c] = closenesses(list, [1, 1]);
  near(a!, Math.hypot(0.2, 1) / (0.6 + Math.hypot(0.2, 1)));
  near(b!, 1 / (0.8 + 1));
  near(c!, 0.8 / (1 + 0.8));
  const [weighted] = closenesses(list, [3, 1]);
  near(weighted!, Math.hypot(0.6, 1) / (1.8 + Math.hypot(0.6, 1)));
});

test('it lies between 0 and 1, and follows its alternative when they change places', () => {
  fc.assert(
    fc.property(rows, (list) => {
      const forwards = closenesses(list, weights);
      const backwards = closenesses([...list].reverse(), weights).toReversed();
      for (const [i, value] of forwards.entries()) {
        assert.ok(value >= 0 && value <= 1);
        near(value, backwards[i]!);
      }
    }),
  );
});

test('the scale of a criterion does not matter', () => {
  fc.assert(
    fc.property(rows, fc.nat(3), fc.constantFrom(2, 1024, 2 ** 30), (list, column, factor) => {
      const scaled = list.map((one) => one.map((value, j) => (j === column ? value * factor : value)));
      const before = closenesses(list, weights);
      for (const [i, value] of closenesses(scaled, weights).entries()) near(value, before[i]!);
    }),
  );
});

test('who is no worse in anything is no further from the best', () => {
  fc.assert(
    fc.property(rows, fc.array(fc.nat(50), { minLength: 4, maxLength: 4 }), (list, more) => {
      const worse = list[0]!.map((value, j) => value + more[j]!);
      const values = closenesses([...list, worse], weights);
      assert.ok(values[0]! >= values.at(-1)! - 1e-9);
    }),
  );
});

test.run();
