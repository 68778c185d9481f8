import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SeededRandom } from './seeded.ts';

/** First draws of seed 42. */
const KNOWN = [660444221, 3652823732, 77678286];

test('a seed means the same for ever', () => {
  const random = new SeededRandom(42);
  assert.equal([random.u32(), random.u32(), random.u32()], KNOWN);
});

test('streams by purpose are independent of draws in the others', () => {
  const a = new SeededRandom(7);
  const b = new SeededRandom(7);
  b.u32();
  assert.is(a.split('network').u32(), b.split('network').u32());
  assert.is.not(a.split('network').u32(), a.split('faults').u32());
});

test('values spread over the whole range', () => {
  const random = new SeededRandom(1);
  const buckets = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) buckets[random.below(10)]!++;
  for (const count of buckets) assert.ok(count > 800 && count < 1200, `bucket of ${count}`);
  assert.is(random.bytes(100).length, 100);
});

test.run();
