/**
 * Bytes that arrive in chunks and are taken in pieces. Chunks are joined only when a piece is complete, so that a sender
 * of single bytes costs no quadratic copying.
 */
export class ByteQueue {
  #chunks: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The first `count` bytes without taking them; undefined when fewer are there. */
  peek(count: number): Buffer | undefined {
    if (this.#length < count) return undefined;
    const first = this.#chunks[0];
    if (first === undefined || first.length < count) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]?.subarray(0, count);
  }

  take(count: number): Buffer | undefined {
    const piece = this.peek(count);
    if (piece === undefined) return undefined;
    const rest = this.#chunks[0]?.subarray(count);
    if (rest === undefined || rest.length === 0) this.#chunks.shift();
    else this.#chunks[0] = rest;
    this.#length -= count;
    return piece;
  }
}
