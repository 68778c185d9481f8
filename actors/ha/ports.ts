/**
 * What the HA daemons of one node touch (spec/ha.md §12). Real nodes and the simulator bring their own adapters; what stands on
 * these ports (reading and writing the files of §8, the lease of a lock, the hosts of CRM and LRM) is the same code in both.
 *
 * Every call is answered exactly once, at once or later, or never where the process has died meanwhile. Nothing here throws.
 */
import type { AgentCall } from '../../machines/ha/lrm-worker/command.ts';
import type { Out } from '../../machines/ha/port.ts';
import type { Clock } from '../../runtime/clock/clock.ts';
import type { Errno } from '../../runtime/file-system/file-system.ts';
import type { Log } from '../../runtime/log/log.ts';
import type { Random } from '../../runtime/random/random.ts';

export type Answer<Value> = (value: Value) => void;
/** 0, or a negative errno of Linux. */
export type ErrnoAnswer = Answer<Errno>;

/** `/etc/pve` of this node. Paths are relative to it and have no slash at the beginning. */
export interface ClusterFiles {
  read(path: string, done: Answer<Buffer | Errno>): void;
  /** Names in a directory, sorted by their bytes. */
  list(path: string, done: Answer<readonly string[] | Errno>): void;
  /** Puts the content in place as a whole: a reader sees the old file or the new one. */
  replace(path: string, content: Buffer, done: ErrnoAnswer): void;
  mkdir(path: string, done: ErrnoAnswer): void;
  rmdir(path: string, done: ErrnoAnswer): void;
  unlink(path: string, done: ErrnoAnswer): void;
  rename(from: string, to: string, done: ErrnoAnswer): void;
  /** Whole seconds; 0 on a lock asks pmxcfs to drop it if it is too old. */
  setTime(path: string, mtime_s: number, done: ErrnoAnswer): void;
  /** What every node has published under this key of the status store (`version-info`, on nodes `kv/version-info`): node → value. */
  published(key: string, done: Answer<Readonly<Record<string, string>> | Errno>): void;
}

/** The client's end of the watchdog multiplexer (§10): one handle per daemon. An error text, or undefined. */
export interface Watchdog {
  open(done: Answer<string | undefined>): void;
  feed(done: Answer<string | undefined>): void;
  close(done: Answer<string | undefined>): void;
}

/** Guests of this node as the resource agents use them (§12, agents vm and ct). */
export interface Hypervisor {
  /** `check-running`: does it run? Else: has the call succeeded? */
  call(sid: string, call: AgentCall, done: Answer<boolean>): void;
}

/** Programs of fence devices (§11.2). */
export interface FencePrograms {
  /** Runs the command line; -1 where it could not be executed. Returns what kills it; a killed one answers too. */
  run(commandLine: string, done: Answer<number>): () => void;
}

export type Notification = Extract<Out, { out: 'notify' }>;

/** One of them belongs to one daemon: it has its own handle of the watchdog. */
export interface HaPorts {
  readonly node: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly files: ClusterFiles;
  readonly watchdog: Watchdog;
  readonly hypervisor: Hypervisor;
  readonly fencePrograms: FencePrograms;
  /** Mail or webhook; an error text, or undefined. */
  readonly notify: (notification: Notification, done: Answer<string | undefined>) => void;
}
