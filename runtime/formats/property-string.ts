/** Property strings, `key=value,…` in one value, taken apart (spec/formats.md §5.1). schema-check.ts checks the values. */
import { type PropertyString, type PropertyStringFormat, schemaOf } from './property-schema.ts';

const trueWord = /^(?:1|on|yes|true)$/i;
const falseWord = /^(?:0|off|no|false)$/i;

/** A word for a boolean as `1` or `0`; other text stays as it is and fails its type check then (spec/formats.md §1.1). */
export function booleanWord(text: string): string {
  return trueWord.test(text) ? '1' : falseWord.test(text) ? '0' : text;
}

export function splitPropertyString(text: string, format: PropertyStringFormat): PropertyString {
  const values = new Map<string, string>();
  for (const part of text.split(',')) {
    if (/^[ \t\r\n\f\v]*$/.test(part)) continue;
    const error = takePart(part, format, values);
    if (error !== undefined) return { error };
  }
  return { values };
}

function takePart(part: string, format: PropertyStringFormat, values: Map<string, string>): string | undefined {
  const pair = /^([^=]+)=([\s\S]+)$/.exec(part);
  if (pair !== null) return takePair(pair[1]!, pair[2]!, format, values);
  if (part.includes('=')) return 'missing key in comma-separated list property';
  const key = defaultKeyOf(format);
  if (key === undefined) return 'value without key, but schema does not define a default key';
  const before = values.get(key);
  if (before !== undefined && before !== '0') return `duplicate key in comma-separated list property: ${key}`;
  values.set(key, converted(part, format[key]!.type));
  return undefined;
}

function takePair(
  written: string,
  value: string,
  format: PropertyStringFormat,
  values: Map<string, string>,
): string | undefined {
  if (values.has(written)) return `duplicate key in comma-separated list property: ${written}`;
  const { alias, keyAlias } = schemaOf(format, written) ?? {};
  if (alias !== undefined && keyAlias !== undefined) {
    if (values.has(keyAlias)) return `key alias '${keyAlias}' is already defined`;
    values.set(keyAlias, written);
  }
  const key = alias ?? written;
  if (alias !== undefined && values.has(key)) return `key '${key}' is already defined (via alias)`;
  const schema = schemaOf(format, key);
  if (schema === undefined) return `invalid key in comma-separated list property: ${key}`;
  values.set(key, converted(value, schema.type));
  return undefined;
}

export function defaultKeyOf(format: PropertyStringFormat): string | undefined {
  return Object.keys(format).find((name) => format[name]!.default_key);
}

function converted(value: string, type: unknown): string {
  return type === 'boolean' ? booleanWord(value) : value;
}
