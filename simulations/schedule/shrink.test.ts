/** A failing schedule becomes small and keeps failing by the same rule. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CheckerFactory } from '../checkers/observation.ts';
import { runSeed } from '../cluster/run.ts';
import { ddmin } from './ddmin.ts';
import { isWithinPromise } from './promise.ts';
import { faultsOf } from './reductions.ts';
import { replay, scheduleOf } from './schedule.ts';
import { shrink } from './shrink.ts';

/** Fails when node 3 comes back while node 2 is down or stopped: nobody promised anything else, but a schedule leads there. */
const neverBoth: CheckerFactory = (view, fail) => ({
  rule: 'never both',
  why: 'a test needs something that fails',
  booted: ({ nodeid }) => {
    if (nodeid === 3 && view.now_ms > 5000 && view.nodes[1]?.process?.isStopped !== false) fail('both');
  },
});

test('ddmin finds what a test needs, and not more', () => {
  const items = Array.from({ length: 20 }, (_, at) => at);
  let runs = 0;
  const kept = ddmin(items, (left) => {
    runs += 1;
    return left.includes(3) && left.includes(17);
  });
  assert.equal(kept, [3, 17]);
  assert.ok(runs < 60, `${runs} runs`);
  assert.equal(
    ddmin(items, () => true),
    [],
  );
  assert.equal(
    ddmin(items, () => false),
    items,
  );
});

test('a seed shrinks to the acts that matter, and the result fails by the same rule', () => {
  const options = {
    chaos_ms: 60_000,
    nodeCount: 5,
    profile: 'wild',
    faults: ['crash', 'pause', 'loss', 'partition'],
  } as const;
  const checkers = [neverBoth];
  const failing = [1, 2, 3, 4, 5, 6, 7, 8]
    .map((seed) => runSeed(seed, { options, checkers }))
    .find(({ verdict }) => verdict === 'safety');
  assert.ok(failing, 'a seed leads there');
  const shrunk = shrink(scheduleOf(failing), {
    budget: 80,
    run: (schedule) => replay(schedule, { endsAtViolation: true, checkers }),
  });
  assert.ok(shrunk);
  assert.is(shrunk.rule, 'never both');
  assert.ok(faultsOf(shrunk.schedule).length <= 3, JSON.stringify(shrunk.schedule));
  assert.ok(shrunk.schedule.options.nodeCount <= 3);
  assert.ok(shrunk.schedule.steps.length <= 14, JSON.stringify(shrunk.schedule));
  assert.is(replay(shrunk.schedule, { checkers }).violations[0]?.rule, 'never both');
});

test('what violates nothing is not shrunk', () => {
  const result = runSeed(7, { options: { chaos_ms: 4000, nodeCount: 3 } });
  assert.is(shrink(scheduleOf(result), { budget: 10 }), undefined);
});

test('the promise: all harm between two settled moments has to do with one minority', () => {
  const options = { ...runOptions(), profile: 'promise', nodeCount: 3 } as const;
  const crash = (node: number) => ({ act: 'crash', node }) as const;
  const healed = [{ act: 'heal' }, { expect: { is: 'settled' }, within_ms: 60_000 }] as const;
  assert.ok(
    isWithinPromise({
      options,
      steps: [
        crash(1),
        {
          act: 'cut',
          ways: [
            [1, 2],
            [3, 1],
          ],
        },
      ],
    }),
  );
  assert.not.ok(isWithinPromise({ options, steps: [crash(1), crash(2)] }));
  assert.ok(isWithinPromise({ options, steps: [crash(1), ...healed, crash(2)] }));
  assert.not.ok(
    isWithinPromise({
      options,
      steps: [
        {
          act: 'cut',
          ways: [
            [1, 2],
            [2, 3],
            [3, 1],
          ],
        },
      ],
    }),
  );
  assert.ok(isWithinPromise({ options: { ...options, profile: 'wild' }, steps: [crash(1), crash(2)] }));
});

function runOptions() {
  return runSeed(7, { options: { chaos_ms: 1000, nodeCount: 2 } }).options;
}

test.run();
