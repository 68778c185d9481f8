/** Coverage: the names that runs count are those that the machines define. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runSeed } from '../cluster/run.ts';
import { HOSTED_MACHINES } from './hosted-machines.ts';
import { formatCoverage, machineCoverage, mergeCounts, missingSometimes } from './report.ts';
import { ENOUGH_HA_RUNS, ENOUGH_RUNS, HA_SOMETIMES, SOMETIMES } from './sometimes.ts';

const PARTS = HOSTED_MACHINES.flatMap(({ name, states, transitions }) =>
  [...states, ...transitions].map((part) => `${name}: ${part}`),
);
const SHORT = { chaos_ms: 8000, nodeCount: 3, faults: ['crash', 'partition'] } as const;

test('every state and every transition has a name of its own', () => {
  assert.is(new Set(PARTS).size, PARTS.length);
  for (const { name, states, transitions } of HOSTED_MACHINES) {
    assert.ok(states.length > 1 && transitions.length > states.length, name);
  }
});

test('what a run counts is in the definitions, and it is counted for all machines', () => {
  const { coverage } = runSeed(3, { options: { ...SHORT, locks: true } });
  const known = new Set(PARTS);
  assert.equal(
    Object.keys(coverage).filter((name) => !known.has(name)),
    [],
  );
  for (const { machine, statesReached, transitionsTaken } of machineCoverage(coverage)) {
    assert.ok(statesReached > 0 && transitionsTaken > 0, machine);
  }
});

test('a run with high availability counts its machines too', () => {
  const options = { ...SHORT, faults: ['daemon-restart', 'partition'], ha: { operator: false, services: 2 } } as const;
  const { coverage } = runSeed(4, { options });
  const known = new Set(PARTS);
  assert.equal(
    Object.keys(coverage).filter((name) => !known.has(name)),
    [],
  );
  for (const { machine, statesReached } of machineCoverage(coverage)) {
    assert.ok(statesReached > 0 || machine === 'fence-job', machine);
  }
});

test('runs are merged by adding, and what none has met is named', () => {
  const counts = mergeCounts([{ 'membership: gather': 2, 'lock: held': 1 }, { 'membership: gather': 3 }]);
  assert.equal(counts, { 'membership: gather': 5, 'lock: held': 1 });
  const membership = machineCoverage(counts).find(({ machine }) => machine === 'membership')!;
  assert.is(membership.statesReached, 1);
  assert.not(membership.missing.includes('gather'));
  assert.ok(membership.missing.includes('commit'));
  assert.match(formatCoverage(counts), /membership: 1 of 6 states, 0 of \d+ transitions\n {2}never: idle\n/);
});

test('a sometimes that never happened is told with its sentence', () => {
  const all = Object.fromEntries(SOMETIMES.map(({ name }) => [name, 1]));
  assert.equal(missingSometimes(all, ENOUGH_RUNS, 0), []);
  assert.equal(missingSometimes({}, ENOUGH_RUNS - 1, ENOUGH_HA_RUNS - 1), []);
  assert.is(missingSometimes(all, ENOUGH_RUNS, ENOUGH_HA_RUNS).length, HA_SOMETIMES.length);
  const { 'token lost': _, ...without } = all;
  assert.equal(
    missingSometimes(without, ENOUGH_RUNS, 0).map(({ name }) => name),
    ['token lost'],
  );
});

test('what must happen sometimes has one sentence each, and where it is of a machine it is in its definition', () => {
  const all = [...SOMETIMES, ...HA_SOMETIMES];
  assert.is(new Set(all.map(({ name }) => name)).size, all.length);
  const known = new Set(PARTS);
  for (const { name, why } of all) {
    assert.ok(!name.includes(': ') || known.has(name), name);
    assert.match(why, /^[A-Z].*\.$/);
  }
});

test.run();
