/**
 * How a task is stopped (spec/api.md §7.3): its process group is asked, and killed when it doesn't go within five seconds.
 *
 * States:
 *   asking    it was sent SIGTERM and is looked at from time to time
 *   killing   it was sent SIGKILL
 *   ended     its process is gone
 *
 * Invariants:
 *   S1 SIGKILL comes only after the grace, and at most once
 *   S2 ended is reached only when the process is known to be gone
 *
 * Drawing: ../drawings/task-stop.svg
 */
import { assign, setup } from 'xstate';

export type TaskStopEvent = { readonly type: 'LOOKED'; readonly isRunning: boolean };

/** Looks while the task may end by itself. */
const GRACE_LOOKS = 50;
export const LOOK_EVERY_MS = 100;

export const taskStopMachine = setup({
  types: { context: {} as { readonly looks: number }, events: {} as TaskStopEvent },
  actions: {
    terminate: () => {},
    kill: () => {},
    /** Look whether it runs, LOOK_EVERY_MS later, and send LOOKED. */
    lookLater: () => {},
    count: assign({ looks: ({ context }) => context.looks + 1 }),
  },
  guards: {
    isGone: ({ event }) => !event.isRunning,
    isOverdue: ({ context }) => context.looks + 1 >= GRACE_LOOKS,
  },
}).createMachine({
  id: 'task-stop',
  context: { looks: 0 },
  initial: 'asking',
  states: {
    asking: {
      entry: ['terminate', 'lookLater'],
      on: {
        LOOKED: [
          { guard: 'isGone', target: 'ended' },
          { guard: 'isOverdue', target: 'killing' },
          { actions: ['count', 'lookLater'] },
        ],
      },
    },
    killing: {
      entry: ['kill', 'lookLater'],
      on: { LOOKED: [{ guard: 'isGone', target: 'ended' }, { actions: 'lookLater' }] },
    },
    ended: { type: 'final' },
  },
});
