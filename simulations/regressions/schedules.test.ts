/** What was once found stays away. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runSeed } from '../cluster/run.ts';
import { SCHEDULES } from './schedules.ts';

for (const { seed, set, what } of SCHEDULES) {
  test(`seed ${seed}: ${what}`, () => {
    const { violations, crash } = runSeed(seed, { options: set });
    assert.equal({ violations, crash }, { violations: [], crash: undefined });
  });
}

test.run();
