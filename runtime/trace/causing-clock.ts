import type { Clock } from '../clock/clock.ts';
import type { Trace } from './trace.ts';

/** A clock whose timers run in the course of the record in which they were armed. */
export function causingClock(trace: Trace, clock: Clock): Clock {
  return {
    monotonic_ms: () => clock.monotonic_ms(),
    wall_ms: () => clock.wall_ms(),
    setTimeout: (callback, delay_ms) => {
      const cause = trace.current;
      return clock.setTimeout(() => trace.within(cause, callback), delay_ms);
    },
    clearTimeout: (handle) => clock.clearTimeout(handle),
  };
}
