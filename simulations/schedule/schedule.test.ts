/** A schedule is the run that it was recorded from; a file that is none is told so. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type RunResult, runSeed } from '../cluster/run.ts';
import { calmOptions } from './calm-options.ts';
import { formatSchedule, readSchedule, replay, type Schedule, scheduleOf } from './schedule.ts';

const SEEDS = [1, 2, 5, 9, 12, 14] as const;
const SHORT = { chaos_ms: 25_000, largeFiles: false } as const;

function roundTrip(result: RunResult): Schedule {
  const schedule = readSchedule(formatSchedule(scheduleOf(result)), 'file');
  if ('complaint' in schedule) throw new Error(schedule.complaint);
  return schedule;
}

for (const seed of SEEDS) {
  test(`seed ${seed}: its schedule, written and read, is the same run to the last record`, () => {
    const result = runSeed(seed, { options: SHORT });
    const again = replay(roundTrip(result));
    assert.is(again.digest, result.digest);
    assert.is(again.records, result.records);
    assert.equal(again.script, result.script);
  });
}

test('a run that fails has a schedule that fails in the same way', () => {
  const checkers = [
    (_view: unknown, fail: (message: string) => void) => ({
      rule: 'nobody dies',
      why: 'a test needs something that fails',
      died: ({ name }: { readonly name: string }) => fail(`${name} died`),
    }),
  ];
  const result = runSeed(3, { options: { ...SHORT, faults: ['crash'] }, checkers });
  assert.is(result.verdict, 'safety');
  const again = replay(roundTrip(result), { checkers });
  assert.is(again.digest, result.digest);
  assert.equal(again.violations, result.violations);
});

test('a run ends where it is told to, and is the same until then', () => {
  const lines: string[][] = [[], []];
  const whole = runSeed(9, { options: SHORT, sink: (line) => lines[0]!.push(line) });
  const part = runSeed(9, { options: SHORT, sink: (line) => lines[1]!.push(line), until_ms: 9000 });
  assert.is(part.simulated_ms, 9000);
  assert.ok(part.records < whole.records);
  assert.equal(lines[0]!.slice(0, lines[1]!.length), lines[1]);
});

const head = `"version":1,"options":${JSON.stringify(calmOptions())}`;
const BAD: readonly (readonly [text: string, complaint: RegExp])[] = [
  ['{', /^f: .*JSON/],
  ['[]', /^f: this is no schedule$/],
  ['{"version":7}', /^f: this is no schedule of version 1$/],
  ['{"version":1,"options":{}}', /^f: a schedule has options and steps$/],
  ['{"version":1,"options":{"nodeCount":"x"},"steps":[]}', /^f: "x" is no nodeCount/],
  [`{${head},"steps":[{"act":"boot","node":1},{"act":"explode","node":1}]}`, /^f: step 2 has no known act: "explode"$/],
  [`{${head},"steps":[{"act":"crash"}]}`, /^f: step 1 \(crash\) has the node undefined$/],
  [`{${head},"steps":[{"act":"crash","node":0}]}`, /^f: step 1 \(crash\) has the node 0$/],
  [`{${head},"steps":[{"act":"crash","node":1,"hard":true}]}`, /^f: step 1 \(crash\) has a field 'hard'$/],
  [`{${head},"steps":[{"act":"cut","ways":[[1]]}]}`, /^f: step 1 \(cut\) has the ways \[\[1\]\]$/],
  [`{${head},"steps":[{"act":"crash","node":1,"at_ms":-1}]}`, /^f: step 1 has the time -1$/],
  [`{${head},"steps":[{"stage":"dance"}]}`, /^f: step 1 has no known stage: "dance"$/],
  [`{${head},"steps":[{"expect":{"is":"joy"},"within_ms":0}]}`, /^f: step 1 has no known is: "joy"$/],
];

for (const [text, complaint] of BAD) {
  test(`bad: ${complaint.source}`, () => {
    const read = readSchedule(text, 'f');
    assert.match('complaint' in read ? read.complaint : 'good', complaint);
  });
}

test.run();
