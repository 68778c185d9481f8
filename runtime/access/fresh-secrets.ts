/** Secrets that are made once: of API tokens, recovery codes, console passwords. All come from the Random port. */
import type { Random } from '../random/random.ts';

/** A random UUID (version 4) in lower case. */
export function randomUuid(random: Random): string {
  const bytes = random.bytes(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** `xxxx-xxxx-xxxx-xxxx`, hex (spec/access.md §9.1). */
export function recoveryCodes(random: Random, count = 10): readonly string[] {
  return Array.from({ length: count }, () => random.bytes(8).toString('hex').match(/.{4}/g)!.join('-'));
}

/** The textual secret under which recovery codes are stored. */
export function recoverySecret(random: Random): string {
  return random.bytes(8).toString('hex');
}

/** 8 characters from `!` to `` ` ``. */
export function consolePassword(random: Random): string {
  return [...random.bytes(8)].map((byte) => String.fromCharCode(0x21 + (byte & 63))).join('');
}
