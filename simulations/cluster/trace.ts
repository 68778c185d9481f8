/**
 * The record of a run: one line of JSON per happening, hashed as a stream, so that two runs of a seed can be compared
 * without being kept. Nothing in a record may depend on the host or on the process that ran the simulation.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../runtime/clock/clock.ts';

const BLOCK_CHARACTERS = 32_768;

export class RunTrace {
  readonly #clock: Clock;
  readonly #hash = createHash('sha256');
  readonly #sink: ((line: string) => void) | undefined;
  #block = '';
  #records = 0;

  constructor(clock: Clock, sink?: (line: string) => void) {
    this.#clock = clock;
    this.#sink = sink;
  }

  get records(): number {
    return this.#records;
  }

  /** `node` 0 is the world; `source` is a machine or a kind of happening. */
  write(node: number, source: string, event: string, detail?: unknown): void {
    const line = JSON.stringify([this.#clock.monotonic_ms(), node, source, event, detail]);
    this.#records += 1;
    this.#block += `${line}\n`;
    if (this.#block.length >= BLOCK_CHARACTERS) this.#flush();
    this.#sink?.(line);
  }

  /** SHA-256 over all lines, hexadecimal; the last call. */
  digest(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }

  #flush(): void {
    this.#hash.update(this.#block);
    this.#block = '';
  }
}
