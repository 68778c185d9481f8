/**
 * The test twin of a machine: its watchdog and its guests. Guests run on while daemons die, and end with the machine's power, which
 * a watchdog takes away that isn't fed (spec/ha.md §10).
 */
import type { Next } from '../../machines/ha/dialogue.ts';
import type { AgentCall } from '../../machines/ha/lrm-worker/command.ts';
import { type HaTimes, haTimes } from '../../machines/ha/times.ts';
import type { Clock, TimerHandle } from '../../runtime/clock/clock.ts';
import type { MemoryCluster } from './memory-cluster.ts';
import type { Answer, Hypervisor, Watchdog } from './ports.ts';

export interface MemoryMachineOptions {
  readonly node: string;
  readonly clock: Clock;
  readonly cluster: MemoryCluster;
  readonly times?: HaTimes;
  /** Of starting, stopping and moving a guest. */
  readonly duration_ms?: number;
  /** The watchdog has reset the machine: its guests are gone, its daemons are to be abandoned. */
  readonly onReset: () => void;
  /** A guest was started or has ended. */
  readonly onGuest?: (sid: string, isRunning: boolean) => void;
}

export class MemoryMachine {
  readonly #options: MemoryMachineOptions;
  readonly #times: HaTimes;
  readonly #guests = new Set<string>();
  readonly #handles = new Set<{ timer: TimerHandle }>();
  #device: TimerHandle | undefined;
  /** Grows with each loss of power: what was begun before doesn't end. */
  #life = 0;

  constructor(options: MemoryMachineOptions) {
    this.#options = options;
    this.#times = options.times ?? haTimes();
  }

  get running(): readonly string[] {
    return [...this.#guests].sort();
  }

  get openWatchdogs(): number {
    return this.#handles.size;
  }

  /** Sets what runs from outside. */
  setRunning(sid: string, isRunning: boolean): void {
    if (this.#guests.has(sid) === isRunning) return;
    if (isRunning) this.#guests.add(sid);
    else this.#guests.delete(sid);
    this.#options.onGuest?.(sid, isRunning);
  }

  /** Everything on it is gone. */
  losePower(): void {
    const { clock } = this.#options;
    this.#life++;
    for (const sid of this.running) this.setRunning(sid, false);
    for (const { timer } of this.#handles) clock.clearTimeout(timer);
    this.#handles.clear();
    if (this.#device !== undefined) clock.clearTimeout(this.#device);
    this.#device = undefined;
  }

  /** A daemon's handle; a daemon that dies without closing it calls `lose`. */
  watchdog(): Watchdog & { lose(): void } {
    const { clock } = this.#options;
    let handle: { timer: TimerHandle } | undefined;
    const arm = (): TimerHandle => clock.setTimeout(() => this.#expire(), this.#times.watchdog_timeout_s * 1000);
    const drop = (): void => {
      if (handle === undefined) return;
      clock.clearTimeout(handle.timer);
      this.#handles.delete(handle);
      handle = undefined;
    };
    return {
      open: (done) => {
        handle = { timer: arm() };
        this.#handles.add(handle);
        done(undefined);
      },
      feed: (done) => {
        if (handle === undefined || !this.#handles.has(handle)) return done('Broken pipe');
        clock.clearTimeout(handle.timer);
        handle.timer = arm();
        done(undefined);
      },
      close: (done) => {
        drop();
        done(undefined);
      },
      lose: () => {
        if (handle === undefined || !this.#handles.has(handle)) return;
        drop();
        this.#expire();
      },
    };
  }

  hypervisor(): Hypervisor {
    return { call: (sid, call, done) => this.#call(sid, call, done) };
  }

  /** A client has failed: the device isn't fed any more. */
  #expire(): void {
    const { clock, onReset } = this.#options;
    this.#device ??= clock.setTimeout(() => {
      this.losePower();
      onReset();
    }, this.#times.watchdog_device_s * 1000);
  }

  #call(sid: string, call: AgentCall, done: Answer<boolean>): Next {
    if (call.call === 'check-running') return done(this.#guests.has(sid));
    const life = this.#life;
    const { clock, duration_ms = 0 } = this.#options;
    const act = (): void => {
      if (life === this.#life) this.#act(sid, call, done);
    };
    if (duration_ms === 0) act();
    else clock.setTimeout(act, duration_ms);
  }

  #act(sid: string, call: Exclude<AgentCall, { call: 'check-running' }>, done: Answer<boolean>): Next {
    if (call.call !== 'migrate') {
      this.setRunning(sid, call.call === 'start');
      return done(true);
    }
    const { cluster, node } = this.#options;
    const vmid = sid.slice(sid.indexOf(':') + 1);
    const name = `${sid.startsWith('vm:') ? 'qemu-server' : 'lxc'}/${vmid}.conf`;
    this.setRunning(sid, false);
    const files = cluster.files(node);
    const folder = `nodes/${call.target}/${name.slice(0, name.indexOf('/'))}`;
    files.mkdir(folder, () =>
      files.rename(`nodes/${node}/${name}`, `nodes/${call.target}/${name}`, (errno) => done(errno === 0)),
    );
  }
}
