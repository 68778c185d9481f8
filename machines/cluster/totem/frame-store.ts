/**
 * The frames of one ring that somebody may still need, by number.
 *
 *  I1 Holds every frame in (base, base + capacity] that was accepted; nothing at or below `base`.
 *  I2 `received` is the largest n such that 1..n were accepted.
 */
export class FrameStore {
  readonly #capacity: number;
  readonly #frames: (Buffer | undefined)[];
  #base = 0;
  #received = 0;
  #high = 0;

  /** @param capacity a power of two */
  constructor(capacity = 4096) {
    this.#capacity = capacity;
    this.#frames = [];
  }

  get base(): number {
    return this.#base;
  }

  get received(): number {
    return this.#received;
  }

  /** Highest number held or collected. */
  get high(): number {
    return this.#high;
  }

  has(seq: number): boolean {
    return seq <= this.#received || (seq <= this.#high && this.get(seq) !== undefined);
  }

  /** True when a frame of this number would be new and fits. */
  wants(seq: number): boolean {
    return seq > this.#received && seq <= this.#base + this.#capacity && this.get(seq) === undefined;
  }

  get(seq: number): Buffer | undefined {
    if (seq <= this.#base || seq > this.#high) return undefined;
    return this.#frames[seq & (this.#capacity - 1)];
  }

  /** The caller has asked `wants`. The store keeps the buffer. */
  put(seq: number, frame: Buffer): void {
    this.#frames[seq & (this.#capacity - 1)] = frame;
    if (seq > this.#high) this.#high = seq;
    while (this.#received < this.#high && this.get(this.#received + 1) !== undefined) this.#received++;
  }

  /** Forgets frames up to `seq`, which must have been received. */
  collect(seq: number): void {
    const limit = Math.min(seq, this.#received);
    while (this.#base < limit) {
      this.#base++;
      this.#frames[this.#base & (this.#capacity - 1)] = undefined;
    }
  }
}
