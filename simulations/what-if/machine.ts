/** What-if: the hardware of one node. Its watchdog is the product's multiplexer over a device of ten seconds; its guests take time. */

import type { Hypervisor, Watchdog } from '../../actors/ha/ports.ts';
import type { Next } from '../../machines/ha/dialogue.ts';
import type { AgentCall } from '../../machines/ha/lrm-worker/command.ts';
import { haTimes } from '../../machines/ha/times.ts';
import { WatchdogMux } from '../../machines/ha/watchdog/mux.ts';
import type { Clock, TimerHandle } from '../../runtime/clock/clock.ts';

/** How long guests take, seconds. */
export interface GuestPace {
  readonly start_s: number;
  readonly stop_s: number;
  /** Of memory, while a guest migrates. */
  readonly migration_bytes_per_s: number;
}

export interface MachineOptions {
  readonly node: string;
  readonly clock: Clock;
  readonly pace: GuestPace;
  readonly memoryOf: (sid: string) => number;
  /** Why the guest can't start here, if it can't. */
  readonly obstacle: (sid: string) => string | undefined;
  /** Moves the configuration; false where that fails. */
  readonly moveConfiguration: (sid: string, to: string, done: (isMoved: boolean) => void) => void;
  /** A guest that migrates while it runs runs there from now on. */
  readonly arrives: (sid: string, target: string) => void;
  readonly onGuest: (sid: string, isRunning: boolean) => void;
  readonly onObstacle: (sid: string, obstacle: string) => void;
  readonly onWarning: () => void;
  readonly onReset: () => void;
}

const feed = Uint8Array.of(0);
const goodbye = Uint8Array.of('V'.charCodeAt(0));

export class Machine {
  readonly #options: MachineOptions;
  readonly #running = new Set<string>();
  #mux = new WatchdogMux();
  #clients = 0;
  #fed_s = 0;
  #tick: TimerHandle | undefined;
  /** Grows with each loss of power: what was begun before has no end. */
  #life = 0;

  constructor(options: MachineOptions) {
    this.#options = options;
  }

  get running(): ReadonlySet<string> {
    return this.#running;
  }

  get hasOpenWatchdog(): boolean {
    return this.#mux.clients > 0;
  }

  setRunning(sid: string, isRunning: boolean): void {
    if (this.#running.has(sid) === isRunning) return;
    if (isRunning) this.#running.add(sid);
    else this.#running.delete(sid);
    this.#options.onGuest(sid, isRunning);
  }

  powerOn(): void {
    this.#mux = new WatchdogMux();
    this.#fed_s = this.#now_s;
    this.#look();
  }

  /** Everything on it is gone. */
  powerOff(): void {
    this.#life += 1;
    if (this.#tick !== undefined) this.#options.clock.clearTimeout(this.#tick);
    this.#tick = undefined;
    for (const sid of [...this.#running]) this.setRunning(sid, false);
  }

  /** For one daemon. `lose`: the daemon is gone and has not closed it. */
  watchdog(): Watchdog & { lose(): void } {
    const life = this.#life;
    const mux = this.#mux;
    let client: number | undefined;
    const isDead = (): boolean => life !== this.#life || mux.state !== 'serving';
    return {
      open: (done) => {
        this.#clients += 1;
        client = this.#clients;
        mux.step({ type: 'CONNECT', client, pid: client, at: this.#now_s });
        done(undefined);
      },
      feed: (done) => {
        if (client === undefined || isDead()) return done('Broken pipe');
        mux.step({ type: 'DATA', client, bytes: feed, at: this.#now_s });
        done(undefined);
      },
      close: (done) => {
        if (client !== undefined) {
          mux.step({ type: 'DATA', client, bytes: goodbye, at: this.#now_s });
          mux.step({ type: 'DISCONNECT', client, at: this.#now_s });
        }
        client = undefined;
        done(undefined);
      },
      lose: () => {
        if (client !== undefined) mux.step({ type: 'DISCONNECT', client, at: this.#now_s });
        client = undefined;
      },
    };
  }

  hypervisor(): Hypervisor {
    return { call: (sid, call, done) => this.#call(sid, call, done) };
  }

  get #now_s(): number {
    return this.#options.clock.monotonic_ms() / 1000;
  }

  /** A quiet second of the multiplexer, and the device below it. */
  #look(): Next {
    const { clock, onReset, onWarning } = this.#options;
    for (const { effect, ...rest } of this.#mux.step({ type: 'QUIET', at: this.#now_s })) {
      if (effect === 'feed-device') this.#fed_s = this.#now_s;
      if (effect === 'log' && (rest as { text: string }).text.endsWith('about to expire')) onWarning();
    }
    if (this.#now_s - this.#fed_s >= haTimes().watchdog_device_s) {
      this.#tick = undefined;
      return onReset();
    }
    this.#tick = clock.setTimeout(() => this.#look(), haTimes().watchdog_poll_s * 1000);
  }

  #call(sid: string, call: AgentCall, done: (answer: boolean) => void): Next {
    if (call.call === 'check-running') return done(this.#running.has(sid));
    const life = this.#life;
    this.#options.clock.setTimeout(() => {
      if (life === this.#life) this.#act(sid, call, done);
    }, this.#duration_s(sid, call) * 1000);
  }

  #duration_s(sid: string, call: AgentCall): number {
    const { memoryOf, pace } = this.#options;
    const isRunning = this.#running.has(sid);
    if (call.call === 'start') return pace.start_s;
    if (call.call === 'shutdown') return isRunning ? pace.stop_s : 0;
    if (call.call !== 'migrate' || !isRunning) return 1;
    return call.isOnline ? memoryOf(sid) / pace.migration_bytes_per_s : pace.stop_s;
  }

  #act(sid: string, call: AgentCall, done: (answer: boolean) => void): Next {
    const { arrives, moveConfiguration, obstacle, onObstacle } = this.#options;
    if (call.call === 'start') {
      const found = obstacle(sid);
      if (found !== undefined) onObstacle(sid, found);
      else this.setRunning(sid, true);
      return done(found === undefined);
    }
    if (call.call === 'shutdown') {
      this.setRunning(sid, false);
      return done(true);
    }
    if (call.call !== 'migrate') return done(false);
    const life = this.#life;
    moveConfiguration(sid, call.target, (isMoved) => {
      if (life !== this.#life) return;
      if (isMoved) {
        const isAlive = call.isOnline && this.#running.has(sid);
        this.setRunning(sid, false);
        if (isAlive) arrives(sid, call.target);
      }
      done(isMoved);
    });
  }
}
