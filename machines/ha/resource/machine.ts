/**
 * The life of one HA resource in the eyes of the manager (spec/ha.md §3.7, §14.3). Which event comes is decided by the
 * handlers in `step.ts`; this machine says what may follow upon what, and keeps the service's fields (§8.1 `sd`).
 *
 * States
 *  fresh                  known, and nothing decided yet
 *  request_start          to be started; its node may still be chosen
 *  request_start_balance  to be started on another node than where its configuration is
 *  started                to run
 *  request_stop           to be stopped
 *  stopped                known to be stopped
 *  migrate, relocate      being moved, running or stopped for the way
 *  freeze                 not to be touched: its LRM restarts, or HA is disarmed
 *  fence                  its node is lost and must be fenced first
 *  recovery               its node was fenced; a new one is looked for
 *  error                  given up until a person disables it
 *  removed                no longer managed
 *
 * Invariants
 *  I1  Every change of state gives a new uid, so that an answer to an earlier wish is never taken for one to this (§16.8).
 *  I2  Of the fields, only node, failed_nodes and maintenance_node outlive a change of state; a disarm keeps uid's kin:
 *      node and maintenance_node (§3.6, §3.9).
 *  I3  `recovery` is entered from `fence` alone, and only by FENCED (§16.5).
 *  I4  `target` is set exactly in migrate, relocate and request_start_balance (§16.8).
 *
 * Protocol source: spec/ha.md §3.6, §3.7, §3.9, §14.3.
 *
 * Drawing: ../../drawings/ha-resource.svg
 */
import { assign, setup } from 'xstate';
import type { ServiceFields } from '../state-files.ts';

/** Fields that come with a change of state. */
export interface ChangeParams {
  readonly node?: string;
  readonly target?: string | null;
  readonly timeout?: string;
}

export type Wanted = 'started' | 'request_stop';

interface Change {
  readonly uid: string;
  readonly params?: ChangeParams;
}

type ChangeOf<Type extends string> = Change & { readonly type: Type };
/** What follows depends on whether the service is wanted to run. */
type ChangeToWanted<Type extends string> = ChangeOf<Type> & { readonly wanted: Wanted };

export type ResourceChange =
  | ChangeToWanted<'CONFIGURED'>
  /** The node of a start is chosen: its own, or another. */
  | ChangeOf<'PLACED'>
  | ChangeOf<'PLACED_ELSEWHERE'>
  | ChangeOf<'START_WANTED'>
  | ChangeOf<'STOP_WANTED'>
  | ChangeOf<'STOP_DONE'>
  | ChangeOf<'STOP_FAILED'>
  | ChangeOf<'MIGRATE'>
  | ChangeOf<'RELOCATE'>
  | ChangeToWanted<'MOTION_DONE'>
  | ChangeToWanted<'MOTION_FAILED'>
  /** The LRM found the service's configuration on another node. */
  | ChangeOf<'WRONG_NODE'>
  | ChangeOf<'GIVEN_UP'>
  /** Its node was away for too long. */
  | ChangeOf<'NODE_LOST'>
  | ChangeOf<'FENCED'>
  | ChangeToWanted<'RECOVERED'>
  | ChangeOf<'ABANDONED'>
  | ChangeOf<'CLEARED'>
  | ChangeOf<'LRM_RESTARTS'>
  | ChangeToWanted<'LRM_BACK'>
  | ChangeOf<'DISARMED'>;

export type ResourceEvent =
  | ResourceChange
  /** Fields change, the state doesn't; undefined deletes. */
  | { readonly type: 'AMENDED'; readonly set: Partial<Record<keyof ServiceFields, unknown>> }
  | { readonly type: 'REMOVED' };

const changedByWish = [
  { guard: 'isWanted', target: 'started', actions: 'change' },
  { target: 'request_stop', actions: 'change' },
] as const;
const to = <Target extends string>(target: Target) => ({ target, actions: 'change' }) as const;
const frozen = { target: 'freeze', actions: 'disarm' } as const;

