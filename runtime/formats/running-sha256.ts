import { createHash, type Hash } from 'node:crypto';

/** SHA-256 over parts that come one after another, for material too large or too long a list for `sha256`. */
export class RunningSha256 {
  readonly #hash: Hash = createHash('sha256');

  update(part: Uint8Array): void {
    this.#hash.update(part);
  }

  /** 32 bytes; the last call. */
  digest(): Buffer {
    return this.#hash.digest();
  }
}
