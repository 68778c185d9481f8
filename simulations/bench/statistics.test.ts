import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { median, medianRatio, medianSummary, percentile, summary } from './statistics.ts';

const values = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 50 });

test('percentiles by nearest rank', () => {
  const numbers = [5, 1, 4, 2, 3];
  assert.equal(
    [0, 0.2, 0.21, 0.5, 0.99, 1].map((fraction) => percentile(numbers, fraction)),
    [1, 1, 2, 3, 5, 5],
  );
  assert.equal(numbers, [5, 1, 4, 2, 3], 'the values stay in their order');
});

test('a percentile is a value that is reached by at least its fraction, and the smallest such', () => {
  fc.assert(
    fc.property(values, fc.double({ min: 0.01, max: 1, noNaN: true }), (numbers, fraction) => {
      const found = percentile(numbers, fraction);
      const reached = (limit: number) => numbers.filter((value) => value <= limit).length / numbers.length;
      assert.ok(numbers.includes(found));
      assert.ok(reached(found) >= fraction - 1e-12);
      const smaller = numbers.filter((value) => value < found);
      if (smaller.length > 0) assert.ok(reached(Math.max(...smaller)) < fraction);
    }),
  );
});

test('the median has as many values below as above, whatever their order', () => {
  fc.assert(
    fc.property(values, (numbers) => {
      const middle = median(numbers);
      const below = numbers.filter((value) => value < middle).length;
      const above = numbers.filter((value) => value > middle).length;
      assert.ok(below <= numbers.length / 2 && above <= numbers.length / 2);
      assert.is(median([...numbers].reverse()), middle);
    }),
  );
});

test('nothing has no median', () => {
  assert.ok(Number.isNaN(median([])));
  assert.ok(Number.isNaN(percentile([], 0.5)));
});

test('a summary, and one of rounds in which one was disturbed', () => {
  const calm = summary([1, 2, 3, 4]);
  assert.equal(calm, { count: 4, p50_ms: 2, p99_ms: 4, max_ms: 4 });
  const disturbed = summary([100, 200, 300, 400]);
  assert.equal(medianSummary([calm, disturbed, calm]), { count: 12, p50_ms: 2, p99_ms: 4, max_ms: 4 });
});

test('a ratio compares within the rounds: load that hits both sides of one leaves no trace', () => {
  assert.is(medianRatio([2, 20, 2], [1, 10, 1]), 2);
});

test.run();
