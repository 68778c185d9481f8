/** The corpus `json-schema`: property strings and the schema dialect (its README). */
import { generalFormats } from '../../../runtime/formats/named-formats.ts';
import { readPropertyString } from '../../../runtime/formats/property-check.ts';
import type { Properties, PropertySchema } from '../../../runtime/formats/property-schema.ts';
import { checkSchema, type SchemaCheck } from '../../../runtime/formats/schema-check.ts';
import { looseDifference, vectorCorpus } from '../vectors.ts';

interface Vector {
  readonly id: string;
  readonly kind: string;
  readonly in: unknown;
  readonly out?: unknown;
  readonly format?: Properties;
  readonly schema?: unknown;
  readonly error_regex?: string;
  readonly errors?: string | Readonly<Record<string, string | { readonly regex: string }>>;
}

const formats = generalFormats();

export const jsonSchema = vectorCorpus<Vector, { readonly cases: readonly Vector[] }>('json-schema', (vector) => {
  switch (vector.kind) {
    case 'parse_property_string':
      return propertyStringDifference(vector);
    case 'check_object': {
      const schema = { properties: vector.schema as Properties, additionalProperties: 0 } as const;
      return checkDifference(checkSchema(vector.in, schema, formats), vector);
    }
    case 'check_schema':
      return checkDifference(checkSchema(vector.in, vector.schema as PropertySchema, formats), vector);
    default:
      return `unknown kind ${vector.kind}`;
  }
});

function propertyStringDifference({ in: text, format = {}, out, error_regex }: Vector): string | undefined {
  const read = readPropertyString(String(text), format, formats);
  if (error_regex === undefined) return looseDifference('error' in read ? read : read.values, out);
  return 'error' in read && new RegExp(error_regex).test(read.error)
    ? undefined
    : `expected an error like ${error_regex}, got ${'error' in read ? read.error : 'none'}`;
}

function checkDifference({ value, errors }: SchemaCheck, vector: Vector): string | undefined {
  const lines = [...errors].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, message]) => `${key}: ${message}`);
  const difference = errorsDifference(errors, lines.join('\n'), vector.errors);
  if (difference !== undefined) return difference;
  return vector.out === undefined ? undefined : looseDifference(value, vector.out);
}

function errorsDifference(
  errors: ReadonlyMap<string, string>,
  text: string,
  expected: Vector['errors'],
): string | undefined {
  if (expected === undefined) return errors.size === 0 ? undefined : `unexpected errors: ${text}`;
  if (typeof expected === 'string') {
    return new RegExp(expected).test(text) ? undefined : `expected errors like ${expected}, got ${text}`;
  }
  const keys = looseDifference([...errors.keys()].sort(), Object.keys(expected).sort());
  if (keys !== undefined) return keys;
  for (const [key, wanted] of Object.entries(expected)) {
    const message = errors.get(key)!;
    const fits = typeof wanted === 'string' ? message === wanted : new RegExp(wanted.regex).test(message);
    if (!fits) return `${key}: expected ${JSON.stringify(wanted)}, got ${message}`;
  }
  return undefined;
}
