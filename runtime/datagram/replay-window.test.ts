import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplayWindow } from './replay-window.ts';
import { TokenBucket } from './token-bucket.ts';

function taken(window: ReplayWindow, counter: number): boolean {
  if (!window.isFresh(counter)) return false;
  window.take(counter);
  return true;
}

test('each counter is taken once, and none from before the start, in any order', () => {
  const steps = fc.array(fc.integer({ min: -3000, max: 3000 }), { minLength: 1, maxLength: 400 });
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 40 }), steps, (start, jumps) => {
      const window = new ReplayWindow(start);
      const seen = new Set<number>();
      let at = start;
      for (const jump of jumps) {
        at = Math.max(1, at + jump);
        const accepted = taken(window, at);
        if (at <= start || seen.has(at)) assert.not(accepted);
        if (accepted) seen.add(at);
      }
    }),
  );
});

test('a reordering within 1024 loses nothing', () => {
  const counters = fc.uniqueArray(fc.integer({ min: 1, max: 1024 }), { maxLength: 300 });
  fc.assert(
    fc.property(counters, fc.nat({ max: 2 ** 33 }), (order, start) => {
      const window = new ReplayWindow(start);
      assert.ok(order.every((counter) => taken(window, start + counter)));
    }),
  );
});

test('a jump beyond the window forgets what is older', () => {
  const window = new ReplayWindow(0);
  assert.ok(taken(window, 1));
  assert.ok(taken(window, 1_000_000));
  assert.not(taken(window, 1));
  assert.not(taken(window, 2));
  assert.ok(taken(window, 999_999));
  assert.not(taken(window, 999_999));
});

test('asking changes nothing', () => {
  const window = new ReplayWindow(10);
  assert.ok(window.isFresh(5_000_000));
  assert.ok(taken(window, 11));
});

test('a token bucket gives its capacity at once and its rate later', () => {
  const bucket = new TokenBucket(3, 10);
  assert.equal(
    [0, 0, 0, 0].map((now_ms) => bucket.take(now_ms)),
    [true, true, true, false],
  );
  assert.equal(
    [50, 100, 150].map((now_ms) => bucket.take(now_ms)),
    [false, true, false],
  );
  assert.equal(
    [10_000, 10_000, 10_000, 10_000].map((now_ms) => bucket.take(now_ms)),
    [true, true, true, false],
  );
});

test.run();
