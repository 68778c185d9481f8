const SAMPLES = 512;

/** The last token rotations, for `status`: adding is one store, percentiles are computed on demand. */
export class RotationTimes {
  readonly #samples_ms = new Float64Array(SAMPLES);
  #count = 0;

  add(duration_ms: number): void {
    this.#samples_ms[this.#count % SAMPLES] = duration_ms;
    this.#count++;
  }

  /** `fraction` 0.5 is the median; 0 when there is no sample. */
  percentile_ms(fraction: number): number {
    const known = this.#samples_ms.slice(0, Math.min(this.#count, SAMPLES)).sort();
    if (known.length === 0) return 0;
    return known[Math.min(known.length - 1, Math.floor(fraction * known.length))]!;
  }
}
