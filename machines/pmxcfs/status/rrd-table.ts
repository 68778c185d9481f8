/**
 * Round-robin data of all nodes as last reported (spec/pmxcfs.md §6.6): key -> (value, time of receipt), and its dump.
 * The archives themselves are not kept here.
 *
 * Invariants:
 *  I1 a dump holds no value received more than 300 s before it was built;
 *  I2 a dump is at most 2 s old when it is handed out.
 */

/** A value is dropped when it is older than this at the time a dump is built. */
const FRESH_S = 300;
/** A dump is handed out again when it is younger than this. */
const CACHED_S = 2;
const MAX_VALUE_BYTES = 4095;

interface RrdValue {
  readonly value: string;
  readonly received_s: number;
}

/** The text of a value that ends in NUL, up to its first NUL; undefined when it misses the rule of §6.2. */
export function terminatedText(value: Buffer, max_bytes: number): string | undefined {
  if (value.length < 1 || value.length > max_bytes || value[value.length - 1] !== 0) return undefined;
  return value.toString('latin1', 0, value.indexOf(0));
}

export class RrdTable {
  readonly #values = new Map<string, RrdValue>();
  #dump = '';
  #built_s = Number.NEGATIVE_INFINITY;

  /**
   * Stores a value under `key` (the key without `rrd/`). `monotonic_s` are whole or fractional seconds of a clock that
   * never steps. A value that misses the rule of §6.2 is ignored: false.
   */
  set(key: string, value: Buffer, monotonic_s: number): boolean {
    const text = terminatedText(value, MAX_VALUE_BYTES);
    if (text === undefined) return false;
    this.#values.set(key, { value: text, received_s: monotonic_s });
    return true;
  }

  /** Lines `<key>:<value>\n` as a byte string; at most 2 s old. */
  dump(monotonic_s: number): string {
    if (monotonic_s - this.#built_s < CACHED_S) return this.#dump;
    let dump = '';
    for (const [key, { value, received_s }] of this.#values) {
      if (monotonic_s - received_s > FRESH_S) this.#values.delete(key);
      else dump += `${key}:${value}\n`;
    }
    this.#dump = dump;
    this.#built_s = monotonic_s;
    return dump;
  }
}
