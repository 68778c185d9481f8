/**
 * Decides whether a supervisor may restart a child once more, and how long to wait first.
 *
 * I1 More than `intensity` restarts within any `period_ms`, over all children of the supervisor, are refused: the
 *    supervisor itself has then failed (OTP: intensity and period).
 * I2 The wait grows with the restarts of the *same* child within the period: `initial_ms` doubled each time, never above
 *    `max_ms`; a child that held out for a whole period starts again at `initial_ms`.
 * I3 The memory is bounded by `intensity` entries.
 */
export interface RestartLimits {
  readonly intensity: number;
  readonly period_ms: number;
}

export interface BackOff {
  readonly initial_ms: number;
  readonly max_ms: number;
}

export type RestartAnswer =
  | { readonly allowed: true; readonly delay_ms: number }
  | { readonly allowed: false; readonly reason: string };

export class RestartIntensity {
  readonly #limits: RestartLimits;
  #restarts: { readonly child: string; readonly at_ms: number }[] = [];

  constructor(limits: RestartLimits) {
    this.#limits = limits;
  }

  /** Asks for a restart of `child` at `now_ms` (monotonic); an allowed one is counted at once. */
  ask(child: string, now_ms: number, backOff: BackOff, reason: string): RestartAnswer {
    const { intensity, period_ms } = this.#limits;
    this.#restarts = this.#restarts.filter((restart) => now_ms - restart.at_ms < period_ms);
    if (this.#restarts.length >= intensity) {
      return { allowed: false, reason: `more than ${intensity} restarts within ${period_ms} ms, the last: ${reason}` };
    }
    const before = this.#restarts.filter((restart) => restart.child === child).length;
    this.#restarts.push({ child, at_ms: now_ms });
    return { allowed: true, delay_ms: Math.min(backOff.max_ms, backOff.initial_ms * 2 ** before) };
  }
}
