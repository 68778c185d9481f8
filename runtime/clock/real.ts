import type { Clock, TimerHandle } from './clock.ts';

type Pending = TimerHandle & { cancel: () => void };

/**
 * The clock of a real node: the kernel's monotonic clock and Node's timers.
 *
 * A delay of 0 runs in the next turn of the event loop (`setImmediate`): Node's own `setTimeout` would make it 1 ms,
 * ten rotations of an idle ring.
 */
export function createRealClock(): Clock {
  let nextId = 1;
  return {
    monotonic_ms: () => performance.now(),
    wall_ms: () => Date.now(),
    setTimeout(callback, delay_ms) {
      const id = nextId++;
      if (delay_ms <= 0) {
        const immediate = setImmediate(callback);
        return { id, cancel: () => clearImmediate(immediate) } satisfies Pending;
      }
      // Node truncates to whole milliseconds and would fire early.
      const timeout = setTimeout(callback, Math.ceil(delay_ms));
      return { id, cancel: () => clearTimeout(timeout) } satisfies Pending;
    },
    clearTimeout(handle) {
      (handle as Pending).cancel();
    },
  };
}
