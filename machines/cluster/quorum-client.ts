/**
 * What a service of the node knows of quorum: the quorum client of spec/pmxcfs.md §7.1, §9.2. The engine's side (vote counting)
 * is votequorum.ts.
 *
 * States:
 * - `disconnected`  no engine; not quorate.
 * - `tracking`      the flag follows the engine's notifications.
 * - `local`         local mode: quorate for ever.
 * - `stopped`       shut down; not quorate.
 *
 *  I1 Every change of the flag is announced once, by `changed`; a log line goes with it, except at an orderly shutdown.
 *
 * Drawing: ../drawings/quorum-client.svg
 */
import { assign, setup } from 'xstate';

export interface QuorumClientContext {
  readonly quorate: boolean;
}

export type QuorumClientEvent =
  | { readonly type: 'CONNECTED' }
  | { readonly type: 'CONNECT_FAILED'; readonly reason: string }
  | { readonly type: 'NOTIFY'; readonly quorate: boolean }
  | { readonly type: 'ENGINE_LOST'; readonly reason: string }
  | { readonly type: 'SHUTDOWN' }
  | { readonly type: 'LOCAL_MODE' };

export type QuorumLogLine = {
  readonly domain: 'status' | 'quorum';
  readonly level: 'notice' | 'crit';
  readonly message: string;
};

export const quorumClientMachine = setup({
  types: { context: {} as QuorumClientContext, events: {} as QuorumClientEvent },
  actions: {
    log: (_, _line: QuorumLogLine) => {},
    /** The flag has this value now. */
    changed: (_, _parameters: { readonly quorate: boolean }) => {},
  },
  guards: {
    gains: ({ context, event }) => event.type === 'NOTIFY' && event.quorate && !context.quorate,
    loses: ({ context, event }) => event.type === 'NOTIFY' && !event.quorate && context.quorate,
    isQuorate: ({ context }) => context.quorate,
  },
}).createMachine({
  id: 'quorum-client',
  context: { quorate: false },
  initial: 'disconnected',
  on: {
    SHUTDOWN: [
      {
        guard: 'isQuorate',
        target: '.stopped',
        actions: [assign({ quorate: false }), { type: 'changed', params: { quorate: false } }],
      },
      { target: '.stopped' },
    ],
  },
  states: {
    disconnected: {
      on: {
        CONNECTED: 'tracking',
        LOCAL_MODE: {
          target: 'local',
          actions: [assign({ quorate: true }), { type: 'changed', params: { quorate: true } }],
        },
        CONNECT_FAILED: {
          actions: {
            type: 'log',
            params: ({ event }) => ({
              domain: 'quorum',
              level: 'crit',
              message: `quorum_initialize failed: ${event.reason}`,
            }),
          },
        },
      },
    },
    tracking: {
      on: {
        NOTIFY: [
          {
            guard: 'gains',
            actions: [
              assign({ quorate: true }),
              { type: 'log', params: { domain: 'status', level: 'notice', message: 'node has quorum' } },
              { type: 'changed', params: { quorate: true } },
            ],
          },
          {
            guard: 'loses',
            actions: [
              assign({ quorate: false }),
              { type: 'log', params: { domain: 'status', level: 'notice', message: 'node lost quorum' } },
              { type: 'changed', params: { quorate: false } },
            ],
          },
          {},
        ],
        ENGINE_LOST: [
          {
            guard: 'isQuorate',
            target: 'disconnected',
            actions: [
              { type: 'log', params: ({ event }) => dispatchFailed(event.reason) },
              assign({ quorate: false }),
              { type: 'log', params: { domain: 'status', level: 'notice', message: 'node lost quorum' } },
              { type: 'changed', params: { quorate: false } },
            ],
          },
          {
            target: 'disconnected',
            actions: { type: 'log', params: ({ event }) => dispatchFailed(event.reason) },
          },
        ],
      },
    },
    local: {},
    stopped: {},
  },
});

function dispatchFailed(reason: string): QuorumLogLine {
  return { domain: 'quorum', level: 'crit', message: `quorum_dispatch failed: ${reason}` };
}
