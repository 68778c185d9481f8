/** The epoch of a synchronisation round, 16 bytes (spec/pmxcfs.md §4.3). */
import { Buffer } from 'node:buffer';
import { packed, readFields, writeFields } from './layout.ts';

export interface Epoch {
  readonly counter: number;
  readonly time_s: number;
  readonly nodeid: number;
  readonly pid: number;
}

const EPOCH = packed({ counter: 'u32', time_s: 'u32', nodeid: 'u32', pid: 'u32' });

export const EPOCH_BYTES = EPOCH.bytes;

export function encodeEpoch(epoch: Epoch): Buffer {
  const buffer = Buffer.alloc(EPOCH.bytes);
  writeFields(EPOCH, epoch, buffer, 0);
  return buffer;
}

/** `buffer` holds at least 16 bytes. */
export function decodeEpoch(buffer: Buffer): Epoch {
  const epoch = readFields(EPOCH, buffer, 0);
  if (epoch === undefined) throw new Error('an epoch has no u64');
  return epoch;
}
