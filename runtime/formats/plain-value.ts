/** What can be wrong with one plain value, apart from its format (spec/formats.md §6.1; texts: spec/api.md §3.3). */
import { numberText } from './number-text.ts';
import type { PropertySchema } from './property-schema.ts';

const integer = /^[+-]?[0-9]+$/;
const number = /^[+-]?(?:[0-9]+\.[0-9]+|[0-9]+\.|\.[0-9]+|[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

/** The text that stands for a plain value wherever it is compared or written. */
export function plainText(value: unknown): string {
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  return String(value);
}

/** @param type one type's name; names that aren't known accept all */
export function typeComplaint(value: string, type: string | undefined): string | undefined {
  const fits =
    (type === 'integer' && integer.test(value)) ||
    (type === 'number' && number.test(value)) ||
    (type === 'boolean' && (value === '0' || value === '1')) ||
    !['integer', 'number', 'boolean'].includes(type ?? '');
  return fits ? undefined : `type check ('${type}') failed - got '${value}'`;
}

/** Pattern, lengths, range: the first that fails. */
export function boundsComplaint(value: string, schema: PropertySchema): string | undefined {
  return patternComplaint(value, schema) ?? lengthComplaint(value, schema) ?? rangeComplaint(value, schema);
}

function patternComplaint(value: string, { pattern, patternFlags }: PropertySchema): string | undefined {
  if (pattern === undefined || new RegExp(`^(?:${pattern})$`, patternFlags).test(value)) return undefined;
  return 'value does not match the regex pattern';
}

function lengthComplaint(value: string, { minLength, maxLength }: PropertySchema): string | undefined {
  if (minLength === undefined && maxLength === undefined) return undefined;
  const characters = [...value].length;
  if (maxLength !== undefined && characters > maxLength) return `value may only be ${maxLength} characters long`;
  if (minLength !== undefined && characters < minLength) return `value must be at least ${minLength} characters long`;
  return undefined;
}

function rangeComplaint(value: string, { minimum, maximum }: PropertySchema): string | undefined {
  if (!number.test(value)) return undefined;
  if (maximum !== undefined && Number(value) > maximum) return `value must have a maximum value of ${maximum}`;
  if (minimum !== undefined && Number(value) < minimum) return `value must have a minimum value of ${minimum}`;
  return undefined;
}

/** Compared as text. */
export function enumComplaint(value: string, words: PropertySchema['enum']): string | undefined {
  if (words === undefined || words.some((word) => String(word) === value)) return undefined;
  return `value '${value}' does not have a value in the enumeration '${words.join(', ')}'`;
}
