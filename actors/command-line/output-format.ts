/** The format options that printing commands share (spec/cli.md §2). */
import { ToolFailure } from './failure.ts';
import { jsonLine, jsonPretty, type Value, yamlText } from './json-text.ts';
import { type Column, type Row, type TableLook, tableText } from './table.ts';

export const OUTPUT_FORMATS = ['text', 'json', 'json-pretty', 'yaml'] as const;

export interface FormatOptions {
  readonly outputFormat?: string;
  readonly noborder?: boolean;
  readonly noheader?: boolean;
  readonly quiet?: boolean;
}

export interface Terminal {
  /** Does the locale say UTF-8? */
  readonly unicode: boolean;
  readonly width?: number;
}

/** Text of a list of objects in the wanted format; empty where nothing is to be printed. */
export function listText(
  rows: readonly Row[],
  columns: readonly Column[],
  options: FormatOptions,
  terminal: Terminal,
): string {
  const format = options.outputFormat ?? 'text';
  if (!(OUTPUT_FORMATS as readonly string[]).includes(format)) {
    const words = OUTPUT_FORMATS.join(', ');
    throw new ToolFailure(
      `400 Parameter verification failed.\noutput-format: value '${format}' does not have a value in the enumeration '${words}'`,
      true,
    );
  }
  if (options.quiet) return '';
  const value: Value = rows;
  if (format === 'json') return `${jsonLine(value)}\n`;
  if (format === 'json-pretty') return `${jsonPretty(value)}\n`;
  if (format === 'yaml') return yamlText(value);
  const look: TableLook = {
    unicode: terminal.unicode,
    border: !options.noborder,
    header: !options.noheader,
    ...(terminal.width !== undefined && { terminalWidth: terminal.width }),
  };
  return tableText(rows, columns, look);
}

/** The first of these variables that is set decides, as in C. */
export function isUtf8Locale(environment: Readonly<Record<string, string | undefined>>): boolean {
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || '';
  return /utf-?8/i.test(locale);
}
