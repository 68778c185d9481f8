/** Checks one plain value in its written form, and reads and writes property strings (spec/formats.md §5, §6.1). */
import { writeDiskSize } from './byte-size.ts';
import { byBytes } from './byte-string.ts';
import type {
  NamedFormats,
  PropertySchema,
  PropertyString,
  PropertyStringFormat,
  PropertyValues,
} from './property-schema.ts';
import { schemaOf } from './property-schema.ts';
import { defaultKeyOf } from './property-string.ts';
import { checkedProperties, plainComplaint, propertyStringOf } from './schema-check.ts';

/** The first complaint about a value, or undefined: type, format, pattern, lengths, range, enumeration. */
export function checkValue(value: string, schema: PropertySchema, formats: NamedFormats): string | undefined {
  return plainComplaint(value, schema, formats);
}

/** An error is one line, or `format error` and a line per key. @param format the keys, or the name of a property string */
export function readPropertyString(
  text: string,
  format: PropertyStringFormat | string,
  formats: NamedFormats,
): PropertyString {
  if (typeof format !== 'string') return propertyStringOf(text, { properties: format }, formats);
  const named = formats.get(format);
  if (typeof named !== 'object') return { error: `undefined format '${format}'` };
  return propertyStringOf(text, named, formats);
}

type Written = { readonly text: string } | { readonly error: string };

/** The text of values that fit the format (spec/formats.md §5.2). Values of disk sizes are counts of bytes. */
export function writePropertyString(
  given: PropertyValues,
  format: PropertyStringFormat,
  formats: NamedFormats,
): Written {
  const checked = checkedProperties(given, format, formats);
  if ('error' in checked) return checked;
  const { values } = checked;
  const names = nameKeys(format);
  const parts: string[] = [];
  const done = new Set<string>();
  for (const key of orderedKeys(values, format)) {
    const partner = names.get(key);
    if (done.has(key) || !values.has(key)) continue;
    done.add(key);
    const isPair = partner !== undefined && values.has(partner);
    if (isPair) done.add(partner);
    const part = isPair ? writtenPair(key, partner, values, format) : writtenPart(key, values.get(key)!, format);
    if ('error' in part) return part;
    parts.push(part.text);
  }
  return { text: parts.join(',') };
}

/** The default key, then the required ones, then the others. */
function orderedKeys(values: PropertyValues, format: PropertyStringFormat): readonly string[] {
  const defaultKey = defaultKeyOf(format);
  const rank = (key: string) => (key === defaultKey ? 0 : schemaOf(format, key)?.optional ? 2 : 1);
  return [...values.keys()].sort((a, b) => rank(a) - rank(b) || byBytes(a, b));
}

/** Of `virtio: {alias: macaddr, keyAlias: model}`: the model is the name under which the address is written, and back. */
function nameKeys(format: PropertyStringFormat): ReadonlyMap<string, string> {
  const partners = new Map<string, string>();
  for (const { alias, keyAlias } of Object.values(format)) {
    if (alias === undefined || keyAlias === undefined) continue;
    partners.set(keyAlias, alias);
    partners.set(alias, keyAlias);
  }
  return partners;
}

function writtenPair(key: string, partner: string, values: PropertyValues, format: PropertyStringFormat): Written {
  const isName = Object.values(format).some(({ keyAlias }) => keyAlias === key);
  const [nameKey, valueKey] = isName ? [key, partner] : [partner, key];
  const name = writtenValue(nameKey, values.get(nameKey)!, format);
  if ('error' in name) return name;
  const value = writtenValue(valueKey, values.get(valueKey)!, format);
  return 'error' in value ? value : { text: `${name.text}=${value.text}` };
}

function writtenPart(key: string, value: string, format: PropertyStringFormat): Written {
  const written = writtenValue(key, value, format);
  if ('error' in written) return written;
  return key === defaultKeyOf(format) ? written : { text: `${key}=${written.text}` };
}

function writtenValue(key: string, value: string, format: PropertyStringFormat): Written {
  const schema = schemaOf(format, key);
  if (schema === undefined) return { error: `invalid key '${key}'` };
  if (schema.format === 'disk-size' && /^[0-9]+$/.test(value)) return { text: writeDiskSize(Number(value)) };
  return value.includes(',') ? { error: `illegal value with commas for ${key}` } : { text: value };
}
