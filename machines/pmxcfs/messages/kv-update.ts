/** Payload of the kvstore's UPDATE: a key of at most 255 bytes in a field of 256, then the value (spec/pmxcfs.md §6.1). */
import { Buffer } from 'node:buffer';

/** NORMAL subtypes of the group `pve_kvstore_v1`. */
export const KV_UPDATE = 1;
export const KV_UPDATE_COMPLETE = 2;
export const KV_LOG = 3;

export interface KvUpdate {
  /** Byte string. */
  readonly key: string;
  /** Shares the payload's memory; empty removes the key. */
  readonly value: Buffer;
}

const KEY_BYTES = 256;
const UNPARSED = 'cant parse update message';

/** A longer key is cut; the rest of its field is zero [Q13]. */
export function encodeKvUpdate({ key, value }: KvUpdate): Buffer {
  const payload = Buffer.alloc(KEY_BYTES + value.length);
  payload.write(key.slice(0, KEY_BYTES - 1), 0, 'latin1');
  value.copy(payload, KEY_BYTES);
  return payload;
}

/** `failures`: the log lines, in order. Bytes after the key's NUL are ignored. */
export function decodeKvUpdate(payload: Buffer): KvUpdate | { readonly failures: readonly string[] } {
  if (payload.length < KEY_BYTES) {
    return { failures: [`received short kvstore message (${payload.length} < ${KEY_BYTES})`, UNPARSED] };
  }
  const end = payload.indexOf(0);
  if (end < 0 || end >= KEY_BYTES) return { failures: [UNPARSED] };
  return { key: payload.toString('latin1', 0, end), value: payload.subarray(KEY_BYTES) };
}
