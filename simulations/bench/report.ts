/** What a bench has found, and its table. */

export interface Finding {
  readonly what: string;
  readonly figure: string;
  /** To the reference that was measured in the same run. */
  readonly ratio?: string | undefined;
  readonly target?: string | undefined;
  /** Undefined: there is no target. */
  readonly isMet?: boolean | undefined;
}

const COLUMNS = ['what', 'figure', 'ratio to the reference of this run', 'target', 'met'] as const;

/** Lines of a table with aligned columns. */
export function tableLines(findings: readonly Finding[]): readonly string[] {
  const rows = [COLUMNS, ...findings.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd());
}

function cells({ what, figure, ratio = '', target = '', isMet }: Finding): readonly string[] {
  return [what, figure, ratio, target, isMet === undefined ? '' : isMet ? 'yes' : 'NO'];
}

export function milliseconds(value: number): string {
  return value < 10 ? `${value.toFixed(3)} ms` : `${value.toFixed(0)} ms`;
}

export function perSecond(value: number): string {
  return `${Math.round(value).toLocaleString('en-US')}/s`;
}
