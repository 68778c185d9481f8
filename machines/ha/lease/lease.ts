/**
 * A daemon's claim on one cluster lock of a real node (spec/ha.md §12 "locks", §14.6). The lock is a directory; who owns it is for
 * pmxcfs to say. This machine only knows when it was obtained last, renews it, and knows when it is lost. In the round-robin
 * world there is none: there, the table of §1.7 is the lock.
 *
 * States
 *  none       not held, as far as is known
 *  held       obtained or renewed at `held_at`
 *  renewing   its time is being set to now
 *  making     its directory is being made
 *  asking     another holds it; pmxcfs is asked to drop it if it is too old
 *  pausing    a second until the next try
 *  releasing  its directory is being removed
 *
 * Invariants
 *  A1  Renewal is tried only within 120 s of the last success: later, another may have it.
 *  A2  Each ACQUIRE and RELEASE gets exactly one `answer`.
 *  A3  No more than six tries for one ACQUIRE, and none begins later than 5 s after it.
 *  A4  `held_at` is never later than the moment in which pmxcfs was asked for what succeeded.
 *  A5  Only a renewal that finds no directory, or the end of its lifetime, gives the lock up: a refusal may come from a moment
 *      without quorum, or from one in which the outcome is unknown, and the lock is still there afterwards.
 *
 * Drawing: ../../drawings/lease.svg
 */
import { assign, setup } from 'xstate';
import { type HaTimes, haTimes } from '../times.ts';

/** `at`: seconds of a clock that doesn't step. */
export type LeaseEvent =
  | { readonly type: 'ACQUIRE'; readonly at: number }
  | { readonly type: 'RELEASE'; readonly at: number }
  /** What was asked for has happened, or not. */
  | { readonly type: 'DONE'; readonly at: number }
  | { readonly type: 'FAILED'; readonly at: number; readonly reason: string; readonly isMissing?: boolean }
  /** The pause is over. */
  | { readonly type: 'RETRY'; readonly at: number };

export interface LeaseContext {
  readonly name: string;
  readonly times: HaTimes;
  /** Last success; undefined while the lock isn't held. */
  readonly held_at: number | undefined;
  /** When the try that is under way was begun. */
  readonly tried_at: number;
  readonly asked_at: number;
  readonly tries: number;
  readonly maxTries: number;
}

const MAX_TRIES = 6;

const attempt = [
  { guard: 'isFresh', target: 'renewing' },
  { guard: 'isHeld', target: 'making', actions: { type: 'logLost', params: { reason: 'it was not renewed in time' } } },
  { target: 'making' },
] as const;
const granted = { type: 'answer', params: { isGranted: true } } as const;
const refused = { type: 'answer', params: { isGranted: false } } as const;
/** After a failed try. */
const again = [
  { guard: 'hasTriesLeft', target: 'pausing' },
  { guard: 'isHeld', target: 'held', actions: refused },
  { target: 'none', actions: refused },
] as const;

export const leaseMachine = setup({
  types: {
    context: {} as LeaseContext,
    events: {} as LeaseEvent,
    input: {} as { readonly name: string; readonly times?: HaTimes; readonly maxTries?: number },
  },
  actions: {
    /** Make the lock's directory. */
    make: () => {},
    /** Set its time to now. */
    renew: () => {},
    /** Set its time to 0: pmxcfs drops it if it has not changed for more than 120 s. */
    askForDrop: () => {},
    remove: () => {},
    /** RETRY after so many seconds. */
    pause: (_, _params: { readonly seconds: number }) => {},
    answer: (_, _params: { readonly isGranted: boolean }) => {},
    logAcquired: () => {},
    logLost: (_, _params: { readonly reason: string }) => {},
    note: assign({ held_at: ({ context }) => context.tried_at }),
    forget: assign({ held_at: undefined }),
    noteTry: assign({ tried_at: ({ event }) => event.at }),
    firstTry: assign(({ event }) => ({ tries: 1, asked_at: event.at })),
    nextTry: assign({ tries: ({ context }) => context.tries + 1 }),
  },
  guards: {
    isFresh: ({ context: { held_at, times }, event }) =>
      held_at !== undefined && event.at - held_at < times.lock_lifetime_s,
    isHeld: ({ context }) => context.held_at !== undefined,
    isMissing: ({ event }) => event.type === 'FAILED' && event.isMissing === true,
    hasTriesLeft: ({ context: { asked_at, maxTries, times, tries }, event }) =>
      tries < maxTries && event.at + times.lock_retry_s - asked_at <= times.lock_patience_s,
  },
}).createMachine({
  id: 'lease',
  context: ({ input }) => ({
    name: input.name,
    times: input.times ?? haTimes(),
    held_at: undefined,
    tried_at: 0,
    asked_at: 0,
    tries: 0,
    maxTries: input.maxTries ?? MAX_TRIES,
  }),
  initial: 'none',
  states: {
    none: { on: { ACQUIRE: { target: 'making', actions: 'firstTry' }, RELEASE: { actions: refused } } },
    held: {
      on: {
        ACQUIRE: attempt.map((one) => ({
          ...one,
          actions: ['firstTry' as const, ...('actions' in one ? [one.actions] : [])],
        })),
        // Once its lifetime has passed, the directory may be another's.
        RELEASE: [
          { guard: 'isFresh', target: 'releasing' },
          { target: 'none', actions: ['forget', granted] },
        ],
      },
    },
    renewing: {
      entry: ['noteTry', 'renew'],
      on: {
        DONE: { target: 'held', actions: ['note', granted] },
        FAILED: [
          {
            guard: 'isMissing',
            target: 'asking',
            actions: ['forget', { type: 'logLost', params: ({ event }) => ({ reason: event.reason }) }],
          },
          ...again,
        ],
      },
    },
    making: {
      entry: ['forget', 'noteTry', 'make'],
      on: { DONE: { target: 'held', actions: ['note', 'logAcquired', granted] }, FAILED: 'asking' },
    },
    asking: { entry: 'askForDrop', on: { DONE: again, FAILED: again } },
    pausing: {
      entry: { type: 'pause', params: ({ context }) => ({ seconds: context.times.lock_retry_s }) },
      on: {
        RETRY: attempt.map((one) => ({
          ...one,
          actions: ['nextTry' as const, ...('actions' in one ? [one.actions] : [])],
        })),
      },
    },
    releasing: {
      entry: 'remove',
      on: {
        DONE: { target: 'none', actions: ['forget', granted] },
        FAILED: { target: 'none', actions: ['forget', refused] },
      },
    },
  },
});
