import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Column, type TableLook, tableText } from './table.ts';

const columns: readonly Column[] = [{ key: 'name' }, { key: 'n', isNumber: true }, { key: 'list' }];
const rows = [
  { name: 'beta', n: 12, list: ['x', { b: 1, a: 2 }] },
  { name: 'al', n: 3, list: 'two\nlines' },
  { n: 100, list: undefined },
];
const look: TableLook = { unicode: true, border: true, header: true };

test('boxes: missing values first, numbers to the right, several lines in a cell, lists as JSON', () => {
  assert.is(
    tableText(rows, columns, look),
    [
      '┌──────┬─────┬─────────────────────┐',
      '│ name │ n   │ list                │',
      '╞══════╪═════╪═════════════════════╡',
      '│      │ 100 │                     │',
      '├──────┼─────┼─────────────────────┤',
      '│ al   │   3 │ two                 │',
      '│      │     │ lines               │',
      '├──────┼─────┼─────────────────────┤',
      '│ beta │  12 │ ["x",{"a":2,"b":1}] │',
      '└──────┴─────┴─────────────────────┘',
      '',
    ].join('\n'),
  );
});

test('ASCII, and its rule with one column', () => {
  const ascii = { ...look, unicode: false };
  assert.is(
    tableText([{ a: 'x', b: 'y' }], [{ key: 'a' }, { key: 'b' }], ascii),
    '+---+---+\n| a | b |\n+===+===+\n| x | y |\n+---+---+\n',
  );
  assert.is(tableText([{ a: 'x' }], [{ key: 'a' }], ascii), '+---+\n| a |\n+==\n| x |\n+---+\n');
});

test('without borders, without header', () => {
  const bare = { ...look, border: false };
  const two = [{ key: 'name' }, { key: 'n', isNumber: true }];
  assert.is(tableText(rows, two, bare), 'name n\n     100\nal     3\nbeta  12\n');
  assert.is(tableText([{ a: 'long', b: 'x' }], [{ key: 'a' }, { key: 'b' }], bare), 'a    b\nlong x\n');
  assert.is(tableText([{ a: 1 }], [{ key: 'a' }], { ...look, header: false }), '┌───┐\n│ 1 │\n└───┘\n');
  assert.is(tableText([], two, look), '');
});

test('lines are cut at the width of the terminal', () => {
  assert.is(tableText([{ a: 'xyz' }], [{ key: 'a' }], { ...look, terminalWidth: 4 }), '┌───\n│ a \n╞═══\n│ xy\n└───\n');
});

test('numeric columns are sorted by number', () => {
  const numbers = [{ n: 10 }, { n: 9 }, { n: 100 }];
  assert.is(
    tableText(numbers, [{ key: 'n', isNumber: true }], { ...look, border: false, header: false }),
    '  9\n 10\n100\n',
  );
});

test.run();
