import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { haTimes, watchdogSlack_s } from './times.ts';

test('a node is reset before its lock can pass to another by expiry, at any scale', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 1, noNaN: true }), (scale) => {
      const times = haTimes(scale);
      assert.ok(times.watchdog_timeout_s + times.watchdog_device_s < times.lock_lifetime_s);
      assert.ok(watchdogSlack_s(times) > 4 * times.working_pace_s, 'a healthy daemon feeds in time');
      assert.ok(times.watchdog_warning_s < times.watchdog_timeout_s);
    }),
  );
});

test('at full length they are those of the specification', () => {
  const { fence_delay_s, lock_lifetime_s, watchdog_device_s, watchdog_timeout_s } = haTimes();
  assert.equal([lock_lifetime_s, watchdog_timeout_s, watchdog_device_s, fence_delay_s], [120, 60, 10, 60]);
  assert.is(haTimes(0.1).lock_lifetime_s, 12);
});

test.run();
