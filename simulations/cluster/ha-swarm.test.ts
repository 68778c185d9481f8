// test-timeout: 1200
// test-exclusive
/**
 * The swarm of the profile `ha`, each seed twice: high availability over simulated clusters, with guests, watchdogs and power, under faults
 * of all kinds. Every service that may run runs within 400 s after healing, and never on two machines.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PLAIN_SWEEP, settingsOf } from '../commands/profiles.ts';
import { mergeCounts, missingSometimes } from '../coverage/report.ts';
import { runSwarm } from './swarm-processes.ts';
import { formatRun, formatSummary, type SeedReport } from './swarm-report.ts';

/** CI runs more of them. A run takes a few seconds, ten times as long as one without high availability. */
const SEEDS = Number(process.env.HA_SWARM_SEEDS ?? 24);
const JOBS = 2;
const SWEEP = { ...PLAIN_SWEEP, profile: 'ha' } as const;

let reports: readonly SeedReport[] = [];

test(`${SEEDS} seeds keep every promise, and leave the same trace twice`, async () => {
  const all: SeedReport[] = [];
  const set = (seed: number) => settingsOf(SWEEP, seed);
  await runSwarm({ first: 1, last: SEEDS, jobs: JOBS, twice: 1, set }, (report) => all.push(report));
  reports = all;
  const failed = all.filter(({ verdict }) => verdict !== 'ok');
  assert.is(failed.map((report) => formatRun(report, ' --profile ha')).join('\n'), '');
  assert.is(all.length, SEEDS);
});

test('every run has high availability, its faults, and services that ran', () => {
  for (const { seed, faults, marks, options } of reports) {
    assert.ok(options.ha !== undefined && faults > 0, `seed ${seed}`);
    assert.ok((marks['CRM became master'] ?? 0) > 0, `seed ${seed} had no master`);
  }
});

test('the swarm has met what it is meant to test', () => {
  const counts = mergeCounts(reports.flatMap(({ marks, coverage }) => [marks, coverage]));
  assert.equal(missingSometimes(counts, 0, reports.length), []);
  console.log(formatSummary(reports));
});

test.run();
