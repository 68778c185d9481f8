/**
 * One service's command in the hands of an LRM (spec/ha.md §4.3, §4.4, §14.5).
 *
 * States
 *  idle     no command
 *  queued   waits for a free slot
 *  running  is being executed
 *
 *  W1  A running command is never replaced, a queued one by each new one.
 *  W2  `start_tries` counts the turns in which the command waited, so that the longest waiting goes first; a command that
 *      replaces another begins anew.
 *
 * Drawing: ../../drawings/lrm-worker.svg
 */
import { assign, setup } from 'xstate';
import type { CommandParams } from '../port.ts';

export interface Command {
  /** Absent for what a shutdown asks for: nobody waits for its result. */
  readonly uid?: string;
  /** State that the manager wants. */
  readonly state: string;
  readonly params: CommandParams;
}

export type WorkerEvent =
  | { readonly type: 'QUEUE'; readonly command: Command }
  | { readonly type: 'START' }
  /** A round without a free slot. */
  | { readonly type: 'WAIT' }
  | { readonly type: 'DONE' };

export interface WorkerContext {
  readonly command: Command | undefined;
  readonly start_tries: number;
}

export const workerMachine = setup({
  types: { context: {} as WorkerContext, events: {} as WorkerEvent },
  actions: {
    accept: assign(({ event }) => (event.type === 'QUEUE' ? { command: event.command, start_tries: 0 } : {})),
    tried: assign({ start_tries: ({ context }) => context.start_tries + 1 }),
    forget: assign({ command: undefined, start_tries: 0 }),
  },
}).createMachine({
  id: 'lrm-worker',
  context: { command: undefined, start_tries: 0 },
  initial: 'idle',
  states: {
    idle: { on: { QUEUE: { target: 'queued', actions: 'accept' } } },
    queued: {
      on: {
        QUEUE: { actions: 'accept' },
        START: { target: 'running', actions: 'tried' },
        WAIT: { actions: 'tried' },
      },
    },
    running: { on: { QUEUE: {}, DONE: { target: 'idle', actions: 'forget' } } },
  },
});
