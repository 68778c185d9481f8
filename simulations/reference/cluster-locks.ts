/** Cluster locks of the round-robin world (spec/ha.md §1.7, §14.6). Whether a node is quorate is asked before. */

export const LOCK_LIFETIME_S = 120;

export interface ClusterLock {
  readonly owner: string;
  /** Last renewal, seconds. */
  readonly at: number;
}

export class ClusterLocks {
  readonly #locks = new Map<string, ClusterLock>();

  get(name: string): ClusterLock | undefined {
    return this.#locks.get(name);
  }

  /** `got`: the lock was not held by the node so far, which is worth a line. */
  acquire(name: string, node: string, now: number): 'got' | 'renewed' | 'refused' {
    const lock = this.#locks.get(name);
    const isHeld = lock !== undefined && now - lock.at <= LOCK_LIFETIME_S;
    if (isHeld && lock.owner !== node) return 'refused';
    this.#locks.set(name, { owner: node, at: now });
    return isHeld ? 'renewed' : 'got';
  }

  /** False where there is none, or another node's. One that has expired stays, and counts as released. */
  release(name: string, node: string, now: number): boolean {
    const lock = this.#locks.get(name);
    if (lock === undefined) return false;
    if (now - lock.at > LOCK_LIFETIME_S) return true;
    if (lock.owner !== node) return false;
    this.#locks.delete(name);
    return true;
  }
}
