/**
 * All times of high availability and of its locks, in one place (spec/ha.md §3.4, §4, §10 to §12; spec/pmxcfs.md §2.6). Machines
 * get this table as input; the round-robin world and nodes in earnest use it at full length, tests of real processes a part of it.
 * Counts of rounds and of tries don't scale.
 *
 * What makes recovery safe, and is asserted here: a node is reset before another can have its agent lock by expiry, so
 * `watchdog_timeout_s + watchdog_device_s < lock_lifetime_s`. A daemon that feeds its watchdog late after a renewal eats into what
 * is left, `watchdogSlack_s`.
 */
import assert from 'node:assert';

export interface HaTimes {
  /** A lock in `priv/lock` that has not changed for longer than this may be dropped. */
  readonly lock_lifetime_s: number;
  /** Pause between two tries for a lock, and for how long further ones are begun. */
  readonly lock_retry_s: number;
  readonly lock_patience_s: number;
  /** The `ha` domain lock: waiting for it, and the longest use of it. */
  readonly domain_lock_wait_s: number;
  readonly domain_lock_use_s: number;
  /** A call of the cluster file system that isn't answered within this time has failed. */
  readonly file_deadline_s: number;
  /** An iteration of a daemon that waits, of an LRM in maintenance, of one that works. */
  readonly waiting_pace_s: number;
  readonly working_pace_s: number;
  /** Iterations that take longer are told. */
  readonly slow_iteration_s: number;
  /** A node is offline for this long before its services are fenced. */
  readonly fence_delay_s: number;
  /** A node that is no member any more is forgotten. */
  readonly forget_delay_s: number;
  /** Age of state `lost_agent_lock` beyond which a restart no longer waits. */
  readonly restart_patience_s: number;
  /** How long a round waits for its workers, and how often it looks. */
  readonly worker_window_s: number;
  readonly worker_poll_s: number;
  /** Age of a watchdog client's last sign: warned, expired. */
  readonly watchdog_warning_s: number;
  readonly watchdog_timeout_s: number;
  /** The hardware resets the node when it isn't fed for so long. */
  readonly watchdog_device_s: number;
  /** A quiet time after which the multiplexer looks at its clients. */
  readonly watchdog_poll_s: number;
  /** Between two status actions of fence devices; after all devices were tried in vain. */
  readonly fence_status_pause_s: number;
  readonly fence_rest_s: number;
}

const full: HaTimes = {
  lock_lifetime_s: 120,
  lock_retry_s: 1,
  lock_patience_s: 5,
  domain_lock_wait_s: 10,
  domain_lock_use_s: 60,
  file_deadline_s: 10,
  waiting_pace_s: 5,
  working_pace_s: 10,
  slow_iteration_s: 30,
  fence_delay_s: 60,
  forget_delay_s: 3600,
  restart_patience_s: 90,
  worker_window_s: 8,
  worker_poll_s: 1,
  watchdog_warning_s: 50,
  watchdog_timeout_s: 60,
  watchdog_device_s: 10,
  watchdog_poll_s: 1,
  fence_status_pause_s: 2,
  fence_rest_s: 60,
};

/** Disks and schedulers don't get faster. */
const LEAST_FILE_DEADLINE_S = 2;

/** @param scale 1 for the times of the specification, 0.1 for a tenth of all of them */
export function haTimes(scale = 1): HaTimes {
  assert(scale > 0, 'times are positive');
  if (scale === 1) return full;
  const scaled = Object.entries(full).map(([name, seconds]: [string, number]) => [name, seconds * scale]);
  const times = Object.fromEntries(scaled) as HaTimes;
  return { ...times, file_deadline_s: Math.max(LEAST_FILE_DEADLINE_S, times.file_deadline_s) };
}

/** How long after the renewal of a lock the watchdog may still be fed, so that it fires before the lock can pass by expiry. */
export function watchdogSlack_s({ lock_lifetime_s, watchdog_device_s, watchdog_timeout_s }: HaTimes): number {
  return lock_lifetime_s - watchdog_timeout_s - watchdog_device_s;
}
