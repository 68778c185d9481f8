/**
 * The lock table: the locks that this node knows (spec/pmxcfs.md §2.6), each with a lock machine of its own that decides its
 * life (`machine.ts`). A path without lock costs one look into a map and no event.
 *
 *  L1 a machine lives exactly as long as its lock isn't free.
 *  L2 ages use the node's monotonic clock alone (§13.2.8), never the stored mtime.
 */
import assert from 'node:assert';
import type { Buffer } from 'node:buffer';
import { createActor, type InspectionEvent, initialTransition, type SnapshotFrom, transition } from 'xstate';
import { LOCK_LIFETIME_S, type LockContext, type LockEvent, type LockVerdict, lockMachine } from './machine.ts';

const WRONG_CHECKSUM = 'wrong lock csum - reset timeout';

export type LockState = 'free' | 'held' | 'expired';

/** One event that the machine of a lock has taken. */
export interface LockTransition {
  /** Without leading slash. */
  readonly path: string;
  readonly event: LockEvent;
  readonly before: LockState;
  readonly after: LockState;
  readonly verdict: LockVerdict | undefined;
}

/** Answer of the expiry test. `log`: a crit line of domain `main` that the caller writes. */
export interface ExpiryAnswer {
  readonly expired: boolean;
  readonly log?: string;
}

export class LockTable {
  /** Hears every event of every lock; for traces. */
  onTransition: ((transition: LockTransition) => void) | undefined;
  /** Called for each lock that comes to life; what it returns sees the actor of its machine. */
  inspect: ((path: string) => ((inspection: InspectionEvent) => void) | undefined) | undefined;
  /** The whole cluster must have the same; only tests have another one. */
  lifetime_s = LOCK_LIFETIME_S;
  readonly #locks = new Map<string, LockLife>();

  get size(): number {
    return this.#locks.size;
  }

  /** A lock was taken. `path` without leading slash; `holder`: node id. */
  note(path: string, checksum: Buffer, monotonic_s: number, holder?: number): void {
    this.#tell(path, { type: 'TAKEN', lock: incarnation(checksum, holder), now_s: monotonic_s });
  }

  /** True when node `by` may set the time of the lock, which the tree has as `current`. */
  mayRenew(
    path: string,
    by: number,
    mtime: number,
    { writer, mtime: before }: { readonly writer: number; readonly mtime: number },
  ): boolean {
    return this.#ask(path, { type: 'RENEWAL', by, mtime, current: { writer, mtime: before } }) === 'renewal granted';
  }

  /** A granted renewal was applied. */
  renewed(path: string, checksum: Buffer, monotonic_s: number, holder: number): void {
    this.#tell(path, { type: 'RENEWED', lock: incarnation(checksum, holder), now_s: monotonic_s });
  }

  forget(path: string): void {
    if (this.#locks.has(path)) this.#tell(path, { type: 'GONE' });
  }

  /** The tree was opened or replaced: all ages start now [Q8]. */
  rebuild(
    locks: Iterable<{ readonly path: string; readonly checksum: Buffer; readonly holder?: number }>,
    monotonic_s: number,
  ): void {
    const gone = new Set(this.#locks.keys());
    for (const { path, checksum, holder } of locks) {
      gone.delete(path);
      this.#tell(path, { type: 'FOUND', lock: incarnation(checksum, holder), now_s: monotonic_s });
    }
    for (const path of gone) this.forget(path);
  }

  /** The expiry test; a lock that is unknown, or known by another checksum, starts its life now. */
  testExpiry(path: string, checksum: Buffer, monotonic_s: number): ExpiryAnswer {
    const lock = incarnation(checksum, undefined);
    const { lifetime_s } = this;
    const other = lifetime_s === LOCK_LIFETIME_S ? {} : { lifetime_s };
    const verdict = this.#ask(path, { type: 'EXPIRY_TEST', lock, now_s: monotonic_s, ...other });
    if (verdict === 'wrong checksum') return { expired: false, log: WRONG_CHECKSUM };
    return { expired: verdict === 'expired' };
  }

  /** Age of a known lock in seconds, for status output. */
  age_s(path: string, monotonic_s: number): number | undefined {
    const known = this.#locks.get(path)?.context;
    return known === undefined ? undefined : monotonic_s - known.since_s;
  }

  /** State and holder of a lock, for status output; the holder is unknown where only its checksum was seen. */
  stateOf(path: string): { readonly state: LockState; readonly holder: number | undefined } {
    const known = this.#locks.get(path);
    return { state: known?.state ?? 'free', holder: known?.context.holder };
  }

  #ask(path: string, event: LockEvent): LockVerdict {
    const verdict = this.#tell(path, event);
    assert(verdict !== undefined, 'lock I4');
    return verdict;
  }

  #tell(path: string, event: LockEvent): LockVerdict | undefined {
    const lock = this.#locks.get(path) ?? newLock(this.inspect?.(path));
    const before = lock.state;
    const verdict = lock.take(event);
    const after = lock.state;
    if (after === 'free') {
      this.#locks.delete(path);
      lock.end?.();
    } else this.#locks.set(path, lock);
    this.onTransition?.({ path, event, before, after, verdict });
    return verdict;
  }
}

/** A lock machine that lives. */
interface LockLife {
  readonly state: LockState;
  readonly context: LockContext;
  take(event: LockEvent): LockVerdict | undefined;
  end?(): void;
}

/**
 * Taking and leaving locks is hot, and making an actor costs more than all of a lock's steps: one is made only to be looked into.
 */
function newLock(inspect: ((inspection: InspectionEvent) => void) | undefined): LockLife {
  return inspect === undefined ? steppedLock() : inspectedLock(inspect);
}

type Snapshot = SnapshotFrom<typeof lockMachine>;

const [FREE] = initialTransition(lockMachine);

/** `TAKEN` leads to `held` and `GONE` to `free` from every state: these two are done here, all else is the machine's. */
function steppedLock(): LockLife {
  let state: LockState = 'free';
  let { context } = FREE;
  return {
    get state() {
      return state;
    },
    get context() {
      return context;
    },
    take: (event) => {
      if (event.type === 'TAKEN') {
        state = 'held';
        context = { ...event.lock, since_s: event.now_s };
        return undefined;
      }
      if (event.type === 'GONE') {
        state = 'free';
        return undefined;
      }
      const snapshot: Snapshot = lockMachine.resolveState({ value: state, context });
      const [next, actions] = transition(lockMachine, snapshot, event);
      state = next.value;
      context = next.context;
      return verdictOf(actions.find(({ type }) => type === 'answer')?.params);
    },
  };
}

function verdictOf(params: unknown): LockVerdict | undefined {
  return (params as { readonly verdict: LockVerdict } | undefined)?.verdict;
}

function inspectedLock(inspect: (inspection: InspectionEvent) => void): LockLife {
  let answer: LockVerdict | undefined;
  const machine = lockMachine.provide({
    actions: {
      answer: (_, { verdict }) => {
        answer = verdict;
      },
    },
  });
  const actor = createActor(machine, { inspect }).start();
  return {
    get state() {
      return actor.getSnapshot().value;
    },
    get context() {
      return actor.getSnapshot().context;
    },
    take: (event) => {
      answer = undefined;
      actor.send(event);
      return answer;
    },
    end: () => actor.stop(),
  };
}

function incarnation(checksum: Buffer, holder: number | undefined) {
  return { checksum: checksum.toString('hex'), holder };
}
