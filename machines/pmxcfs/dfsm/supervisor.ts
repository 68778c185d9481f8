/**
 * Service life of one dfsm replica: when it is connected to its group, again and again (spec/pmxcfs.md §4.9, §9.1).
 *
 * States
 *  idle      not connected; each tick may begin a start attempt
 *  starting  the group was joined, no configuration with us has come yet
 *  running   member of the group, or on the way out of it
 *  stopped   for good
 *
 * Invariants
 *  S1  Between two start attempts lie more than 5 s; the first follows the first tick.
 *  S2  One error streak logs `can't initialize service` once.
 *  S3  The periodic action runs in running only, at most once per tick.
 *
 * Drawing: ../../drawings/supervisor.svg
 */
import { assign, setup } from 'xstate';

/** A new attempt needs more than this since the last one. */
export const RESTART_AFTER_S = 5;
export const TICK_MS = 1000;
export const FIRST_TICK_MS = 10;

export type SupervisorEvent =
  /** `isRestartable`: the replica is neither in ERROR nor in VERSION_ERROR. */
  | { readonly type: 'TICK'; readonly now_s: number; readonly isRestartable: boolean }
  /** The first configuration with us has come. */
  | { readonly type: 'JOINED' }
  /** The group's engine died. */
  | { readonly type: 'LOST' }
  /** The replica has left the group. */
  | { readonly type: 'LEFT' }
  | { readonly type: 'STOP' };

interface SupervisorContext {
  /** Period of the periodic action; undefined: there is none. */
  readonly period_s: number | undefined;
  /** Monotonic time when the periodic action is due; counted from the first tick. */
  readonly due_s: number | undefined;
  readonly lastAttempt_s: number | undefined;
  /** Failed attempts since the last good one. */
  readonly failures: number;
}

const tickTime = (event: SupervisorEvent): number => (event as Extract<SupervisorEvent, { type: 'TICK' }>).now_s;

export const supervisorMachine = setup({
  types: {
    context: {} as SupervisorContext,
    events: {} as SupervisorEvent,
    input: {} as { readonly period_s: number | undefined },
  },
  guards: {
    mayStart: ({ context, event }) =>
      event.type === 'TICK' &&
      event.isRestartable &&
      (context.lastAttempt_s === undefined || event.now_s - context.lastAttempt_s > RESTART_AFTER_S),
    isDue: ({ context, event }) => event.type === 'TICK' && context.due_s !== undefined && event.now_s >= context.due_s,
    isFirstFailure: ({ context }) => context.failures === 0,
  },
  actions: {
    connect: () => {},
    disconnect: () => {},
    logCannotInitialize: () => {},
    runPeriodic: () => {},
    rememberAttempt: assign(({ context, event }) => ({
      lastAttempt_s: tickTime(event),
      due_s: context.due_s ?? (context.period_s === undefined ? undefined : tickTime(event) + context.period_s),
    })),
    rememberPeriod: assign(({ context, event }) => ({ due_s: tickTime(event) + (context.period_s ?? 0) })),
    countFailure: assign(({ context }) => ({ failures: context.failures + 1 })),
    forgetFailures: assign({ failures: 0 }),
  },
}).createMachine({
  id: 'supervisor',
  context: ({ input }) => ({ period_s: input.period_s, due_s: undefined, lastAttempt_s: undefined, failures: 0 }),
  initial: 'idle',
  on: { STOP: '.stopped' },
  states: {
    idle: {
      on: { TICK: { guard: 'mayStart', target: 'starting', actions: ['rememberAttempt', 'connect'] } },
    },
    starting: {
      on: {
        JOINED: { target: 'running', actions: 'forgetFailures' },
        LOST: [
          { guard: 'isFirstFailure', target: 'idle', actions: ['logCannotInitialize', 'countFailure'] },
          { target: 'idle', actions: 'countFailure' },
        ],
        LEFT: 'idle',
      },
    },
    running: {
      on: {
        TICK: { guard: 'isDue', actions: ['rememberPeriod', 'runPeriodic'] },
        LOST: 'idle',
        LEFT: 'idle',
      },
    },
    stopped: { entry: 'disconnect', on: { STOP: {} } },
  },
});
