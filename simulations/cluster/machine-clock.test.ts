/** Clocks of a machine that go wrong. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { MachineClock } from './machine-clock.ts';

const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-3;

test("a true clock is the world's, and its wall clock ahead of it", () => {
  const world = new VirtualClock();
  const clock = new MachineClock(world, 500);
  world.advance(1234);
  assert.is(clock.monotonic_ms(), world.monotonic_ms());
  assert.is(clock.wall_ms(), world.wall_ms() + 500);
  clock.step(-700);
  assert.is(clock.wall_ms(), world.wall_ms() - 200);
});

test('a fast clock keeps what it has shown, and its timers are never early by itself', () => {
  const world = new VirtualClock();
  const clock = new MachineClock(world);
  world.advance(1000);
  clock.setRates({ monotonic: 1.25, wall: 1.25 });
  assert.is(clock.monotonic_ms(), 1000);
  const shown: number[] = [];
  clock.setTimeout(() => shown.push(clock.monotonic_ms()), 500);
  world.advance(400);
  world.advance(1);
  assert.ok(shown.length === 1 && shown[0]! >= 1500 && near(shown[0]!, 1500), String(shown));
  clock.setRates({ monotonic: 1, wall: 1 });
  const before_ms = clock.monotonic_ms();
  world.advance(10);
  assert.ok(near(clock.monotonic_ms(), before_ms + 10));
});

test('a wall clock stands still while time goes on', () => {
  const world = new VirtualClock();
  const clock = new MachineClock(world);
  clock.setRates({ monotonic: 1, wall: 0 });
  const wall_ms = clock.wall_ms();
  world.advance(5000);
  assert.is(clock.wall_ms(), wall_ms);
  assert.is(clock.monotonic_ms(), 5000);
});

test.run();
