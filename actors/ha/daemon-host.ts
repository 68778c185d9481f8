/**
 * Hosts a CRM or an LRM over the HA ports: gives it its ticks, carries out what it asks for in order, and tells its parent how it
 * ended (spec/ha.md §14.0). Nodes and simulator run this same code.
 *
 *  H1  Each ask is answered once; after its end, or `abandon`, nothing reaches the daemon any more.
 *  H2  TICK comes only between iterations, with no ask open. Its time never steps: the wall clock at the daemon's start, and what has
 *      passed since. What is written to files carries the wall clock.
 *  H3  The watchdog is opened or fed only so soon after the renewal of the daemon's lock that it fires before the lock can pass to
 *      another by expiry: `watchdogSlack_s`. So a daemon that was stopped in between, or whose answer came late, is not protected by it.
 *  H4  After a failure nothing is put away: lock and watchdog run out, as those of a daemon that has died.
 */

import assert from 'node:assert';
import { Crm } from '../../machines/ha/crm/crm.ts';
import type { Next } from '../../machines/ha/dialogue.ts';
import type { InspectOptions } from '../../machines/ha/inspect.ts';
import { Lrm } from '../../machines/ha/lrm/lrm.ts';
import type { Ask, In, LogLevel, Out, Reply, ShutdownMarker } from '../../machines/ha/port.ts';
import { type HaTimes, haTimes, watchdogSlack_s } from '../../machines/ha/times.ts';
import type { TimerHandle } from '../../runtime/clock/clock.ts';
import { type Inspector, inspectedBy } from '../../runtime/trace/machine-steps.ts';
import { readText, writeText } from './cluster-files.ts';
import { runCommand } from './command-runs.ts';
import { withDomainLock } from './domain-lock.ts';
import { FenceJobs } from './fence-jobs.ts';
import { readStatistics } from './guest-statistics.ts';
import { Leases } from './leases.ts';
import { failed, type Outcome, refused, succeeded } from './outcome.ts';
import type { Answer, HaPorts } from './ports.ts';
import { patchResource, removeGuestLock, stealGuest } from './service-files.ts';
import { Sources } from './sources.ts';

export type DaemonKind = 'crm' | 'lrm';

/** Where what a daemon does is recorded; nothing is where there is none. */
export interface HaTrace {
  /** What sees the steps of one of its machines. */
  readonly inspect: (machine: string) => Inspector | undefined;
  /** `decision`, `watchdog`, `log`: what no machine's step tells. */
  readonly note: (event: string, detail: object) => void;
}

export type DaemonEnd =
  /** It was asked to end, and everything is put away. */
  | { readonly how: 'exit' }
  /** It can't go on: its parent starts another, if the watchdog lets it. */
  | { readonly how: 'failed'; readonly error: string };

export interface DaemonHostOptions {
  readonly kind: DaemonKind;
  readonly ports: HaPorts;
  readonly times?: HaTimes;
  readonly trace?: HaTrace | undefined;
  readonly onEnd: (end: DaemonEnd) => void;
  /** Sees every event that the daemon takes, and every output before it is carried out. */
  readonly observe?: ((event: In | Out) => void) | undefined;
}

/** Commands that an LRM runs at once where datacenter.cfg doesn't say. */
const DEFAULT_WORKERS = 4;
const COMMANDS = 'ha/crm_commands';
const AGENT_LOCK = /^ha_agent_(.+)_lock$/;

export class DaemonHost {
  readonly kind: DaemonKind;
  readonly #ports: HaPorts;
  readonly #times: HaTimes;
  readonly #trace: HaTrace | undefined;
  readonly #onEnd: (end: DaemonEnd) => void;
  readonly #observe: ((event: In | Out) => void) | undefined;
  readonly #daemon: Crm | Lrm;
  readonly #leases: Leases;
  readonly #sources: Sources;
  readonly #fenceJobs: FenceJobs;
  /** Wall clock minus monotonic clock at the start, seconds. */
  readonly #origin_s: number;
  /** The lock that protects the daemon's work. */
  readonly #ownLock: string;
  #inbox: In[] = [];
  #isTaking = false;
  #isIterating = false;
  #isOver = false;
  /** A tick is wanted at once. */
  #isDue = false;
  #tickedAt_s = 0;
  #timer: TimerHandle | undefined;

