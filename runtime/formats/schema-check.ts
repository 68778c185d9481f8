/**
 * Checks values of any kind by the schema dialect (spec/formats.md §6), and property strings, which are objects in a text
 * (§5.1). All messages are collected, by the path of what is wrong.
 *
 *  I1 The value that was given is not changed: aliases move in the copy that comes back.
 *  I2 A key is reported as unknown once, by the outermost schema that knows the object.
 */
import { byBytes } from './byte-string.ts';
import { splitList } from './list-text.ts';
import { boundsComplaint, enumComplaint, plainText, typeComplaint } from './plain-value.ts';
import type {
  NamedFormats,
  NamedPropertyString,
  Properties,
  PropertySchema,
  PropertyString,
  PropertyStringFormat,
  PropertyValues,
} from './property-schema.ts';
import { schemaOf } from './property-schema.ts';
import { splitPropertyString } from './property-string.ts';

export interface SchemaCheck {
  /** The value with aliased keys moved to their targets. */
  readonly value: unknown;
  /** Messages by path (`net.mtu`, `list[0]`, `oneOf[two].second`, `_root`); several of one path are joined by `\n` in two characters. */
  readonly errors: ReadonlyMap<string, string>;
}

/** @param value JSON; undefined and null are missing values */
export function checkSchema(value: unknown, schema: PropertySchema, formats: NamedFormats): SchemaCheck {
  const copy = copied(value);
  const checker = new Checker(formats);
  checker.check(copy, schema, '');
  return { value: copy, errors: checker.errors };
}

const missing = 'property is missing and it is not optional';
const unknownKey = 'property is not defined in schema and the schema does not allow additional properties';

type Json = Record<string, unknown>;

/** What an object-like schema doesn't know of an object, and where it would say so itself. */
interface UnknownKeys {
  readonly keys: readonly string[];
  readonly path: string;
}

class Checker {
  readonly errors = new Map<string, string>();
  readonly #formats: NamedFormats;

  constructor(formats: NamedFormats) {
    this.#formats = formats;
  }

