/**
 * The mode that an LRM reports to the manager (spec/ha.md §4.1, §4.6, §14.4): what the manager may expect of its node.
 *
 * States
 *  active       services may be started here
 *  maintenance  to be left by all services
 *  disarm       HA is disarmed
 *  restart      services are to be frozen: the LRM or its node comes back
 *  shutdown     the node goes down
 *
 *  D1  Once the end was asked for, the manager's status no longer changes the mode: the LRM sends no STATUS event then.
 *
 * Drawing: ../../drawings/lrm-mode.svg
 */
import { setup } from 'xstate';

export type ModeEvent =
  /** What the manager's status asks of this node. */
  | { readonly type: 'STATUS'; readonly wish: 'maintenance' | 'disarm' | 'none' }
  /** The end was asked for, and the services are treated so. */
  | { readonly type: 'END'; readonly as: 'restart' | 'shutdown' | 'maintenance' };

const status = [
  { guard: 'isMaintenanceAsked', target: 'maintenance' },
  { guard: 'isDisarmAsked', target: 'disarm' },
] as const;
const statusLifted = [...status, { target: 'active' }] as const;

export const modeMachine = setup({
  types: { events: {} as ModeEvent },
  guards: {
    isMaintenanceAsked: ({ event }) => event.type === 'STATUS' && event.wish === 'maintenance',
    isDisarmAsked: ({ event }) => event.type === 'STATUS' && event.wish === 'disarm',
    isRestart: ({ event }) => event.type === 'END' && event.as === 'restart',
    isShutdown: ({ event }) => event.type === 'END' && event.as === 'shutdown',
  },
}).createMachine({
  id: 'lrm-mode',
  initial: 'active',
  on: {
    END: [
      { guard: 'isRestart', target: '.restart' },
      { guard: 'isShutdown', target: '.shutdown' },
      { target: '.maintenance' },
    ],
  },
  states: {
    active: { on: { STATUS: status } },
    maintenance: { on: { STATUS: statusLifted } },
    disarm: { on: { STATUS: statusLifted } },
    restart: { on: { STATUS: status } },
    shutdown: { on: { STATUS: status } },
  },
});
