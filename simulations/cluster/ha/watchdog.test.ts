/** A machine is reset when it must be, and only then. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../../../runtime/clock/virtual.ts';
import { SimulatedProcess } from '../process.ts';
import { MachineWatchdog } from './watchdog.ts';

const IGNORED = (): void => {};

function machine(late_ms = 0) {
  const clock = new VirtualClock();
  const process = new SimulatedProcess(clock);
  const resets: number[] = [];
  const watchdog = new MachineWatchdog({
    clock,
    process,
    late_ms: () => late_ms,
    log: IGNORED,
    reset: () => resets.push(Math.round(clock.monotonic_ms() / 1000)),
  });
  const lrm = watchdog.client('lrm', 7);
  const feedUntil = (end_ms: number): void => {
    for (let at = clock.monotonic_ms(); at < end_ms; at += 10_000) {
      clock.runUntil(at);
      lrm.feed(IGNORED);
    }
    clock.runUntil(end_ms);
  };
  return { clock, process, resets, watchdog, lrm, feedUntil };
}

test('nobody is reset without clients, or while they feed', () => {
  const { clock, resets, lrm, feedUntil, watchdog } = machine();
  clock.runUntil(100_000);
  lrm.open(IGNORED);
  assert.ok(watchdog.isOpen('lrm') && !watchdog.isOpen('crm'));
  feedUntil(300_000);
  lrm.close(IGNORED);
  assert.equal(watchdog.clients, []);
  clock.runUntil(600_000);
  assert.equal(resets, []);
});

test('a silent client is the end 60 s after its last sign, and the device needs up to 10 s more', () => {
  const { clock, resets, lrm, watchdog } = machine();
  lrm.open(IGNORED);
  clock.runUntil(60_000);
  assert.not(watchdog.isFailing);
  clock.runUntil(200_000);
  assert.is(resets.length, 1);
  assert.ok(resets[0]! > 60 && resets[0]! <= 71, String(resets[0]));
});

test('a late device comes later by what it is late', () => {
  const { clock, resets, lrm } = machine(10_000);
  lrm.open(IGNORED);
  clock.runUntil(200_000);
  assert.ok(resets[0]! > 75 && resets[0]! <= 81, String(resets[0]));
});

test('a client that dies without a word is the end within 10 s', () => {
  const { clock, resets, lrm } = machine();
  clock.runUntil(20_000);
  lrm.open(IGNORED);
  lrm.vanish();
  clock.runUntil(100_000);
  assert.ok(resets[0]! >= 29 && resets[0]! <= 30, String(resets[0]));
});

test('a multiplexer that stands still is the end within 10 s, with and without clients', () => {
  const { clock, process, resets } = machine();
  clock.runUntil(20_000);
  process.stop();
  clock.runUntil(100_000);
  assert.ok(resets[0]! >= 29 && resets[0]! <= 30, String(resets[0]));
});

test('what a frozen machine was told waits, and a thawed one goes on', () => {
  const { clock, process, resets, lrm } = machine();
  lrm.open(IGNORED);
  clock.runUntil(20_000);
  process.stop();
  lrm.feed(IGNORED);
  clock.runUntil(25_000);
  process.continue();
  clock.runUntil(80_000);
  assert.equal(resets, []);
});

test.run();
