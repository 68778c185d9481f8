/**
 * The Clock port: the only source of time for actors. Real nodes use `real.ts`, simulations `virtual.ts`;
 * both pass `contract.test.ts`.
 */

/** Opaque handle of a pending timer. */
export type TimerHandle = { readonly id: number };

export interface Clock {
  /** Milliseconds of a clock that never steps; origin unspecified. May have a fractional part on real nodes. */
  monotonic_ms(): number;
  /** Wall clock, milliseconds since the epoch. May step. */
  wall_ms(): number;
  /** Runs `callback` once, not before `delay_ms` have passed. Timers due at the same instant run in order of arming. */
  setTimeout(callback: () => void, delay_ms: number): TimerHandle;
  /** Cancels a timer; a handle that has fired or was cancelled is ignored. */
  clearTimeout(handle: TimerHandle): void;
}

/** Wall clock in whole seconds as u32, the unit of pmxcfs messages and entries (spec/pmxcfs.md, conventions). */
export function wallSeconds(clock: Clock): number {
  return Math.floor(clock.wall_ms() / 1000) >>> 0;
}
