/** A rate limit: `capacity` at once, `rate_per_s` in the long run. */
export class TokenBucket {
  readonly #capacity: number;
  readonly #rate_per_s: number;
  #tokens: number;
  #filledAt_ms: number | undefined;

  constructor(capacity: number, rate_per_s: number) {
    this.#capacity = capacity;
    this.#rate_per_s = rate_per_s;
    this.#tokens = capacity;
  }

  /** Takes one token, or says that there is none. */
  take(now_ms: number): boolean {
    const elapsed_ms = now_ms - (this.#filledAt_ms ?? now_ms);
    this.#filledAt_ms = now_ms;
    this.#tokens = Math.min(this.#capacity, this.#tokens + (elapsed_ms * this.#rate_per_s) / 1000);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
