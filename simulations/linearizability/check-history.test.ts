/** The search against the definition, histories that are linearizable by their making, and such that can't be. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EEXIST, ENOENT } from '../../runtime/file-system/errno.ts';
import { SeededRandom } from '../../runtime/random/seeded.ts';
import { isLinearizableByForce, isProof } from './brute-force.ts';
import { checkHistory } from './check-history.ts';
import type { Answer, Operation } from './history.ts';
import { isCompleted } from './history.ts';
import { type Course, courses, historyOf, inOrder } from './history-samples.ts';
import { LOCK_OWNERSHIP, type LockInput } from './lock-ownership.ts';
import type { Model } from './model.ts';
import { type FileInput, singleFile } from './single-file.ts';
import { type GuestInput, UNIQUE_VMID } from './unique-vmid.ts';

const FILE = singleFile();
const bounds = { steps: 1_000_000 };

function fileInputs(paths: readonly string[]): fc.Arbitrary<FileInput> {
  const path = fc.constantFrom(...paths);
  const data = fc.constantFrom('a', 'bb', 'ccc');
  const kind = fc.constantFrom('create', 'read', 'stat', 'remove', 'mkdir', 'touch', 'moved-out' as const);
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ path, kind }) },
    fc.record({ path, kind: fc.constant('write' as const), offset: fc.nat(2), data }),
    fc.record({ path, kind: fc.constant('truncate' as const), size: fc.nat(3) }),
    fc.record({ path, kind: fc.constant('moved-in' as const), content: data }),
  );
}

const lockInputs: fc.Arbitrary<LockInput> = fc.record({
  kind: fc.constantFrom('acquire', 'acquire', 'release', 'renew', 'ask-for-unlock', 'look' as const),
  path: fc.constant('priv/lock/l'),
  nodeid: fc.integer({ min: 1, max: 2 }),
});

const place = fc.constantFrom('n1/qemu', 'n2/qemu', 'n2/lxc');
const guestInputs: fc.Arbitrary<GuestInput> = fc.oneof(
  fc.record({
    vmid: fc.constant(100),
    place,
    kind: fc.constantFrom('create', 'create', 'write', 'remove', 'enter', 'leave', 'locate' as const),
  }),
  fc.record({ vmid: fc.constant(100), place, kind: fc.constant('move' as const), to: place }),
);

/** `overlap` in steps of a second; locks need hours to expire. */
function laws<State, Input>(
  name: string,
  model: Model<State, Input>,
  inputs: fc.Arbitrary<Input>,
  overlap: number,
): void {
  test(`${name}: a sequential run whose operations overlap is linearizable, and the order found is a proof (S1, S2)`, () => {
    fc.assert(
      fc.property(courses(inputs, { overlap, length: 60, unanswered: 'some' }), (run) => {
        const history = historyOf(model, run);
        const verdict = checkHistory(model, history, bounds);
        assert.is(verdict.verdict, 'linearizable', 'drawing' in verdict ? verdict.drawing : verdict.verdict);
        if (verdict.verdict !== 'linearizable') return;
        for (const [key, order] of verdict.orders) {
          assert.ok(isProof(model, order), `the order for ${key} is no proof`);
          const completed = history.filter((each) => isCompleted(each) && model.keyOf(each.input) === key);
          assert.ok(completed.every((each) => order.includes(each)));
          assert.is(new Set(order).size, order.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  for (const unanswered of ['some', 'many'] as const) smallHistories(name, model, inputs, { overlap, unanswered });

  test(`${name}: without overlap every answer is forced, so that any other is a violation, found at that operation`, () => {
    fc.assert(
      fc.property(courses(inputs, { overlap: 0.4, length: 40, unanswered: 'none' }), fc.nat(), (run, chosen) => {
        fc.pre(run.length > 0);
        const history = historyOf(model, run);
        const target = history[chosen % history.length]!;
        const wrong = history.map((each) => (each === target ? withAnswer(each, 'no such answer') : each));
        const verdict = checkHistory(model, wrong, bounds);
        assert.is(verdict.verdict, 'violation');
        if (verdict.verdict === 'violation') assert.is(verdict.blocked.id, target.id);
      }),
    );
  });
}

function smallHistories<State, Input>(
  name: string,
  model: Model<State, Input>,
  inputs: fc.Arbitrary<Input>,
  { overlap, unanswered }: { readonly overlap: number; readonly unanswered: 'some' | 'many' },
): void {
  test(`${name}: the verdict on small histories, ${unanswered} unanswered, is that of the definition (S3-S8)`, () => {
    let violations = 0;
    fc.assert(
      fc.property(
        courses(inputs, { overlap, length: 7, unanswered }),
        fc.array(fc.nat(6), { minLength: 2, maxLength: 6 }),
        fc.nat(6),
        (run, changed, source) => {
          const history = withWrongAnswers(historyOf(model, run), changed, source);
          const verdict = checkHistory(model, history, bounds);
          assert.is(verdict.verdict === 'linearizable', isLinearizableByForce(model, history));
          if (verdict.verdict !== 'violation') return;
          violations += 1;
          assert.not(isLinearizableByForce(model, verdict.prefix), 'the prefix is no violation by itself');
        },
      ),
      { numRuns: 600 },
    );
    assert.ok(violations > 5, `only ${violations} violations among the samples`);
  });
}

/** Some answers are replaced by that of another operation, as a swap would. */
function withWrongAnswers<Input>(
  history: readonly Operation<Input>[],
  changed: readonly number[],
  source: number,
): readonly Operation<Input>[] {
  const answer = history[source]?.returned?.answer;
  if (answer === undefined) return history;
  return history.map((each, at) => (changed.includes(at) ? withAnswer(each, answer) : each));
}

function withAnswer<Input>(operation: Operation<Input>, answer: Answer): Operation<Input> {
  return operation.returned === undefined ? operation : { ...operation, returned: { ...operation.returned, answer } };
}

laws('file', FILE, fileInputs(['a']), 3);
laws('lock', LOCK_OWNERSHIP, lockInputs, 300);
laws('guest', UNIQUE_VMID, guestInputs, 3);

test('operations on many paths: a lost acknowledged write is a violation, on its path and no other', () => {
  const paths = ['a', 'b', 'c', 'd'];
  fc.assert(
    fc.property(
      courses(fileInputs(paths), { overlap: 3, length: 80, unanswered: 'some' }),
      fc.constantFrom(...paths),
      (run, path) => {
        const alone: Omit<Course<FileInput>, 'input'> = { lead: 0.1, lag: 0.1, fate: 'answered' };
        // Nothing that was asked for before and answered is still under way.
        const pause = Array.from({ length: 8 }, () => ({
          ...alone,
          input: { path: 'elsewhere', kind: 'read' as const },
        }));
        const before = { ...alone, input: { path, kind: 'read' as const } };
        const write = { ...alone, input: { path, kind: 'moved-in' as const, content: 'acknowledged' } };
        const history = historyOf(FILE, [...run, ...pause, before, write, before]);
        assert.is(checkHistory(FILE, history, bounds).verdict, 'linearizable');
        const last = history.at(-1)!;
        const stale = [...history.slice(0, -1), withAnswer(last, history.at(-3)!.returned!.answer)];
        const verdict = checkHistory(FILE, stale, bounds);
        // Something whose outcome nobody knows may have happened in between.
        if (run.some(({ input, fate }) => fate !== 'answered' && input.path === path)) return;
        assert.is(verdict.verdict, 'violation');
        if (verdict.verdict === 'violation') assert.equal([verdict.key, verdict.blocked.id], [path, last.id]);
      },
    ),
  );
});

test('swapped answers of two creates, one after the other', () => {
  const create: FileInput = { path: 'a', kind: 'create' };
  const history = (first: number, second: number) =>
    inOrder<FileInput>([
      { id: 1, input: create, invoked_ms: 0, answered: { time_ms: 1, answer: first } },
      { id: 2, input: create, invoked_ms: 2, answered: { time_ms: 3, answer: second } },
    ]);
  assert.is(checkHistory(FILE, history(0, -EEXIST)).verdict, 'linearizable');
  const verdict = checkHistory(FILE, history(-EEXIST, 0));
  assert.is(verdict.verdict, 'violation');
  if (verdict.verdict !== 'violation') return;
  assert.is(
    verdict.drawing,
    [
      "file 'a': no order of its operations explains the answer of 1 (create)",
      '  1 c1  create = -17  0.000 s..0.001 s  |---|                                                      <- not possible',
      '  at the latest it was absent',
    ].join('\n'),
  );
});

test('what nobody was told may happen late, once, or never', () => {
  const create: FileInput = { path: 'a', kind: 'create' };
  const remove: FileInput = { path: 'a', kind: 'remove' };
  const answered = (id: number, input: FileInput, answer: number) => {
    return { id, input, invoked_ms: id * 10, answered: { time_ms: id * 10 + 1, answer } };
  };
  const unknown = { id: 1, input: create, invoked_ms: 10, answered: undefined };
  const verdictOf = (...rest: ReturnType<typeof answered>[]) => checkHistory(FILE, inOrder([unknown, ...rest])).verdict;
  assert.is(verdictOf(answered(2, remove, -ENOENT), answered(3, remove, 0)), 'linearizable');
  assert.is(verdictOf(answered(2, remove, -ENOENT), answered(3, remove, -ENOENT)), 'linearizable');
  assert.is(verdictOf(answered(2, remove, 0), answered(3, remove, 0)), 'violation');
});

test('operations that nobody was told the end of: each can be needed, and which of two can matter (S6-S8)', () => {
  const path = 'a';
  const verdictOf = (unknown: readonly FileInput[], ...told: (readonly [FileInput, Answer])[]) => {
    const lost = unknown.map((input, at) => ({ id: at, input, invoked_ms: at, answered: undefined }));
    const answered = told.map(([input, answer], at) => {
      const invoked_ms = 100 + at * 10;
      return { id: 100 + at, input, invoked_ms, answered: { time_ms: invoked_ms + 1, answer } };
    });
    return checkHistory(FILE, inOrder([...lost, ...answered])).verdict;
  };
  const create: FileInput = { path, kind: 'create' };
  const write: FileInput = { path, kind: 'write', offset: 0, data: 'x' };
  const remove: FileInput = { path, kind: 'remove' };
  const read: FileInput = { path, kind: 'read' };
  const arrive: FileInput = { path, kind: 'moved-in', content: '' };
  assert.is(verdictOf([create, create], [remove, 0], [remove, 0]), 'linearizable');
  assert.is(verdictOf([create, create], [remove, 0], [remove, 0], [remove, 0]), 'violation');
  assert.is(verdictOf([create, write], [read, 'x']), 'linearizable');
  assert.is(verdictOf([write], [read, 'x']), 'violation');
  // Both make the same of nothing, but only one makes it of a file that holds something.
  assert.is(verdictOf([arrive, create], [read, ''], [write, 1], [read, '']), 'linearizable');
  assert.is(verdictOf([create, arrive], [read, ''], [write, 1], [read, '']), 'linearizable');
  assert.is(verdictOf([create, create], [read, ''], [write, 1], [read, '']), 'violation');
});

test('what was reached by spending more does not stand for what was reached by spending less (S6)', () => {
  const path = 'a';
  const asked = (id: number, input: FileInput, invoked_ms: number, time_ms: number, answer: Answer) => {
    return { id, input, invoked_ms, answered: { time_ms, answer } };
  };
  const remove: FileInput = { path, kind: 'remove' };
  const history = inOrder<FileInput>([
    asked(1, { path, kind: 'create' }, 0, 1, 0),
    { id: 2, input: { path, kind: 'create' }, invoked_ms: 2, answered: undefined },
    { id: 3, input: { path, kind: 'moved-in', content: 'q' }, invoked_ms: 3, answered: undefined },
    // Tried first in this order, which needs 2 in between; but it is needed at the end.
    asked(4, remove, 10, 12, 0),
    asked(5, { path, kind: 'write', offset: 0, data: 'x' }, 11, 13, 1),
    asked(6, { path, kind: 'read' }, 20, 21, 'q'),
    asked(7, remove, 30, 31, 0),
    asked(8, remove, 40, 41, 0),
  ]);
  assert.is(checkHistory(FILE, history).verdict, 'linearizable');
});

test('what happens to change nothing may be needed later (S4)', () => {
  const [here, there] = ['n1/qemu', 'n2/qemu'];
  const asked = (id: number, input: GuestInput, invoked_ms: number, time_ms: number, answer = 0) => {
    return { id, input, invoked_ms, answered: { time_ms, answer } };
  };
  const history = inOrder<GuestInput>([
    asked(1, { vmid: 100, place: here, kind: 'create' }, 0, 1),
    asked(2, { vmid: 100, place: here, kind: 'leave' }, 2, 10),
    asked(3, { vmid: 100, place: here, kind: 'enter' }, 3, 11),
    asked(4, { vmid: 100, place: there, kind: 'create' }, 12, 13, -EEXIST),
  ]);
  assert.is(checkHistory(UNIQUE_VMID, history).verdict, 'linearizable');
});

test('a lock expires 120 s after its last change, as a fast clock counts them, and not before', () => {
  const path = 'priv/lock/l';
  const taken = (nodeid: number, invoked_ms: number, kind: LockInput['kind'] = 'acquire') => {
    return { id: nodeid, input: { kind, path, nodeid }, invoked_ms, answered: { time_ms: invoked_ms + 5, answer: 0 } };
  };
  const verdictOf = (...operations: ReturnType<typeof taken>[]) =>
    checkHistory(LOCK_OWNERSHIP, inOrder(operations)).verdict;
  assert.is(verdictOf(taken(1, 0), taken(2, 117_590)), 'violation');
  assert.is(verdictOf(taken(1, 0), taken(2, 117_595)), 'violation');
  assert.is(verdictOf(taken(1, 0), taken(2, 117_596)), 'linearizable');
  assert.is(verdictOf(taken(1, 0), taken(1, 60_000, 'renew'), taken(2, 125_000)), 'violation');
  assert.is(verdictOf(taken(1, 0), taken(1, 60_000, 'renew'), taken(2, 180_000)), 'linearizable');
  assert.is(verdictOf(taken(1, 0), taken(1, 60_000, 'release'), taken(2, 60_010)), 'linearizable');
});

test('two configurations with one VMID never both succeed', () => {
  const create = (id: number, place: string, answer: number) => {
    return {
      id,
      input: { vmid: 100, place, kind: 'create' as const },
      invoked_ms: id,
      answered: { time_ms: 50 + id, answer },
    };
  };
  const verdictOf = (first: number, second: number) =>
    checkHistory(UNIQUE_VMID, inOrder<GuestInput>([create(1, 'n1/qemu', first), create(2, 'n2/qemu', second)])).verdict;
  assert.is(verdictOf(0, -EEXIST), 'linearizable');
  assert.is(verdictOf(-EEXIST, 0), 'linearizable');
  assert.is(verdictOf(0, 0), 'violation');
  assert.is(verdictOf(-EEXIST, -EEXIST), 'violation');
});

test('5000 operations over 100 paths need few steps', () => {
  const random = new SeededRandom(1);
  const run = Array.from({ length: 5000 }, (_, at) => randomCourse(random, `p${random.below(100)}`, at, 400));
  const verdict = checkHistory(FILE, historyOf(FILE, run), { steps: 3000 });
  assert.is(verdict.verdict, 'linearizable', JSON.stringify(verdict));
});

test('twenty clients at once on one path, and twenty operations that nobody was told the end of', () => {
  const random = new SeededRandom(2);
  const busy = Array.from({ length: 2000 }, (_, at) => randomCourse(random, 'p', at, 10));
  assert.is(checkHistory(FILE, historyOf(FILE, busy), { steps: 200_000 }).verdict, 'linearizable');
  const unsure = Array.from({ length: 400 }, (_, at) => {
    const course = randomCourse(random, 'p', at, 2);
    return at % 20 === 3 ? { ...course, fate: random.pick(['lost', 'void'] as const) } : course;
  });
  assert.is(checkHistory(FILE, historyOf(FILE, unsure), { steps: 200_000 }).verdict, 'linearizable');
});

test('what takes more steps than allowed is undecided', () => {
  const random = new SeededRandom(3);
  const run = Array.from({ length: 200 }, (_, at) => randomCourse(random, 'p', at, 10));
  const verdict = checkHistory(FILE, historyOf(FILE, run), { steps: 50 });
  assert.equal(verdict, {
    verdict: 'undecided',
    reason: "no order found, and not all tried, within 50 steps for 'p'",
  });
});

function randomCourse(random: SeededRandom, path: string, at: number, overlap: number): Course<FileInput> {
  const input: FileInput = random.chance(0.6)
    ? { path, kind: 'write', offset: 0, data: `content ${at}`.padEnd(16) }
    : { path, kind: random.pick(['create', 'create', 'read', 'read', 'remove'] as const) };
  return { input, lead: random.unit() * overlap, lag: random.unit() * overlap, fate: 'answered' };
}

test.run();
