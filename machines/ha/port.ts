/**
 * The whole surface of an HA daemon (spec/ha.md §14.0): it takes `In`, and gives `Out` in the order in which they are to be
 * carried out. Its world answers each ask with exactly one REPLY, at once, late, or by the daemon's death.
 *
 *  P1  At most one ask is open; a REPLY with another id is a broken invariant.
 *  P2  An iteration begins with TICK and ends with `exit`, `failed` or `nextTickIn`; only these end it. What a request that came
 *      meanwhile asks for follows behind it; TICK is given only while no ask is open.
 *  P3  `TICK.at` is the time of the whole iteration; no machine reads a clock.
 */

export type Source =
  | 'members'
  | 'manager_status'
  /** `node → LrmStatus`. */
  | 'lrm_status'
  | 'resources'
  | 'rules'
  | 'groups'
  | 'datacenter'
  /** `node → pve-manager version`. */
  | 'versions'
  /** Is there a command in the queue? */
  | 'crmPending';

export type SchedulerMode = 'basic' | 'static' | 'dynamic';

export type Ask =
  /** Value: did the cluster file system refresh its state? */
  | { readonly op: 'refresh' }
  /** Value: boolean. */
  | { readonly op: 'lock'; readonly do: 'acquire' | 'release'; readonly name: string }
  | { readonly op: 'watchdog'; readonly do: 'open' | 'feed' | 'close' }
  /** Value: one entry per source. An error is that of the first source that failed. */
  | { readonly op: 'read'; readonly what: readonly Source[] }
  /** Value: `GuestStatistics`; its source may log, so it is asked for when its turn comes (§14.0.4). */
  | { readonly op: 'statistics'; readonly mode: SchedulerMode }
  | {
      readonly op: 'write';
      readonly what: 'manager_status' | 'lrm_status' | 'rules' | 'groups';
      readonly value: unknown;
    }
  /** Read and empty in one. Value: lines. */
  | { readonly op: 'takeCrmCommands' }
  /** null deletes a key. Value: did that change anything? */
  | { readonly op: 'patchService'; readonly sid: string; readonly set: Readonly<Record<string, unknown>> }
  /** Value: name of the lock that was removed, or null. */
  | { readonly op: 'removeLock'; readonly sid: string; readonly locks: readonly string[] }
  /** Value: another node than `to` where the service is found already, or null. */
  | { readonly op: 'steal'; readonly sid: string; readonly from: string; readonly to: string }
  /** Value: the exit code, or `started` where WORKER_DONE follows. */
  | { readonly op: 'exec'; readonly sid: string; readonly cmd: string; readonly params: CommandParams }
  /** Replied to after so many seconds (workers of an LRM; never asked for where commands end at once). */
  | { readonly op: 'wait'; readonly seconds: number };

export interface CommandParams {
  readonly target?: string | null;
  readonly timeout?: string;
}

export type Reply = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: string };

export type ShutdownMarker = '' | 'shutdown' | 'reboot';

export type In =
  | { readonly type: 'TICK'; readonly at: number }
  | ({ readonly type: 'REPLY'; readonly id: number } & Reply)
  | {
      readonly type: 'SHUTDOWN_REQUEST';
      readonly marker: ShutdownMarker;
      readonly at: number;
    }
  /** `code` is -1 for a command that could not be executed; `signal` is set where one killed it. */
  | { readonly type: 'WORKER_DONE'; readonly sid: string; readonly code: number; readonly signal?: number }
  /** Round-robin world only: another node's LRM has written its status (§1.12). */
  | { readonly type: 'STATUS_WRITTEN' };

/** The last one is what the original passes with one message (§4.6); for people it is `info`. */
export type LogLevel = 'info' | 'notice' | 'warning' | 'err' | '\n\t    info';

export type Out =
  | { readonly out: 'ask'; readonly id: number; readonly ask: Ask }
  | { readonly out: 'log'; readonly level: LogLevel; readonly text: string }
  | {
      readonly out: 'notify';
      readonly template: 'fencing';
      readonly prefix: 'FENCE' | 'SUCCEED';
      readonly subject: string;
      readonly data: unknown;
    }
  /** For the trace: why a node was chosen. */
  | { readonly out: 'decision'; readonly sid: string; readonly reasons: unknown }
  | { readonly out: 'exit' }
  /** The daemon can't go on; an error outside of what §2.2 and §4.2 guard. */
  | { readonly out: 'failed'; readonly error: string }
  | { readonly out: 'nextTickIn'; readonly seconds: number };

/** Guests that are not managed count where they run (§7.2). */
export interface GuestOfStatistics {
  readonly node: string;
  readonly state: string;
  readonly running: boolean;
}

export interface LoadFigures {
  readonly maxcpu?: number;
  readonly maxmem?: number;
  readonly cpu?: number;
  readonly mem?: number;
}

export interface GuestStatistics {
  readonly nodes: Readonly<Record<string, LoadFigures>>;
  readonly services: Readonly<Record<string, LoadFigures>>;
  readonly guests: Readonly<Record<string, GuestOfStatistics>>;
}
