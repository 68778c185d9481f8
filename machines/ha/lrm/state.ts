/**
 * The state of a node's local resource manager (spec/ha.md §4, §14.4). What its rows ask for is found out by `lrm.ts`, in the
 * order of §4.2; this machine says what follows.
 *
 * States
 *  wait_for_agent_lock  nothing to do, or not allowed to
 *  active               owns its node's agent lock, starts and stops services
 *  maintenance          as active, but its services are moved away; lets go of the lock when none is left
 *  lost_agent_lock      must not touch anything; its watchdog runs on
 *  exited               asked to end, and has
 *
 * Invariants
 *  L1  `active` is entered with the lock just obtained, and left in the iteration that doesn't renew it (§16.2).
 *  L2  A fence request leads to lost_agent_lock, and neither lock nor watchdog is touched: both expire (§4.2).
 *  L3  An LRM goes idle only after more than 60 rounds in a row without a service on its node (§16.16).
 *
 * Drawing: ../../drawings/lrm.svg
 */
import { assign, setup } from 'xstate';

export type LrmStateEvent =
  | { readonly type: 'LOCKED' }
  | { readonly type: 'UNLOCKED' }
  | { readonly type: 'FENCE_REQUESTED' }
  /** The lock is held and the mode is maintenance. */
  | { readonly type: 'MAINTAIN' }
  /** HA is disarmed and nothing runs: lock and watchdog were given back. */
  | { readonly type: 'DISARM' }
  /** Was there anything on this node? */
  | { readonly type: 'IDLE' }
  | { readonly type: 'BUSY' }
  | { readonly type: 'LEAVE' };

const MAX_IDLE_ROUNDS = 60;

export const lrmStateMachine = setup({
  types: { context: {} as { readonly idle_rounds: number }, events: {} as LrmStateEvent },
  actions: {
    countIdle: assign({ idle_rounds: ({ context }) => context.idle_rounds + 1 }),
    resetIdle: assign({ idle_rounds: 0 }),
  },
  guards: {
    isIdleTooLong: ({ context }) => context.idle_rounds + 1 > MAX_IDLE_ROUNDS,
  },
}).createMachine({
  id: 'lrm',
  context: { idle_rounds: 0 },
  initial: 'wait_for_agent_lock',
  on: { LEAVE: '.exited' },
  states: {
    wait_for_agent_lock: { on: { LOCKED: 'active', UNLOCKED: {} } },
    active: {
      on: {
        FENCE_REQUESTED: 'lost_agent_lock',
        UNLOCKED: 'lost_agent_lock',
        MAINTAIN: 'maintenance',
        DISARM: 'wait_for_agent_lock',
        IDLE: [
          { guard: 'isIdleTooLong', target: 'wait_for_agent_lock', actions: 'resetIdle' },
          { actions: 'countIdle' },
        ],
        BUSY: { actions: 'resetIdle' },
      },
    },
    maintenance: {
      on: {
        FENCE_REQUESTED: 'lost_agent_lock',
        LOCKED: 'active',
        UNLOCKED: 'lost_agent_lock',
        DISARM: 'wait_for_agent_lock',
      },
    },
    lost_agent_lock: { on: { LOCKED: 'active', UNLOCKED: {} } },
    exited: { type: 'final' },
  },
});
