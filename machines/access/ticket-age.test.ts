import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { currentKeyWindow, isRotationDue, isWithin, oldKeyWindow, ticketWindow } from './ticket-age.ts';

const now_s = 1_800_000_000;
const day_s = 86_400;

test('the window of a ticket excludes both limits', () => {
  assert.ok(isWithin(ticketWindow, -299));
  assert.ok(isWithin(ticketWindow, 7199));
  assert.not(isWithin(ticketWindow, -300));
  assert.not(isWithin(ticketWindow, 7200));
});

const windowOf = (age_s: number, isQuorate = true) =>
  currentKeyWindow({ public_key_mtime_s: now_s - age_s, isQuorate }, now_s);

test('a young key signed nothing long before it was made', () => {
  assert.equal(windowOf(0), { min_age_s: -300, max_age_s: 300 });
  assert.equal(windowOf(1000), { min_age_s: -300, max_age_s: 1300 });
  assert.equal(windowOf(7199), { min_age_s: -300, max_age_s: 7200 });
  assert.equal(windowOf(7200), ticketWindow);
});

test('an overdue key signs nothing new, if the cluster could have replaced it', () => {
  assert.equal(windowOf(day_s + 1000), { min_age_s: 1000, max_age_s: 7200 });
  assert.equal(windowOf(day_s + 1000, false), ticketWindow);
  assert.equal(windowOf(day_s), ticketWindow);
});

test('a ticket of the previous key lives for its two hours, unless it is dated after the rotation and 300 s', () => {
  const rotated_s = now_s - 1000;
  const window = oldKeyWindow(rotated_s, now_s);
  const isAccepted = (issued_s: number) => isWithin(window, now_s - issued_s);
  assert.ok(isAccepted(rotated_s));
  assert.ok(isAccepted(rotated_s + 299));
  assert.not(isAccepted(rotated_s + 300));
  assert.ok(isAccepted(now_s - 7199));
  assert.not(isAccepted(now_s - 7200));
});

test('I1, I2: whatever the ages, two hours are the end, and the old key takes nothing from after its time', () => {
  fc.assert(
    fc.property(fc.integer({ min: -10_000, max: 200_000 }), fc.boolean(), (age_s, isQuorate) => {
      const old = oldKeyWindow(now_s - age_s, now_s);
      assert.ok(windowOf(age_s, isQuorate).max_age_s <= 7200);
      assert.ok(old.max_age_s <= 7200);
      assert.ok(old.min_age_s >= age_s - 300 && old.min_age_s >= -300);
    }),
  );
});

test('a key is replaced after a day, or when it is from the future and the old one is done', () => {
  const isDue = (age_s: number, oldAge_s?: number) =>
    isRotationDue(
      { public_key_mtime_s: now_s - age_s, old_key_mtime_s: oldAge_s === undefined ? undefined : now_s - oldAge_s },
      now_s,
    );
  assert.ok(isDue(day_s));
  assert.not(isDue(day_s - 1));
  assert.not(isDue(0));
  assert.not(isDue(-300));
  assert.ok(isDue(-301));
  assert.ok(isDue(-301, 7200));
  assert.not(isDue(-301, 7199));
});

test.run();
