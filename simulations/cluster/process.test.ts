/** A process that waits for its disk. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { MachineClock } from './machine-clock.ts';
import { SimulatedProcess } from './process.ts';

function makeProcess() {
  const world = new VirtualClock();
  const process = new SimulatedProcess(new MachineClock(world));
  const seen: string[] = [];
  const note = (what: string) => () => seen.push(`${what} at ${world.monotonic_ms()}`);
  return { world, process, seen, note };
}

test('timers and datagrams come after a stall', () => {
  const { world, process, seen, note } = makeProcess();
  process.clock.setTimeout(note('timer'), 10);
  process.stall(50);
  process.run(note('datagram'));
  world.advance(100);
  assert.equal(seen, ['timer at 50', 'datagram at 50']);
});

test('a stall in the middle of catching up holds back the rest', () => {
  const { world, process, seen, note } = makeProcess();
  process.stall(50);
  process.run(() => process.stall(20));
  process.run(note('later'));
  world.advance(100);
  assert.equal(seen, ['later at 70']);
});

test('a process that is stopped while it waits goes on when both are over', () => {
  const { world, process, seen, note } = makeProcess();
  process.stall(50);
  process.run(note('task'));
  process.stop();
  world.advance(60);
  assert.ok(process.isHeld && process.isStopped);
  process.continue();
  assert.equal(seen, ['task at 60']);
  process.stall(10);
  process.stop();
  process.continue();
  assert.ok(process.isHeld);
  process.kill();
  process.run(note('nothing'));
  world.advance(100);
  assert.is(seen.length, 1);
});

test.run();