  constructor({ kind, observe, onEnd, ports, times = haTimes(), trace }: DaemonHostOptions) {
    const { clock, node } = ports;
    this.kind = kind;
    this.#ports = ports;
    this.#times = times;
    this.#trace = trace;
    this.#onEnd = onEnd;
    this.#observe = observe;
    this.#origin_s = clock.wall_ms() / 1000 - clock.monotonic_ms() / 1000;
    this.#ownLock = kind === 'crm' ? 'ha_manager_lock' : `ha_agent_${node}_lock`;
    const inspect = trace?.inspect;
    const inspection = (machine: string): InspectOptions => inspectedBy(inspect?.(machine));
    this.#daemon =
      kind === 'crm'
        ? new Crm(node, { inspection, times })
        : new Lrm(node, { maxWorkers: DEFAULT_WORKERS, inspection, times });
    const log = (level: LogLevel, text: string): void => this.#log(level, text);
    this.#leases = new Leases({ ports, times, log, inspect });
    this.#sources = new Sources(ports, (text) => log('warning', text));
    this.#fenceJobs = new FenceJobs({ ports, times, log, inspect });
  }

  /** To be called once. */
  start(): void {
    this.#carryOut(this.#daemon.start());
    this.#tick();
  }

  /** Asks the daemon to end; it takes the time that it needs. `marker`: what happens to the node. */
  requestShutdown(marker: ShutdownMarker): void {
    this.#isDue = true;
    this.#take({ type: 'SHUTDOWN_REQUEST', marker, at: this.#at });
  }

  /** The daemon's process is gone: nothing is put away, and nothing answers any more. */
  abandon(): void {
    this.#isOver = true;
    if (this.#timer !== undefined) this.#ports.clock.clearTimeout(this.#timer);
    this.#fenceJobs.endAll();
  }

  get state(): string {
    return this.#daemon.state;
  }

  /** For whoever looks; nothing may be given to it. */
  get core(): Crm | Lrm {
    return this.#daemon;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** For whoever looks. */
  describe(): object {
    return { kind: this.kind, ...this.#daemon.snapshot, locks: this.#leases.states };
  }

  get #now_s(): number {
    return this.#ports.clock.monotonic_ms() / 1000;
  }

  /** Milliseconds are enough, and keep the numbers short. */
  get #at(): number {
    return Math.floor((this.#origin_s + this.#now_s) * 1000) / 1000;
  }

  #log(level: LogLevel, text: string): void {
    if (this.#isOver) return;
    const known = level === 'err' ? 'error' : level === 'notice' || level === 'warning' ? level : 'info';
    const message = text.replace(/\n$/, '');
    this.#trace?.note('log', { level: known, message });
    this.#ports.log.write(`pve-ha-${this.kind}`, known, message);
  }

  // Events in, effects out

  #tick(): void {
    this.#timer = undefined;
    if (this.#isOver) return;
    if (this.#isIterating || this.#isTaking || this.#daemon.isAwaiting) {
      this.#isDue = true;
      return;
    }
    this.#isDue = false;
    this.#isIterating = true;
    this.#tickedAt_s = this.#now_s;
    this.#take({ type: 'TICK', at: this.#at });
  }

  #take(input: In): void {
    if (this.#isOver) return;
    this.#inbox.push(input);
    if (this.#isTaking) return;
    this.#isTaking = true;
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
      this.#observe?.(next);
      this.#carryOut(this.#daemon.take(next));
      if (this.#isOver) return;
    }
    this.#isTaking = false;
    if (this.kind === 'crm' && this.#daemon.state !== 'master') this.#fenceJobs.endAll();
    if (!this.#isDue || this.#isIterating || this.#daemon.isAwaiting) return;
    if (this.#timer !== undefined) this.#ports.clock.clearTimeout(this.#timer);
    this.#tick();
  }

  #carryOut(outs: readonly Out[]): void {
    for (const out of outs) {
      if (this.#isOver) return;
      this.#observe?.(out);
      this.#perform(out);
    }
  }

  #perform(out: Out): Next {
    switch (out.out) {
      case 'ask':
        return this.#ask(out.id, out.ask);
      case 'log':
        return this.#log(out.level, out.text);
      case 'notify':
        return this.#notify(out);
      case 'decision':
        return this.#trace?.note('decision', { sid: out.sid, reasons: out.reasons });
      case 'nextTickIn':
        return this.#endIteration(out.seconds);
      case 'exit':
        return this.#end({ how: 'exit' });
      case 'failed':
        this.#log('err', out.error);
        return this.#end({ how: 'failed', error: out.error });
    }
  }

  /** The pace counts from the beginning of the iteration. */
  #endIteration(pace_s: number): void {
    this.#isIterating = false;
    const took_s = this.#now_s - this.#tickedAt_s;
    if (took_s > this.#times.slow_iteration_s)
      this.#log('warning', `loop took too long (${Math.round(took_s)} seconds)`);
    const wait_ms = Math.max(0, pace_s - took_s) * 1000;
    this.#timer = this.#ports.clock.setTimeout(() => this.#tick(), wait_ms);
  }

  #end(end: DaemonEnd): void {
    this.abandon();
    this.#onEnd(end);
  }

  #notify(notification: Extract<Out, { out: 'notify' }>): void {
    // The fields that the manager computes from the iteration's time are for the file's readers: wall clock.
    const data = { ...(notification.data as object), 'fence-timestamp': this.#wall_s };
    this.#ports.notify({ ...notification, data }, (error) => {
      if (error !== undefined) this.#log('warning', `could not notify: ${error}`);
    });
  }

  get #wall_s(): number {
    return Math.floor(this.#ports.clock.wall_ms() / 1000);
  }

  // Asks

  #ask(id: number, ask: Ask): void {
    let isAnswered = false;
    this.#answer(ask, (outcome) => {
      assert(!isAnswered, `${ask.op} was answered twice`);
      isAnswered = true;
      const reply: Reply = outcome.ok ? outcome : { ok: false, error: outcome.error };
      this.#take({ type: 'REPLY', id, ...reply });
    });
  }

