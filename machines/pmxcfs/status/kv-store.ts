/**
 * The key-value map of one node (spec/pmxcfs.md §6.2): key -> (value, version). Nothing here is persistent.
 *
 * Invariants:
 *  I1 a key is in the map iff its last value was not empty;
 *  I2 a new key has version 0, each further set adds 1, also for an equal value.
 */

/** Bytes of a key on the wire, its NUL included (§6.1). */
export const KEY_FIELD_BYTES = 256;
/** Longest value that a local client may set (§6.2). */
export const MAX_VALUE_BYTES = 32768;

export interface KvEntry {
  readonly value: Buffer;
  readonly version: number;
}

/** A key as it is stored: cut to what the wire can carry (§6.1). */
export function cutKey(key: string): string {
  return key.slice(0, KEY_FIELD_BYTES - 1);
}

export class KvStore {
  readonly #entries = new Map<string, KvEntry>();

  /** Sets or, by an empty value, removes a key. `value` must not be changed afterwards. */
  set(key: string, value: Buffer): void {
    if (value.length === 0) {
      this.#entries.delete(key);
      return;
    }
    const known = this.#entries.get(key);
    this.#entries.set(key, { value, version: known === undefined ? 0 : (known.version + 1) >>> 0 });
  }

  /** The value as it was set, or undefined. */
  get(key: string): Buffer | undefined {
    return this.#entries.get(key)?.value;
  }

  entries(): IterableIterator<[string, KvEntry]> {
    return this.#entries.entries();
  }
}
