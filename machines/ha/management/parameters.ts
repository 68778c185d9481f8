/** Checks of parameters by their schemas, as the API makes them (spec/api.md §3.3, spec/formats.md §6). */
import { checkValue } from '../../../runtime/formats/property-check.ts';
import type { NamedFormats, PropertySchema } from '../../../runtime/formats/property-schema.ts';
import { haFormats } from '../rules/rule-sections.ts';
import { badParameters, type Refused } from './outcome.ts';

/** As they come from the API or a command line; undefined counts as missing. */
export type Parameters = Readonly<Record<string, string | number | boolean | undefined>>;
/** In their written form, booleans as `1` and `0`. */
export type CheckedParameters = ReadonlyMap<string, string>;
export type ParameterSchema = Readonly<Record<string, PropertySchema>>;

const nodeName = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/;
const sectionId = /^[a-zA-Z][a-zA-Z0-9_-]+$/;

const formats: NamedFormats = new Map([
  ['pve-configid', (text: string) => (sectionId.test(text) ? undefined : `invalid configuration ID '${text}'`)],
  ['pve-node', (text: string) => (nodeName.test(text) ? undefined : 'value does not look like a valid node name')],
  ['pve-ha-node', haFormats.get('ha-node')!],
  ['pve-ha-resource-id', haFormats.get('ha-resource-id')!],
  [
    'pve-ha-resource-or-vm-id',
    (text: string) => (/^[1-9][0-9]{2,8}$/.test(text) ? undefined : haFormats.get('ha-resource-id')!(text)),
  ],
]);

export const optionalText = (maxLength: number): PropertySchema => ({ type: 'string', maxLength, optional: 1 });
export const optionalFlag: PropertySchema = { type: 'boolean', optional: 1 };
/** What every update takes beside its own properties. */
export const updateParameters: ParameterSchema = {
  digest: optionalText(64),
  delete: { ...optionalText(4096), format: 'pve-configid-list' },
};

export interface Variant {
  /** The type that chose these properties; their complaints stand under `oneOf[<type>].<name>`. */
  readonly type: string;
  readonly properties: ParameterSchema;
}

/** All complaints at once, or the parameters as text. A type without a variant has none of its own. */
export function checkParameters(
  given: Parameters,
  schema: ParameterSchema,
  variant?: Variant,
): Refused | { readonly ok: true; readonly parameters: CheckedParameters } {
  const parameters = new Map<string, string>();
  for (const [key, value] of Object.entries(given)) if (value !== undefined) parameters.set(key, writtenForm(value));
  const errors: Record<string, string> = {};
  const check = (properties: ParameterSchema, prefix: string) => {
    for (const [key, property] of Object.entries(properties)) {
      const complaint = complaintAbout(parameters.get(key), property);
      if (complaint !== undefined) errors[`${prefix}${key}`] = complaint;
    }
  };
  check(schema, '');
  if (variant !== undefined) check(variant.properties, `oneOf[${variant.type}].`);
  for (const key of parameters.keys()) {
    if (Object.hasOwn(schema, key) || (variant !== undefined && Object.hasOwn(variant.properties, key))) continue;
    errors[key] = 'property is not defined in schema and the schema does not allow additional properties';
  }
  return Object.keys(errors).length > 0 ? badParameters(errors) : { ok: true, parameters };
}

function complaintAbout(value: string | undefined, property: PropertySchema): string | undefined {
  if (value !== undefined) return checkValue(value, property, formats);
  return property.optional ? undefined : 'property is missing and it is not optional';
}

function writtenForm(value: string | number | boolean): string {
  return typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
}
