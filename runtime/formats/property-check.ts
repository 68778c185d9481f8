/** Checks one plain value by its schema (spec/formats.md §6.1; texts: spec/api.md §3.3). */
import { byBytes } from './byte-string.ts';
import { splitList } from './list-text.ts';
import type { NamedFormats, PropertySchema, PropertyStringFormat } from './property-schema.ts';
import { type PropertyString, splitPropertyString } from './property-string.ts';

const integer = /^[+-]?[0-9]+$/;
const number = /^[+-]?(?:[0-9]+\.[0-9]+|[0-9]+\.|\.[0-9]+|[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

/** The first complaint about a value in its written form, or undefined: type, format, pattern, lengths, range, enumeration. */
export function checkValue(value: string, schema: PropertySchema, formats: NamedFormats): string | undefined {
  return (
    typeComplaint(value, schema.type) ??
    formatComplaint(value, schema.format, formats) ??
    patternComplaint(value, schema.pattern) ??
    lengthComplaint(value, schema) ??
    rangeComplaint(value, schema) ??
    enumComplaint(value, schema.enum)
  );
}

function typeComplaint(value: string, type: string | undefined): string | undefined {
  const fits =
    (type === 'integer' && integer.test(value)) ||
    (type === 'number' && number.test(value)) ||
    (type === 'boolean' && (value === '0' || value === '1')) ||
    !['integer', 'number', 'boolean'].includes(type ?? '');
  return fits ? undefined : `type check ('${type}') failed - got '${value}'`;
}

function formatComplaint(
  value: string,
  format: string | PropertyStringFormat | undefined,
  formats: NamedFormats,
): string | undefined {
  if (format === undefined) return undefined;
  const complaint =
    typeof format === 'string' ? checkNamedFormat(value, format, formats) : checkPropertyString(value, format, formats);
  return complaint === undefined ? undefined : `invalid format - ${complaint}`;
}

/** spec/formats.md §3: the suffixes `-list` and `-opt`, and the two names that need no check. */
function checkNamedFormat(value: string, name: string, formats: NamedFormats): string | undefined {
  if (name === 'string' || name === 'regex') return undefined;
  const exact = formats.get(name);
  if (exact !== undefined) return exact(value);
  const suffixed = /^(.*)-(list|opt)$/.exec(name);
  const check = suffixed === null ? undefined : formats.get(suffixed[1]!);
  if (check === undefined) return `undefined format '${name}'`;
  if (suffixed![2] === 'opt') return value === '' || value === '0' ? undefined : check(value);
  for (const item of splitList(value)) {
    const complaint = check(item);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

function patternComplaint(value: string, pattern: string | undefined): string | undefined {
  if (pattern === undefined || new RegExp(`^(?:${pattern})$`).test(value)) return undefined;
  return 'value does not match the regex pattern';
}

function lengthComplaint(value: string, { minLength, maxLength }: PropertySchema): string | undefined {
  if (maxLength !== undefined && value.length > maxLength) return `value may only be ${maxLength} characters long`;
  if (minLength !== undefined && value.length < minLength) return `value must be at least ${minLength} characters long`;
  return undefined;
}

function rangeComplaint(value: string, { minimum, maximum }: PropertySchema): string | undefined {
  if (!number.test(value)) return undefined;
  if (maximum !== undefined && Number(value) > maximum) return `value must have a maximum value of ${maximum}`;
  if (minimum !== undefined && Number(value) < minimum) return `value must have a minimum value of ${minimum}`;
  return undefined;
}

function enumComplaint(value: string, words: readonly string[] | undefined): string | undefined {
  if (words === undefined || words.includes(value)) return undefined;
  return `value '${value}' does not have a value in the enumeration '${words.join(', ')}'`;
}

/** spec/formats.md §5.1. An error is one line, or `format error` and a line per key. */
export function readPropertyString(text: string, format: PropertyStringFormat, formats: NamedFormats): PropertyString {
  const read = splitPropertyString(text, format);
  if ('error' in read) return read;
  const complaints = complaintsAbout(read.values, format, formats);
  return complaints.length === 0 ? read : { error: ['format error', ...complaints].join('\n') };
}

function checkPropertyString(text: string, format: PropertyStringFormat, formats: NamedFormats): string | undefined {
  const read = readPropertyString(text, format, formats);
  return 'error' in read ? read.error : undefined;
}

function complaintsAbout(
  values: ReadonlyMap<string, string>,
  format: PropertyStringFormat,
  formats: NamedFormats,
): readonly string[] {
  const complaints: string[] = [];
  for (const key of Object.keys(format).sort(byBytes)) {
    const schema = format[key]!;
    const value = values.get(key);
    if (schema.alias !== undefined) continue;
    const complaint = value === undefined ? missing(schema.optional) : checkValue(value, schema, formats);
    if (complaint !== undefined) complaints.push(`${key}: ${complaint}`);
  }
  return complaints;
}

function missing(optional: unknown): string | undefined {
  return optional ? undefined : 'property is missing and it is not optional';
}
