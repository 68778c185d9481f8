/**
 * From the chunks of frames, in total order, to whole messages per sender.
 *
 *  I1 A message is handed over at the position of its last chunk.
 *  I2 Chunks without a beginning (the rest of a message that began in a part of the stream we don't have) are dropped.
 */
import {
  CHUNK_FIRST,
  CHUNK_HEAD_SIZE,
  CHUNK_LAST,
  CHUNK_LENGTH,
  FRAME_HEADER_SIZE,
  frameSenderOf,
} from './messages.ts';

interface Partial {
  chunks: Buffer[];
  bytes: number;
}

/** Larger than any message of the layers above (10.1 MiB); a longer run is dropped. */
export const MAX_MESSAGE_SIZE = 16 * 1024 * 1024;

export class Reassembly {
  readonly #partial = new Map<number, Partial>();
  readonly #deliver: (sender: number, message: Buffer) => void;

  constructor(deliver: (sender: number, message: Buffer) => void) {
    this.#deliver = deliver;
  }

  /** Takes a well-formed frame; whole messages inside it are handed over as views of its buffer. */
  take(frame: Buffer): void {
    const sender = frameSenderOf(frame);
    let at = FRAME_HEADER_SIZE;
    while (at < frame.length) {
      const head = frame.readUInt32LE(at);
      const start = at + CHUNK_HEAD_SIZE;
      const end = start + (head & CHUNK_LENGTH);
      at = end;
      const isFirst = (head & CHUNK_FIRST) !== 0;
      const isLast = (head & CHUNK_LAST) !== 0;
      const bytes = frame.subarray(start, end);
      if (isFirst && isLast) this.#deliver(sender, bytes);
      else this.#takeChunk(sender, bytes, isFirst, isLast);
    }
  }

  #takeChunk(sender: number, bytes: Buffer, isFirst: boolean, isLast: boolean): void {
    if (isFirst) {
      this.#partial.set(sender, { chunks: [bytes], bytes: bytes.length });
      return;
    }
    const partial = this.#partial.get(sender);
    if (partial === undefined) return;
    partial.chunks.push(bytes);
    partial.bytes += bytes.length;
    if (partial.bytes > MAX_MESSAGE_SIZE) {
      this.#partial.delete(sender);
      return;
    }
    if (!isLast) return;
    this.#partial.delete(sender);
    this.#deliver(sender, Buffer.concat(partial.chunks, partial.bytes));
  }
}
