/** Results of methods as text, by the shape that the inventory gives them (spec/cli.md §2). */

import type { Schema } from '../api/inventory/registry.ts';
import { ToolFailure } from '../command-line/failure.ts';
import { jsonLine, jsonPretty, type Value, yamlText } from '../command-line/json-text.ts';
import { OUTPUT_FORMATS, type Terminal } from '../command-line/output-format.ts';
import { type Column, type Row, tableText } from '../command-line/table.ts';
import type { ShellOptions } from './options.ts';
import { rendered } from './rendering.ts';

/** What is printed; empty where nothing is. */
export function resultText(
  result: unknown,
  schema: Schema,
  format: ShellOptions['format'],
  terminal: Terminal,
): string {
  const kind = format.outputFormat ?? 'text';
  if (!(OUTPUT_FORMATS as readonly string[]).includes(kind)) {
    const words = OUTPUT_FORMATS.join(', ');
    throw new ToolFailure(
      `400 Parameter verification failed.\noutput-format: value '${kind}' does not have a value in the enumeration '${words}'`,
      true,
    );
  }
  if (format.quiet || result === null || result === undefined) return '';
  const value = result as Value;
  if (kind === 'json') return `${jsonLine(value)}\n`;
  if (kind === 'json-pretty') return `${jsonPretty(value)}\n`;
  if (kind === 'yaml') return yamlText(value);
  return plainText(value, schema, format, terminal);
}

function plainText(value: Value, schema: Schema, format: ShellOptions['format'], terminal: Terminal): string {
  const look = {
    unicode: terminal.unicode,
    border: !format.noborder,
    header: !format.noheader,
    ...(terminal.width !== undefined && { terminalWidth: terminal.width }),
  };
  if (Array.isArray(value)) {
    const list = value as readonly Value[];
    if (!list.every(isObject)) {
      const rows = list.map((item) => ({ value: item }));
      return tableText(rows, [{ key: 'value' }], { ...look, header: false });
    }
    const items = (schema.items ?? {}) as Schema;
    const columns = columnsOf(items, list as readonly Row[]);
    return tableText(
      (list as readonly Row[]).map((row) => renderedRow(row, items, format.humanReadable)),
      columns,
      look,
    );
  }
  if (!isObject(value)) return `${typeof value === 'boolean' ? Number(value) : value}\n`;
  const row = renderedRow(value as Row, schema, format.humanReadable);
  const keys = columnsOf(schema, [value as Row]).map(({ key }) => key);
  const shown = keys.filter((key) => row[key] !== undefined && row[key] !== null);
  const rows = shown.map((key) => ({ key, value: row[key]! }));
  return tableText(rows, [{ key: 'key' }, { key: 'value' }], look);
}

function isObject(value: Value | undefined): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Properties = Readonly<Record<string, Schema>>;

/** Required properties sorted, then optional ones sorted; without properties all keys that occur. */
function columnsOf(schema: Schema, rows: readonly Row[]): readonly Column[] {
  const properties = (schema.properties ?? {}) as Properties;
  const names = Object.keys(properties);
  if (names.length === 0) return [...new Set(rows.flatMap((row) => Object.keys(row)))].sort().map((key) => ({ key }));
  const isOptional = (name: string) => Boolean(properties[name]!.optional);
  const sorted = [...names.filter((name) => !isOptional(name)).sort(), ...names.filter(isOptional).sort()];
  const isNumber = (key: string) => ['integer', 'number'].includes(String(properties[key]!.type));
  return sorted.map((key) => ({ key, isNumber: isNumber(key) }));
}

function renderedRow(row: Row, schema: Schema, isHuman: boolean): Row {
  if (!isHuman) return row;
  const properties = (schema.properties ?? {}) as Properties;
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => [key, rendered(value, properties[key]?.renderer as string | undefined)]),
  );
}
