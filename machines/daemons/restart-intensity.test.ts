import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RestartIntensity } from './restart-intensity.ts';

const backOff = { initial_ms: 100, max_ms: 1000 };

test('I1 one more than the intensity within the period is refused, over all children', () => {
  const restarts = new RestartIntensity({ intensity: 2, period_ms: 1000 });
  assert.ok(restarts.ask('a', 0, backOff, 'x').allowed);
  assert.ok(restarts.ask('b', 999, backOff, 'x').allowed);
  assert.equal(restarts.ask('c', 999, backOff, 'it threw'), {
    allowed: false,
    reason: 'more than 2 restarts within 1000 ms, the last: it threw',
  });
  assert.ok(restarts.ask('c', 1000, backOff, 'x').allowed, 'the first one is out of the period');
});

test('I1 an intensity of 0 allows none', () => {
  assert.not(new RestartIntensity({ intensity: 0, period_ms: 1000 }).ask('a', 0, backOff, 'x').allowed);
});

test('I2 the wait doubles for the same child and ends at its bound', () => {
  const restarts = new RestartIntensity({ intensity: 100, period_ms: 10_000 });
  const delays = [1, 2, 3, 4, 5, 6].map((now_ms) => restarts.ask('a', now_ms, backOff, 'x'));
  assert.equal(
    delays.map((answer) => answer.allowed && answer.delay_ms),
    [100, 200, 400, 800, 1000, 1000],
  );
  assert.equal(restarts.ask('b', 7, backOff, 'x'), { allowed: true, delay_ms: 100 });
  assert.equal(restarts.ask('a', 20_000, backOff, 'x'), { allowed: true, delay_ms: 100 });
});

test('I1 never more than `intensity` allowed within any period', () => {
  const gaps = fc.array(fc.nat(300), { maxLength: 80 });
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 5 }), (steps, intensity) => {
      const restarts = new RestartIntensity({ intensity, period_ms: 1000 });
      const allowed: number[] = [];
      let now_ms = 0;
      for (const step of steps) {
        now_ms += step;
        if (restarts.ask('a', now_ms, backOff, 'x').allowed) allowed.push(now_ms);
      }
      for (const from of allowed) {
        assert.ok(allowed.filter((at) => at >= from && at < from + 1000).length <= intensity);
      }
    }),
  );
});

test.run();
