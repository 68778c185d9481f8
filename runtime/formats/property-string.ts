/** Property strings, `key=value,…` in one value, taken apart (spec/formats.md §5.1). property-check.ts checks the values. */
import type { PropertySchema, PropertyStringFormat } from './property-schema.ts';

export type PropertyString =
  /** Values as written, booleans as `1` and `0`. */
  { readonly values: ReadonlyMap<string, string> } | { readonly error: string };

const trueWord = /^(?:1|on|yes|true)$/i;
const falseWord = /^(?:0|off|no|false)$/i;

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
  const key = Object.keys(format).find((name) => format[name]!.default_key);
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

/** Own keys only: a key of the text may be called `constructor`. */
function schemaOf(format: PropertyStringFormat, key: string): PropertySchema | undefined {
  return Object.hasOwn(format, key) ? format[key] : undefined;
}

function converted(value: string, type: string | undefined): string {
  if (type !== 'boolean') return value;
  return trueWord.test(value) ? '1' : falseWord.test(value) ? '0' : value;
}
