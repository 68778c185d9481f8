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
      const pending = { id, cancel: () => {} };
      const due_ms = performance.now() + delay_ms;
      // Node counts from the start of its loop's turn, so that a timer can fire before its time: then it is armed again.
      const arm = (wait_ms: number) => {
        const timeout = setTimeout(() => {
          const early_ms = due_ms - performance.now();
          if (early_ms > 0) arm(early_ms);
          else callback();
        }, Math.ceil(wait_ms));
        pending.cancel = () => clearTimeout(timeout);
      };
      arm(delay_ms);
      return pending satisfies Pending;
    },
    clearTimeout(handle) {
      (handle as Pending).cancel();
    },
  };
}
