import type { Clock, TimerHandle } from './clock.ts';

interface Timer extends TimerHandle {
  readonly id: number;
  readonly due_ms: number;
  callback: (() => void) | undefined;
}

/**
 * Virtual time: a heap ordered by (deadline, order of arming). Time moves only in `step`, and always to the exact
 * instant of the timer that runs, so timers armed inside a callback count from there.
 */
export class VirtualClock implements Clock {
  #now_ms = 0;
  #nextId = 1;
  #live = 0;
  readonly #heap: Timer[] = [];
  readonly #wallOrigin_ms: number;

  constructor(options: { readonly wallOrigin_ms?: number } = {}) {
    this.#wallOrigin_ms = options.wallOrigin_ms ?? 1_700_000_000_000;
  }

  monotonic_ms(): number {
    return this.#now_ms;
  }

  wall_ms(): number {
    return this.#wallOrigin_ms + this.#now_ms;
  }

  setTimeout(callback: () => void, delay_ms: number): TimerHandle {
    const timer: Timer = { id: this.#nextId++, due_ms: this.#now_ms + Math.max(0, delay_ms), callback };
    this.#live++;
    this.#push(timer);
    return timer;
  }

  clearTimeout(handle: TimerHandle): void {
    const timer = handle as Timer;
    if (timer.callback === undefined) return;
    timer.callback = undefined;
    this.#live--;
  }

  /** Number of timers that are still to run. */
  get pending(): number {
    return this.#live;
  }

  /** Runs the next timer; false when there is none. */
  step(): boolean {
    return this.#stepUntil(Number.POSITIVE_INFINITY);
  }

  /** Runs every timer due up to `instant_ms`, then sets the time to it. Returns the number of timers run. */
  runUntil(instant_ms: number): number {
    let count = 0;
    while (this.#stepUntil(instant_ms)) count++;
    this.#now_ms = Math.max(this.#now_ms, instant_ms);
    return count;
  }

  /** Runs for `duration_ms` of virtual time. */
  advance(duration_ms: number): number {
    return this.runUntil(this.#now_ms + duration_ms);
  }

  #stepUntil(limit_ms: number): boolean {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined) return false;
      if (first.callback === undefined) {
        this.#pop();
        continue;
      }
      if (first.due_ms > limit_ms) return false;
      this.#pop();
      this.#now_ms = first.due_ms;
      const callback = first.callback;
      first.callback = undefined;
      this.#live--;
      callback();
      return true;
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent]!, timer)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (isBefore(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.due_ms < b.due_ms || (a.due_ms === b.due_ms && a.id < b.id);
}
