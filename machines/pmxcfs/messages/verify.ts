/** Payloads of VERIFY_REQUEST and VERIFY (spec/pmxcfs.md §4.3, §4.8). */
import assert from 'node:assert';
import { Buffer } from 'node:buffer';
import { readU64, writeU64 } from './u64.ts';

const ID_BYTES = 8;
const CHECKSUM_BYTES = 32;

export interface VerifyPayload {
  readonly id: number;
  /** 32 bytes; shares the payload's memory. */
  readonly checksum: Buffer;
}

export function encodeVerifyRequest(id: number): Buffer {
  const payload = Buffer.alloc(ID_BYTES);
  writeU64(payload, id, 0);
  return payload;
}

/** The id; undefined for a wrong length or an id above 2^53 - 1. */
export function decodeVerifyRequest(payload: Buffer): number | undefined {
  return payload.length === ID_BYTES ? readU64(payload, 0) : undefined;
}

export function encodeVerify(id: number, checksum: Buffer): Buffer {
  assert(checksum.length === CHECKSUM_BYTES);
  return Buffer.concat([encodeVerifyRequest(id), checksum]);
}

/** Undefined for a wrong length or an id above 2^53 - 1. */
export function decodeVerify(payload: Buffer): VerifyPayload | undefined {
  if (payload.length !== ID_BYTES + CHECKSUM_BYTES) return undefined;
  const id = readU64(payload, 0);
  return id === undefined ? undefined : { id, checksum: payload.subarray(ID_BYTES) };
}
