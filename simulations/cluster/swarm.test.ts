// test-timeout: 1200
// test-exclusive
/**
 * The swarm, each seed twice: whole clusters under load and faults, each of at least 120 simulated seconds, with every checker of
 * simulations/checkers looking. A failure names the command that repeats it.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mergeCounts, missingSometimes } from '../coverage/report.ts';
import { runSwarm } from './swarm-processes.ts';
import { formatRun, formatSummary, type SeedReport } from './swarm-report.ts';

/** `npm run verify`, and so CI, runs more of them. */
const SEEDS = Number(process.env.SWARM_SEEDS ?? 100);
const JOBS = 2;
/** Every seed. */
const TWICE = 1;
const LEAST_SIMULATED_MS = 120_000;

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

test('every seed left the same trace twice', () => {
  for (const { seed, digest, secondDigest } of reports) assert.is(secondDigest, digest, `seed ${seed}`);
});

test('the swarm has met what it is meant to test', () => {
  const counts = mergeCounts(reports.flatMap(({ marks, coverage }) => [marks, coverage]));
  assert.equal(missingSometimes(counts, reports.length, 0), []);
  console.log(formatSummary(reports));
});

test.run();
