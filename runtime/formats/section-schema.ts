/** The API schemas for creating and updating a section, derived from the types (spec/storage.md §1.5). */
import type { OptionFlags, ResolvedType, SectionSystem } from './section-config-types.ts';

/** JSON, as the API's schema dialect has it (spec/formats.md §6). */
export type ApiSchema = Readonly<Record<string, unknown>>;

type Properties = { [key: string]: ApiSchema };

const digestAndDelete: Properties = {
  digest: {
    type: 'string',
    optional: 1,
    maxLength: 64,
    description:
      'Prevent changes if current configuration file has a different digest. This can be used to prevent concurrent modifications.',
  },
  delete: {
    type: 'string',
    optional: 1,
    format: 'pve-configid-list',
    maxLength: 4096,
    description: 'A list of settings you want to delete.',
  },
};

export interface CreateOptions {
  /** Leaves out the choice of the type: for systems with one type. */
  readonly skipType?: boolean;
  /** Properties of the caller. */
  readonly extra?: Readonly<Record<string, ApiSchema>>;
}

export interface UpdateOptions {
  /** Only for sections of this type. */
  readonly type?: string;
  readonly extra?: Readonly<Record<string, ApiSchema>>;
}

export function createSchema(
  system: SectionSystem,
  { skipType = false, extra = {} }: CreateOptions = {},
): ApiSchema | { readonly error: string } {
  if (!system.isolated) return objectSchema({ ...unifiedForCreating(system, skipType), ...extra });
  const variants = [...system.types.values()].map((type) => variantOf(type, 'create'));
  if (!skipType) return combined(mainOf(system, variants), [], extra, commonPart(system));
  if (variants.length > 1) return { error: "cannot use 'skip_type' for configs with more than 1 section type" };
  return combined(withoutInstance(variants[0] ?? {}), [], extra, commonPart(system));
}

export function updateSchema(system: SectionSystem, { type, extra = {} }: UpdateOptions = {}): ApiSchema {
  const only = type === undefined ? undefined : system.types.get(type);
  if (!system.isolated) return objectSchema({ ...unifiedForUpdating(system, only), ...digestAndDelete, ...extra });
  const main =
    only === undefined
      ? mainOf(
          system,
          [...system.types.values()].map((one) => variantOf(one, 'update')),
        )
      : withoutInstance(variantOf(only, 'update'));
  return combined(main, [partSchema(digestAndDelete)], extra, commonPart(system));
}

function objectSchema(properties: Properties): ApiSchema {
  return { type: 'object', ...partSchema(properties) };
}

function partSchema(properties: Properties): ApiSchema {
  return { additionalProperties: 0, properties };
}

/** A property that is optional in the shared list is required only if every type has it and requires it. */
function unifiedForCreating(system: SectionSystem, skipType: boolean): Properties {
  const properties: Properties = {};
  for (const [key, schema] of system.shared) {
    const requiredByAll = entriesOf(system, key).every((entry) => entry !== undefined && !entry.optional);
    properties[key] = schema.optional && requiredByAll ? { ...schema, optional: 0 } : { ...schema };
  }
  properties.type = { ...properties.type, type: 'string', enum: [...system.types.keys()] };
  if (skipType) delete properties.type;
  return properties;
}

/** What nobody uses, or what is fixed wherever it is used, can't be updated. */
function unifiedForUpdating(system: SectionSystem, only: ResolvedType | undefined): Properties {
  const properties: Properties = {};
  for (const [key, schema] of system.shared) {
    const isChangeable = entriesOf(system, key).some((entry) => entry !== undefined && !entry.fixed);
    const isWanted = only === undefined || only.options.has(key);
    if (key !== 'type' && isWanted && (!schema.optional || isChangeable)) properties[key] = { ...schema };
  }
  return properties;
}

function entriesOf(system: SectionSystem, key: string): readonly (OptionFlags | undefined)[] {
  return [...system.types.values()].map(({ options }) => options.get(key));
}

function variantOf(type: ResolvedType, purpose: 'create' | 'update'): ApiSchema {
  const properties: Properties = {};
  for (const [key, flags] of type.options) {
    if (purpose === 'update' && flags.fixed) continue;
    const isOptional = purpose === 'update' || Boolean(flags.optional);
    properties[key] = { ...type.definition(key)!, ...(isOptional && { optional: 1 }) };
  }
  return { 'instance-type': type.name, ...partSchema(properties) };
}

function withoutInstance({ 'instance-type': _name, ...schema }: ApiSchema): ApiSchema {
  return schema;
}

function mainOf(system: SectionSystem, variants: readonly ApiSchema[]): ApiSchema {
  const { optional: _optional, ...own } = system.base.get('type') ?? {};
  const type = { description: 'Section Type', ...own, type: 'string', enum: [...system.types.keys()] };
  return { 'type-property': 'type', 'type-property-schema': type, oneOf: variants };
}

/** Required base properties that no type uses: in practice the section's id. */
function commonPart(system: SectionSystem): Properties {
  const common: Properties = {};
  for (const [key, schema] of system.base) {
    const isUsed = entriesOf(system, key).some((entry) => entry !== undefined);
    if (key !== 'type' && !schema.optional && !isUsed) common[key] = { ...schema };
  }
  return common;
}

function combined(main: ApiSchema, first: readonly ApiSchema[], extra: Properties, common: Properties): ApiSchema {
  const parts = [...first, ...[extra, common].filter((part) => Object.keys(part).length > 0).map(partSchema)];
  return parts.length === 0 ? main : { allOf: [...parts, main] };
}
