/**
 * The ring buffer of the cluster log, byte for byte as it travels in a round (spec/pmxcfs.md §6.4): an 8-byte header
 * `u32 size, u32 cpos` (offset of the newest entry, 0 = empty), then entries, each linked to the one before it.
 *
 * A ring may come from a peer: nothing in it is trusted, a walk checks each entry and ends at the first broken one.
 *
 * Invariants:
 *  I1 no entry reaches beyond the ring's size;
 *  I2 every walk ends: its positions fall strictly, but for one jump upwards where the ring wraps;
 *  I3 a walk yields no entry that a newer one has overwritten, even in part.
 */
import assert from 'node:assert';
import { Buffer } from 'node:buffer';
import {
  CLUSTER_LOG_OVERHEAD_BYTES,
  type ClusterLogEntry,
  decodeClusterLogEntry,
} from '../messages/cluster-log-entry.ts';

/** Size of every ring that this daemon makes. */
export const RING_BYTES = 131_072;
/** Largest accounted size of an entry. */
export const MAX_ENTRY_BYTES = 4096;
const HEADER_BYTES = 8;

/** Offsets in the ring's header and in an entry (§6.4). */
const SIZE = 0;
const CPOS = 4;
const PREV = 0;
const NEXT = 4;
const STRING_LENGTHS_U8 = [37, 38, 39];
const MESSAGE_LENGTH_U32 = 40;

export interface RingEntry {
  readonly entry: ClusterLogEntry;
  /** The entry's accounted bytes; shares the ring's memory. */
  readonly bytes: Buffer;
  /** The entry before this one has been overwritten, and this one is the first of its lap. */
  readonly isLastBeforeWrap: boolean;
}

/** Room that an entry of `bytes` takes in a ring. */
export function ringRoom(bytes: number): number {
  return (bytes + 7) & ~7;
}

export class LogRing {
  readonly #bytes: Buffer;

  private constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  static empty(): LogRing {
    const bytes = Buffer.alloc(RING_BYTES);
    bytes.writeUInt32LE(RING_BYTES, SIZE);
    return new LogRing(bytes);
  }

  /** The ring in a peer's state blob, sharing its memory; undefined unless the blob has the size it states (§6.3). */
  static of(blob: Buffer): LogRing | undefined {
    return blob.length > HEADER_BYTES && blob.readUInt32LE(SIZE) === blob.length ? new LogRing(blob) : undefined;
  }

  /** A copy of the whole ring. */
  copy(): Buffer {
    return Buffer.from(this.#bytes);
  }

  /** Adds an encoded entry of at most 4096 bytes as the newest, over the oldest ones where room is short. */
  append(entry: Buffer): void {
    assert(entry.length >= CLUSTER_LOG_OVERHEAD_BYTES && entry.length <= MAX_ENTRY_BYTES, 'a log entry fits the ring');
    const newest = this.#bytes.readUInt32LE(CPOS);
    const room = ringRoom(entry.length);
    let position = newest === 0 ? HEADER_BYTES : this.#bytes.readUInt32LE(newest + NEXT);
    if (position + room >= this.#bytes.length) position = HEADER_BYTES;
    this.#bytes.fill(0, position, position + room);
    entry.copy(this.#bytes, position);
    this.#bytes.writeUInt32LE(newest, position + PREV);
    this.#bytes.writeUInt32LE(position + room, position + NEXT);
    this.#bytes.writeUInt32LE(position, CPOS);
  }

  /** Entries from the newest to the oldest that is still whole. The ring must not change during the walk. */
  *walk(): Generator<RingEntry> {
    const newest = this.#bytes.readUInt32LE(CPOS);
    const isWhole = (position: number, wrapped: boolean) =>
      wrapped ? position > newest + MAX_ENTRY_BYTES : position <= newest;
    let wrapped = false;
    for (let position = newest; position !== 0 && isWhole(position, wrapped); ) {
      const bytes = this.#bytesAt(position);
      if (bytes === undefined) return;
      const entry = decodeClusterLogEntry(bytes);
      if ('failures' in entry) return;
      const { prev } = entry;
      const isLastBeforeWrap = position < prev && prev <= newest;
      yield { entry, bytes, isLastBeforeWrap };
      if (isLastBeforeWrap || prev === position || (wrapped && prev > position)) return;
      wrapped ||= prev > position;
      position = prev;
    }
  }

  /** Accounted bytes of the entry at `position`, as far as its lengths are plausible. */
  #bytesAt(position: number): Buffer | undefined {
    if (position < HEADER_BYTES || position + CLUSTER_LOG_OVERHEAD_BYTES > this.#bytes.length) return undefined;
    let length = CLUSTER_LOG_OVERHEAD_BYTES + this.#bytes.readUInt32LE(position + MESSAGE_LENGTH_U32);
    for (const offset of STRING_LENGTHS_U8) length += this.#bytes.readUInt8(position + offset);
    if (length > MAX_ENTRY_BYTES || position + length > this.#bytes.length) return undefined;
    return this.#bytes.subarray(position, position + length);
  }
}
