/**
 * The role of a node's cluster resource manager (spec/ha.md §2, §14.1). What its rows ask for is found out by `crm.ts`, in
 * the order of §2.2; this machine says what follows.
 *
 * States
 *  wait_for_quorum    nothing to do, or no quorum
 *  slave              ready, another node is master
 *  master             owns the manager lock and decides
 *  lost_manager_lock  was master, could not renew the lock; left within the same iteration
 *  exited             asked to end, and has
 *
 * Invariants
 *  C1  `master` is entered with the lock just obtained, and left in the iteration that doesn't renew it (§16.4, §16.13).
 *  C2  A master goes idle only after more than 90 rounds in a row without anything to manage (§16.16).
 *  C3  A master has an open watchdog unless HA is disarmed (§16.3); the daemon keeps that with the lock.
 *
 * Drawing: ../../drawings/crm.svg
 */
import { assign, setup } from 'xstate';

export type RoleEvent =
  /** The node may not or need not be active. */
  | { readonly type: 'INACTIVE' }
  /** It may, and the manager lock was obtained or renewed. */
  | { readonly type: 'LOCKED' }
  | { readonly type: 'UNLOCKED' }
  /** A master renewed its lock; is there anything to manage? */
  | { readonly type: 'IDLE' }
  | { readonly type: 'BUSY' }
  /** What a lost lock leaves is put away. */
  | { readonly type: 'CLEARED' }
  | { readonly type: 'SHUTDOWN_REQUEST' }
  | { readonly type: 'LEAVE' };

const MAX_IDLE_ROUNDS = 90;

export interface RoleContext {
  readonly idle_rounds: number;
  readonly isShutdownRequested: boolean;
}

export const roleMachine = setup({
  types: { context: {} as RoleContext, events: {} as RoleEvent },
  actions: {
    countIdle: assign({ idle_rounds: ({ context }) => context.idle_rounds + 1 }),
    resetIdle: assign({ idle_rounds: 0 }),
  },
  guards: {
    isIdleTooLong: ({ context }) => context.idle_rounds + 1 > MAX_IDLE_ROUNDS,
    isShutdownRequested: ({ context }) => context.isShutdownRequested,
  },
}).createMachine({
  id: 'crm',
  context: { idle_rounds: 0, isShutdownRequested: false },
  initial: 'wait_for_quorum',
  on: {
    SHUTDOWN_REQUEST: { actions: assign({ isShutdownRequested: true }) },
    LEAVE: { guard: 'isShutdownRequested', target: '.exited' },
  },
  states: {
    wait_for_quorum: { on: { LOCKED: 'master', UNLOCKED: 'slave', INACTIVE: {} } },
    slave: { on: { LOCKED: 'master', UNLOCKED: {}, INACTIVE: 'wait_for_quorum' } },
    master: {
      on: {
        UNLOCKED: 'lost_manager_lock',
        IDLE: [{ guard: 'isIdleTooLong', target: 'wait_for_quorum', actions: 'resetIdle' }, { actions: 'countIdle' }],
        BUSY: { actions: 'resetIdle' },
      },
    },
    lost_manager_lock: { on: { LOCKED: 'master', UNLOCKED: {}, INACTIVE: {}, CLEARED: 'wait_for_quorum' } },
    exited: { type: 'final' },
  },
});
