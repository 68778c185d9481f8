/**
 * Section configurations, their types and who may use which property (spec/storage.md §1.5): storage.cfg, jobs.cfg,
 * ha/resources.cfg, ha/rules.cfg and others share one grammar. A system is data; `defineSections` resolves it once.
 */
import { byBytes } from './byte-string.ts';
import type { Flag, Properties, PropertySchema } from './property-schema.ts';

export type { Properties } from './property-schema.ts';

export interface OptionFlags {
  readonly optional?: Flag;
  /** Can't be changed later. */
  readonly fixed?: Flag;
}

export interface SectionType {
  /** Properties that this type defines. */
  readonly properties?: Properties;
  /** Properties that this type uses. */
  readonly options?: Readonly<Record<string, OptionFlags>>;
  readonly isolateProperties?: Flag;
  readonly exposeProperties?: Flag | Readonly<Record<string, Flag>>;
}

export interface SectionDefinition {
  readonly base: Properties;
  readonly types: Readonly<Record<string, SectionType>>;
  /** The switch for the whole system. */
  readonly propertyIsolation?: Flag;
}

export interface ResolvedType {
  readonly name: string;
  readonly own: ReadonlyMap<string, PropertySchema>;
  /** Effective options: what the type uses. */
  readonly options: ReadonlyMap<string, OptionFlags>;
  /** What a key means to this type, or undefined where it can't see it. */
  definition(key: string): PropertySchema | undefined;
}

export interface SectionSystem {
  readonly isolated: boolean;
  readonly base: ReadonlyMap<string, PropertySchema>;
  /** The list that all types share. */
  readonly shared: ReadonlyMap<string, PropertySchema>;
  /** In name order. */
  readonly types: ReadonlyMap<string, ResolvedType>;
}

type Resolved<T> = { readonly value: T } | { readonly error: string };

/** Resolves a definition. An error is the sentence with which the original's initialisation dies. */
export function defineSections(definition: SectionDefinition): SectionSystem | { readonly error: string } {
  const names = Object.keys(definition.types).sort(byBytes);
  const isSwitched = Boolean(definition.propertyIsolation);
  const isolated = isSwitched || names.some((name) => Boolean(definition.types[name]!.isolateProperties));
  const base = new Map(Object.entries(definition.base));
  const shared = isolated ? sharedIsolated(definition, names, isSwitched) : sharedUnified(definition, names);
  if ('error' in shared) return shared;
  const types = new Map<string, ResolvedType>();
  for (const name of names) {
    const type = resolveType(name, definition, { isolated, isSwitched, base, shared: shared.value });
    const error = unusableOption(type, definition, names, isSwitched);
    if (error !== undefined) return { error };
    types.set(name, type);
  }
  return { isolated, base, shared: withTypeProperty(shared.value, names), types };
}

/** `type` names the type of a section, so its words are the types. */
function withTypeProperty(
  shared: ReadonlyMap<string, PropertySchema>,
  names: readonly string[],
): ReadonlyMap<string, PropertySchema> {
  const type = shared.get('type');
  return type === undefined ? shared : new Map([...shared, ['type', { ...type, type: 'string', enum: names }]]);
}

function sharedUnified(definition: SectionDefinition, names: readonly string[]): Resolved<Map<string, PropertySchema>> {
  const shared = new Map(Object.entries(definition.base));
  for (const name of names) {
    for (const [key, schema] of sortedEntries(definition.types[name]!.properties)) {
      if (shared.has(key)) return { error: `duplicate property '${key}'` };
      shared.set(key, { ...schema, optional: 1 });
    }
  }
  return { value: shared };
}

function sharedIsolated(
  definition: SectionDefinition,
  names: readonly string[],
  isSwitched: boolean,
): Resolved<Map<string, PropertySchema>> {
  const shared = new Map(Object.entries(definition.base));
  if (isSwitched) return { value: shared };
  const owners = new Map([...shared.keys()].map((key) => [key, '<base>']));
  for (const name of names) {
    const type = definition.types[name]!;
    if (!isExposure(type.exposeProperties)) return { error: "'expose-properties' should be a boolean or a hash" };
    for (const [key, schema] of sortedEntries(type.properties)) {
      if (!exposes(type, key)) continue;
      const owner = owners.get(key);
      if (owner !== undefined) return { error: `duplicate property '${key}' - already defined in '${owner}'` };
      owners.set(key, name);
      shared.set(key, schema);
    }
  }
  return { value: shared };
}

function isExposure(value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean' || value === 0 || value === 1) return true;
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a type of a partly isolated system shares its own property with the others. */
function exposes(type: SectionType, key: string): boolean {
  if (!type.isolateProperties) return true;
  const exposure = type.exposeProperties;
  return typeof exposure === 'object' ? Boolean(exposure[key]) : Boolean(exposure);
}

interface Visibility {
  readonly isolated: boolean;
  readonly isSwitched: boolean;
  readonly base: ReadonlyMap<string, PropertySchema>;
  readonly shared: ReadonlyMap<string, PropertySchema>;
}

function resolveType(name: string, definition: SectionDefinition, visible: Visibility): ResolvedType {
  const type = definition.types[name]!;
  const isIsolated = visible.isSwitched || Boolean(type.isolateProperties);
  const own = new Map(sortedEntries(type.properties));
  const options = new Map(sortedEntries(type.options));
  if (isIsolated) {
    for (const [key, schema] of own) {
      if (!options.has(key)) options.set(key, schema.optional ? { optional: 1 } : {});
    }
  }
  const foreign = type.isolateProperties ? visible.base : visible.shared;
  const definitionOf = (key: string) => (isIsolated ? own.get(key) : undefined) ?? foreign.get(key);
  return { name, own, options, definition: definitionOf };
}

/** The message about the first option that names a property which the type can't see. */
function unusableOption(
  type: ResolvedType,
  definition: SectionDefinition,
  names: readonly string[],
  isSwitched: boolean,
): string | undefined {
  for (const key of [...type.options.keys()].sort(byBytes)) {
    if (type.definition(key) !== undefined) continue;
    const owners = names.filter((name) => Object.hasOwn(definition.types[name]!.properties ?? {}, key));
    const owner = owners.find((name) => exposes(definition.types[name]!, key)) ?? owners[0];
    if (owner === undefined) return `undefined property '${key}'`;
    if (isSwitched) return `cannot use property '${key}' of foreign plugin ('${owner}') in isolation mode`;
    if (definition.types[type.name]!.isolateProperties) {
      return `isolated plugin cannot use property '${key}' from foreign plugin '${owner}'`;
    }
    return `cannot use property '${key}' from isolated plugin '${owner}'`;
  }
  return undefined;
}

function sortedEntries<T>(record: Readonly<Record<string, T>> | undefined): [string, T][] {
  return Object.entries(record ?? {}).sort(([a], [b]) => byBytes(a, b));
}

/** A definition of our own, which can't be wrong. */
export function definedSections(definition: SectionDefinition): SectionSystem {
  const system = defineSections(definition);
  if ('error' in system) throw new Error(system.error);
  return system;
}
