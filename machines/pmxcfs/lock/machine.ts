/**
 * Lock ownership: the life of one lock as this node sees it (spec/pmxcfs.md §2.6, §5.7, §9.7). A lock is a directory in
 * `priv/lock`; its name is the lock's, its writer the holder, its checksum names the incarnation.
 *
 * It decides who may renew a lock, since when this node knows the incarnation that is held, and whether an unlock request finds it
 * expired. Whether the directory exists, and that a second mkdir gets EEXIST, is the tree's to say. Only the lowest node of the group
 * is asked about expiry, so on the others a lock goes from `held` to `free`.
 *
 * States
 *  free     not held, or not known to this node yet
 *  held     one incarnation is known since `since_s`
 *  expired  known for longer than a lock's life: its removal was asked for, and comes as `GONE` unless the holder renews it first
 *
 * Invariants
 *  I1  A lock expires only when the same incarnation was known for strictly more than 120 s.
 *  I2  Whatever else happens to what is known of a lock only extends its life.
 *  I3  A lock is renewed by its holder alone, and never to an earlier time.
 *  I4  Each RENEWAL and EXPIRY_TEST gets exactly one verdict.
 *
 * Drawing: ../../drawings/lock.svg
 */
import { assign, setup } from 'xstate';

/** Lifetime of a lock; expired when its age is strictly greater. */
export const LOCK_LIFETIME_S = 120;

/** One incarnation of a lock. */
export interface Incarnation {
  /** Hexadecimal. */
  readonly checksum: string;
  /** Node id; undefined where only the checksum was seen. */
  readonly holder: number | undefined;
}

/** `now_s` is this node's monotonic clock (§13.2.8). */
export type LockEvent =
  /** MKDIR was applied. */
  | { readonly type: 'TAKEN'; readonly lock: Incarnation; readonly now_s: number }
  /** MTIME is about to be applied; `current` is the directory as the tree has it. Times are the tree's, in seconds. */
  | {
      readonly type: 'RENEWAL';
      readonly by: number;
      readonly mtime: number;
      readonly current: { readonly writer: number; readonly mtime: number };
    }
  /** A granted MTIME was applied. */
  | { readonly type: 'RENEWED'; readonly lock: Incarnation; readonly now_s: number }
  /** The tree was opened or replaced, and the lock is in it [Q8]. */
  | { readonly type: 'FOUND'; readonly lock: Incarnation; readonly now_s: number }
  /** An unlock request names this incarnation. */
  | {
      readonly type: 'EXPIRY_TEST';
      readonly lock: Incarnation;
      readonly now_s: number;
      /** Another lifetime than 120 s; for tests. */
      readonly lifetime_s?: number;
    }
  /** The directory was removed, or is not in a replaced tree. */
  | { readonly type: 'GONE' };

export type LockVerdict =
  | 'renewal granted'
  | 'renewal refused'
  | 'alive'
  | 'expired'
  /** Another incarnation was known: its age says nothing about this one, whose life starts now. */
  | 'wrong checksum';

export interface LockContext extends Incarnation {
  readonly since_s: number;
}

const noted = { target: 'held', actions: 'note' } as const;
const gives = (verdict: LockVerdict) => ({ type: 'answer', params: { verdict } }) as const;
const renewal = [
  { guard: 'isStranger', actions: gives('renewal refused') },
  { guard: 'goesBack', actions: gives('renewal refused') },
  { actions: gives('renewal granted') },
] as const;
const expiryTest = [
  { guard: 'isOther', target: 'held', actions: ['note', gives('wrong checksum')] },
  { guard: 'isTooOld', target: 'expired', actions: gives('expired') },
  { target: 'held', actions: gives('alive') },
] as const;

export const lockMachine = setup({
  types: { context: {} as LockContext, events: {} as LockEvent },
  actions: {
    note: assign(({ event }) => ('lock' in event ? { ...event.lock, since_s: event.now_s } : {})),
    answer: (_, _params: { readonly verdict: LockVerdict }) => {},
  },
  guards: {
    isStranger: ({ event }) => event.type === 'RENEWAL' && event.by !== event.current.writer,
    goesBack: ({ event }) => event.type === 'RENEWAL' && event.mtime < event.current.mtime,
    isOther: ({ context, event }) => event.type === 'EXPIRY_TEST' && event.lock.checksum !== context.checksum,
    isTooOld: ({ context, event }) =>
      event.type === 'EXPIRY_TEST' && event.now_s - context.since_s > (event.lifetime_s ?? LOCK_LIFETIME_S),
  },
}).createMachine({
  id: 'lock',
  context: { checksum: '', holder: undefined, since_s: 0 },
  initial: 'free',
  on: { TAKEN: { ...noted, target: '.held' }, FOUND: { ...noted, target: '.held' }, RENEWAL: renewal },
  states: {
    free: {
      on: {
        // A directory that was moved here, not made: it has the rules of a lock, but nobody has seen it being taken.
        RENEWED: noted,
        EXPIRY_TEST: { target: 'held', actions: ['note', gives('alive')] },
        GONE: {},
      },
    },
    held: { on: { RENEWED: noted, EXPIRY_TEST: expiryTest, GONE: 'free' } },
    expired: { on: { RENEWED: noted, EXPIRY_TEST: expiryTest, GONE: 'free' } },
  },
});
