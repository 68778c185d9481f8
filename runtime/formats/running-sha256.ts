import { createHash, type Hash } from 'node:crypto';

const GATHERED_BYTES = 16_384;

/** SHA-256 over parts that come one after another, for material too large or too long a list for `sha256`. */
export class RunningSha256 {
  readonly #hash: Hash = createHash('sha256');
  /** Small parts, until there are enough: a call of the hash costs more than to copy them. */
  readonly #gathered = Buffer.allocUnsafe(GATHERED_BYTES);
  #length = 0;

  update(part: Uint8Array): void {
    if (this.#length + part.length > GATHERED_BYTES) this.#flush();
    if (part.length > GATHERED_BYTES) {
      this.#hash.update(part);
      return;
    }
    this.#gathered.set(part, this.#length);
    this.#length += part.length;
  }

  /** 32 bytes; the last call. */
  digest(): Buffer {
    this.#flush();
    return this.#hash.digest();
  }

  #flush(): void {
    this.#hash.update(this.#gathered.subarray(0, this.#length));
    this.#length = 0;
  }
}
