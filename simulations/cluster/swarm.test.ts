// test-timeout: 600
// test-exclusive
/**
 * The swarm over 300 seeds: whole clusters under load and faults, each of at least 120 simulated seconds, with every checker of
 * simulations/checkers looking. A failure names the command that repeats it.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runSwarm } from './swarm-processes.ts';
import { formatRun, type SeedReport } from './swarm-report.ts';

const SEEDS = 300;
const JOBS = 2;
/** Every so many seeds one runs twice. */
const TWICE = 25;
const LEAST_SIMULATED_MS = 120_000;

/** What a swarm that tests anything must have met, somewhere. */
const SOMETIMES = [
  'acknowledged',
  'commit refused',
  'corosync.conf edited',
  'error -1',
  'error -13',
  'error -16',
  'error -5',
  'guest moved',
  'lock contended',
  'lock taken',
  'losing side kept',
  'message queue delivered',
  'old configuration refused',
  'queue sent again',
  'quorum lost',
  'state transfer',
  'store recovered',
  'sync queue delivered',
  'token lost',
  'write delivered without quorum',
];

let reports: readonly SeedReport[] = [];

test(`${SEEDS} seeds keep every promise`, async () => {
  const all: SeedReport[] = [];
  await runSwarm({ first: 1, last: SEEDS, jobs: JOBS, twice: TWICE }, (report) => all.push(report));
  reports = all;
  const failed = all.filter(({ verdict }) => verdict !== 'ok');
  assert.is(failed.map((report) => formatRun(report)).join('\n'), '');
  assert.is(all.length, SEEDS);
});

test('every run lasts long enough, and has its faults', () => {
  for (const { seed, simulated_ms, marks } of reports) {
    assert.ok(simulated_ms >= LEAST_SIMULATED_MS, `seed ${seed} ended after ${simulated_ms} ms`);
    assert.ok(
      Object.keys(marks).some((name) => name.startsWith('fault ')),
      `seed ${seed} had no fault`,
    );
  }
});

test('seeds that ran twice left the same trace', () => {
  const twice = reports.filter(({ secondDigest }) => secondDigest !== undefined);
  assert.is(twice.length, SEEDS / TWICE);
  for (const { seed, digest, secondDigest } of twice) assert.is(digest, secondDigest, `seed ${seed}`);
});

test('the swarm has met what it is meant to test', () => {
  const met = new Set(reports.flatMap(({ marks }) => Object.keys(marks)));
  assert.equal(
    SOMETIMES.filter((name) => !met.has(name)),
    [],
  );
});

test.run();
