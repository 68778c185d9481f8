/** Checks parameters where a method runs: the schema dialect with all formats of the API (spec/api.md §3.3, §3.5). */

import { storageFormats } from '../../machines/storage/storage-formats.ts';
import { accessFormats } from '../../runtime/formats/access/access-formats.ts';
import type { FormatCheck, NamedFormats, PropertySchema } from '../../runtime/formats/property-schema.ts';
import { checkSchema } from '../../runtime/formats/schema-check.ts';
import type { Schema } from './inventory/registry.ts';

const matching =
  (holds: (text: string) => boolean, complaint: (text: string) => string): FormatCheck =>
  (text) =>
    holds(text) ? undefined : complaint(text);

/** spec/ha.md §2. */
const ownFormats: readonly (readonly [string, FormatCheck])[] = [
  [
    'pve-ha-resource-id',
    matching(
      (text) => /^(?:vm|ct):[1-9][0-9]{2,8}$/.test(text),
      () => 'value does not look like a valid ha resource id',
    ),
  ],
  [
    'pve-ha-resource-or-vm-id',
    matching(
      (text) => /^(?:(?:vm|ct):)?[1-9][0-9]{2,8}$/.test(text),
      () => 'value does not look like a valid ha resource id',
    ),
  ],
  [
    'pve-ha-node',
    matching(
      (text) => /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?::\d+)?$/.test(text),
      (text) => `invalid HA node '${text}'`,
    ),
  ],
];

/** Formats of parts that aren't in this release: nothing of theirs runs. */
class KnownFormats extends Map<string, NamedFormats extends ReadonlyMap<string, infer Check> ? Check : never> {
  override get(name: string) {
    const known = super.get(name);
    const isSuffixed = /-(?:list|opt)$/.test(name);
    return known ?? (isSuffixed ? undefined : accepting);
  }
}

const accepting: FormatCheck = () => undefined;
const formats: NamedFormats = new KnownFormats([...storageFormats, ...accessFormats, ...ownFormats]);

/** Texts by parameter, or undefined. Aliased keys of `params` move to their targets. */
export function validationErrors(
  params: Record<string, unknown>,
  schema: Schema,
): Readonly<Record<string, string>> | undefined {
  const { value, errors } = checkSchema(params, schema as PropertySchema, formats);
  if (errors.size > 0) return Object.fromEntries(errors);
  for (const key of Object.keys(params)) delete params[key];
  Object.assign(params, value);
  return undefined;
}
