/**
 * Comments in section configurations: percent-encoded UTF-8 on disk (spec/ha.md §5.1), so that a value never leaves its
 * line. Control characters, non-ASCII, `:` and `%` are encoded.
 */
import { textToUtf8, utf8ToText } from './byte-string.ts';

/** @param text Unicode text @returns a byte string of ASCII */
export function encodeText(text: string): string {
  return textToUtf8(text).replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is encoded
    /[\x00-\x1f\x7f-\xff:%]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** The inverse; a `%` without two hex digits stays as it is. @param bytes a byte string @returns Unicode text */
export function decodeText(bytes: string): string {
  return utf8ToText(bytes.replace(/%([0-9A-Fa-f]{2})/g, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16))));
}
