import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runDurabilitySeed } from './durability.ts';

test('acknowledged entries survive whatever happens to a minority (§13.2.1)', () => {
  const failures: string[] = [];
  let acknowledged = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const run = runDurabilitySeed(seed);
    acknowledged += run.acknowledged;
    for (const { rule, message } of run.violations.slice(0, 3)) failures.push(`seed ${seed} ${rule}: ${message}`);
  }
  assert.equal(failures, []);
  assert.ok(acknowledged > 10_000, `${acknowledged} acknowledged`);
});

test('the same check sees what agreed delivery loses: acknowledgement `local` makes no such promise', () => {
  let lost = 0;
  for (const seed of [4, 8, 13, 16]) {
    lost += runDurabilitySeed(seed, { acknowledgement: 'local' }).violations.filter(
      ({ rule }) => rule === '13.2.1',
    ).length;
  }
  assert.ok(lost > 0);
});

test.run();
