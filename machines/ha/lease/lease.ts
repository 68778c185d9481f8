/**
 * A daemon's claim on one cluster lock of a real node (spec/ha.md §12 "locks", §14.6). The lock is a directory; who owns it is for
 * pmxcfs to say. This machine only knows when it was obtained last, renews it, and knows when it is lost. In the round-robin
 * world there is none: there, the table of §1.7 is the lock.
 *
 * States
 *  none       not held, as far as is known
 *  held       obtained or renewed at `at`
 *  renewing   its time is being set to now
 *  making     its directory is being made
 *  asking     another holds it; pmxcfs is asked to drop it if it is too old
 *  pausing    a second until the next try
 *  releasing  its directory is being removed
 *
 * Invariants
 *  A1  Renewal is tried only within 120 s of the last success: later, another may have it.
 *  A2  Each ACQUIRE and RELEASE gets exactly one `answer`.
 *  A3  No more than six tries for one ACQUIRE.
 */
import { assign, setup } from 'xstate';

export type LeaseEvent =
  | { readonly type: 'ACQUIRE'; readonly at: number }
  | { readonly type: 'RELEASE'; readonly at: number }
  /** What was asked for has happened, or not. */
  | { readonly type: 'DONE'; readonly at: number }
  | { readonly type: 'FAILED'; readonly at: number; readonly reason: string }
  /** The pause is over. */
  | { readonly type: 'RETRY'; readonly at: number };

export interface LeaseContext {
  readonly name: string;
  /** Last success, seconds; undefined while the lock isn't held. */
  readonly held_at: number | undefined;
  readonly tries: number;
}

const LOCK_LIFETIME_S = 120;
const MAX_TRIES = 6;

const attempt = [{ guard: 'isFresh', target: 'renewing' }, { target: 'making' }] as const;
const granted = { type: 'answer', params: { isGranted: true } } as const;
const refused = { type: 'answer', params: { isGranted: false } } as const;
const again = [
  { guard: 'hasTriesLeft', target: 'pausing' },
  { target: 'none', actions: refused },
] as const;

export const leaseMachine = setup({
  types: { context: {} as LeaseContext, events: {} as LeaseEvent, input: {} as { readonly name: string } },
  actions: {
    /** Make the lock's directory. */
    make: () => {},
    /** Set its time to now. */
    renew: () => {},
    /** Set its time to 0: pmxcfs drops it if it has not changed for more than 120 s. */
    askForDrop: () => {},
    remove: () => {},
    /** RETRY in a second. */
    pause: () => {},
    answer: (_, _params: { readonly isGranted: boolean }) => {},
    logAcquired: () => {},
    logLost: (_, _params: { readonly reason: string }) => {},
    note: assign(({ event }) => ({ held_at: event.at })),
    forget: assign({ held_at: undefined }),
    firstTry: assign({ tries: 1 }),
    nextTry: assign({ tries: ({ context }) => context.tries + 1 }),
  },
  guards: {
    isFresh: ({ context, event }) => context.held_at !== undefined && event.at - context.held_at < LOCK_LIFETIME_S,
    hasTriesLeft: ({ context }) => context.tries < MAX_TRIES,
  },
}).createMachine({
  id: 'lease',
  context: ({ input }) => ({ name: input.name, held_at: undefined, tries: 0 }),
  initial: 'none',
  states: {
    none: { on: { ACQUIRE: { target: 'making', actions: 'firstTry' }, RELEASE: { actions: refused } } },
    held: {
      on: {
        ACQUIRE: attempt.map((one) => ({ ...one, actions: 'firstTry' as const })),
        RELEASE: 'releasing',
      },
    },
    renewing: {
      entry: 'renew',
      on: {
        DONE: { target: 'held', actions: ['note', granted] },
        // Lost: the next try makes it anew, as long as another has not.
        FAILED: {
          target: 'pausing',
          actions: ['forget', { type: 'logLost', params: ({ event }) => ({ reason: event.reason }) }],
        },
      },
    },
    making: {
      entry: ['forget', 'make'],
      on: { DONE: { target: 'held', actions: ['note', 'logAcquired', granted] }, FAILED: 'asking' },
    },
    asking: { entry: 'askForDrop', on: { DONE: again, FAILED: again } },
    pausing: { entry: 'pause', on: { RETRY: { target: 'making', actions: 'nextTry' } } },
    releasing: {
      entry: 'remove',
      on: {
        DONE: { target: 'none', actions: ['forget', granted] },
        FAILED: { target: 'none', actions: ['forget', refused] },
      },
    },
  },
});
