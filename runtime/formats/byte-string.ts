/** Byte strings (one character per byte) and what the formats of the original mean by white space and digits in them. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

/** White space in a regular expression over byte strings. JavaScript's \s would match 0xA0, a byte of UTF-8 characters. */
export const blank = '[ \\t\\r\\n\\f\\v]';

/** SHA-1 in hex over the bytes. */
export function sha1Hex(bytes: string): string {
  return createHash('sha1').update(bytes, 'latin1').digest('hex');
}

/** Byte-wise order, as everywhere that the specifications say "sorted". */
export function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function utf8ToText(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

export function textToUtf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
