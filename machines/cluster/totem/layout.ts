/**
 * Binary layouts declared as data: a list of (field, type) gives size, offsets, one encoder and one decoder.
 * Little-endian. A u64 must fit 2^53 - 1; a larger one makes the record malformed.
 */
export type FieldType = 'u8' | 'u16' | 'u32' | 'u64';

const SIZES: Record<FieldType, number> = { u8: 1, u16: 2, u32: 4, u64: 8 };
const TWO_32 = 0x1_0000_0000;

export interface Layout<Name extends string> {
  readonly size: number;
  readonly fields: readonly (readonly [Name, FieldType])[];
  readonly offset: Readonly<Record<Name, number>>;
}

/** Fields in the order of the wire, without gaps. */
export function layout<const Fields extends readonly (readonly [string, FieldType])[]>(
  fields: Fields,
): Layout<Fields[number][0]> {
  const offset = {} as Record<Fields[number][0], number>;
  let size = 0;
  for (const [name, type] of fields) {
    offset[name as Fields[number][0]] = size;
    size += SIZES[type];
  }
  return { size, fields, offset };
}

/** Writes all fields at `at`; returns the position behind them. */
export function writeFields<Name extends string>(
  of: Layout<Name>,
  buffer: Buffer,
  at: number,
  values: Readonly<Record<Name, number>>,
): number {
  let position = at;
  for (const [name, type] of of.fields) {
    const value = values[name];
    if (type === 'u8') buffer[position] = value;
    else if (type === 'u16') buffer.writeUInt16LE(value, position);
    else if (type === 'u32') buffer.writeUInt32LE(value, position);
    else writeU64(buffer, position, value);
    position += SIZES[type];
  }
  return position;
}

/** Reads all fields at `at`; undefined when they don't fit or a u64 is too large. */
export function readFields<Name extends string>(
  of: Layout<Name>,
  buffer: Buffer,
  at: number,
): Record<Name, number> | undefined {
  if (at + of.size > buffer.length) return undefined;
  const values = {} as Record<Name, number>;
  let position = at;
  for (const [name, type] of of.fields) {
    let value: number;
    if (type === 'u8') value = buffer[position]!;
    else if (type === 'u16') value = buffer.readUInt16LE(position);
    else if (type === 'u32') value = buffer.readUInt32LE(position);
    else value = readU64(buffer, position);
    if (value < 0) return undefined;
    values[name] = value;
    position += SIZES[type];
  }
  return values;
}

export function writeU64(buffer: Buffer, at: number, value: number): void {
  buffer.writeUInt32LE(value % TWO_32, at);
  buffer.writeUInt32LE(Math.floor(value / TWO_32), at + 4);
}

/** The value, or -1 when it is above 2^53 - 1. The caller has checked the length. */
export function readU64(buffer: Buffer, at: number): number {
  const high = buffer.readUInt32LE(at + 4);
  if (high >= 0x20_0000) return -1;
  return high * TWO_32 + buffer.readUInt32LE(at);
}
