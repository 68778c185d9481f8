/**
 * The kinds of fields that IPC request bodies are made of (spec/pmxcfs.md §6.9), and layouts that put them in a row.
 * Strings are byte strings (latin1).
 */
import assert from 'node:assert';
import { Buffer } from 'node:buffer';

/** Reads a body from left to right. */
export class BodyReader {
  readonly #body: Buffer;
  #position = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  get left(): number {
    return this.#body.length - this.#position;
  }

  /** The next `count` bytes, or undefined when fewer are left. Shares the body's memory. */
  take(count: number): Buffer | undefined {
    if (count > this.left) return undefined;
    this.#position += count;
    return this.#body.subarray(this.#position - count, this.#position);
  }

  /** Bytes up to the next NUL, without it; undefined when there is none. */
  takeTerminated(): Buffer | undefined {
    const end = this.#body.indexOf(0, this.#position);
    if (end < 0) return undefined;
    const text = this.#body.subarray(this.#position, end);
    this.#position = end + 1;
    return text;
  }
}

/** One field. `read` returns undefined for a body that misses the field's rule. */
export interface Field<T> {
  read(from: BodyReader): T | undefined;
  write(value: T): Buffer;
}

export type Layout<T> = { readonly [K in keyof T]: Field<T[K]> };

/** Decodes a body that holds exactly the fields of `layout`, in their order; undefined when it is malformed. */
export function decodeBody<T extends object>(layout: Layout<T>, body: Buffer): T | undefined {
  const reader = new BodyReader(body);
  const values: Partial<T> = {};
  for (const key of Object.keys(layout) as (keyof T)[]) {
    const value = layout[key].read(reader);
    if (value === undefined) return undefined;
    values[key] = value;
  }
  return reader.left === 0 ? (values as T) : undefined;
}

export function encodeBody<T extends object>(layout: Layout<T>, values: T): Buffer {
  return Buffer.concat((Object.keys(layout) as (keyof T)[]).map((key) => layout[key].write(values[key])));
}

/** Text of a C string in `bytes`: up to the first NUL, or all. */
function cText(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
}

function endsInNul(bytes: Buffer | undefined): bytes is Buffer {
  return bytes?.at(-1) === 0;
}

function terminated(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'latin1');
}

export const u8: Field<number> = {
  read: (from) => from.take(1)?.readUInt8(),
  write: (value) => Buffer.of(value),
};

export const u32: Field<number> = {
  read: (from) => from.take(4)?.readUInt32LE(),
  write: (value) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  },
};

const KEY_BYTES = 256;

/** 256 bytes padded with NUL; a text that fills them all loses its last byte, as in the original. */
export const key256: Field<string> = {
  read: (from) => {
    const bytes = from.take(KEY_BYTES);
    return bytes && cText(bytes.subarray(0, KEY_BYTES - 1));
  },
  write: (value) => {
    const bytes = Buffer.alloc(KEY_BYTES);
    bytes.write(value, 0, KEY_BYTES - 1, 'latin1');
    return bytes;
  },
};

/** `u32[count]`, ignored and written as zeros. */
export function reservedU32(count: number): Field<null> {
  return {
    read: (from) => (from.take(4 * count) === undefined ? undefined : null),
    write: () => Buffer.alloc(4 * count),
  };
}

/** All that is left, may be empty. */
export const remainingBytes: Field<Buffer> = {
  read: (from) => from.take(from.left),
  write: (value) => value,
};

/** A C string that fills what is left: at least one byte; what stands behind a first NUL is ignored. */
export const remainingText: Field<string> = {
  read: (from) => {
    if (from.left === 0) return undefined;
    const bytes = from.take(from.left);
    return bytes && cText(bytes);
  },
  write: terminated,
};

/** One line that fills what is left: not empty, one NUL, at its end, and no newline. */
export const remainingLine: Field<string> = {
  read: (from) => {
    const line = from.takeTerminated();
    if (line === undefined || line.length === 0 || from.left > 0 || line.includes(0x0a)) return undefined;
    return line.toString('latin1');
  },
  write: terminated,
};

/** The client's part of a log entry: `u8 ident_len, u8 tag_len` (with NUL), then ident, tag and message, each ending in NUL. */
export const logStrings: Field<{ readonly ident: string; readonly tag: string; readonly message: Buffer }> = {
  read: (from) => {
    const lengths = from.take(2);
    const ident = lengths && from.take(lengths.readUInt8(0));
    const tag = ident && from.take(lengths.readUInt8(1));
    const message = from.take(from.left);
    if (!endsInNul(ident) || !endsInNul(tag) || !endsInNul(message)) return undefined;
    return { ident: cText(ident), tag: cText(tag), message: message.subarray(0, message.indexOf(0)) };
  },
  write: ({ ident, tag, message }) => {
    assert(ident.length < 255 && tag.length < 255, 'ident and tag are shorter than 255 bytes');
    const lengths = Buffer.of(ident.length + 1, tag.length + 1);
    return Buffer.concat([lengths, terminated(ident), terminated(tag), message, Buffer.of(0)]);
  },
};

/** `u8 count`, then `count` names, each ending in NUL and beginning with a..z; at least one. */
export const propertyNames: Field<readonly string[]> = {
  read: (from) => {
    const count = from.take(1)?.readUInt8() ?? 0;
    const names: string[] = [];
    while (names.length < count) {
      const name = from.takeTerminated()?.toString('latin1');
      if (name === undefined || !/^[a-z]/.test(name)) return undefined;
      names.push(name);
    }
    return count === 0 ? undefined : names;
  },
  write: (names) => Buffer.concat([Buffer.of(names.length), ...names.map(terminated)]),
};
