/** How the parameters of a call are collected (spec/api.md §3.1, §3.2). Pure: texts in, values out. */
import type { Refusal } from '../../machines/access/refusal.ts';
import type { MethodFacts, Parameter } from './inventory/registry.ts';

export type Parameters = Readonly<Record<string, unknown>>;

/** A key such as `__proto__` is a parameter like any other. */
export function emptyParameters(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

/** Pairs of a query or form; a repeated key becomes an array, a key without `=` is null. Bytes that are no UTF-8 are kept as U+FFFD. */
export function decodeForm(text: string): Parameters {
  const values = emptyParameters();
  for (const pair of text.split(/[&;]/)) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const key = decodeComponent(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? null : decodeComponent(pair.slice(equals + 1));
    const before = values[key];
    if (!(key in values)) values[key] = value;
    else values[key] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  return values;
}

/** Percent-decoding that takes a stray `%` as it is. */
export function decodeComponent(text: string): string {
  return decodePercent(text.replaceAll('+', ' '));
}

/** For paths, where `+` means itself. */
export function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (escapes) =>
      Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
    );
  }
}

/** Written as the original writes a body that it passes on. */
export function encodeForm(params: Parameters): string {
  return Object.entries(params)
    .flatMap(([key, value]) => (Array.isArray(value) ? value : [value]).map((one) => [key, one] as const))
    .map(([key, value]) =>
      value === null || value === undefined
        ? encodeURIComponent(key)
        : `${encodeURIComponent(key)}=${encodeURIComponent(String(value))}`,
    )
    .join('&');
}

/** A JSON body; undefined for what is no object. */
export function decodeJsonBody(text: string): Parameters | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
    return Object.assign(emptyParameters(), value);
  } catch {
    return undefined;
  }
}

/** Query parameters overwrite those of the body; `_dc` is a cache buster. */
export function collected(query: Parameters, body: Parameters | undefined): Parameters {
  const values = Object.assign(emptyParameters(), body, query);
  delete values._dc;
  return values;
}

/** With the variables of the path, and arrays and lists in the form that the schema wants. */
export function mergedParameters(
  facts: MethodFacts,
  variables: ReadonlyMap<string, string>,
  given: Parameters,
): { readonly params: Parameters } | { readonly refusal: Refusal } {
  const params = Object.assign(emptyParameters(), given);
  for (const [name, value] of variables) {
    if (name in params && String(params[name]) !== value) {
      const text = 'duplicate parameter (already defined in URI) with conflicting values!';
      return { refusal: { status: 400, message: 'Parameter verification failed.\n', errors: { [name]: text } } };
    }
    params[name] = value;
  }
  for (const parameter of facts.parameters) {
    if (parameter.name in params) params[parameter.name] = normalized(parameter, params[parameter.name]);
  }
  return { params };
}

function normalized({ type, format }: Parameter, value: unknown): unknown {
  if (type === 'array') return Array.isArray(value) || value === null ? value : [value];
  if (type === 'string' && Array.isArray(value) && typeof format === 'string' && format.endsWith('-list')) {
    return value.join(',');
  }
  return value;
}
