/**
 * Hosts the watchdog multiplexer (machines/ha/watchdog/mux.ts) of a node: clients, device, marker and log are ports. It lives in a
 * process of its own outside of the supervisor's tree, so that it survives what it watches (spec/ha.md §10).
 */
import type { HaTimes } from '../../../machines/ha/times.ts';
import { type MuxEffect, type MuxEvent, WatchdogMux } from '../../../machines/ha/watchdog/mux.ts';
import type { Clock, TimerHandle } from '../../../runtime/clock/clock.ts';
import type { WatchdogDevice } from '../../../runtime/watchdog/device.ts';

export interface MuxPorts {
  readonly clock: Clock;
  readonly device: WatchdogDevice;
  readonly log: (text: string) => void;
  /** What is known of the node must be on disk now. */
  readonly sync: () => void;
  readonly setMarker: (isThere: boolean) => void;
  readonly refuse: (client: number) => void;
  /** It is over; `isClean`: the device was stopped. */
  readonly exit: (isClean: boolean) => void;
}

export class WatchdogMuxHost {
  readonly #ports: MuxPorts;
  readonly #mux: WatchdogMux;
  readonly #poll_ms: number;
  #quiet: TimerHandle | undefined;
  #isDisarmed = false;
  #isOrphan = false;

  constructor(ports: MuxPorts, times: HaTimes) {
    this.#ports = ports;
    this.#mux = new WatchdogMux(times);
    this.#poll_ms = times.watchdog_poll_s * 1000;
    this.#arm();
  }

  connected(client: number, pid: number): void {
    this.#take({ type: 'CONNECT', client, pid, at: this.#at });
  }

  data(client: number, bytes: Uint8Array): void {
    this.#take({ type: 'DATA', client, bytes, at: this.#at });
  }

  disconnected(client: number): void {
    this.#take({ type: 'DISCONNECT', client, at: this.#at });
    this.#endIfUnneeded();
  }

  terminate(): void {
    this.#take({ type: 'TERMINATE' });
  }

  hangUp(): void {
    this.#take({ type: 'HANGUP' });
  }

  /** The supervisor is gone: as soon as nobody is watched any more, it ends too. */
  orphan(): void {
    this.#isOrphan = true;
    this.#endIfUnneeded();
  }

  #endIfUnneeded(): void {
    if (this.#isOrphan && this.#mux.clients === 0 && this.#mux.state === 'serving') this.terminate();
  }

  get #at(): number {
    return this.#ports.clock.monotonic_ms() / 1000;
  }

  #take(event: MuxEvent): void {
    for (const effect of this.#mux.step(event)) this.#perform(effect);
    this.#arm();
  }

  /** A second without any event is one. */
  #arm(): void {
    const { clock } = this.#ports;
    if (this.#quiet !== undefined) clock.clearTimeout(this.#quiet);
    this.#quiet = undefined;
    if (this.#mux.state === 'ended') return;
    this.#quiet = clock.setTimeout(() => this.#take({ type: 'QUIET', at: this.#at }), this.#poll_ms);
  }

  #perform(effect: MuxEffect): void {
    const ports = this.#ports;
    switch (effect.effect) {
      case 'log':
        ports.log(effect.text);
        break;
      case 'sync-journal':
        ports.sync();
        break;
      case 'feed-device':
        ports.device.feed();
        break;
      case 'disarm-device':
        this.#isDisarmed = true;
        ports.device.disarm();
        break;
      case 'make-marker':
        ports.setMarker(true);
        break;
      case 'remove-marker':
        ports.setMarker(false);
        break;
      case 'refuse':
        ports.refuse(effect.client);
        break;
      case 'exit':
        ports.exit(this.#isDisarmed);
    }
  }
}
