import type { Clock, TimerHandle } from '../../runtime/clock/clock.ts';

/** A timer that runs this late means that the process itself was stalled, not its peers. */
const LATE_MS = 30;
/** What the event loop gets to hand over the datagrams that waited meanwhile. */
const GRACE_MS = 20;

/**
 * A timeout that is moved far more often than it expires: moving it is one assignment, and the clock's timer is only
 * armed anew when it fires early.
 *
 * A process that was stalled finds its timers expired and its datagrams unread; it would accuse its peers of its own
 * silence. So a deadline that is noticed late waits once more, for the datagrams to be read first.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #expired: () => void;
  #due_ms = Number.POSITIVE_INFINITY;
  #armedFor_ms = Number.POSITIVE_INFINITY;
  #handle: TimerHandle | undefined;
  #isGraceGiven = false;
  /** How often a late deadline was deferred. */
  deferrals = 0;

  constructor(clock: Clock, expired: () => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  get isSet(): boolean {
    return this.#due_ms !== Number.POSITIVE_INFINITY;
  }

  /** Expires `timeout_ms` after `now_ms`, the clock's present time. */
  set(now_ms: number, timeout_ms: number): void {
    this.#due_ms = now_ms + timeout_ms;
    this.#isGraceGiven = false;
    if (this.#handle === undefined || this.#armedFor_ms > this.#due_ms) this.#arm(now_ms);
  }

  /** Doesn't expire until it is set again. */
  clear(): void {
    this.#due_ms = Number.POSITIVE_INFINITY;
  }

  /** Clears, and gives the clock's timer back. */
  close(): void {
    this.clear();
    if (this.#handle !== undefined) this.#clock.clearTimeout(this.#handle);
    this.#handle = undefined;
  }

  #arm(now_ms: number): void {
    if (this.#handle !== undefined) this.#clock.clearTimeout(this.#handle);
    this.#armedFor_ms = this.#due_ms;
    this.#handle = this.#clock.setTimeout(() => this.#fire(), this.#due_ms - now_ms);
  }

  #fire(): void {
    this.#handle = undefined;
    if (!this.isSet) return;
    const now_ms = this.#clock.monotonic_ms();
    if (now_ms < this.#due_ms) {
      this.#arm(now_ms);
      return;
    }
    if (now_ms - this.#due_ms > LATE_MS && !this.#isGraceGiven) {
      this.deferrals++;
      this.set(now_ms, GRACE_MS);
      this.#isGraceGiven = true;
      return;
    }
    this.clear();
    this.#expired();
  }
}
