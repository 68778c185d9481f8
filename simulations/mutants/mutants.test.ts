// test-timeout: 900
// test-exclusive
/** Every mutant is caught by a checker that it names, and the runs that catch them go well without it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CHECKERS } from '../checkers/all.ts';
import { HA_CHECKERS } from '../checkers/ha/all.ts';
import type { ClusterView } from '../checkers/observation.ts';
import { MUTANTS } from './all.ts';
import { HA_MUTANTS } from './ha-mutants.ts';
import { mutantProblems, patched } from './mutant.ts';
import { formatTrial } from './report.ts';
import { type Trial, tryMutant, tryMutants, unpatchedProblems } from './trial.ts';

const JOBS = 2;
const LEAST_MUTANTS = 25;
const LEAST_HA_MUTANTS = 20;
const NO_CLUSTER: ClusterView = {
  now_ms: 0,
  nodes: [],
  leastNodes: 0,
  profile: 'promise',
  areVotesLowered: false,
  reachedFrom: () => [],
  heardBy: () => [],
};
const RULES = [...CHECKERS, ...HA_CHECKERS].map((create) => create(NO_CLUSTER, () => {}).rule);

test('a patch fits where its text stands exactly once', () => {
  const patch = { file: 'x.ts', from: 'a < b', to: 'a <= b' };
  assert.equal(patched('if (a < b) $&', patch), { text: 'if (a <= b) $&' });
  for (const text of ['if (a > b)', 'a < b, a < b'])
    assert.match((patched(text, patch) as { problem: string }).problem, /x\.ts/);
});

test('a mutant that breaks nothing survives, and one that does not fit is broken', async () => {
  const [mutant] = MUTANTS;
  const seeds = mutant!.seeds.slice(0, 1);
  assert.is((await tryMutant({ ...mutant!, patches: [], seeds })).verdict, 'survived');
  const gone = { file: 'machines/cluster/votequorum.ts', from: 'no such text', to: '' };
  const { verdict, notes } = await tryMutant({ ...mutant!, patches: [gone], seeds });
  assert.is(verdict, 'broken');
  assert.match(notes.join(' '), /votequorum\.ts holds this text not/);
});

test('the list is sound', () => {
  assert.equal(mutantProblems(MUTANTS, RULES), []);
  assert.ok(MUTANTS.length >= LEAST_MUTANTS);
  assert.ok(HA_MUTANTS.length >= LEAST_HA_MUTANTS);
});

test('every mutant is caught by a checker that it names', async () => {
  const trials: Trial[] = [];
  await tryMutants(MUTANTS, JOBS, (trial) => trials.push(trial));
  assert.is(trials.length, MUTANTS.length);
  const others = trials.filter(({ verdict }) => verdict !== 'caught');
  assert.is(others.map(formatTrial).join('\n'), '');
  assert.equal(await unpatchedProblems(trials, JOBS), []);
});

test.run();
