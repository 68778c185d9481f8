/**
 * The watchdog of a machine: the multiplexer that real nodes run, and the device that resets the machine when it isn't fed. Nothing
 * that happens to the daemons or to their process keeps the device from its work.
 */

import type { Watchdog } from '../../../actors/ha/ports.ts';
import { type MuxEffect, type MuxEvent, WatchdogMux } from '../../../machines/ha/watchdog/mux.ts';
import type { Clock, TimerHandle } from '../../../runtime/clock/clock.ts';
import type { SimulatedProcess } from '../process.ts';

const QUIET_MS = 1000;
const DEVICE_MS = 10_000;
/** Of sums of instants. */
const ROUNDING_MS = 0.001;
const ALIVE = Uint8Array.of(0);
const GOODBYE = Uint8Array.of('V'.charCodeAt(0));
const CLOSED = 'Broken pipe';

export interface WatchdogPlace {
  /** Of the device. */
  readonly clock: Clock;
  /** Of the multiplexer. */
  readonly process: SimulatedProcess;
  /** How much later the device fires than it should. */
  late_ms(): number;
  log(text: string): void;
  /** The device has fired. */
  reset(): void;
}

export class MachineWatchdog {
  readonly #place: WatchdogPlace;
  readonly #mux = new WatchdogMux();
  #fed_ms: number;
  #device: TimerHandle | undefined;
  #lastEvent_ms: number;
  #clients = 0;
  readonly #open = new Map<number, string>();

  constructor(place: WatchdogPlace) {
    this.#place = place;
    this.#fed_ms = place.clock.monotonic_ms();
    this.#lastEvent_ms = this.#now_ms;
    this.#armDevice();
    this.#awaitQuiet();
  }

  get isFailing(): boolean {
    return this.#mux.state === 'failing';
  }

  /** Names of the clients that have a handle. */
  get clients(): readonly string[] {
    return [...this.#open.values()];
  }

  isOpen(name: string): boolean {
    return this.clients.includes(name);
  }

  /** The end of one process at the multiplexer's socket; `vanish` is what the kernel does when that process dies. */
  client(name: string, pid: number): Watchdog & { vanish(): void } {
    let handle: number | undefined;
    const tell = (event: (client: number) => MuxEvent): string | undefined => {
      if (handle === undefined || this.#mux.state === 'ended') return CLOSED;
      this.#step(event(handle));
      return undefined;
    };
    const forget = (): void => {
      if (handle !== undefined) this.#open.delete(handle);
      handle = undefined;
    };
    return {
      open: (done) => {
        this.#clients += 1;
        handle = this.#clients;
        this.#open.set(handle, name);
        done(tell((client) => ({ type: 'CONNECT', client, pid, at: this.#now_s })));
      },
      feed: (done) => done(tell((client) => ({ type: 'DATA', client, bytes: ALIVE, at: this.#now_s }))),
      close: (done) => {
        const problem = tell((client) => ({ type: 'DATA', client, bytes: GOODBYE, at: this.#now_s }));
        if (problem === undefined) tell((client) => ({ type: 'DISCONNECT', client, at: this.#now_s }));
        forget();
        done(problem);
      },
      vanish: () => {
        if (handle !== undefined) tell((client) => ({ type: 'DISCONNECT', client, at: this.#now_s }));
        forget();
      },
    };
  }

  /** The machine has no power any more. */
  end(): void {
    this.#disarm();
  }

  get #now_ms(): number {
    return this.#place.clock.monotonic_ms();
  }

  get #now_s(): number {
    return this.#now_ms / 1000;
  }

  /** What comes in while the multiplexer stands still waits in its socket. */
  #step(event: MuxEvent): void {
    this.#place.process.run(() => {
      this.#lastEvent_ms = this.#now_ms;
      this.#carryOut(this.#mux.step('at' in event ? { ...event, at: this.#now_s } : event));
    });
  }

  #carryOut(effects: readonly MuxEffect[]): void {
    for (const effect of effects) {
      if (effect.effect === 'log') this.#place.log(effect.text);
      else if (effect.effect === 'feed-device') this.#fed_ms = this.#now_ms;
      else if (effect.effect === 'disarm-device') this.#disarm();
    }
  }

  #awaitQuiet(): void {
    const wait_ms = Math.max(1, this.#lastEvent_ms + QUIET_MS - this.#now_ms);
    this.#place.process.clock.setTimeout(() => {
      if (this.#now_ms - this.#lastEvent_ms >= QUIET_MS) {
        this.#lastEvent_ms = this.#now_ms;
        this.#carryOut(this.#mux.step({ type: 'QUIET', at: this.#now_s }));
      }
      this.#awaitQuiet();
    }, wait_ms);
  }

  #armDevice(): void {
    const due_ms = this.#fed_ms + DEVICE_MS + this.#place.late_ms();
    this.#device = this.#place.clock.setTimeout(
      () => {
        const left_ms = this.#fed_ms + DEVICE_MS + this.#place.late_ms() - this.#now_ms;
        if (left_ms > ROUNDING_MS) this.#armDevice();
        else this.#place.reset();
      },
      Math.max(0, due_ms - this.#now_ms),
    );
  }

  #disarm(): void {
    if (this.#device !== undefined) this.#place.clock.clearTimeout(this.#device);
    this.#device = undefined;
  }
}
