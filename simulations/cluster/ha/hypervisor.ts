/**
 * The guests of one simulated machine: what really runs, whatever anybody believes of it. A guest begins to run as soon as a start finds
 * its configuration on this node, and ends with the machine's power, but not with the daemons that asked for it.
 */

import type { Answer } from '../../../actors/ha/ports.ts';
import type { AgentCall } from '../../../machines/ha/lrm-worker/command.ts';
import type { Clock } from '../../../runtime/clock/clock.ts';
import type { SeededRandom } from '../../../runtime/random/seeded.ts';

export interface HypervisorPlace {
  /** Stands still with the machine. */
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly startFailures: number;
  /** Is the guest's configuration on this node, as its mount shows it now? */
  isConfigured(sid: string): boolean;
  /** Moves the configuration; `done`: is it sure that it was moved, that it was not, or unknown? */
  moveConfig(sid: string, target: string, done: (outcome: MoveOutcome) => void): void;
  /** Where a guest that comes from here can run; undefined where that machine is off or out of reach. */
  reach(target: string): Hypervisor | undefined;
  changed(sid: string, isRunning: boolean): void;
  mark(name: string): void;
}

export type MoveOutcome = 'moved' | 'refused' | 'unknown';

const CHECK_MS = 30;
const OUT_OF_REACH_MS = 3000;

export class Hypervisor {
  readonly #place: HypervisorPlace;
  readonly #running = new Set<string>();
  /** Guests with a task of their own: another one has to wait. */
  readonly #locked = new Set<string>();

  constructor(place: HypervisorPlace) {
    this.#place = place;
  }

  get running(): ReadonlySet<string> {
    return this.#running;
  }

  /** Nothing is being done to any guest. */
  get isIdle(): boolean {
    return this.#locked.size === 0;
  }

  call(sid: string, call: AgentCall, done: Answer<boolean>): void {
    if (call.call === 'check-running') {
      this.#after(CHECK_MS, () => done(this.#running.has(sid)));
      return;
    }
    if (this.#locked.has(sid)) {
      this.#after(CHECK_MS, () => done(false));
      return;
    }
    this.#locked.add(sid);
    const end: Answer<boolean> = (isDone) => {
      this.#locked.delete(sid);
      done(isDone);
    };
    if (call.call === 'start') this.#start(sid, end);
    else if (call.call === 'shutdown') this.#shutDown(sid, call.timeout, end);
    else this.#migrate(sid, call, end);
  }

  /** A guest ends by itself. */
  crash(sid: string): void {
    if (this.#running.has(sid)) this.#set(sid, false);
  }

  /** From another machine. */
  takeOver(sid: string): void {
    this.#set(sid, true);
  }

  /** The power is gone. */
  end(): void {
    for (const sid of [...this.#running]) this.#set(sid, false);
  }

  #start(sid: string, done: Answer<boolean>): void {
    const { isConfigured, random, startFailures } = this.#place;
    if (this.#running.has(sid) || !isConfigured(sid)) {
      this.#after(CHECK_MS, () => done(false));
      return;
    }
    this.#set(sid, true);
    const isFailing = random.chance(startFailures);
    this.#after(500 + random.unit() * 3000, () => {
      if (isFailing) this.crash(sid);
      done(!isFailing);
    });
  }

  #shutDown(sid: string, timeout: string | undefined, done: Answer<boolean>): void {
    const isHard = timeout === '0';
    this.#after(isHard ? 300 : 500 + this.#place.random.unit() * 6000, () => {
      this.crash(sid);
      done(true);
    });
  }

  #migrate(sid: string, { target, isOnline }: Extract<AgentCall, { call: 'migrate' }>, done: Answer<boolean>): void {
    const { random, reach } = this.#place;
    if (reach(target) === undefined) {
      this.#after(OUT_OF_REACH_MS, () => done(false));
      return;
    }
    const isLive = isOnline && this.#running.has(sid);
    const move = (): void => this.#switch(sid, target, isLive, done);
    if (isLive) this.#after(2000 + random.unit() * 12_000, move);
    else this.#shutDown(sid, undefined, move);
  }

  /** The guest stands still on this machine until its configuration is on the other one; then it goes on there. */
  #switch(sid: string, target: string, isLive: boolean, done: Answer<boolean>): void {
    const { moveConfig, reach, mark } = this.#place;
    const other = reach(target);
    if (other === undefined) {
      done(false);
      return;
    }
    moveConfig(sid, target, (outcome) => {
      const wasRunning = this.#running.has(sid);
      // Where nobody knows whose guest it is now, it must not go on here.
      if (outcome !== 'refused') this.crash(sid);
      if (outcome === 'moved') {
        if (isLive && wasRunning && reach(target) === other) other.takeOver(sid);
        mark('migration finished');
      }
      done(outcome === 'moved');
    });
  }

  #set(sid: string, isRunning: boolean): void {
    if (isRunning) this.#running.add(sid);
    else this.#running.delete(sid);
    this.#place.changed(sid, isRunning);
  }

  #after(delay_ms: number, run: () => void): void {
    this.#place.clock.setTimeout(run, delay_ms);
  }
}
