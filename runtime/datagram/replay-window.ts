/** Which counters of a sender were taken: a bitmap over the newest ones; whatever is older counts as taken. */
const WINDOW = 4096;

export class ReplayWindow {
  readonly #taken = new Uint32Array(WINDOW / 32);
  #highest: number;

  /** Counters up to and including `start` count as taken. */
  constructor(start: number) {
    this.#taken.fill(0xffff_ffff);
    this.#highest = start;
  }

  /** True where `counter` may still be taken. Changes nothing: an unauthenticated counter must not move the window. */
  isFresh(counter: number): boolean {
    if (counter > this.#highest) return true;
    if (counter <= this.#highest - WINDOW) return false;
    const slot = counter % WINDOW;
    return (this.#taken[slot >>> 5]! & (1 << (slot & 31))) === 0;
  }

  /** Takes a counter that is fresh and authenticated. */
  take(counter: number): void {
    if (counter - this.#highest >= WINDOW) this.#taken.fill(0);
    else for (let between = this.#highest + 1; between < counter; between++) this.#clear(between % WINDOW);
    const slot = counter % WINDOW;
    this.#taken[slot >>> 5]! |= 1 << (slot & 31);
    if (counter > this.#highest) this.#highest = counter;
  }

  #clear(slot: number): void {
    this.#taken[slot >>> 5]! &= ~(1 << (slot & 31));
  }
}
