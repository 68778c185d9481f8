/**
 * The lock table: path → checksum of the lock directory and the local time since when this node knows it
 * (spec/pmxcfs.md §2.6, §9.7). Ages use the node's monotonic clock alone (§13.2.8), never the stored mtime.
 *
 *  I1 a lock expires only when the same incarnation (checksum) was known for strictly more than 120 s.
 *  I2 losing or replacing an entry only ever extends a lock's life.
 */
import type { Buffer } from 'node:buffer';

/** Lifetime of a lock; expired when its age is strictly greater. */
const LOCK_LIFETIME_S = 120;

const WRONG_CHECKSUM = 'wrong lock csum - reset timeout';

interface KnownLock {
  readonly checksum: Buffer;
  readonly since_s: number;
}

/** Answer of the expiry test. `log`: a crit line of domain `main` that the caller writes. */
export interface ExpiryAnswer {
  readonly expired: boolean;
  readonly log?: string;
}

export class LockTable {
  readonly #locks = new Map<string, KnownLock>();

  get size(): number {
    return this.#locks.size;
  }

  /** A lock was taken or renewed. `path` without leading slash. */
  note(path: string, checksum: Buffer, monotonic_s: number): void {
    this.#locks.set(path, { checksum, since_s: monotonic_s });
  }

  forget(path: string): void {
    this.#locks.delete(path);
  }

  /** The tree was opened or replaced: all ages start now [Q8]. */
  rebuild(locks: Iterable<{ readonly path: string; readonly checksum: Buffer }>, monotonic_s: number): void {
    this.#locks.clear();
    for (const lock of locks) this.note(lock.path, lock.checksum, monotonic_s);
  }

  /** The expiry test; a lock that is unknown, or known by another checksum, starts its life now. */
  testExpiry(path: string, checksum: Buffer, monotonic_s: number): ExpiryAnswer {
    const known = this.#locks.get(path);
    if (known === undefined) {
      this.note(path, checksum, monotonic_s);
      return { expired: false };
    }
    if (!known.checksum.equals(checksum)) {
      this.note(path, checksum, monotonic_s);
      return { expired: false, log: WRONG_CHECKSUM };
    }
    return { expired: monotonic_s - known.since_s > LOCK_LIFETIME_S };
  }

  /** Age of a known lock in seconds, for status output. */
  age_s(path: string, monotonic_s: number): number | undefined {
    const known = this.#locks.get(path);
    return known === undefined ? undefined : monotonic_s - known.since_s;
  }
}
