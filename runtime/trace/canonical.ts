/**
 * The one text of a value, for traces that are compared and hashed: keys sorted, no blanks, and what JSON lacks written
 * as tagged text. Equal values have equal texts on every host.
 */
import { createHash } from 'node:crypto';

/** Bytes longer than this are given by their digest and length: a trace shows what happened, it doesn't carry files. */
const bytes_shown_max = 64;

export function canonical(value: unknown): string {
  return JSON.stringify(canonicalValue(value));
}

/** What JSON carries instead of `value`. */
export function canonicalValue(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return `${value}n`;
    case 'object':
      return value === null ? null : canonicalObject(value);
    default:
      // undefined, functions and symbols say nothing that a replay could use.
      return null;
  }
}

function canonicalObject(value: object): unknown {
  if (Array.isArray(value)) return value.map(canonicalValue);
  if (value instanceof Uint8Array) return canonicalBytes(value);
  if (value instanceof Date) return `date:${value.getTime()}`;
  if (value instanceof Error) return `error:${value.message}`;
  // Insertion order of a Map or Set may depend on the order of arrival, so they are sorted by text.
  if (value instanceof Map) return { $map: sorted([...value].map((pair) => pair.map(canonicalValue))) };
  if (value instanceof Set) return { $set: sorted([...value].map(canonicalValue)) };
  const entries: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined && typeof item !== 'function') entries.push([key, canonicalValue(item)]);
  }
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}

function sorted(items: unknown[]): unknown[] {
  return items
    .map((item) => ({ item, text: JSON.stringify(item) }))
    .sort((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ item }) => item);
}

function canonicalBytes(bytes: Uint8Array): string {
  if (bytes.length <= bytes_shown_max) return `bytes:${Buffer.from(bytes).toString('hex')}`;
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}:${bytes.length}`;
}
