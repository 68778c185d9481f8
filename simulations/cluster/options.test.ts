/** What seeds draw. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { drawOptions, FAULT_KINDS, MEMBERSHIP_FAULTS } from './options.ts';

const SEEDS = Array.from({ length: 400 }, (_, seed) => seed);

test('every run has a fault that changes the membership, and none beyond its promise', () => {
  for (const seed of SEEDS) {
    const { faults, profile, nodeCount } = drawOptions(seed);
    assert.ok(
      MEMBERSHIP_FAULTS.some((kind) => faults.includes(kind)),
      `seed ${seed}`,
    );
    if (profile === 'promise') assert.ok(nodeCount > 2 && !faults.includes('bit-rot') && !faults.includes('expected'));
  }
});

test('some seed draws each kind of fault and each kind of client', () => {
  const all = SEEDS.map((seed) => drawOptions(seed));
  for (const kind of FAULT_KINDS)
    assert.ok(
      all.some(({ faults }) => faults.includes(kind)),
      kind,
    );
  for (const name of ['guests', 'locks', 'trees', 'readers', 'largeFiles', 'edits', 'growth', 'freshNodes'] as const) {
    assert.ok(all.some((options) => options[name]) && all.some((options) => !options[name]), name);
  }
});

test('what is set is set, and a run that is set to the promise loses the faults beyond it that it has drawn', () => {
  const wild = SEEDS.find((seed) => drawOptions(seed).faults.includes('bit-rot'))!;
  assert.not(drawOptions(wild, { profile: 'promise' }).faults.includes('bit-rot'));
  assert.equal(drawOptions(wild, { profile: 'promise', faults: ['bit-rot'] }).faults, ['bit-rot']);
  assert.is(drawOptions(wild, { nodeCount: 6 }).nodeCount, 6);
});

test.run();
