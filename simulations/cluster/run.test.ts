/** The simulator itself: a seed means one run, and nothing of the host gets in. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { withoutAmbient } from './ambient.ts';
import { MachineClock } from './machine-clock.ts';
import { drawOptions } from './options.ts';
import { SimulatedProcess } from './process.ts';
import { runSeed } from './run.ts';

const SHORT = { chaos_ms: 8000, nodeCount: 3 } as const;

test('two runs of a seed are equal, line by line', () => {
  const runs = [0, 1].map(() => {
    const lines: string[] = [];
    const { digest } = runSeed(7, { options: SHORT, sink: (line) => lines.push(line) });
    return { digest, lines };
  });
  assert.equal(runs[0]!.lines, runs[1]!.lines);
  assert.is(runs[0]!.digest, runs[1]!.digest);
  assert.ok(runs[0]!.lines.length > 500);
});

test('another seed is another run', () => {
  assert.is.not(runSeed(7, { options: SHORT }).digest, runSeed(8, { options: SHORT }).digest);
});

test('options are drawn from the seed alone', () => {
  assert.equal(drawOptions(4711), drawOptions(4711));
});

test('the host has no clock, no timer and no chance while a simulation runs, and has them afterwards', () => {
  const attempts: readonly (() => unknown)[] = [
    () => Date.now(),
    () => Math.random(),
    () => setTimeout(() => {}, 0),
    () => new Promise(() => {}),
  ];
  for (const attempt of attempts) assert.throws(() => withoutAmbient(attempt), /of the host/);
  assert.type(Date.now(), 'number');
  assert.type(performance.now(), 'number');
});

test('a process that is stopped takes its timers and datagrams when it goes on, a dead one never', () => {
  const clock = new VirtualClock();
  const process = new SimulatedProcess(new MachineClock(clock, 5000));
  const seen: string[] = [];
  const receive = process.receiver((sender) => seen.push(`from ${sender}`));
  process.clock.setTimeout(() => seen.push('timer'), 10);
  process.stop();
  receive(2, Buffer.alloc(1));
  clock.advance(100);
  assert.equal(seen, []);
  process.continue();
  assert.equal(seen, ['timer', 'from 2']);
  process.clock.setTimeout(() => seen.push('late'), 10);
  process.kill();
  receive(3, Buffer.alloc(1));
  clock.advance(100);
  assert.is(seen.length, 2);
  assert.is(process.clock.wall_ms() - clock.wall_ms(), 5000);
});

test.run();
