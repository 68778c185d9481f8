/** Splits a byte stream into lines of UTF-8 text, with a bound on their length. */
export class LineReader {
  readonly #max_bytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  #overflown = false;

  constructor(max_bytes: number) {
    this.#max_bytes = max_bytes;
  }

  /** True once a line was longer than the bound: the stream can't be read any further. */
  get overflown(): boolean {
    return this.#overflown;
  }

  /** Lines that `chunk` completes, without their newline. Empty lines are left out. */
  push(chunk: Buffer): readonly string[] {
    const lines: string[] = [];
    let start = 0;
    while (!this.#overflown) {
      const newline = chunk.indexOf(0x0a, start);
      const part = chunk.subarray(start, newline < 0 ? chunk.length : newline);
      this.#bytes += part.length;
      this.#overflown = this.#bytes > this.#max_bytes;
      if (this.#overflown) break;
      this.#parts.push(part);
      if (newline < 0) break;
      start = newline + 1;
      if (this.#bytes > 0) lines.push(Buffer.concat(this.#parts).toString('utf8'));
      this.#parts = [];
      this.#bytes = 0;
    }
    return lines;
  }
}
