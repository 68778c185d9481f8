/**
 * One hardware fence job of a master for one node (spec/ha.md §11.1, §11.2): power it off by its devices, one try after the other,
 * and trust that only when the devices say so themselves. Runs where `fencing` of datacenter.cfg is `hardware` or `both`; what it
 * proves, the manager turns into the agent lock by its ordinary attempt.
 *
 * States
 *  beginning   looks whether there is a device
 *  commanding  the commands of a try run in parallel
 *  failing     the try has failed: on to the next one, or to rest
 *  confirming  all have ended well; each is asked for the status of its device
 *  pausing     not all devices say off yet; asked again in 2 s
 *  resting     no try is left; begins anew in 60 s
 *  confirmed   all devices of a try say off
 *  bare        the node has no device
 *  ended       no longer wanted: the node is fenced otherwise, or the role was left
 *
 * Invariants
 *  F1  `confirmed` is reached only when every device of one try has said off, after every command of that try has ended well.
 *  F2  The statuses of one try are asked for no longer than 20 s.
 *  F3  A failed command ends its try: the others are killed.
 *
 * Drawing: ../../drawings/fence-job.svg
 */
import { assign, setup } from 'xstate';
import type { HaTimes } from '../times.ts';

export interface FenceJobInput {
  readonly node: string;
  /** How many parallel commands each try has. */
  readonly tries: readonly number[];
  readonly times: HaTimes;
}

export type FenceJobEvent =
  /** A command has ended; `command` counts from 0 within its try. */
  | { readonly type: 'COMMAND_ENDED'; readonly command: number; readonly code: number }
  /** A status action has ended: 2 is off, 0 is on, anything else unknown. */
  | { readonly type: 'STATUS'; readonly command: number; readonly code: number }
  /** The pause that was asked for is over. */
  | { readonly type: 'TIMER' }
  | { readonly type: 'END' };

export interface FenceJobContext extends FenceJobInput {
  readonly try: number;
  /** Commands of the try that have ended well, or devices that have said off. */
  readonly done: readonly number[];
  /** Statuses that have been answered in this turn. */
  readonly answered: readonly number[];
  readonly turns: number;
}

/** A turn every 2 s for at most 20 s, at full length of the times. */
const MAX_TURNS = 10;
const OFF = 2;

const commandsOf = ({ tries, try: index }: FenceJobContext): number => tries[index] ?? 0;
const isNew = (list: readonly number[], one: number): boolean => !list.includes(one);

const nextTry = [
  { guard: 'hasMoreTries', target: 'commanding', actions: ['killAll', 'nextTry'] },
  { target: 'resting', actions: ['killAll', 'logExhausted'] },
] as const;

export const fenceJobMachine = setup({
  types: { context: {} as FenceJobContext, events: {} as FenceJobEvent, input: {} as FenceJobInput },
  actions: {
    /** Run the commands of the try, each with the action off. */
    execute: (_, _params: { readonly try: number }) => {},
    /** Run them again, each with the action status. */
    askStatus: (_, _params: { readonly try: number }) => {},
    killAll: () => {},
    /** TIMER in so many seconds. */
    pause: (_, _params: { readonly seconds: number }) => {},
    logFailed: (_, _params: { readonly command: number; readonly code: number }) => {},
    logExhausted: () => {},
    logBare: () => {},
    /** The node is off: its lock may be taken. */
    confirm: () => {},
    nextTry: assign({ try: ({ context }) => context.try + 1 }),
    firstTry: assign({ try: 0 }),
    begin: assign({ done: [], answered: [], turns: 0 }),
    beginTurn: assign({ done: [], answered: [], turns: ({ context }) => context.turns + 1 }),
    note: assign(({ context, event }) => {
      if (event.type === 'COMMAND_ENDED') return { done: [...context.done, event.command] };
      if (event.type !== 'STATUS' || !isNew(context.answered, event.command)) return {};
      const done = event.code === OFF ? [...context.done, event.command] : context.done;
      return { done, answered: [...context.answered, event.command] };
    }),
  },
  guards: {
    hasNoDevice: ({ context }) => context.tries.length === 0,
    hasMoreTries: ({ context }) => context.try + 1 < context.tries.length,
    hasFailed: ({ event }) => event.type === 'COMMAND_ENDED' && event.code !== 0,
    isLastCommand: ({ context, event }) =>
      event.type === 'COMMAND_ENDED' &&
      isNew(context.done, event.command) &&
      context.done.length + 1 === commandsOf(context),
    isNewCommand: ({ context, event }) => event.type === 'COMMAND_ENDED' && isNew(context.done, event.command),
    isLastOff: ({ context, event }) =>
      event.type === 'STATUS' &&
      event.code === OFF &&
      isNew(context.answered, event.command) &&
      context.done.length + 1 === commandsOf(context),
    isLastStatus: ({ context, event }) =>
      event.type === 'STATUS' &&
      isNew(context.answered, event.command) &&
      context.answered.length + 1 === commandsOf(context),
    hasTurnsLeft: ({ context }) => context.turns < MAX_TURNS,
  },
}).createMachine({
  id: 'fence-job',
  context: ({ input }) => ({ ...input, try: 0, done: [], answered: [], turns: 0 }),
  initial: 'beginning',
  on: { END: { target: '.ended', actions: 'killAll' } },
  states: {
    beginning: { always: [{ guard: 'hasNoDevice', target: 'bare', actions: 'logBare' }, { target: 'commanding' }] },
    commanding: {
      entry: ['begin', { type: 'execute', params: ({ context }) => ({ try: context.try }) }],
      on: {
        COMMAND_ENDED: [
          { guard: 'hasFailed', target: 'failing', actions: { type: 'logFailed', params: ({ event }) => event } },
          { guard: 'isLastCommand', target: 'confirming' },
          { guard: 'isNewCommand', actions: 'note' },
        ],
      },
    },
    failing: { always: nextTry },
    confirming: {
      entry: ['beginTurn', { type: 'askStatus', params: ({ context }) => ({ try: context.try }) }],
      on: {
        STATUS: [
          { guard: 'isLastOff', target: 'confirmed' },
          { guard: 'isLastStatus', target: 'pausing' },
          { actions: 'note' },
        ],
      },
    },
    pausing: {
      entry: { type: 'pause', params: ({ context }) => ({ seconds: context.times.fence_status_pause_s }) },
      on: { TIMER: [{ guard: 'hasTurnsLeft', target: 'confirming' }, { target: 'failing' }] },
    },
    resting: {
      entry: { type: 'pause', params: ({ context }) => ({ seconds: context.times.fence_rest_s }) },
      on: { TIMER: { target: 'commanding', actions: 'firstTry' } },
    },
    confirmed: { entry: 'confirm', type: 'final' },
    bare: { type: 'final' },
    ended: { type: 'final' },
  },
});
