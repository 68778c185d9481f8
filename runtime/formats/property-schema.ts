/**
 * The schema dialect, as data (spec/formats.md §6). schema-check.ts checks values of any kind by it, property-check.ts one plain
 * value.
 */

export type Flag = 0 | 1 | boolean;

export interface PropertySchema {
  /** A list accepts what one of its types accepts. */
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly optional?: Flag;
  /** Belongs to a group of which one is needed; so it may be missing itself. */
  readonly group?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  /** A regular expression for the whole value. */
  readonly pattern?: string;
  /** `i`: any case. */
  readonly patternFlags?: string;
  readonly enum?: readonly (string | number)[];
  readonly items?: PropertySchema;
  /** The name of a format, or the keys of a property string. */
  readonly format?: string | PropertyStringFormat;
  readonly default_key?: Flag;
  readonly alias?: string;
  readonly keyAlias?: string;
  readonly default?: string | number;
  /** The name of another property, or a schema for the object that holds this one. */
  readonly requires?: string | PropertySchema;
  readonly properties?: Properties;
  readonly additionalProperties?: Flag | PropertySchema;
  readonly allOf?: readonly PropertySchema[];
  readonly oneOf?: readonly PropertySchema[];
  /** The property whose value selects; of a `oneOf`, or in the older form of a sibling. */
  readonly 'type-property'?: string;
  readonly 'type-property-schema'?: PropertySchema;
  /** Of a variant of `oneOf`. */
  readonly 'instance-type'?: string;
  readonly 'instance-types'?: readonly string[];
}

export type Properties = Readonly<Record<string, PropertySchema>>;

export type PropertyStringFormat = Properties;

/** What is wrong with the text, or undefined. */
export type FormatCheck = (text: string) => string | undefined;

/** A property string with a name. */
export interface NamedPropertyString {
  readonly properties: PropertyStringFormat;
  /** Has the last word about values that are right each by itself, and may replace them. */
  readonly finalCheck?: (values: PropertyValues) => PropertyString;
}

/** Values as written, booleans as `1` and `0`. */
export type PropertyValues = ReadonlyMap<string, string>;

export type PropertyString = { readonly values: PropertyValues } | { readonly error: string };

export type NamedFormats = ReadonlyMap<string, FormatCheck | NamedPropertyString>;

/** Own keys only: a key of a text may be called `constructor`. */
export function schemaOf(properties: Properties, key: string): PropertySchema | undefined {
  return Object.hasOwn(properties, key) ? properties[key] : undefined;
}
