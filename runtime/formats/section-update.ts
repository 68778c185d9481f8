/** Creates and changes sections for the API (spec/storage.md §1.4). The values were checked by the derived schemas before. */
import { byBytes } from './byte-string.ts';
import { plainText } from './plain-value.ts';
import type { Decoded, Section, SectionHandling } from './section-config.ts';
import type { ResolvedType, SectionSystem } from './section-config-types.ts';

/** Parameters by key: text, numbers, booleans, lists of them. */
export type GivenValues = ReadonlyMap<string, unknown>;

/** An error is the original's sentence. */
export type ChangedSection =
  | { readonly section: Section; readonly warnings: readonly string[] }
  | { readonly error: string };

export function createSection(
  system: SectionSystem,
  typeName: string,
  given: GivenValues,
  handling: SectionHandling = {},
): ChangedSection {
  const type = system.types.get(typeName);
  if (type === undefined) return { error: `unknown section type '${typeName}'` };
  const decoded = decodedValues(type, given, handling, 'create');
  if ('error' in decoded) return decoded;
  const missing = [...type.options]
    .filter(([key, flags]) => !flags.optional && !given.has(key))
    .map(([key]) => key)
    .sort(byBytes)[0];
  if (missing !== undefined) return { error: `missing value for required option '${missing}'` };
  return { section: { type: typeName, values: decoded.values }, warnings: decoded.warnings };
}

export interface SectionUpdate {
  readonly set: GivenValues;
  /** Keys; one that has no value is no mistake. */
  readonly delete: readonly string[];
}

export function updateSection(
  system: SectionSystem,
  section: Section,
  update: SectionUpdate,
  handling: SectionHandling = {},
): ChangedSection {
  const type = system.types.get(section.type);
  if (type === undefined) return { error: `unknown section type '${section.type}'` };
  const refusal = update.delete.map((key) => deleteRefusal(type, key, update.set)).find((one) => one !== undefined);
  if (refusal !== undefined) return { error: refusal };
  const decoded = decodedValues(type, update.set, handling, 'update');
  if ('error' in decoded) return decoded;
  const values = new Map([...section.values, ...decoded.values]);
  for (const key of update.delete) values.delete(key);
  return { section: { type: section.type, values }, warnings: decoded.warnings };
}

/** What a client read isn't there any more; without a digest nothing is compared. */
export function digestRefusal(given: string | undefined, actual: string): string | undefined {
  if (given === undefined || given === actual) return undefined;
  return 'detected modified configuration - file changed by other user? Try again.';
}

function deleteRefusal(type: ResolvedType, key: string, set: GivenValues): string | undefined {
  const flags = type.options.get(key);
  if (flags === undefined) return `no such option '${key}'`;
  if (!flags.optional) return `unable to delete required option '${key}'`;
  if (flags.fixed) return `unable to delete fixed option '${key}'`;
  return set.has(key) ? `cannot set and delete property '${key}' at the same time!` : undefined;
}

function decodedValues(
  type: ResolvedType,
  given: GivenValues,
  handling: SectionHandling,
  purpose: 'create' | 'update',
): { readonly values: Map<string, unknown>; readonly warnings: readonly string[] } | { readonly error: string } {
  const values = new Map<string, unknown>();
  const warnings: string[] = [];
  for (const [key, value] of given) {
    const flags = type.options.get(key);
    if (flags === undefined) return { error: `unexpected property '${key}'` };
    if (flags.fixed && purpose === 'update') return { error: `can't change value of fixed parameter '${key}'` };
    const plain = Array.isArray(value) ? value.map(plainText) : typed(plainText(value), type.definition(key)?.type);
    const decoded: Decoded = handling.decode?.(type.name, key, plain) ?? { value: plain };
    warnings.push(...(decoded.warnings ?? []));
    if ('error' in decoded) return { error: decoded.error };
    if (decoded.value !== undefined) values.set(key, decoded.value);
  }
  return { values, warnings };
}

/** As the reader has it: numbers, also for booleans, and text. */
function typed(text: string, type: unknown): string | number {
  return type === 'boolean' || type === 'integer' || type === 'number' ? Number(text) : text;
}
