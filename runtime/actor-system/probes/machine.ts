import { assign, setup } from 'xstate';
import { defineActor } from '../machine-actor.ts';
import { roomy } from './probe.ts';

export type DoorProtocol = {
  push: { fields: object };
  state: { fields: object; reply: string };
  break: { fields: object };
};

/** A door that closes by itself: an entry timer, a reply from an effect, an action that throws. */
const door = setup({
  types: {
    context: {} as { pushes: number },
    events: {} as
      | { type: 'push'; ask: number }
      | { type: 'state'; ask: number }
      | { type: 'break'; ask: number }
      | { type: 'creaked' }
      | { type: 'stop' },
  },
  actions: {
    creak: () => {},
    tellState: (_, _params: { ask: number; state: string }) => {},
    break: () => {},
  },
  delays: { closing_ms: 20 },
}).createMachine({
  id: 'door',
  initial: 'closed',
  context: { pushes: 0 },
  on: {
    break: { actions: 'break' },
    stop: '.gone',
  },
  states: {
    closed: {
      on: {
        push: { target: 'open', actions: assign({ pushes: ({ context }) => context.pushes + 1 }) },
        state: {
          actions: {
            type: 'tellState',
            params: ({ event, context }) => ({ ask: event.ask, state: `closed ${context.pushes}` }),
          },
        },
      },
    },
    open: {
      entry: 'creak',
      after: { closing_ms: 'closed' },
      on: {
        state: { actions: { type: 'tellState', params: ({ event }) => ({ ask: event.ask, state: 'open' }) } },
        creaked: 'creaking',
      },
    },
    creaking: {
      after: { closing_ms: 'closed' },
      on: { state: { actions: { type: 'tellState', params: ({ event }) => ({ ask: event.ask, state: 'creaking' }) } } },
    },
    gone: { type: 'final' },
  },
});

export const actor = defineActor<unknown, DoorProtocol>()({
  name: 'door',
  machine: door,
  mailbox: roomy,
  drainEvent: { type: 'stop' },
  effects: (scope) => ({
    // The result of the effect comes back as an event, also when it is there at once.
    creak: () => scope.send({ type: 'creaked' }),
    tellState: (_, { ask, state }) => scope.reply(ask, state),
    break: () => {
      throw new Error('the door broke');
    },
  }),
});
