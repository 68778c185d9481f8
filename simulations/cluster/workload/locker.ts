/** Takes a cluster lock as the library of the original does (spec/pmxcfs.md §2.6, §9.8): mkdir, zero times while another holds it, rmdir. */
import { EEXIST } from '../../../runtime/file-system/errno.ts';
import { Client, outcomeOf } from './client.ts';

const TIMEOUT_MS = 10_000;
/** Protected code gets 60 s; the rest is for the way of its end through the system. */
const LONGEST_HOLD_MS = 50_000;
const RENEWAL_MS = 4000;
const ONE_HOUR_S = 3600;

export class Locker extends Client {
  /** Locks that it may have taken without knowing. */
  readonly #uncertain = new Set<string>();

  protected override step(): void {
    const lock = this.random.pick(['one', 'two']);
    this.#attempt(lock, this.world.now_ms + TIMEOUT_MS);
  }

  #attempt(lock: string, deadline_ms: number): void {
    const path = `priv/lock/${lock}`;
    this.ask(
      () => ({ kind: 'mkdir', path }),
      (request) => {
        const outcome = outcomeOf(request);
        if (outcome === 'unknown') this.#uncertain.add(lock);
        if (outcome === 'done') this.#hold(lock);
        else if (this.isStopping || this.world.now_ms >= deadline_ms) this.rest();
        else if (request?.result === -EEXIST) this.#askForUnlock(lock, deadline_ms);
        else this.#retry(lock, deadline_ms);
      },
    );
  }

  #retry(lock: string, deadline_ms: number): void {
    this.after(300 + this.random.unit() * 700, () => this.#attempt(lock, deadline_ms));
  }

  /** As it should; or it tries to renew what another node holds, which must be refused. */
  #askForUnlock(lock: string, deadline_ms: number): void {
    this.world.mark('lock contended');
    const isForeign = !this.#uncertain.has(lock) && this.random.chance(0.2);
    const mtime = isForeign ? this.#wall_s() + ONE_HOUR_S : 0;
    this.ask(
      () => ({ kind: 'mtime', path: `priv/lock/${lock}`, mtime }),
      () => this.#retry(lock, deadline_ms),
    );
  }

  #hold(lock: string): void {
    const hold_ms = this.random.chance(0.3) ? this.random.unit() * LONGEST_HOLD_MS : this.random.unit() * 4000;
    const end_ms = this.world.now_ms + hold_ms;
    this.world.mark('lock taken');
    this.world.trace.write(this.nodeid, 'client', 'entered', [lock, this.name]);
    this.world.observers.tell('entered', lock, this.name);
    if (this.random.chance(0.3)) this.#renew(lock, end_ms);
    this.after(hold_ms, () => this.#release(lock));
  }

  #renew(lock: string, end_ms: number): void {
    this.after(RENEWAL_MS, () => {
      if (this.world.now_ms >= end_ms) return;
      this.ask(
        () => ({ kind: 'mtime', path: `priv/lock/${lock}`, mtime: this.#wall_s() }),
        () => this.#renew(lock, end_ms),
      );
    });
  }

  #wall_s(): number {
    return Math.floor(this.world.node(this.nodeid).clock.wall_ms() / 1000);
  }

  #release(lock: string): void {
    this.world.trace.write(this.nodeid, 'client', 'left', [lock, this.name]);
    this.world.observers.tell('left', lock, this.name);
    this.ask(
      () => ({ kind: 'rmdir', path: `priv/lock/${lock}` }),
      (request) => {
        if (outcomeOf(request) !== 'done') this.#uncertain.add(lock);
        this.rest();
      },
    );
  }
}
