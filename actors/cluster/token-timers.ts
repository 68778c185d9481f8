import type { Clock } from '../../runtime/clock/clock.ts';
import type { TotemTimers } from '../../runtime/formats/cluster-config.ts';
import { Deadline } from './deadline.ts';
import { RotationTimes } from './rotation-times.ts';

export interface TokenTimeouts {
  /** The token wasn't seen for the token timeout. */
  lost(): void;
  /** It wasn't seen for `waited_ms`, the share `token_warning` of the timeout. */
  warning(waited_ms: number): void;
  /** The next member hasn't shown that it got what we passed on. */
  retransmit(): void;
  /** The hold time is over. */
  release(): void;
}

/** The timers that go with the token (or the commit token), and how long its rotations take. */
export class TokenTimers {
  readonly rotation = new RotationTimes();
  timers: TotemTimers;
  readonly #clock: Clock;
  readonly #loss: Deadline;
  readonly #warning: Deadline;
  readonly #retransmit: Deadline;
  readonly #hold: Deadline;
  #lastVisit_ms = 0;

  constructor(clock: Clock, timers: TotemTimers, timeouts: TokenTimeouts) {
    this.#clock = clock;
    this.timers = timers;
    this.#loss = new Deadline(clock, () => timeouts.lost());
    this.#warning = new Deadline(clock, () => timeouts.warning(Math.floor(clock.monotonic_ms() - this.#lastVisit_ms)));
    this.#retransmit = new Deadline(clock, () => timeouts.retransmit());
    this.#hold = new Deadline(clock, () => timeouts.release());
  }

  /** How often a timeout was noticed late, and deferred. */
  get deferrals(): number {
    return this.#loss.deferrals;
  }

  /** The token came. */
  arrived(now_ms: number): void {
    if (this.#lastVisit_ms > 0) this.rotation.add(now_ms - this.#lastVisit_ms);
    this.#retransmit.clear();
    this.awaited(now_ms);
  }

  /** The token is under way from now on. */
  awaited(now_ms: number): void {
    const { token_ms, token_warning } = this.timers;
    this.#lastVisit_ms = now_ms;
    this.#loss.set(now_ms, token_ms);
    if (token_warning > 0) this.#warning.set(now_ms, Math.floor((token_ms * token_warning) / 100));
  }

  /** A commit token was passed on: it is awaited without a warning. */
  commitPassed(): void {
    const now_ms = this.#clock.monotonic_ms();
    this.#loss.set(now_ms, this.timers.token_ms);
    this.#retransmit.set(now_ms, this.timers.token_retransmit_ms);
  }

  /** The token was passed on, or repeated. */
  passed(): void {
    this.#retransmit.set(this.#clock.monotonic_ms(), this.timers.token_retransmit_ms);
  }

  /** The token stays here: for the hold time, or until there is something to send. */
  held(untilWork: boolean): void {
    this.stopWaiting();
    if (!untilWork) this.#hold.set(this.#clock.monotonic_ms(), this.timers.hold_ms);
  }

  released(): void {
    this.#hold.clear();
  }

  /** No token is expected. */
  stopWaiting(): void {
    this.#loss.clear();
    this.#warning.clear();
    this.#retransmit.clear();
    this.#lastVisit_ms = 0;
  }

  close(): void {
    for (const deadline of [this.#loss, this.#warning, this.#retransmit, this.#hold]) deadline.close();
  }
}
