// test-timeout: 240
/** The act after which nothing could be avoided any more: in runs that are made up, and in one of the simulator. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CheckerFactory } from '../checkers/observation.ts';
import { type RunResult, runSeed } from '../cluster/run.ts';
import { replay, type Schedule, scheduleOf } from '../schedule/schedule.ts';
import type { Step } from '../schedule/step.ts';
import { inevitableText, whenInevitable } from './inevitable.ts';

const options = runSeed(7, { options: { chaos_ms: 1000, nodeCount: 2 } }).options;

/** Crashes of node 1, each a second after the one before, and a boot behind each. */
function crashes(count: number): Schedule {
  const steps = Array.from({ length: count }, (_, at): readonly Step[] => [
    { act: 'crash', node: 1, at_ms: at * 1000, by: `crash ${at + 1}` },
    { act: 'boot', node: 1, at_ms: at * 1000 + 500, by: `crash ${at + 1}` },
  ]);
  return { options, steps: steps.flat() };
}

/** Violates its rule a second after the crash at `fatal_ms`, or never. */
const runs =
  (fatal_ms: number | undefined, seen: Schedule[] = []) =>
  (schedule: Schedule): RunResult => {
    seen.push(schedule);
    const isFatal = schedule.steps.some((step) => 'act' in step && step.act === 'crash' && step.at_ms === fatal_ms);
    const violations = isFatal ? [{ rule: 'a rule', message: '', time_ms: fatal_ms! + 1000 }] : [];
    return { violations, crash: undefined, options, script: schedule.steps } as unknown as RunResult;
  };

test('the act is found wherever it is, in few runs, and what heals is kept', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(), (count, place) => {
      const fatal = place % count;
      const seen: Schedule[] = [];
      const found = whenInevitable(crashes(count), { run: runs(fatal * 1000, seen) });
      assert.is(found?.act?.at_ms, fatal * 1000);
      assert.is(found?.violated_ms, fatal * 1000 + 1000);
      assert.ok(found!.runs <= 3 + Math.ceil(Math.log2(count + 1)), `${found!.runs} runs for ${count} acts`);
      for (const { steps } of seen)
        assert.is(steps.filter((step) => 'act' in step && step.act === 'boot').length, count);
    }),
  );
});

test('a rule that is violated without any act was lost from the beginning', () => {
  const always = (): RunResult =>
    ({ violations: [{ rule: 'a rule', time_ms: 700 }], options, script: [] }) as unknown as RunResult;
  const found = whenInevitable(crashes(5), { run: always })!;
  assert.is(found.act, undefined);
  assert.match(inevitableText(found), "inevitable from the beginning: 'a rule' is violated at 0.700 s");
});

test('nothing is inevitable where nothing is violated', () => {
  assert.is(whenInevitable(crashes(3), { run: runs(undefined) }), undefined);
});

test('it is told in a sentence, with what did not matter', () => {
  const found = whenInevitable(crashes(9), { run: runs(3000) })!;
  const text = inevitableText(found);
  assert.match(text, `inevitable from 3.000 s on, act 4 of 5: crash {"node":1} of the fault 'crash 4'`);
  assert.match(text, 'what was done after it until 4.000 s did not matter');
});

/** Fails when node 2 ends for the second time while the cluster is under faults. */
const twoCrashes: CheckerFactory = (view, fail) => {
  let crashed = 0;
  return {
    rule: 'two crashes',
    why: 'a test needs something that fails',
    died: ({ nodeid }) => {
      if (nodeid !== 2 || view.now_ms < 3000) return;
      crashed += 1;
      if (crashed === 2) fail('twice');
    },
  };
};

test('in the simulator: the same run, with what follows the act left out, violates the rule too', () => {
  const set = { chaos_ms: 60_000, nodeCount: 3, profile: 'wild', faults: ['crash'] } as const;
  const checkers = [twoCrashes];
  const failing = [1, 2, 3, 4, 5, 6]
    .map((seed) => runSeed(seed, { options: set, checkers }))
    .find(({ violations }) => violations[0]?.rule === 'two crashes');
  assert.ok(failing, 'a seed leads there');
  const schedule = scheduleOf(failing);
  const found = whenInevitable(schedule, { run: (each) => replay(each, { endsAtViolation: true, checkers }) })!;
  assert.is(found.rule, 'two crashes');
  const { act } = found;
  assert.ok(act !== undefined && act.act === 'crash' && act.node === 2, JSON.stringify(act));
  assert.is(found.violated_ms, act.at_ms);
});

test.run();
