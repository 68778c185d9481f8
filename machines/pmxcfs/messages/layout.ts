/**
 * Fixed layouts of the wire as data: field, type and offset, with one encoder and one decoder for all of them.
 * Integers are little-endian; a u64 above 2^53 - 1 is refused.
 */
import type { Buffer } from 'node:buffer';
import { readU64, writeU64 } from './u64.ts';

type Integer = 'u8' | 'u16' | 'u32' | 'u64';

export interface Layout<Name extends string> {
  /** Length of the fixed part, bytes. */
  readonly bytes: number;
  readonly fields: readonly { readonly name: Name; readonly type: Integer; readonly offset: number }[];
}

const BYTES: Readonly<Record<Integer, number>> = { u8: 1, u16: 2, u32: 4, u64: 8 };

/** Fields one after another without padding, in the order of `types`. */
export function packed<Name extends string>(types: Readonly<Record<Name, Integer>>): Layout<Name> {
  let offset = 0;
  const fields = (Object.entries(types) as [Name, Integer][]).map(([name, type]) => {
    const field = { name, type, offset };
    offset += BYTES[type];
    return field;
  });
  return { bytes: offset, fields };
}

/** Writes `values` at `at`. */
export function writeFields<Name extends string>(
  layout: Layout<Name>,
  values: Readonly<Record<Name, number>>,
  buffer: Buffer,
  at: number,
): void {
  for (const { name, type, offset } of layout.fields) writeInteger(buffer, type, values[name], at + offset);
}

/** Reads the fields at `at`; the buffer is long enough. Undefined when a u64 is above 2^53 - 1. */
export function readFields<Name extends string>(
  layout: Layout<Name>,
  buffer: Buffer,
  at: number,
): Record<Name, number> | undefined {
  const values: Partial<Record<Name, number>> = {};
  for (const { name, type, offset } of layout.fields) {
    const value = readInteger(buffer, type, at + offset);
    if (value === undefined) return undefined;
    values[name] = value;
  }
  return values as Record<Name, number>;
}

function writeInteger(buffer: Buffer, type: Integer, value: number, at: number): void {
  switch (type) {
    case 'u8':
      buffer.writeUInt8(value, at);
      return;
    case 'u16':
      buffer.writeUInt16LE(value, at);
      return;
    case 'u32':
      buffer.writeUInt32LE(value, at);
      return;
    case 'u64':
      writeU64(buffer, value, at);
  }
}

function readInteger(buffer: Buffer, type: Integer, at: number): number | undefined {
  switch (type) {
    case 'u8':
      return buffer.readUInt8(at);
    case 'u16':
      return buffer.readUInt16LE(at);
    case 'u32':
      return buffer.readUInt32LE(at);
    case 'u64':
      return readU64(buffer, at);
  }
}
