/** Byte strings on the wire: one JavaScript character (0..255) per byte, ended by a NUL (spec/pmxcfs.md, `cstr`). */
import type { Buffer } from 'node:buffer';

/** Length of `text` with its NUL. */
export function terminatedLength(text: string): number {
  return text.length + 1;
}

/** Writes `text` and its NUL; returns the offset behind it. */
export function writeTerminated(buffer: Buffer, text: string, at: number): number {
  buffer.write(text, at, 'latin1');
  buffer.writeUInt8(0, at + text.length);
  return at + text.length + 1;
}

/** The text in `length` bytes, as C reads it: up to the first NUL. Undefined when the last byte is none. */
export function readTerminated(buffer: Buffer, at: number, length: number): string | undefined {
  if (length < 1 || buffer[at + length - 1] !== 0) return undefined;
  return buffer.toString('latin1', at, buffer.indexOf(0, at));
}
