/** What people get to see of a history that can't be. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkHistory } from './check-history.ts';
import { describeContent } from './drawing.ts';
import { inOrder } from './history-samples.ts';
import { type FileInput, singleFile } from './single-file.ts';

const content = 'v1\n';
const create: FileInput = { path: 'a', kind: 'create' };
const write: FileInput = { path: 'a', kind: 'write', offset: 0, data: content };
const read: FileInput = { path: 'a', kind: 'read' };

function drawingOf(history: Parameters<typeof inOrder<FileInput>>[0]): string {
  const verdict = checkHistory(singleFile(), inOrder(history));
  return verdict.verdict === 'violation' ? verdict.drawing : verdict.verdict;
}

test('bars from invocation to return, an open end where nobody knows, and the states that were possible', () => {
  const drawing = drawingOf([
    { id: 1, input: create, invoked_ms: 0, answered: { time_ms: 4, answer: 0 } },
    { id: 2, input: write, invoked_ms: 2, answered: { time_ms: 6, answer: 3 } },
    { id: 3, input: { path: 'a', kind: 'remove' }, invoked_ms: 3, answered: undefined },
    { id: 4, input: read, invoked_ms: 8, answered: { time_ms: 9, answer: '' } },
    { id: 5, input: read, invoked_ms: 10, answered: { time_ms: 11, answer: content } },
  ]);
  const lines = [
    "file 'a': no order of its operations explains the answer of 4 (read)",
    '  1 c1  create = 0        0.000 s..0.004 s  |-----------|',
    "  2 c2  write 'v1\\n' = 3  0.002 s..0.006 s      |-----------|",
    '  3 c3  remove = ?        0.003 s..                 |~~~~~~~~~~~~~~~>',
    "  4 c4  read = ''         0.008 s..0.009 s                      |---|                                  <- not possible",
    "  at the latest it was 'v1\\n', or absent",
  ];
  assert.is(drawing, lines.join('\n'));
});

test('of a long history the last operations are drawn', () => {
  const sequence = (id: number, input: FileInput, answer: number | string) => {
    return { id, input, invoked_ms: id * 10, answered: { time_ms: id * 10 + 5, answer } };
  };
  const reads = Array.from({ length: 40 }, (_, at) => sequence(at + 2, read, ''));
  const drawing = drawingOf([sequence(1, create, 0), ...reads, sequence(50, read, 'other')]);
  assert.match(drawing, '(26 earlier operations are not drawn)');
  assert.is(drawing.split('\n').length, 1 + 1 + 16 + 1);
  assert.ok(drawing.split('\n').every((line) => line.length <= 140));
});

test('contents are shown on one line, and not for long', () => {
  assert.is(describeContent('a\n\x00\xff'), "'a\\n\\x00\\xff'");
  assert.is(describeContent('x'.repeat(30)), `'${'x'.repeat(24)}…' (30 bytes)`);
});

test.run();
