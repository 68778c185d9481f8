/** Updating a section through the API (spec/storage.md §1.4): `digest`, `delete` and new values. No option of HA is fixed. */
import { splitList } from '../../../runtime/formats/list-text.ts';
import { type Refused, refused } from './outcome.ts';
import type { CheckedParameters, ParameterSchema } from './parameters.ts';

export type SectionValues = Readonly<Record<string, unknown>>;

/** @param current SHA-1 of the file as it is now */
export function digestMismatch(parameters: CheckedParameters, current: string): Refused | undefined {
  const digest = parameters.get('digest');
  if (digest === undefined || digest === '' || digest === current) return undefined;
  return refused('modified', 'detected modified configuration - file changed by other user? Try again.');
}

/**
 * The values that a section has afterwards.
 * @param options the section's, as they are when it is created: those that are not optional can't be deleted
 * @param set values of the program
 */
export function updatedValues(
  options: ParameterSchema,
  current: SectionValues,
  set: SectionValues,
  parameters: CheckedParameters,
): Refused | { readonly ok: true; readonly values: SectionValues } {
  const values: Record<string, unknown> = { ...current };
  for (const key of splitList(parameters.get('delete') ?? '')) {
    const option = Object.hasOwn(options, key) ? options[key] : undefined;
    if (option === undefined) return refused('no-such-option', `no such option '${key}'`);
    if (!option.optional) return refused('required-option', `unable to delete required option '${key}'`);
    if (parameters.has(key)) {
      return refused('set-and-delete', `cannot set and delete property '${key}' at the same time!`);
    }
    delete values[key];
  }
  return { ok: true, values: { ...values, ...set } };
}

/** The parameters that are options, as values of the program. */
export function valuesOf(
  options: ParameterSchema,
  parameters: CheckedParameters,
  decode: (key: string, text: string) => unknown = (_key, text) => text,
): SectionValues {
  const values: Record<string, unknown> = {};
  for (const [key, { type }] of Object.entries(options)) {
    const text = parameters.get(key);
    if (text === undefined) continue;
    values[key] = type === 'boolean' || type === 'integer' ? Number(text) : decode(key, text);
  }
  return values;
}

/** What creates a section may be left out when it is updated. */
export function optionalAll(options: ParameterSchema): ParameterSchema {
  return Object.fromEntries(Object.entries(options).map(([key, option]) => [key, { ...option, optional: 1 }]));
}

/** A number behind all others, so that a new section comes last. */
export function nextOrder(order: ReadonlyMap<string, number>): number {
  return Math.max(0, ...order.values()) + 1;
}
