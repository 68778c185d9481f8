/**
 * The clocks of one machine, driven by the world's: they may run too fast or too slowly, the wall clock may be set, and stand still
 * while the monotonic one goes on.
 */
import type { Clock, TimerHandle } from '../../runtime/clock/clock.ts';

/** Seconds that pass on the machine in a second of the world. */
export interface ClockRates {
  readonly monotonic: number;
  readonly wall: number;
}

export const TRUE_RATES: ClockRates = { monotonic: 1, wall: 1 };
/** A timer is late rather than early, though rates round. */
const LATE_MS = 1e-6;

export class MachineClock implements Clock {
  readonly #world: Clock;
  #rates = TRUE_RATES;
  /** What the world's clock and these clocks showed when the rates were changed last. */
  #since_ms = 0;
  #monotonic_ms = 0;
  #wall_ms: number;
  /** Until the rates are changed for the first time the monotonic clock is the world's, to the last bit. */
  #wasEverWrong = false;

  constructor(world: Clock, wallOffset_ms = 0) {
    this.#world = world;
    this.#since_ms = world.monotonic_ms();
    this.#monotonic_ms = this.#since_ms;
    this.#wall_ms = world.wall_ms() + wallOffset_ms;
  }

  /** They run as they should now. */
  get isTrue(): boolean {
    return this.#rates.monotonic === 1 && this.#rates.wall === 1;
  }

  monotonic_ms(): number {
    if (!this.#wasEverWrong) return this.#world.monotonic_ms();
    return this.#monotonic_ms + (this.#world.monotonic_ms() - this.#since_ms) * this.#rates.monotonic;
  }

  wall_ms(): number {
    return this.#wall_ms + (this.#world.monotonic_ms() - this.#since_ms) * this.#rates.wall;
  }

  setTimeout(callback: () => void, delay_ms: number): TimerHandle {
    if (!this.#wasEverWrong) return this.#world.setTimeout(callback, delay_ms);
    return this.#world.setTimeout(callback, Math.max(0, delay_ms) / this.#rates.monotonic + LATE_MS);
  }

  clearTimeout(timer: TimerHandle): void {
    this.#world.clearTimeout(timer);
  }

  /** Somebody sets the wall clock. */
  step(step_ms: number): void {
    this.#wall_ms += step_ms;
  }

  /** `monotonic` must be above 0. */
  setRates(rates: ClockRates): void {
    const [monotonic_ms, wall_ms] = [this.monotonic_ms(), this.wall_ms()];
    this.#since_ms = this.#world.monotonic_ms();
    this.#monotonic_ms = monotonic_ms;
    this.#wall_ms = wall_ms;
    this.#rates = rates;
    this.#wasEverWrong = true;
  }
}
