import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runTotemSeed } from './faults.ts';

test('200 random schedules keep the contract of process groups, never two quorate rings, and settle', () => {
  const failures: string[] = [];
  for (let seed = 1; seed <= 200; seed++) {
    const run = runTotemSeed(seed, { faults_ms: 6000 });
    for (const { rule, message } of run.violations.slice(0, 3)) failures.push(`seed ${seed} ${rule}: ${message}`);
  }
  assert.equal(failures, [], 'repeat with simulations/totem/soak.ts --seed N --faults 6000');
});

test('one seed gives one run', () => {
  for (const seed of [3, 4]) {
    assert.is(runTotemSeed(seed, { faults_ms: 5000 }).fingerprint, runTotemSeed(seed, { faults_ms: 5000 }).fingerprint);
  }
});

test.run();
