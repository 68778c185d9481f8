/**
 * The watchdog multiplexer (spec/ha.md §10, §14.7): it keeps the node's hardware watchdog fed as long as each of its clients, CRM
 * and LRM, feeds it. It does nothing else, so that nothing else can keep a node alive that should be reset.
 *
 * States
 *  serving  feeds the device in each quiet second
 *  failing  a client has failed: never feeds again, the node is reset within 10 s
 *  ended    terminated; without clients the device was closed for good, with clients it runs out
 *
 * Invariants
 *  X1  Once a client has failed, the device is never fed again.
 *  X2  The device is disarmed only on a request to terminate, and only without clients.
 *  X3  A client leaves cleanly only if the last byte that it sent was the magic one.
 */
import { type HaTimes, haTimes } from '../times.ts';
import { isWatchdogExpired } from './handle.ts';

export type MuxEvent =
  | { readonly type: 'CONNECT'; readonly client: number; readonly pid: number; readonly at: number }
  | { readonly type: 'DATA'; readonly client: number; readonly bytes: Uint8Array; readonly at: number }
  | { readonly type: 'DISCONNECT'; readonly client: number; readonly at: number }
  /** A second without any event. */
  | { readonly type: 'QUIET'; readonly at: number }
  | { readonly type: 'TERMINATE' }
  | { readonly type: 'HANGUP' };

export type MuxEffect =
  | { readonly effect: 'log'; readonly text: string }
  /** The node may be reset soon: what is known must be on disk. */
  | { readonly effect: 'sync-journal' }
  | { readonly effect: 'feed-device' }
  /** Closes the device so that it stops. */
  | { readonly effect: 'disarm-device' }
  | { readonly effect: 'make-marker' }
  | { readonly effect: 'remove-marker' }
  /** Refuse the connection. */
  | { readonly effect: 'refuse'; readonly client: number }
  | { readonly effect: 'exit' };

export type MuxState = 'serving' | 'failing' | 'ended';

interface Client {
  readonly pid: number;
  seen_at: number;
  hasSaidGoodbye: boolean;
  isWarned: boolean;
}

const MAX_CLIENTS = 100;
const MAGIC = 'V'.charCodeAt(0);

export class WatchdogMux {
  #state: MuxState = 'serving';
  readonly #clients = new Map<number, Client>();
  #effects: MuxEffect[] = [];
  readonly #times: HaTimes;

  constructor(times: HaTimes = haTimes()) {
    this.#times = times;
  }

  get state(): MuxState {
    return this.#state;
  }

  get clients(): number {
    return this.#clients.size;
  }

  step(event: MuxEvent): readonly MuxEffect[] {
    if (this.#state !== 'ended') this.#take(event);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #take(event: MuxEvent): void {
    switch (event.type) {
      case 'CONNECT':
        this.#connect(event);
        break;
      case 'DATA':
        this.#feed(event);
        break;
      case 'DISCONNECT':
        this.#disconnect(event.client);
        break;
      case 'QUIET':
        this.#quietSecond(event.at);
        break;
      case 'TERMINATE':
        this.#terminate();
        break;
      case 'HANGUP':
        this.#log('got SIGHUP - ignored');
    }
  }

  #connect({ at, client, pid }: Extract<MuxEvent, { type: 'CONNECT' }>): void {
    if (this.#clients.size >= MAX_CLIENTS) {
      this.#effects.push({ effect: 'refuse', client });
      return;
    }
    this.#clients.set(client, { pid, seen_at: at, hasSaidGoodbye: false, isWarned: false });
    this.#effects.push({ effect: 'make-marker' });
    this.#log(`added new client (PID ${pid}) to watch`);
  }

  #feed({ at, bytes, client: id }: Extract<MuxEvent, { type: 'DATA' }>): void {
    const client = this.#clients.get(id);
    if (client === undefined || bytes.length === 0) return;
    client.seen_at = at;
    client.hasSaidGoodbye = bytes[bytes.length - 1] === MAGIC;
  }

  #disconnect(id: number): void {
    const client = this.#clients.get(id);
    if (client === undefined) return;
    if (!client.hasSaidGoodbye) {
      this.#fail(`client (PID ${client.pid}) did not stop watchdog - disable watchdog updates`);
    } else {
      this.#log(`client (PID ${client.pid}) has disconnected cleanly. Removing it gracefully from the watch`);
    }
    this.#clients.delete(id);
    // The marker of a failed client stays: the node must not start another multiplexer before its reset.
    if (this.#clients.size > 0 || this.#state !== 'serving') return;
    this.#log('all watchdog client connections to the multiplexer closed');
    this.#effects.push({ effect: 'remove-marker' });
  }

  #quietSecond(at: number): void {
    if (this.#state !== 'serving') return;
    for (const client of this.#clients.values()) this.#check(client, at);
    if ((this.#state as MuxState) === 'serving') this.#effects.push({ effect: 'feed-device' });
  }

  #check(client: Client, at: number): void {
    const isLate = at - client.seen_at > this.#times.watchdog_warning_s;
    if (isLate && !client.isWarned) {
      this.#log(`client (PID ${client.pid}) watchdog is about to expire`);
      this.#effects.push({ effect: 'sync-journal' });
    } else if (!isLate && client.isWarned) {
      this.#log(`client (PID ${client.pid}) watchdog was updated before expiring`);
    }
    client.isWarned = isLate;
    if (isWatchdogExpired(client.seen_at, at, this.#times.watchdog_timeout_s)) {
      this.#fail(`client (PID ${client.pid}) watchdog expired - disable watchdog updates`);
    }
  }

  #fail(text: string): void {
    this.#state = 'failing';
    this.#log(text);
    this.#effects.push({ effect: 'sync-journal' });
  }

  #terminate(): void {
    const isClean = this.#clients.size === 0 && this.#state === 'serving';
    this.#state = 'ended';
    this.#log(isClean ? 'clean exit' : 'exit watchdog-mux with active connections');
    if (isClean) this.#effects.push({ effect: 'disarm-device' });
    this.#effects.push({ effect: 'exit' });
  }

  #log(text: string): void {
    this.#effects.push({ effect: 'log', text });
  }
}
