import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Clock } from './clock.ts';
import { createRealClock } from './real.ts';
import { VirtualClock } from './virtual.ts';

interface Subject {
  readonly name: string;
  readonly clock: Clock;
  /** Resolves when all timers armed so far have run. */
  readonly settle: () => Promise<void>;
}

/** What every Clock promises. */
function subjects(): Subject[] {
  const virtual = new VirtualClock();
  const real = createRealClock();
  return [
    { name: 'virtual', clock: virtual, settle: async () => void virtual.advance(100) },
    { name: 'real', clock: real, settle: () => new Promise((resolve) => setTimeout(resolve, 120)) },
  ];
}

for (const { name, clock, settle } of subjects()) {
  test(`${name}: a timer runs once, not before its time`, async () => {
    const start_ms = clock.monotonic_ms();
    const ran_ms: number[] = [];
    clock.setTimeout(() => ran_ms.push(clock.monotonic_ms() - start_ms), 20);
    assert.equal(ran_ms, []);
    await settle();
    assert.is(ran_ms.length, 1);
    assert.ok(ran_ms[0]! >= 20, `ran after ${ran_ms[0]} ms`);
  });

  test(`${name}: timers of one instant run in order of arming, also those without delay`, async () => {
    const order: string[] = [];
    clock.setTimeout(() => order.push('a'), 10);
    clock.setTimeout(() => order.push('b'), 10);
    clock.setTimeout(() => order.push('0'), 0);
    clock.setTimeout(() => order.push('1'), 0);
    assert.equal(order, [], 'nothing runs inside setTimeout');
    await settle();
    assert.equal(order, ['0', '1', 'a', 'b']);
  });

  test(`${name}: a cancelled timer doesn't run, and cancelling twice is nothing`, async () => {
    let runs = 0;
    const cancelled = clock.setTimeout(() => runs++, 5);
    const fired = clock.setTimeout(() => runs++, 0);
    const immediate = clock.setTimeout(() => runs++, 0);
    clock.clearTimeout(cancelled);
    clock.clearTimeout(cancelled);
    clock.clearTimeout(immediate);
    await settle();
    clock.clearTimeout(fired);
    assert.is(runs, 1);
  });

  test(`${name}: monotonic time doesn't fall`, async () => {
    const before = clock.monotonic_ms();
    await settle();
    assert.ok(clock.monotonic_ms() >= before);
    assert.ok(clock.wall_ms() > 1_600_000_000_000);
  });
}

test('virtual: a timer armed inside a timer counts from there', () => {
  const clock = new VirtualClock();
  const ran_ms: number[] = [];
  clock.setTimeout(() => {
    ran_ms.push(clock.monotonic_ms());
    clock.setTimeout(() => ran_ms.push(clock.monotonic_ms()), 5);
  }, 10);
  clock.setTimeout(() => ran_ms.push(clock.monotonic_ms()), 12);
  clock.advance(100);
  assert.equal(ran_ms, [10, 12, 15]);
  assert.is(clock.monotonic_ms(), 100);
  assert.is(clock.pending, 0);
});

test('virtual: a thousand timers run in the order of their time', () => {
  const clock = new VirtualClock();
  const ran_ms: number[] = [];
  for (let i = 0; i < 1000; i++) clock.setTimeout(() => ran_ms.push(clock.monotonic_ms()), (i * 7919) % 997);
  while (clock.step());
  assert.is(ran_ms.length, 1000);
  assert.equal(
    ran_ms,
    [...ran_ms].sort((a, b) => a - b),
  );
});

test.run();
