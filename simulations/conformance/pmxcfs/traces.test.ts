/** The trace corpus in `upstream`, and what `solo` does with the same stimuli (spec/pmxcfs.md §13.1.7, Q11). */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { skipWithout } from '../../../runtime/test-support/shared-corpus.ts';
import { TraceWorld } from './trace-world.ts';
import { payloadOf, replayDirectory, replayFile, type TraceRecord } from './traces.ts';

test('a file that is no trace is a failed case with the reason', () => {
  assert.equal(replayFile('trace-x.jsonl', '{"ev":'), [
    { name: 'trace-x.jsonl', outcome: 'failed', detail: 'line 1 is no JSON' },
  ]);
  const [broken] = replayFile('trace-x.jsonl', '{"ev":"confchg"}');
  assert.is(broken!.outcome, 'failed');
  const [unknown] = replayFile('trace-x.jsonl', '{"ev":"nonsense"}');
  assert.is(unknown!.outcome, 'failed');
});

test('missing and surplus records are differences, and fail all later steps', () => {
  const lines = [
    '{"ev":"step","text":"one"}',
    '{"ev":"confchg","part":1,"members":[[1,1001]],"joined":[1],"left":[]}',
    '{"ev":"log","node":1,"domain":"dcdb","level":"notice","msg":"members: 1/1001"}',
    '{"ev":"log","node":1,"domain":"dcdb","level":"notice","msg":"all data is up to date"}',
    '{"ev":"step","text":"two"}',
    '{"ev":"time","now":5}',
  ];
  const outcomes = (text: string) => replayFile('t', text).map(({ outcome }) => outcome);
  assert.equal(outcomes(lines.join('\n')), ['passed', 'passed']);
  assert.equal(outcomes(lines.filter((_, at) => at !== 3).join('\n')), ['failed', 'failed']);
  assert.equal(outcomes([...lines.slice(0, 4), lines[3], ...lines.slice(4)].join('\n')), ['failed', 'failed']);
  assert.equal(outcomes([...lines, '{"ev":"deliver","n":1}'].join('\n')), ['passed', 'failed']);
});

test(
  'all steps of the corpus pass',
  skipWithout(['pmxcfs'], 'traces', (directory) => {
    const cases = replayDirectory(directory);
    assert.ok(cases.length >= 17);
    assert.equal(
      cases.filter(({ outcome }) => outcome !== 'passed'),
      [],
    );
  }),
);

/** Applies the stimuli of a trace up to the step `verify`, delivers all that is left, and gives the nodes' checksums. */
function finalTrees(text: string, mode: 'upstream' | 'solo', nodes: readonly number[]): readonly string[] {
  const world = new TraceWorld(mode);
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const record = JSON.parse(line) as TraceRecord;
    if (record.ev === 'step' && record.text === 'verify') break;
    if (record.ev === 'time') world.setTime(record.now);
    if (record.ev === 'deliver') for (let n = 0; n < record.n; n += 1) world.deliverOne();
    if (record.ev === 'mcast' && record.cause === 'client')
      world.request(record.node, record.subtype, payloadOf(record));
    if (record.ev === 'confchg') {
      const members = record.members.map(([nodeid, pid]) => ({ nodeid, pid }));
      world.changeConfiguration(record.part, members, record.joined.length > 0);
    }
  }
  while (world.deliverOne());
  return nodes.map((node) => world.treeState(node).checksum);
}

test(
  'Q11: the race that divides the trees in upstream leaves them equal in solo',
  skipWithout(['pmxcfs', 'trace-race-divergence.jsonl'], 'race trace', (path) => {
    const text = readFileSync(path, 'utf8');
    const [one, two] = finalTrees(text, 'upstream', [1, 2]);
    assert.is.not(one, two);
    const [first, second] = finalTrees(text, 'solo', [1, 2]);
    assert.is(first, second);
  }),
);

test.run();