  #answer(ask: Ask, done: Answer<Outcome<unknown>>): Next {
    const ports = this.#ports;
    switch (ask.op) {
      case 'refresh':
        return this.#refresh(done);
      case 'read':
        return this.#sources.read(ask.what, done);
      case 'lock':
        return ask.do === 'acquire' ? this.#acquire(ask.name, done) : this.#release(ask.name, done);
      case 'watchdog':
        return this.#useWatchdog(ask.do, done);
      case 'write':
        return this.#write(ask.what, ask.value, done);
      case 'takeCrmCommands':
        return this.#takeCommands(done);
      case 'statistics':
        return readStatistics(ports.files, ask.mode, done);
      case 'patchService':
        return patchResource(ports, this.#times, ask, done);
      case 'removeLock':
        return removeGuestLock(ports, ask, done);
      case 'steal':
        return stealGuest(ports, ask, done);
      case 'exec':
        return this.#execute(ask, done);
      case 'wait':
        return void ports.clock.setTimeout(() => done(succeeded(null)), ask.seconds * 1000);
    }
  }

  /** Whether the cluster file system can be asked at all. */
  #refresh(done: Answer<Outcome<boolean>>): void {
    readText(this.#ports.files, '.version', (read) => {
      if (!read.ok) this.#log('warning', `cluster file system update failed - ${read.error}`);
      done(succeeded(read.ok));
    });
  }

  #acquire(name: string, done: Answer<Outcome<boolean>>): Next {
    const attempt = (): void => this.#leases.acquire(name, (isGranted) => done(succeeded(isGranted)));
    const node = AGENT_LOCK.exec(name)?.[1];
    if (node === undefined || node === this.#ports.node) return attempt();
    this.#sources.readDatacenter((read) => {
      // Without the settings it isn't known who may prove that the node is off.
      if (!read.ok) return done(succeeded(false));
      this.#fenceJobs.advise(node, read.value.fencing, (advice) => {
        if (advice === 'not yet') return done(succeeded(false));
        const settle = (isGranted: boolean): void => {
          if (isGranted) this.#fenceJobs.end(node);
          done(succeeded(isGranted));
        };
        if (advice === 'ordinary') return this.#leases.acquire(name, settle);
        this.#leases.dismiss(name, () => this.#leases.acquire(name, settle));
      });
    });
  }

  #release(name: string, done: Answer<Outcome<boolean>>): void {
    this.#leases.release(name, (isReleased) => done(succeeded(isReleased)));
  }

  #useWatchdog(deed: 'open' | 'feed' | 'close', done: Answer<Outcome<null>>): Next {
    const { watchdog } = this.#ports;
    if (deed !== 'close' && !this.#isLockFresh) {
      const text = `watchdog not ${deed === 'open' ? 'opened' : 'updated'}, the lock was renewed too long ago`;
      if (deed === 'open') return done(failed(text));
      // It runs on from its last update, which the lock outlives; the next renewal goes with an update again.
      this.#log('warning', text);
      return done(succeeded(null));
    }
    const settle = (error: string | undefined): Next => {
      this.#trace?.note('watchdog', { do: deed, error: error ?? null });
      if (error !== undefined) {
        const text = deed === 'feed' ? `watchdog update failed - ${error}` : `unable to ${deed} watchdog - ${error}`;
        return done(failed(text));
      }
      if (deed === 'open') this.#log('info', 'watchdog active');
      if (deed === 'close') this.#log('info', 'watchdog closed (disabled)');
      done(succeeded(null));
    };
    watchdog[deed](settle);
  }

  /** H3. */
  get #isLockFresh(): boolean {
    const since_s = this.#leases.heldSince_s(this.#ownLock);
    return since_s !== undefined && this.#now_s - since_s < watchdogSlack_s(this.#times);
  }

  #write(what: Extract<Ask, { op: 'write' }>['what'], value: unknown, done: Answer<Outcome<unknown>>): Next {
    const { files, node } = this.#ports;
    switch (what) {
      case 'manager_status':
        return writeText(files, 'ha/manager_status', this.#json(value), done);
      case 'lrm_status':
        return writeText(files, `nodes/${node}/lrm_status`, this.#json(value), done);
      case 'rules':
        return writeText(files, 'ha/rules.cfg', value as string, done);
      case 'groups':
        if (value !== '') return writeText(files, 'ha/groups.cfg', value as string, done);
        // No groups are left: the file goes (§6.3).
        return files.unlink('ha/groups.cfg', (errno) =>
          done(errno < 0 ? refused("unable to remove '/etc/pve/ha/groups.cfg'", errno) : succeeded(null)),
        );
    }
  }

  #json(status: unknown): string {
    const text = JSON.stringify({ ...(status as object), timestamp: this.#wall_s });
    return Buffer.from(text, 'utf8').toString('latin1');
  }

  /** Whether there is one can be seen without the lock. */
  #takeCommands(done: Answer<Outcome<readonly string[]>>): void {
    const { files } = this.#ports;
    readText(files, COMMANDS, (seen) => {
      if (!seen.ok || !seen.value) return done(seen.ok ? succeeded([]) : seen);
      withDomainLock<readonly string[]>(
        this.#ports,
        this.#times,
        (end) =>
          readText(files, COMMANDS, (read) => {
            if (!read.ok || !read.value) return end(read.ok ? succeeded([]) : read);
            const lines = read.value.split('\n').filter((line) => line !== '');
            writeText(files, COMMANDS, '', (written) => end(written.ok ? succeeded(lines) : written));
          }),
        done,
      );
    });
  }

  #execute(command: Extract<Ask, { op: 'exec' }>, done: Answer<Outcome<string>>): void {
    done(succeeded('started'));
    const around = {
      ports: this.#ports,
      readServices: (read: Parameters<Sources['readServices']>[0]) => this.#sources.readServices(read),
      log: (level: LogLevel, text: string) => this.#log(level, text),
      isOver: () => this.#isOver,
    };
    runCommand(command, around, (code) => this.#take({ type: 'WORKER_DONE', sid: command.sid, code }));
  }
}
