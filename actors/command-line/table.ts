/** Tables of the original's tools (spec/cli.md §2.1). Columns are given in their order; rows are sorted by the first. */
import { jsonLine, type Value } from './json-text.ts';

export interface Column {
  readonly key: string;
  /** Numbers are aligned to the right. */
  readonly isNumber?: boolean;
}

export interface TableLook {
  /** Box characters; else ASCII. */
  readonly unicode: boolean;
  readonly border: boolean;
  readonly header: boolean;
  /** Columns of the terminal, where it is one: longer lines are cut. */
  readonly terminalWidth?: number;
}

export type Row = Readonly<Record<string, Value>>;

interface Frame {
  readonly side: string;
  readonly line: string;
  /** Left end, crossing, right end. */
  readonly top: readonly [string, string, string];
  readonly middle: readonly [string, string, string];
  readonly bottom: readonly [string, string, string];
  readonly headLine: string;
  readonly head: readonly [string, string, string];
}

const boxFrame: Frame = {
  side: '│',
  line: '─',
  top: ['┌', '┬', '┐'],
  middle: ['├', '┼', '┤'],
  bottom: ['└', '┴', '┘'],
  headLine: '═',
  head: ['╞', '╪', '╡'],
};

const plus = ['+', '+', '+'] as const;
const asciiFrame: Frame = {
  side: '|',
  line: '-',
  top: plus,
  middle: plus,
  bottom: plus,
  headLine: '=',
  head: plus,
};

/** The whole table, each line with its line feed; empty without rows. */
export function tableText(rows: readonly Row[], columns: readonly Column[], look: TableLook): string {
  if (rows.length === 0) return '';
  const sorted = sortedRows(rows, columns[0]!);
  const cells = sorted.map((row) => columns.map(({ key }) => cellLines(row[key])));
  const widths = columns.map(({ key }, i) => {
    const lines = cells.flatMap((row) => row[i]!);
    return Math.max(...(look.header ? [key] : []).concat(lines).map(widthOf));
  });
  const lines = look.border ? bordered(cells, columns, widths, look) : bare(cells, columns, widths, look);
  const cut = look.terminalWidth;
  return lines.map((line) => `${cut === undefined ? line : [...line].slice(0, cut).join('')}\n`).join('');
}

function bordered(
  cells: readonly (readonly (readonly string[])[])[],
  columns: readonly Column[],
  widths: readonly number[],
  look: TableLook,
): readonly string[] {
  const frame = look.unicode ? boxFrame : asciiFrame;
  const rule = ([left, cross, right]: readonly [string, string, string], line: string) =>
    left + widths.map((width) => line.repeat(width + 2)).join(cross) + right;
  const rowLines = (row: readonly (readonly string[])[], isHead: boolean) =>
    physicalLines(row).map((parts) => {
      const padded = parts.map((part, i) => ` ${aligned(part, widths[i]!, !isHead && columns[i]!.isNumber === true)} `);
      return frame.side + padded.join(frame.side) + frame.side;
    });
  const headRule = rule(frame.head, frame.headLine);
  const head = [
    ...rowLines(
      columns.map(({ key }) => [key]),
      true,
    ),
    // With one column, the original's ASCII rule lacks its end.
    !look.unicode && columns.length === 1 ? headRule.slice(0, -2) : headRule,
  ];
  const body = cells.flatMap((row, i) => [
    ...(i === 0 ? [] : [rule(frame.middle, frame.line)]),
    ...rowLines(row, false),
  ]);
  return [rule(frame.top, frame.line), ...(look.header ? head : []), ...body, rule(frame.bottom, frame.line)];
}

/** Columns separated by one blank, the last one as long as it is. */
function bare(
  cells: readonly (readonly (readonly string[])[])[],
  columns: readonly Column[],
  widths: readonly number[],
  look: TableLook,
): readonly string[] {
  const line = (parts: readonly string[], isHead: boolean) =>
    parts
      .map((part, i) => {
        const isRight = !isHead && columns[i]!.isNumber === true;
        return i === parts.length - 1 && !isRight ? part : aligned(part, widths[i]!, isRight);
      })
      .join(' ');
  const head = look.header
    ? [
        line(
          columns.map(({ key }) => key),
          true,
        ),
      ]
    : [];
  return [...head, ...cells.flatMap((row) => physicalLines(row).map((parts) => line(parts, false)))];
}

function physicalLines(row: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const height = Math.max(...row.map(({ length }) => length));
  return Array.from({ length: height }, (_, i) => row.map((lines) => lines[i] ?? ''));
}

/** Missing values first; numeric columns by number, others by their bytes. */
function sortedRows(rows: readonly Row[], { key, isNumber }: Column): readonly Row[] {
  return [...rows].sort((one, other) => {
    const [a, b] = [one[key], other[key]];
    if (a === undefined || b === undefined) return Number(b === undefined) - Number(a === undefined);
    if (isNumber) return Number(a) - Number(b);
    const [left, right] = [cellText(a), cellText(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  });
}

function cellLines(value: Value): readonly string[] {
  return cellText(value).split('\n');
}

function cellText(value: Value): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'boolean') return value ? '1' : '0';
  return typeof value === 'object' ? jsonLine(value) : String(value);
}

function widthOf(text: string): number {
  return [...text].length;
}

function aligned(text: string, width: number, isRight: boolean): string {
  const blanks = ' '.repeat(width - widthOf(text));
  return isRight ? blanks + text : text + blanks;
}
