/**
 * The life of something that a daemon opens for others and closes at its end: a mount, a socket.
 *
 * States
 *  opening   the port was asked to open it
 *  open      others may use it
 *  refused   it could not be opened; the daemon goes on without it
 *  closing   the port was asked to close it
 *  closed    gone
 *
 * Invariants
 *  E1  `close` is asked for exactly once for each `open` that succeeded, also when the end was asked for while opening.
 *  E2  `finished` comes once, when nothing is open any more.
 */
import { assign, setup } from 'xstate';

export type EndpointEvent =
  | { readonly type: 'OPENED' }
  | { readonly type: 'REFUSED'; readonly reason: string }
  | { readonly type: 'CLOSE' }
  | { readonly type: 'CLOSED' };

export const endpointMachine = setup({
  types: {
    context: {} as { readonly reason: string; readonly isEnding: boolean },
    events: {} as EndpointEvent,
  },
  actions: {
    open: () => {},
    close: () => {},
    announce: () => {},
    complain: () => {},
    finished: () => {},
  },
  guards: { isEnding: ({ context }) => context.isEnding },
}).createMachine({
  id: 'endpoint',
  context: { reason: '', isEnding: false },
  initial: 'opening',
  states: {
    opening: {
      entry: 'open',
      on: {
        OPENED: [{ guard: 'isEnding', target: 'closing' }, { target: 'open' }],
        REFUSED: [
          { guard: 'isEnding', target: 'closed' },
          { target: 'refused', actions: [assign({ reason: ({ event }) => event.reason }), 'complain'] },
        ],
        CLOSE: { actions: assign({ isEnding: true }) },
      },
    },
    open: { entry: 'announce', on: { CLOSE: 'closing' } },
    refused: { on: { CLOSE: 'closed' } },
    closing: { entry: 'close', on: { CLOSED: 'closed' } },
    closed: { entry: 'finished', type: 'final' },
  },
});