  #add(path: string, message: string): void {
    const key = path === '' ? '_root' : path;
    const before = this.errors.get(key);
    this.errors.set(key, before === undefined ? message : `${before}\\n${message}`);
  }

  /** @param holder the object whose property the value is */
  check(value: unknown, schema: PropertySchema, path: string, holder: Json = {}): void {
    if (schema.alias !== undefined) return;
    const older = this.#olderForms(value, schema, path, holder);
    if (older === 'ended') return;
    if (isMissing(value)) {
      if (!isOptional(schema) && older !== 'may-be-absent') this.#add(path, missing);
      return;
    }
    const typeError = typesComplaint(value, schema.type);
    if (typeError !== undefined) this.#add(path, typeError);
    else if (Array.isArray(value)) this.#checkItems(value, schema, path);
    else if (isObject(value)) this.#reportUnknown(this.#checkObject(value, schema, path));
    else this.#checkPlain(plainText(value), schema, path);
  }

  #checkItems(values: readonly unknown[], { items }: PropertySchema, path: string): void {
    if (items === undefined) return;
    for (const [index, value] of values.entries()) this.check(value, items, `${path}[${index}]`);
  }

  #checkPlain(text: string, schema: PropertySchema, path: string): void {
    const complaint =
      schema.allOf !== undefined || isSelecting(schema)
        ? 'value must be an object'
        : untypedComplaint(text, schema, this.#formats);
    if (complaint !== undefined) this.#add(path, complaint);
  }

  #reportUnknown({ keys, path }: UnknownKeys): void {
    for (const key of keys) this.#add(below(path, key), unknownKey);
  }

  /** spec/formats.md §6.1 step 5. */
  #checkObject(object: Json, schema: PropertySchema, path: string): UnknownKeys {
    if (schema.properties !== undefined || schema.additionalProperties)
      return this.#checkProperties(object, schema, path);
    if (schema.allOf !== undefined) return this.#checkAllOf(object, schema.allOf, path);
    return isSelecting(schema) ? this.#checkSelected(object, schema, path) : { keys: [], path };
  }

  /** spec/formats.md §6.2. */
  #checkProperties(object: Json, schema: PropertySchema, path: string): UnknownKeys {
    const { properties = {}, additionalProperties } = schema;
    this.#moveAliases(object, properties, path);
    for (const [key, property] of Object.entries(properties)) {
      this.check(propertyOf(object, key), property, below(path, key), object);
    }
    const unknown: string[] = [];
    for (const key of Object.keys(object)) {
      const property = schemaOf(properties, key);
      if (property !== undefined) this.#checkRequires(object, key, property, path);
      if (property !== undefined && !isForOtherTypes(object, key, property)) continue;
      if (isObject(additionalProperties)) this.check(propertyOf(object, key), additionalProperties, below(path, key));
      else if (additionalProperties !== undefined && !additionalProperties) unknown.push(key);
    }
    return { keys: unknown, path };
  }

  #moveAliases(object: Json, properties: Properties, path: string): void {
    for (const key of Object.keys(object).sort(byBytes)) {
      const target = schemaOf(properties, key)?.alias;
      if (target === undefined) continue;
      if (!isMissing(propertyOf(object, target))) {
        this.#add(below(path, key), `cannot set both '${key}' and its alias target '${target}'`);
        continue;
      }
      object[target] = object[key];
      delete object[key];
    }
  }

  #checkRequires(object: Json, key: string, { requires }: PropertySchema, path: string): void {
    if (isObject(requires)) this.check(object, requires, path);
    else if (requires !== undefined && isMissing(propertyOf(object, requires as string))) {
      this.#add(below(path, requires as string), `missing property required by '${below(path, key)}'`);
    }
  }

  /** spec/formats.md §6.3: unknown is what every member doesn't know. */
  #checkAllOf(object: Json, members: readonly PropertySchema[], path: string): UnknownKeys {
    let unknown: readonly string[] | undefined;
    for (const member of members) {
      const { keys } = this.#checkObject(object, member, path);
      unknown = unknown === undefined ? keys : unknown.filter((key) => keys.includes(key));
    }
    return { keys: unknown ?? [], path };
  }

  /** spec/formats.md §6.4. */
  #checkSelected(object: Json, schema: PropertySchema, path: string): UnknownKeys {
    const selector = schema['type-property'] ?? '';
    const selected = propertyOf(object, selector);
    const others = { keys: Object.keys(object).filter((key) => key !== selector), path };
    if (isMissing(selected) && schema.optional) return others;
    const checker = new Checker(this.#formats);
    checker.check(isMissing(selected) ? undefined : selected, schema['type-property-schema']!, below(path, selector));
    for (const [at, message] of checker.errors) this.#add(at, message);
    if (isMissing(selected) || checker.errors.size > 0) return others;
    const name = plainText(selected);
    const variant = schema.oneOf?.find((one) => one['instance-type'] === name);
    if (variant === undefined) {
      this.#add(path, `'${name}' is not a valid oneOf variant`);
      return { keys: [], path };
    }
    const inVariant = below(path, `oneOf[${name}]`);
    const { keys } = this.#checkObject(object, variant, inVariant);
    return { keys: keys.filter((key) => key !== selector), path: inVariant };
  }

  /** spec/formats.md §6.5: properties of some types of their object only, and alternatives without a selector. */
  #olderForms(
    value: unknown,
    schema: PropertySchema,
    path: string,
    holder: Json,
  ): 'ended' | 'may-be-absent' | undefined {
    if (isSelecting(schema)) return undefined;
    const selector = schema['type-property'];
    if (selector === undefined) {
      if (schema.oneOf !== undefined && !(isMissing(value) && isOptional(schema))) {
        this.#checkAlternatives(value, schema.oneOf, path);
      }
      return undefined;
    }
    const selected = propertyOf(holder, selector);
    if (schema.oneOf !== undefined) return this.#checkTyped(value, schema.oneOf, selected, path, holder);
    if (isMissing(selected)) return undefined;
    if (schema['instance-types'] === undefined) {
      this.#add(path, "missing 'instance-types'");
      return 'ended';
    }
    return schema['instance-types'].includes(plainText(selected)) ? undefined : 'may-be-absent';
  }

  #checkTyped(
    value: unknown,
    alternatives: readonly PropertySchema[],
    selected: unknown,
    path: string,
    holder: Json,
  ): 'ended' | 'may-be-absent' | undefined {
    if (isMissing(selected)) return 'may-be-absent';
    let mayBeAbsent = true;
    for (const alternative of alternatives) {
      const types = alternative['instance-types'];
      if (types === undefined) {
        this.#add(path, "missing 'instance-types' in oneOf alternative");
        return 'ended';
      }
      if (!types.includes(plainText(selected))) continue;
      mayBeAbsent = Boolean(alternative.optional);
      this.check(value, alternative, path, holder);
    }
    return mayBeAbsent ? 'may-be-absent' : undefined;
  }

  /** The first alternative without a complaint wins. */
  #checkAlternatives(value: unknown, alternatives: readonly PropertySchema[], path: string): void {
    const complaints: (readonly [string, string])[] = [];
    for (const [index, alternative] of alternatives.entries()) {
      const checker = new Checker(this.#formats);
      checker.check(value, alternative, below(path, `oneOf[${index}]`));
      if (checker.errors.size === 0) return;
      complaints.push(...checker.errors);
    }
    for (const [at, message] of complaints) this.#add(at === '_root' ? '' : at, message);
  }
}

