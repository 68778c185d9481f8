import assert from 'node:assert';
import type { Buffer } from 'node:buffer';

const WORD = 0x1_0000_0000;

/** Writes an unsigned 64-bit little-endian integer. `value` is a whole number from 0 to 2^53 - 1. */
export function writeU64(buffer: Buffer, value: number, offset: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, `not a u64 that JavaScript holds: ${value}`);
  buffer.writeUInt32LE(value % WORD, offset);
  buffer.writeUInt32LE(Math.floor(value / WORD), offset + 4);
}

/** Reads an unsigned 64-bit little-endian integer; undefined above 2^53 - 1, which callers refuse as malformed. */
export function readU64(buffer: Buffer, offset: number): number | undefined {
  const value = buffer.readUInt32LE(offset + 4) * WORD + buffer.readUInt32LE(offset);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** `%016X` of spec/pmxcfs.md: sixteen upper-case hexadecimal digits. */
export function hex16(value: number | bigint): string {
  return value.toString(16).toUpperCase().padStart(16, '0');
}
