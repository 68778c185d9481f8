/**
 * Messages that wait for the token, and their packing into frames: several small ones share a datagram, a big one is
 * cut into chunks over several.
 *
 *  I1 The chunks of one message are never interleaved with another's of the same sender (receivers reassemble by sender).
 *  I2 Accepted bytes are bounded: `push` refuses when the bound is reached.
 *  I3 A message is forgotten only when its last chunk was written; `rewind` starts a partly sent one from the beginning.
 *
 * Two lanes: `urgent` messages (service synchronisation) go first, and are the only ones that leave while `closed`.
 */
import { CHUNK_FIRST, CHUNK_HEAD_SIZE, CHUNK_LAST } from './messages.ts';

interface Waiting {
  /** Shared prefix (a group header), or undefined. */
  readonly head: Buffer | undefined;
  readonly body: Buffer;
}

class Lane {
  #items: Waiting[] = [];
  #first = 0;
  bytes = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  push(item: Waiting): void {
    this.#items.push(item);
    this.bytes += sizeOf(item);
  }

  peek(): Waiting | undefined {
    return this.#items[this.#first];
  }

  shift(): void {
    const item = this.#items[this.#first]!;
    this.bytes -= sizeOf(item);
    (this.#items as (Waiting | undefined)[])[this.#first] = undefined;
    this.#first++;
    if (this.#first > 1024 && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
  }

  clear(): void {
    this.#items = [];
    this.#first = 0;
    this.bytes = 0;
  }
}

/** A chunk smaller than this isn't worth starting in the rest of a datagram. */
const SMALLEST_FRAGMENT = 64;

export class SendQueue {
  /** While true only urgent messages leave. */
  closed = false;
  readonly #limit_bytes: number;
  readonly #urgent = new Lane();
  readonly #normal = new Lane();
  /** Lane of the partly sent message, and bytes of it already written. */
  #current: Lane | undefined;
  #offset = 0;

  constructor(limit_bytes: number) {
    this.#limit_bytes = limit_bytes;
  }

  get bytes(): number {
    return this.#urgent.bytes + this.#normal.bytes - this.#offset;
  }

  get length(): number {
    return this.#urgent.length + this.#normal.length;
  }

  /** True when nothing may leave now. */
  get isIdle(): boolean {
    return this.#next() === undefined;
  }

  /** Bytes that may leave now. */
  get sendableBytes(): number {
    if (this.closed && this.#current !== this.#normal) return this.#urgent.bytes;
    return this.bytes;
  }

  /** Accepts a message of any size while the bound isn't reached; false otherwise. */
  push(head: Buffer | undefined, body: Buffer): boolean {
    if (this.#normal.bytes >= this.#limit_bytes) return false;
    this.#normal.push({ head, body });
    return true;
  }

  /** Control messages that keep their order with clients' messages: never refused. */
  pushAlways(body: Buffer): void {
    this.#normal.push({ head: undefined, body });
  }

  /** Control messages of the engine itself, few and small: never refused. */
  pushUrgent(body: Buffer): void {
    this.#urgent.push({ head: undefined, body });
  }

  /** Writes chunks at `at` until `limit` is near or nothing may leave; returns the position behind the last one. */
  fill(buffer: Buffer, at: number, limit: number): number {
    let position = at;
    for (;;) {
      const lane = this.#next();
      const item = lane?.peek();
      if (lane === undefined || item === undefined) return position;
      const room = limit - position - CHUNK_HEAD_SIZE;
      const rest = sizeOf(item) - this.#offset;
      if (room < rest && room < SMALLEST_FRAGMENT) return position;
      const length = Math.min(room, rest);
      const isFirst = this.#offset === 0;
      const isLast = length === rest;
      buffer.writeUInt32LE((length | (isFirst ? CHUNK_FIRST : 0) | (isLast ? CHUNK_LAST : 0)) >>> 0, position);
      position = copyPart(item, this.#offset, length, buffer, position + CHUNK_HEAD_SIZE);
      if (!isLast) {
        this.#current = lane;
        this.#offset += length;
        return position;
      }
      this.#current = undefined;
      this.#offset = 0;
      lane.shift();
    }
  }

  /** A ring change: what was sent of an unfinished message is void everywhere. */
  rewind(): void {
    this.#current = undefined;
    this.#offset = 0;
  }

  /** Control messages of a ring that is no more are void. */
  dropUrgent(): void {
    assertNotPartly(this.#current, this.#urgent);
    this.#urgent.clear();
  }

  /** Forgets everything. */
  reset(): void {
    this.rewind();
    this.#urgent.clear();
    this.#normal.clear();
  }

  #next(): Lane | undefined {
    if (this.#current !== undefined) return this.#current;
    if (this.#urgent.length > 0) return this.#urgent;
    if (!this.closed && this.#normal.length > 0) return this.#normal;
    return undefined;
  }
}

function assertNotPartly(current: Lane | undefined, lane: Lane): void {
  if (current === lane) throw new Error('urgent messages dropped while one is partly sent');
}

function sizeOf(item: Waiting): number {
  return item.body.length + (item.head === undefined ? 0 : item.head.length);
}

/** Copies `length` bytes of head and body, from `offset` on; returns the position behind them. */
function copyPart(item: Waiting, offset: number, length: number, target: Buffer, at: number): number {
  const headSize = item.head === undefined ? 0 : item.head.length;
  let position = at;
  let from = offset;
  let left = length;
  if (item.head !== undefined && from < headSize) {
    const part = Math.min(left, headSize - from);
    item.head.copy(target, position, from, from + part);
    position += part;
    from += part;
    left -= part;
  }
  if (left > 0) {
    item.body.copy(target, position, from - headSize, from - headSize + left);
    position += left;
  }
  return position;
}
