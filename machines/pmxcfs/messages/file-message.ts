/**
 * Payloads of the six file operations of dcdb (spec/pmxcfs.md §5.1). Paths are byte strings without leading slash.
 * Decoders share the memory of the payload; failures are log texts.
 */
import { Buffer } from 'node:buffer';
import { readTerminated, terminatedLength, writeTerminated } from './byte-string.ts';
import type { MessageFailure } from './header.ts';
import { packed, readFields, writeFields } from './layout.ts';

/** NORMAL subtypes of the group `pve_dcdb_v1`. */
export const WRITE = 1;
export const MKDIR = 2;
export const DELETE = 3;
export const RENAME = 4;
export const CREATE = 5;
export const MTIME = 6;
export const UNLOCK_REQUEST = 7;
export const UNLOCK = 8;

export interface FileMessage {
  readonly path: string;
  /** Target of RENAME, else empty. */
  readonly to: string;
  /** WRITE: offset or new size. MTIME: the new mtime. Else 0. */
  readonly offset: number;
  /** WRITE: 1 = truncate. Else 0. */
  readonly flags: number;
  /** Bytes of WRITE. */
  readonly data: Buffer;
}

export const TRUNCATE = 1;

const FILE_MESSAGE = packed({ size: 'u32', offset: 'u32', pathlen: 'u32', tolen: 'u32', flags: 'u32' });

/** Absent fields are empty and 0. */
export function encodeFileMessage(message: Partial<FileMessage> & { readonly path: string }): Buffer {
  const { path, to = '', offset = 0, flags = 0, data } = message;
  const pathlen = terminatedLength(path);
  const tolen = to === '' ? 0 : terminatedLength(to);
  const size = data?.length ?? 0;
  const payload = Buffer.allocUnsafe(FILE_MESSAGE.bytes + pathlen + tolen + size);
  writeFields(FILE_MESSAGE, { size, offset, pathlen, tolen, flags }, payload, 0);
  let at = writeTerminated(payload, path, FILE_MESSAGE.bytes);
  if (tolen > 0) at = writeTerminated(payload, to, at);
  data?.copy(payload, at);
  return payload;
}

export function decodeFileMessage(payload: Buffer): FileMessage | MessageFailure {
  const least = FILE_MESSAGE.bytes;
  if (payload.length < least) return { failure: `received short fuse message (${payload.length} < ${least})` };
  const fields = readFields(FILE_MESSAGE, payload, 0);
  const malformed = 'received mailformed fuse message';
  if (fields === undefined) return { failure: malformed };
  const { size, offset, pathlen, tolen, flags } = fields;
  if (payload.length !== least + size + pathlen + tolen) return { failure: malformed };
  const path = optionalText(payload, least, pathlen);
  if (path === undefined) return { failure: `${malformed} - 'path' not terminated` };
  const to = optionalText(payload, least + pathlen, tolen);
  if (to === undefined) return { failure: `${malformed} - 'to' not terminated` };
  return { path, to, offset, flags, data: payload.subarray(least + pathlen + tolen) };
}

/** A length of 0 stands for no text. */
function optionalText(payload: Buffer, at: number, length: number): string | undefined {
  return length === 0 ? '' : readTerminated(payload, at, length);
}
