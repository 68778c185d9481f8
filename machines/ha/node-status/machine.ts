/**
 * The manager's view of one node (spec/ha.md §3.4, §14.2).
 *
 * States
 *  unknown      never seen online, or not seen in the last round, or fenced
 *  online       connected, its LRM works
 *  maintenance  connected or not, its LRM moves its services away, or has done so
 *  fence        to be fenced before its services may run elsewhere
 *  gone         not a member of the cluster
 *  deleted      gone for an hour
 *
 * Invariants
 *  N1  `fence` is left by FENCED alone.
 *  N2  Per round a node makes at most one step.
 *
 * Drawing: ../../drawings/ha-node.svg
 */
import { setup } from 'xstate';

export type NodeEvent =
  /** The node is connected; mode of its LRM, undefined in the first round. */
  | { readonly type: 'SEEN'; readonly mode: string | undefined }
  | {
      readonly type: 'NOT_SEEN';
      readonly isMember: boolean;
      readonly mode: string | undefined;
      /** Gone for as long as makes it be forgotten. Only asked in state `gone`. */
      readonly isForgotten: boolean;
    }
  | { readonly type: 'FENCE' }
  /** Its agent lock was obtained. */
  | { readonly type: 'FENCED' };

const unknownNow = { target: 'unknown' } as const;

export const nodeMachine = setup({
  types: { events: {} as NodeEvent },
  guards: {
    isInMaintenance: ({ event }) => 'mode' in event && event.mode === 'maintenance',
    isStranger: ({ event }) => event.type === 'NOT_SEEN' && !event.isMember,
    isForgotten: ({ event }) => event.type === 'NOT_SEEN' && event.isForgotten,
  },
}).createMachine({
  id: 'ha-node',
  initial: 'unknown',
  on: { FENCE: '.fence' },
  states: {
    unknown: {
      on: { SEEN: 'online', NOT_SEEN: { guard: 'isStranger', target: 'gone' } },
    },
    online: {
      on: {
        SEEN: { guard: 'isInMaintenance', target: 'maintenance' },
        NOT_SEEN: unknownNow,
      },
    },
    maintenance: {
      on: {
        SEEN: [{ guard: 'isInMaintenance' }, { target: 'online' }],
        NOT_SEEN: [{ guard: 'isInMaintenance' }, unknownNow],
      },
    },
    fence: { on: { SEEN: {}, NOT_SEEN: {}, FENCE: {}, FENCED: unknownNow } },
    gone: {
      on: { SEEN: 'online', NOT_SEEN: { guard: 'isForgotten', target: 'deleted' } },
    },
    deleted: { type: 'final' },
  },
});
