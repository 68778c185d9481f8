/**
 * A simulated operating-system process: it can be stopped for a while, or wait for its disk (its timers are late and its
 * datagrams wait, as on a real machine) and it can die (nothing of it runs any more). Its clock is its machine's.
 */
import type { Clock, TimerHandle } from '../../runtime/clock/clock.ts';
import type { DatagramReceiver } from '../../runtime/datagram/datagram.ts';

/** Datagrams that a stopped process's socket holds; later ones are lost. */
const SOCKET_DATAGRAMS = 2000;

interface Timer extends TimerHandle {
  inner: TimerHandle;
  isCancelled: boolean;
}

const NO_TIMER: TimerHandle = { id: 0 };

export class SimulatedProcess {
  readonly clock: Clock;
  readonly #host: Clock;
  #isStopped = false;
  /** Waits for its disk until then. */
  #isStalled = false;
  #isDead = false;
  #late: (() => void)[] = [];
  #unread: (() => void)[] = [];

  /** `clock` is the machine's. */
  constructor(clock: Clock) {
    this.#host = clock;
    this.clock = {
      monotonic_ms: () => clock.monotonic_ms(),
      wall_ms: () => clock.wall_ms(),
      setTimeout: (callback, delay_ms) => {
        const timer: Timer = { id: 0, inner: NO_TIMER, isCancelled: false };
        timer.inner = clock.setTimeout(() => this.#expire(timer, callback), delay_ms);
        return timer;
      },
      clearTimeout: (handle) => {
        const timer = handle as Timer;
        timer.isCancelled = true;
        clock.clearTimeout(timer.inner);
      },
    };
  }

  #expire(timer: Timer, callback: () => void): void {
    if (timer.isCancelled || this.#isDead) return;
    if (this.isHeld) this.#late.push(() => this.#expire(timer, callback));
    else callback();
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Runs `task` now, or when the process goes on; never once it is dead. */
  run(task: () => void): void {
    if (this.#isDead) return;
    if (this.isHeld) this.#unread.push(task);
    else task();
  }

  receiver(inner: DatagramReceiver): DatagramReceiver {
    return (sender, payload) => {
      if (this.#isDead) return;
      if (!this.isHeld) inner(sender, payload);
      else if (this.#unread.length < SOCKET_DATAGRAMS) this.#unread.push(() => inner(sender, payload));
    };
  }

  stop(): void {
    this.#isStopped = true;
  }

  continue(): void {
    this.#isStopped = false;
    this.#catchUp();
  }

  /**
   * The turn that runs now takes `duration_ms`, as a synchronous call does; what follows it is late. (What the turn itself does
   * after the call happens here before it.) A longer stall that is under way goes on.
   */
  stall(duration_ms: number): void {
    if (this.#isStalled || this.#isDead) return;
    this.#isStalled = true;
    this.#host.setTimeout(() => {
      this.#isStalled = false;
      this.#catchUp();
    }, duration_ms);
  }

  /** Stopped, or waiting for its disk. */
  get isHeld(): boolean {
    return this.#isStopped || this.#isStalled;
  }

  /** Timers first, as an event loop does. */
  #catchUp(): void {
    if (this.isHeld) return;
    const waiting = [...this.#late, ...this.#unread];
    this.#late = [];
    this.#unread = [];
    for (const [at, task] of waiting.entries()) {
      if (this.#isDead) return;
      if (this.isHeld) {
        this.#unread.push(...waiting.slice(at));
        return;
      }
      task();
    }
  }

  kill(): void {
    this.#isDead = true;
    this.#late = [];
    this.#unread = [];
  }
}
