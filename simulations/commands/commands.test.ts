/** The commands of the simulator, without a process: what they print, write and answer. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exitCodeOf, formatRun, formatSummary, repetitionOf, type SeedReport } from '../cluster/swarm-report.ts';
import { flagsOf, PLAIN_SWEEP, readSet, settingsOf } from './profiles.ts';
import { type ReplayOrder, replayOnce } from './replay.ts';
import { junitText, sweepJson } from './report-files.ts';
import { sweep } from './run.ts';
import { shrinkOnce } from './shrink.ts';
import { readSource } from './source.ts';
import { readCount, readInstant, readRange, UsageProblem } from './usage.ts';

const folder = mkdtempSync(join(tmpdir(), 'pve-actors-sim-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const SHORT = { ...PLAIN_SWEEP, set: { chaos_ms: 5000, nodeCount: 3, largeFiles: false } };
const set = (seed: number) => settingsOf(SHORT, seed);

function listener() {
  const printed: string[] = [];
  const told: string[] = [];
  return { printed, told, print: (text: string) => printed.push(text), tell: (text: string) => told.push(text) };
}

function order(source: string, more: Partial<ReplayOrder> = {}): ReplayOrder {
  return {
    source: readSource(source),
    set,
    trace: undefined,
    schedule: undefined,
    until_ms: undefined,
    isRewritten: false,
    ...more,
  };
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test('a sweep prints its summary, writes both files and answers 0', async () => {
  const [json, junit] = [join(folder, 'sweep.json'), join(folder, 'sweep.xml')];
  const speech = listener();
  const seeds = { first: 3, last: 4 };
  assert.is(await sweep({ seeds, sweep: SHORT, jobs: 2, twice: 1, json, junit }, speech), 0);
  assert.match(speech.printed.join('\n'), /^2 seeds \(2 of them twice\): 2 ok, 0 safety/m);
  assert.match(speech.printed.join('\n'), /^simulated seconds\s+121/m);
  const { version, seeds: written } = JSON.parse(readFileSync(json, 'utf8'));
  assert.is(version, 1);
  assert.equal(
    written.map((each: SeedReport) => [each.seed, each.verdict]),
    [
      [3, 'ok'],
      [4, 'ok'],
    ],
  );
  assert.match(readFileSync(junit, 'utf8'), /<testsuite name="pve-actors sim" tests="2" failures="0" errors="0"/);
});

const FAILED: SeedReport = {
  seed: 7,
  options: {
    ...settingsOf(SHORT, 7),
    seed: 7,
    faults: ['crash'],
    latency_ms: [1, 2],
  } as unknown as SeedReport['options'],
  verdict: 'safety',
  violations: [{ rule: 'I4', message: '"a" < \u0001b & c', time_ms: 1500 }],
  crash: undefined,
  digest: 'x',
  records: 1,
  simulated_ms: 121_000,
  requests: 10,
  datagrams: 100,
  marks: {},
  coverage: {},
  script: [],
  wall_ms: 1000,
  faults: 3,
  secondDigest: undefined,
};

test('a failure is told with the command that repeats it, in text, JSON and XML', () => {
  assert.match(formatRun(FAILED, flagsOf(SHORT)), /sim replay 7 --set '\{"chaos_ms":5000/);
  assert.match(formatRun(FAILED), /at 1\.500 s, I4: "a"/);
  assert.match(JSON.parse(sweepJson([FAILED], '')).seeds[0].repeat, /sim replay 7$/);
  const xml = junitText([FAILED], '');
  assert.match(xml, /<failure type="safety" message="I4: &quot;a&quot; &lt; \?b &amp; c">repeat it: /);
  assert.match(repetitionOf({ seed: 7, verdict: 'differs' }, ''), /sim run --seeds 7 --twice 1$/);
  assert.match(formatSummary([FAILED]), /1 seeds \(0 of them twice\): 0 ok, 1 safety/);
});

test('the gravest verdict decides on the exit code', () => {
  const codeOf = (...verdicts: SeedReport['verdict'][]) => exitCodeOf(verdicts.map((verdict) => ({ verdict })));
  assert.equal(
    [codeOf('ok'), codeOf('ok', 'safety'), codeOf('liveness'), codeOf('safety', 'crash'), codeOf('differs', 'ok')],
    [0, 1, 2, 3, 4],
  );
});

test('a seed, its schedule and its trace: replayed, all are one run', () => {
  const [schedule, trace, second] = ['s.json', 't1', 't2'].map((name) => join(folder, name));
  const first = listener();
  assert.is(replayOnce(order('5', { schedule, trace }), first), 0);
  assert.match(first.printed[0]!, /^seed 5: 3 nodes/);
  const again = listener();
  assert.is(replayOnce(order(schedule!, { trace: second }), again), 0);
  assert.is(again.printed.at(-1), first.printed.at(-1));
  assert.is(readFileSync(second!, 'utf8'), readFileSync(trace!, 'utf8'));
  assert.is(readSource(trace!).kind, 'trace');
});

test('a run can be left at an instant', () => {
  const speech = listener();
  assert.is(replayOnce(order('5', { until_ms: 2000 }), speech), 0);
  assert.match(speech.printed.at(-1)!, /^ok: 2\.000 s/);
});

test('a scenario is rewritten where that is asked for, and only its history', () => {
  const head = '# Why.\ncluster nodes=1\nshow answers\nstart\ncreate n1 shared/a\nwithin 5s answered';
  const path = file('s.txt', `${head}\n----\nold\n`);
  const speech = listener();
  assert.is(replayOnce(order(path), speech), 0);
  assert.match(speech.printed.join('\n'), /another one than the file says:\n- .*old\n\+ .* n1: create shared\/a: done/);
  assert.ok(readFileSync(path, 'utf8').endsWith('old\n'));
  assert.is(replayOnce(order(path, { isRewritten: true }), listener()), 0);
  assert.match(readFileSync(path, 'utf8'), new RegExp(`^${head}\n----\n0.*s n1: create shared/a: done\n$`));
});

test('a scenario that fails answers as a seed does', () => {
  const path = file('bad.txt', 'cluster nodes=1\nstart\nexpect file n1 shared/a "x"\n');
  assert.is(replayOnce(order(path), listener()), 1);
  const late = file('late.txt', 'cluster nodes=1\nstart\nwithin 1s file n1 shared/a "x"\n');
  assert.is(replayOnce(order(late), listener()), 2);
});

test('a failing scenario shrinks to what fails', () => {
  const lines = [
    'cluster nodes=3 profile=wild',
    'start',
    'crash n3',
    'wait 2s',
    'boot n3',
    'pause n1',
    'within 3s down n2',
    '',
  ];
  const output = join(folder, 'shrunk.txt');
  const speech = listener();
  const source = readSource(file('failing.txt', lines.join('\n')));
  assert.is(shrinkOnce({ source, set, budget: 20, output }, speech), 0);
  assert.ok(speech.told.length > 3);
  assert.match(readFileSync(output, 'utf8'), /^# Shrunk: violates 'liveness'\.\ncluster /);
  assert.is(replayOnce(order(output), listener()), 2);
});

const WRONG: readonly (readonly [what: string, run: () => unknown, sentence: RegExp])[] = [
  ['range', () => readRange('9..3', '--seeds'), /^--seeds wants N or N\.\.M, not '9\.\.3'$/],
  ['count', () => readCount('0', '--jobs', 1), /^--jobs wants a number from 1, not '0'$/],
  ['instant', () => readInstant('soon', '--until'), /^--until: 'soon' is no time/],
  ['set', () => readSet('{'), /^--set wants options as JSON/],
  ['option', () => readSet('{"colour":1}'), /^--set: there is no option 'colour'/],
  ['value', () => readSet('{"nodeCount":"x"}'), /^--set: "x" is no nodeCount/],
  ['source', () => readSource(join(folder, 'nowhere')), /is neither a seed nor a file$/],
  ['scenario', () => readSource(file('wrong.txt', 'cluster\nexplode\n')), /wrong\.txt:2: there is no step 'explode'$/],
  ['schedule', () => readSource(file('wrong.json', '{"version":2}')), /wrong\.json: this is no schedule of version 1$/],
  ['rewrite', () => replayOnce(order('5', { isRewritten: true }), listener()), /^--rewrite wants a scenario$/],
  ['target', () => replayOnce(order('5', { trace: join(folder, 'no', 't') }), listener()), /^there is no folder/],
  [
    'well',
    () => shrinkOnce({ source: readSource('5'), set, budget: 5, output: join(folder, 'none') }, listener()),
    /nothing to shrink$/,
  ],
];

for (const [what, run, sentence] of WRONG) {
  test(`wrong ${what}: one sentence, and nothing is written`, () => {
    assert.throws(run, (error: unknown) => error instanceof UsageProblem && sentence.test(error.message));
    assert.not.ok(existsSync(join(folder, 'none')) || existsSync(join(folder, 'no')));
  });
}

test('numbers of nodes follow the seed, and two nodes promise nothing', () => {
  const counts = new Set<number | undefined>();
  for (let seed = 1; seed <= 60; seed += 1) {
    const { nodeCount, profile } = settingsOf({ ...PLAIN_SWEEP, nodes: { first: 2, last: 5 } }, seed);
    counts.add(nodeCount);
    assert.is(profile, nodeCount === 2 ? 'wild' : undefined);
  }
  assert.equal([...counts].sort(), [2, 3, 4, 5]);
});

test.run();