function below(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function isMissing(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOptional({ optional, group, type }: PropertySchema): boolean {
  return Boolean(optional) || Boolean(group) || typesOf(type).includes('null');
}

function isSelecting(schema: PropertySchema): boolean {
  return schema.oneOf !== undefined && schema['type-property-schema'] !== undefined;
}

/** Whether a typed property with alternatives is given, and none of them is for the object's type. */
function isForOtherTypes(object: Json, key: string, property: PropertySchema): boolean {
  const selector = property['type-property'];
  if (selector === undefined || property.oneOf === undefined || isSelecting(property)) return false;
  if (isMissing(propertyOf(object, key))) return false;
  const selected = propertyOf(object, selector);
  const name = isMissing(selected) ? undefined : plainText(selected);
  const lists = property.oneOf.map((alternative) => alternative['instance-types']);
  return !lists.some((types) => types === undefined || (name !== undefined && types.includes(name)));
}

/** Own keys only, and no accessor. */
function propertyOf(object: Json, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copied(one)])) : value;
}

function typesOf(type: PropertySchema['type']): readonly string[] {
  return type === undefined ? [] : typeof type === 'string' ? [type] : type;
}

function typesComplaint(value: unknown, type: PropertySchema['type']): string | undefined {
  if (type === undefined) return undefined;
  if (typeof type === 'string') return oneTypeComplaint(value, type);
  if (type.some((one) => oneTypeComplaint(value, one) === undefined)) return undefined;
  return `type check ('${type.join('|')}') failed`;
}

function oneTypeComplaint(value: unknown, type: string): string | undefined {
  if (type === 'null') return "type check ('null') failed - value is not null";
  if (type === 'array') return Array.isArray(value) ? undefined : "type check ('array') failed";
  if (type === 'object') return isObject(value) ? undefined : "type check ('object') failed";
  if (!['string', 'integer', 'number', 'boolean'].includes(type)) return undefined;
  if (typeof value === 'object')
    return `type check ('${type}') failed - got ${Array.isArray(value) ? 'ARRAY' : 'HASH'}`;
  return typeComplaint(plainText(value), type);
}

/** The first complaint about a plain value in its written form. */
export function plainComplaint(text: string, schema: PropertySchema, formats: NamedFormats): string | undefined {
  return typesComplaint(text, schema.type) ?? untypedComplaint(text, schema, formats);
}

function untypedComplaint(text: string, schema: PropertySchema, formats: NamedFormats): string | undefined {
  const complaint = schema.format === undefined ? undefined : formatComplaint(text, schema.format, formats);
  if (complaint !== undefined) return `invalid format - ${complaint}`;
  return boundsComplaint(text, schema) ?? enumComplaint(text, schema.enum);
}

/** What is wrong with a text of this format, by its name or its keys; undefined where nothing is. */
export function formatComplaint(
  text: string,
  format: string | PropertyStringFormat,
  formats: NamedFormats,
): string | undefined {
  return typeof format === 'string'
    ? namedComplaint(text, format, formats)
    : complaintOf(propertyStringOf(text, { properties: format }, formats));
}

/** spec/formats.md §3: the suffixes `-list` and `-opt`, and the two names that need no check. */
function namedComplaint(text: string, name: string, formats: NamedFormats): string | undefined {
  if (name === 'string' || name === 'regex') return undefined;
  const exact = formats.get(name);
  if (typeof exact === 'function') return exact(text);
  if (exact !== undefined) return complaintOf(propertyStringOf(text, exact, formats));
  const [, base = '', suffix] = /^(.*)-(list|opt)$/.exec(name) ?? [];
  const check = base === 'string' || base === 'regex' ? () => undefined : formats.get(base);
  if (check === undefined) return `undefined format '${name}'`;
  if (typeof check !== 'function') return `'-${suffix}' format must have code ref, not hash`;
  if (suffix === 'opt') return text === '' || text === '0' ? undefined : check(text);
  return splitList(text)
    .map(check)
    .find((complaint) => complaint !== undefined);
}

function complaintOf(read: PropertyString): string | undefined {
  return 'error' in read ? read.error : undefined;
}

/** spec/formats.md §5.1. An error is one line, or `format error` and a line per key. */
export function propertyStringOf(text: string, format: NamedPropertyString, formats: NamedFormats): PropertyString {
  const read = splitPropertyString(text, format.properties);
  if ('error' in read) return read;
  const checked = checkedProperties(read.values, format.properties, formats);
  return 'error' in checked ? checked : (format.finalCheck?.(checked.values) ?? checked);
}

/** The values of a property string, checked as an object that has no other keys. */
export function checkedProperties(
  values: PropertyValues,
  format: PropertyStringFormat,
  formats: NamedFormats,
): PropertyString {
  const schema = { properties: format, additionalProperties: 0 } as const;
  const { value, errors } = checkSchema(Object.fromEntries(values), schema, formats);
  if (errors.size === 0) return { values: new Map(Object.entries(value as Record<string, string>)) };
  const lines = [...errors].sort(([a], [b]) => byBytes(a, b)).map(([key, message]) => `${key}: ${message}`);
  return { error: ['format error', ...lines].join('\n') };
}