const motion = {
  MOTION_DONE: changedByWish,
  MOTION_FAILED: changedByWish,
  WRONG_NODE: to('error'),
  NODE_LOST: to('fence'),
} as const;

export const resourceMachine = setup({
  types: {
    context: {} as ServiceFields,
    events: {} as ResourceEvent,
    input: {} as { readonly node: string },
  },
  actions: {
    change: assign(({ context, event }) => ('uid' in event ? changed(context, event) : {})),
    disarm: assign(({ context, event }) =>
      'uid' in event ? { ...dropped(context), ...kept(context, ['node', 'maintenance_node']), uid: event.uid } : {},
    ),
    amend: assign(({ event }) => (event.type === 'AMENDED' ? (event.set as Partial<ServiceFields>) : {})),
  },
  guards: { isWanted: ({ event }) => 'wanted' in event && event.wanted === 'started' },
}).createMachine({
  id: 'ha-resource',
  context: ({ input }) => ({ node: input.node }),
  initial: 'fresh',
  on: { AMENDED: { actions: 'amend' }, REMOVED: '.removed' },
  states: {
    fresh: {
      on: {
        CONFIGURED: [
          { guard: 'isWanted', target: 'request_start', actions: 'change' },
          { target: 'request_stop', actions: 'change' },
        ],
      },
    },
    request_start: {
      on: { PLACED: to('started'), PLACED_ELSEWHERE: to('request_start_balance'), DISARMED: frozen },
    },
    request_start_balance: { on: { ...motion, DISARMED: frozen } },
    migrate: { on: motion },
    relocate: { on: motion },
    started: {
      on: {
        NODE_LOST: to('fence'),
        STOP_WANTED: to('request_stop'),
        MIGRATE: to('migrate'),
        RELOCATE: to('relocate'),
        GIVEN_UP: to('error'),
        LRM_RESTARTS: to('freeze'),
        DISARMED: frozen,
      },
    },
    request_stop: {
      on: {
        STOP_DONE: to('stopped'),
        STOP_FAILED: to('error'),
        NODE_LOST: to('fence'),
        LRM_RESTARTS: to('freeze'),
        DISARMED: frozen,
      },
    },
    stopped: {
      on: {
        MIGRATE: to('migrate'),
        RELOCATE: to('relocate'),
        NODE_LOST: to('fence'),
        START_WANTED: to('request_start'),
        LRM_RESTARTS: to('freeze'),
        DISARMED: frozen,
      },
    },
    freeze: { on: { LRM_BACK: changedByWish } },
    fence: {
      on: {
        FENCED: to('recovery'),
        // A started service on a node in maintenance goes on after it was lost (§3.7 started 1).
        STOP_WANTED: to('request_stop'),
        MIGRATE: to('migrate'),
        RELOCATE: to('relocate'),
        GIVEN_UP: to('error'),
      },
    },
    recovery: { on: { RECOVERED: changedByWish, ABANDONED: to('stopped') } },
    error: {
      on: {
        CLEARED: to('stopped'),
        // In the step that has found it on the wrong node (§14.3).
        NODE_LOST: to('fence'),
      },
    },
    removed: { type: 'final' },
  },
});

type Field = keyof ServiceFields;
const fields: readonly Field[] = [
  'node',
  'uid',
  'target',
  'timeout',
  'cmd',
  'failed_nodes',
  'maintenance_node',
  'running',
];

function changed(context: ServiceFields, { uid, params }: Change): Partial<ServiceFields> {
  return { ...dropped(context), ...kept(context, ['node', 'failed_nodes', 'maintenance_node']), ...params, uid };
}

/** Every field that is set, as undefined: `assign` merges. */
function dropped(context: ServiceFields): Partial<ServiceFields> {
  const none: Record<string, unknown> = {};
  for (const field of fields) if (context[field] !== undefined) none[field] = undefined;
  return none as Partial<ServiceFields>;
}

function kept(context: ServiceFields, names: readonly Field[]): Partial<ServiceFields> {
  const rest: Record<string, unknown> = {};
  for (const name of names) if (context[name] !== undefined) rest[name] = context[name];
  return rest as Partial<ServiceFields>;
}
