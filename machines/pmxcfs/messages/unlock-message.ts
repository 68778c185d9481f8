/** Payload of UNLOCK_REQUEST and UNLOCK (spec/pmxcfs.md §5.1, §5.7): which incarnation of which lock. */
import assert from 'node:assert';
import { Buffer } from 'node:buffer';
import { readTerminated, terminatedLength, writeTerminated } from './byte-string.ts';
import type { MessageFailure } from './header.ts';

export interface UnlockMessage {
  /** Lock checksum, 32 bytes; shares the payload's memory. */
  readonly checksum: Buffer;
  readonly path: string;
}

const CHECKSUM_BYTES = 32;
const LEAST_BYTES = CHECKSUM_BYTES + 1;

export function encodeUnlock({ checksum, path }: UnlockMessage): Buffer {
  assert(checksum.length === CHECKSUM_BYTES);
  const payload = Buffer.allocUnsafe(CHECKSUM_BYTES + terminatedLength(path));
  checksum.copy(payload, 0);
  writeTerminated(payload, path, CHECKSUM_BYTES);
  return payload;
}

export function decodeUnlock(payload: Buffer): UnlockMessage | MessageFailure {
  if (payload.length < LEAST_BYTES) {
    return { failure: `received short unlock message (${payload.length} < ${LEAST_BYTES})` };
  }
  const path = readTerminated(payload, CHECKSUM_BYTES, payload.length - CHECKSUM_BYTES);
  if (path === undefined) return { failure: `received mailformed unlock message - 'path' not terminated` };
  return { checksum: payload.subarray(0, CHECKSUM_BYTES), path };
}
