/**
 * Properties of guest configurations, as requests 11 and 13 return them (spec/pmxcfs.md §6.9, Q23).
 */
import type { Buffer } from 'node:buffer';

/** White space of C's isspace(), which is not JavaScript's. */
const SURROUNDING_SPACE = /^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g;

/**
 * Values of `properties` in the main part of a guest configuration, before the first line that begins with `[`.
 * A repeated property has its last value; where one property alone is asked for, its second value ends the search (Q23).
 */
export function findProperties(config: Buffer, properties: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const lineProperties = properties.filter((property) => !property.includes('\n'));
  const prefixes = lineProperties.map((property) => ({ property, prefix: `${property}:` }));
  const text = config.toString('latin1');
  for (let start = 0; start < text.length && text[start] !== '['; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    for (const { property, prefix } of prefixes) {
      if (!text.startsWith(prefix, start)) continue;
      const repeated = found.has(property);
      const value = text.slice(start + prefix.length, end);
      found.set(property, value.replace(SURROUNDING_SPACE, ''));
      if (repeated && properties.length === 1) return found;
    }
    start = end + 1;
  }
  return found;
}

/** The answer for `guests`, each with its configuration; guests without a hit are left out. A byte string. */
export function guestPropertiesText(
  guests: Iterable<readonly [vmid: number, config: Buffer]>,
  properties: readonly string[],
): string {
  const lines: string[] = [];
  for (const [vmid, config] of guests) {
    const found = findProperties(config, properties);
    if (found.size === 0) continue;
    const members = properties.flatMap((property) => {
      const value = found.get(property);
      return value === undefined ? [] : [`"${escaped(property)}": "${escaped(value)}"`];
    });
    lines.push(`"${vmid}":{${members.join(',')}}`);
  }
  return `{\n${lines.join(',\n')}\n}\n`;
}

function escaped(text: string): string {
  return text.replace(/[\\"]/g, '\\$&');
}
