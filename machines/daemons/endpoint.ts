/**
 * The life of something that a daemon opens for others and closes at its end: a mount, a socket.
 *
 * States
 *  opening   the port was asked to open it
 *  open      others may use it
 *  refused   it could not be opened; the daemon goes on without it, and tries again where it was open before
 *  lost      somebody else has taken it away; what is left of it is closed, then it is opened again
 *  closing   the port was asked to close it
 *  closed    gone
 *
 * Invariants
 *  E1  `close` is asked for exactly once for each `open` that succeeded, also when the end was asked for while opening.
 *  E2  `finished` comes once, when nothing is open any more.
 *  E3  What was open is opened again until the end is asked for; what never was is refused for good.
 *
 * Drawing: ../drawings/endpoint.svg
 */
import { assign, enqueueActions, setup } from 'xstate';

export type EndpointEvent =
  | { readonly type: 'OPENED' }
  | { readonly type: 'REFUSED'; readonly reason: string }
  | { readonly type: 'LOST'; readonly reason: string }
  | { readonly type: 'RETRY' }
  | { readonly type: 'CLOSE' }
  | { readonly type: 'CLOSED' };

export const endpointMachine = setup({
  types: {
    context: {} as { readonly reason: string; readonly isEnding: boolean; readonly wasOpen: boolean },
    events: {} as EndpointEvent,
  },
  actions: {
    open: () => {},
    close: () => {},
    announce: () => {},
    complain: () => {},
    /** Send RETRY some time later. */
    retryLater: () => {},
    finished: () => {},
  },
  guards: {
    isEnding: ({ context }) => context.isEnding,
    wasOpen: ({ context }) => context.wasOpen,
    isSameReason: ({ context, event }) => event.type === 'REFUSED' && event.reason === context.reason,
  },
}).createMachine({
  id: 'endpoint',
  context: { reason: '', isEnding: false, wasOpen: false },
  initial: 'opening',
  states: {
    opening: {
      entry: 'open',
      on: {
        OPENED: [{ guard: 'isEnding', target: 'closing' }, { target: 'open' }],
        REFUSED: [
          { guard: 'isEnding', target: 'closed' },
          { guard: 'isSameReason', target: 'refused' },
          { target: 'refused', actions: [assign({ reason: ({ event }) => event.reason }), 'complain'] },
        ],
        CLOSE: { actions: assign({ isEnding: true }) },
      },
    },
    open: {
      entry: [assign({ reason: '', wasOpen: true }), 'announce'],
      on: {
        LOST: { target: 'lost', actions: [assign({ reason: ({ event }) => event.reason }), 'complain'] },
        CLOSE: 'closing',
      },
    },
    lost: {
      entry: 'close',
      on: {
        CLOSED: [{ guard: 'isEnding', target: 'closed' }, { target: 'opening' }],
        CLOSE: { actions: assign({ isEnding: true }) },
      },
    },
    refused: {
      entry: enqueueActions(({ check, enqueue }) => {
        if (check('wasOpen')) enqueue('retryLater');
      }),
      on: { RETRY: { guard: 'wasOpen', target: 'opening' }, CLOSE: 'closed' },
    },
    closing: { entry: 'close', on: { CLOSED: 'closed' } },
    closed: { entry: 'finished', type: 'final' },
  },
});
