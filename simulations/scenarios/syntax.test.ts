/** What is written of a step is read again as the same step; what can't be read is said with file and line. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ACT_FIELDS } from '../cluster/act.ts';
import { type Fields, kindOf } from '../schedule/fields.ts';
import { CONDITION_FIELDS, REQUEST_FIELDS, STAGE_FIELDS, type Step } from '../schedule/step.ts';
import { formatScenario, parseScenario } from './scenario.ts';
import { formatStep, parseStep } from './syntax.ts';

const node = fc.integer({ min: 1, max: 9 });
const way = fc.tuple(node, node).filter(([from, to]) => from !== to);
const time = fc.oneof(
  fc.integer({ min: 0, max: 1e6 }),
  fc.double({ min: 0, max: 1e6, noNaN: true }).filter((ms) => !`${ms}`.includes('e')),
);
const text = fc.string({ unit: 'binary-ascii' });

const VALUES = {
  node,
  nodes: fc.uniqueArray(node, { minLength: 1, maxLength: 4 }),
  ways: fc.uniqueArray(way, { minLength: 1, maxLength: 5, selector: String }),
  number: time,
  text,
  words: fc.array(fc.constantFrom('c1-0', 'locker2', 'operator'), { minLength: 1 }),
} as const;

function valuesOf(fields: Fields): fc.Arbitrary<object> {
  const required: string[] = [];
  const entries = Object.entries(fields).map(([name, field]) => {
    const { kind, isOptional } = kindOf(field);
    if (!isOptional) required.push(name);
    return [name, VALUES[kind] as fc.Arbitrary<unknown>] as const;
  });
  return fc.record(Object.fromEntries(entries), { requiredKeys: required }) as fc.Arbitrary<object>;
}

function stepsOf(key: string, kinds: Readonly<Record<string, Fields>>): fc.Arbitrary<object> {
  return fc.oneof(
    ...Object.entries(kinds).map(([name, fields]) => valuesOf(fields).map((values) => ({ [key]: name, ...values }))),
  );
}

const step = fc
  .tuple(
    fc.oneof(
      stepsOf('act', ACT_FIELDS),
      stepsOf('request', REQUEST_FIELDS),
      stepsOf('stage', STAGE_FIELDS),
      fc
        .tuple(stepsOf('is', CONDITION_FIELDS), time)
        .map(([condition, within_ms]) => ({ expect: condition, within_ms })),
    ),
    fc.option(time, { nil: undefined }),
  )
  .map(([bare, at_ms]) => ({ ...bare, ...(at_ms === undefined ? {} : { at_ms }) }) as Step);

/** Directions have no order among themselves. */
function sorted(value: Step): unknown {
  return 'ways' in value ? { ...value, ways: [...value.ways].map(String).sort() } : value;
}

test('a step that is written is read as the same step', () => {
  fc.assert(
    fc.property(step, (each) => assert.equal(sorted(parseStep(formatStep(each))), sorted(each), formatStep(each))),
    {
      numRuns: 500,
    },
  );
});

test('a scenario that is written says the same steps', () => {
  const first = parseScenario('cluster nodes=4 loss=0.02\nshow acts\nstart\nat 3s crash n2\nfinish\n', 'f');
  if ('complaint' in first) throw new Error(first.complaint);
  const second = parseScenario(formatScenario(['w'], first.options, first.shown, first.steps), 'g');
  if ('complaint' in second) throw new Error(second.complaint);
  assert.equal(second.steps, first.steps);
  assert.equal(second.options, first.options);
});

const COMPLAINTS: readonly (readonly [lines: string, complaint: string])[] = [
  ['start', "f:1: the line 'cluster' must come first"],
  ['cluster nodes=3\ncrash', "f:2: a node ('n1') is missing"],
  ['cluster nodes=3\n\ncrash n4', 'f:3: there is no node n4'],
  ['cluster nodes=three', 'f:1: "three" is no nodeCount, which is 3 otherwise'],
  ['cluster nodes=0', 'f:1: a cluster has 1 to 64 nodes, not 0'],
  ['cluster speed=3', "f:1: there is no option 'speed' of a cluster"],
  ['cluster\nexplode n1', "f:2: there is no step 'explode'"],
  ['cluster\nat noon crash n1', "f:2: 'noon' is no time; one looks like 800ms, 2.5s or 2min"],
  ['cluster\nexpect happiness', "f:2: there is no condition 'happiness'"],
  ['cluster\ncrash n1 n2', "f:2: 'n2' is too much here"],
  ['cluster\nwrite n1 a "b', 'f:2: a quotation mark is missing in: write n1 a "b'],
  ['cluster\nlink n1-n2 loss=1', "f:2: 'latency_min=' is missing"],
  ['cluster\nexpected n1 many', "f:2: 'many' is no number"],
  ['# nothing', "f:1: there is no line 'cluster'"],
];

for (const [lines, complaint] of COMPLAINTS) {
  test(`bad: ${complaint}`, () => assert.equal(parseScenario(lines, 'f'), { complaint }));
}

test.run();
