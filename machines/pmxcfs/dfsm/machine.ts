/**
 * dfsm, the replicated state machine over a closed process group: the *mode* of one replica (spec/pmxcfs.md §4.2, §9.3).
 *
 * It decides what a configuration change, a state message, a failure or a restart does in each mode. NORMAL messages are
 * not its business: `core.ts` delivers them in `synced` and queues them elsewhere, and knows the mode because every state
 * tells it on entry. Instantiated for dcdb (the tree) and for status (kv store, cluster log).
 *
 * States
 *  start         connected or about to be, no configuration seen yet
 *  startSync     a round runs: SYNC_START is awaited, then everybody's STATE
 *  synced        all data is up to date; messages are delivered as they come
 *  update        behind the leader: its UPDATEs are collected until UPDATE_COMPLETE
 *  leaving       something went wrong: leave the group; the supervisor starts again (§9.1)
 *  versionError  a member speaks a newer protocol: out until the daemon restarts
 *  error         serious internal error: out until the daemon restarts, or until the store works again (§13.2.9)
 *
 * Invariants
 *  M1  Modes from `leaving` on only escalate (leaving → versionError → error) until OPEN or RECOVERED resets them.
 *  M2  versionError is never left, error only by RECOVERED after a failure of the store (10.1 I14).
 *  M3  The log line of a mode stands for a real transition: no line when a change finds the machine in the same mode.
 *  M4  A node whose mode is `synced` was alone, equal to the leader, or has committed the leader's tree (10.1 I12).
 *  M5  In leaving, versionError and error no message has an effect.
 *
 * Drawing: ../../drawings/dfsm.svg
 */
import { assign, setup } from 'xstate';
import type { DfsmMember } from './members.ts';

export type DfsmMode = 'start' | 'startSync' | 'synced' | 'update' | 'leaving' | 'versionError' | 'error';

/** A state message (types 1..6, or an unknown type) that has passed the checks of §4.5. */
export interface StateMessage {
  readonly sender: DfsmMember;
  readonly type: number;
  /** Whole length, for log lines. */
  readonly length: number;
  readonly epoch: Buffer;
  readonly note: number;
  readonly payload: Buffer;
}

export interface ConfigurationChange {
  /** In member order. */
  readonly members: readonly DfsmMember[];
  /** True when the change joined somebody. */
  readonly hasJoined: boolean;
}

export type StateMessageName =
  | 'SYNC_START'
  | 'STATE'
  | 'UPDATE'
  | 'UPDATE_COMPLETE'
  | 'VERIFY_REQUEST'
  | 'VERIFY'
  | 'REPLAY'
  | 'UNKNOWN';

export type DfsmEvent =
  /** The supervisor begins a start attempt (§4.9). */
  | { readonly type: 'OPEN' }
  | { readonly type: 'CONFIGURATION'; readonly change: ConfigurationChange; readonly isMember: boolean }
  | { readonly type: StateMessageName; readonly message: StateMessage }
  /** Verdicts on a complete set of states, and on a commit. */
  | { readonly type: 'ROUND_SYNCED' }
  | { readonly type: 'ROUND_BEHIND' }
  | { readonly type: 'COMMITTED' }
  /** All deliverable messages of the queues were delivered. */
  | { readonly type: 'DRAINED' }
  /** A step failed: LEAVE. */
  | { readonly type: 'FAILED' }
  | { readonly type: 'NEWER_PROTOCOL' }
  /** ERROR; `recoverable`: the store refused a commit and may work again. */
  | { readonly type: 'SERIOUS_ERROR'; readonly recoverable: boolean }
  | { readonly type: 'RECOVERED' }
  /** The group's engine died or was stopped, or the group was left. */
  | { readonly type: 'CONNECTION_LOST' }
  /** Once per verify period (§4.8). */
  | { readonly type: 'VERIFY_TIMER' };

type ReceivedMessage = { readonly message: StateMessage };

const receivedMessage = ({ event }: { event: DfsmEvent }): ReceivedMessage => event as unknown as ReceivedMessage;
const configurationOf = ({ event }: { event: DfsmEvent }): ConfigurationChange =>
  (event as Extract<DfsmEvent, { type: 'CONFIGURATION' }>).change;

/** The first steps of every configuration change in a mode that takes part (§4.4 steps 1-7). */
const beginChange = { type: 'beginChange', params: configurationOf } as const;
const withMessage = <A extends string>(type: A) => ({ actions: { type, params: receivedMessage } }) as const;

/** Not in the member list, in a mode other than start. */
const toLeft = { guard: 'isAbsent', target: 'leaving', actions: [beginChange, 'logLeft'] } as const;
const toAlone = { guard: 'isAlone', target: 'synced', actions: [beginChange, 'markSelfSynced'] } as const;
const toRound = {
  target: 'startSync',
  actions: [beginChange, { type: 'resendQueue', params: configurationOf }],
} as const;

/** What every mode below `leaving` does alike. */
const whileMember = {
  OPEN: { target: 'start', actions: 'resetConnection' },
  FAILED: 'leaving',
  NEWER_PROTOCOL: 'versionError',
} as const;

/** Actions are provided by `engine.ts`, which binds them to the core. */
export const dfsmMachine = setup({
  types: {
    context: {} as { readonly isRecoverable: boolean },
    events: {} as DfsmEvent,
  },
  guards: {
    isAbsent: ({ event }) => event.type === 'CONFIGURATION' && !event.isMember,
    isAlone: ({ event }) => event.type === 'CONFIGURATION' && event.change.members.length === 1,
    isRecoverable: ({ context }) => context.isRecoverable,
  },
  actions: {
    enterMode: (_, _params: { mode: DfsmMode }) => {},
    resetConnection: () => {},
    abortWaiters: () => {},
    leaveGroup: () => {},
    refuseHeld: () => {},
    releaseHeld: () => {},
    rememberCause: assign({ isRecoverable: ({ event }) => event.type === 'SERIOUS_ERROR' && event.recoverable }),
    beginChange: (_, _params: ConfigurationChange) => {},
    noteChange: (_, _params: ConfigurationChange) => {},
    logLeft: () => {},
    markSelfSynced: () => {},
    resendQueue: (_, _params: ConfigurationChange) => {},
    requestStates: () => {},
    tellConfiguration: () => {},
    acceptSyncStart: (_, _params: ReceivedMessage) => {},
    storeState: (_, _params: ReceivedMessage) => {},
    storeReplay: (_, _params: ReceivedMessage) => {},
    moveQueued: () => {},
    applyUpdate: (_, _params: ReceivedMessage) => {},
    commitUpdates: () => {},
    markAllSynced: () => {},
    announceSynced: () => {},
    drainQueues: () => {},
    releaseRound: () => {},
    refuseUnknown: (_, _params: ReceivedMessage) => {},
    refuseUnstarted: () => {},
    sendVerifyRequest: () => {},
    answerVerifyRequest: (_, _params: ReceivedMessage) => {},
    judgeVerify: (_, _params: ReceivedMessage) => {},
  },
}).createMachine({
  id: 'dfsm',
  context: { isRecoverable: false },
  initial: 'start',
  on: {
    SERIOUS_ERROR: { target: '.error', actions: 'rememberCause' },
    CONNECTION_LOST: { actions: 'abortWaiters' },
  },
  states: {
    start: {
      entry: { type: 'enterMode', params: { mode: 'start' } },
      on: {
        ...whileMember,
        OPEN: { actions: 'resetConnection' },
        CONFIGURATION: [{ guard: 'isAbsent', actions: beginChange }, toAlone, toRound],
        SYNC_START: { actions: 'refuseUnstarted' },
        STATE: { actions: 'refuseUnstarted' },
        UPDATE: { actions: 'refuseUnstarted' },
        UPDATE_COMPLETE: { actions: 'refuseUnstarted' },
        VERIFY_REQUEST: { actions: 'refuseUnstarted' },
        VERIFY: { actions: 'refuseUnstarted' },
        REPLAY: { actions: 'refuseUnstarted' },
        UNKNOWN: { actions: 'refuseUnstarted' },
      },
    },

    startSync: {
      entry: [{ type: 'enterMode', params: { mode: 'startSync' } }, 'requestStates', 'tellConfiguration'],
      on: {
        ...whileMember,
        CONFIGURATION: [
          toLeft,
          toAlone,
          // The same mode again: the actions of entering it, without its log line (M3).
          { actions: [...toRound.actions, 'requestStates', 'tellConfiguration'] },
        ],
        SYNC_START: withMessage('acceptSyncStart'),
        STATE: withMessage('storeState'),
        REPLAY: withMessage('storeReplay'),
        ROUND_SYNCED: 'synced',
        ROUND_BEHIND: 'update',
        UPDATE: withMessage('refuseUnknown'),
        UPDATE_COMPLETE: withMessage('refuseUnknown'),
        UNKNOWN: withMessage('refuseUnknown'),
        // The original leaves the group here (Q10); ignoring is invisible to peers.
        VERIFY_REQUEST: {},
        VERIFY: {},
      },
    },

    synced: {
      entry: [
        { type: 'enterMode', params: { mode: 'synced' } },
        'announceSynced',
        'drainQueues',
        'releaseRound',
        'tellConfiguration',
      ],
      on: {
        ...whileMember,
        CONFIGURATION: [
          toLeft,
          { guard: 'isAlone', actions: [...toAlone.actions, 'drainQueues', 'tellConfiguration'] },
          toRound,
        ],
        DRAINED: { actions: 'releaseHeld' },
        UPDATE_COMPLETE: { actions: ['markAllSynced', 'drainQueues'] },
        VERIFY_TIMER: { actions: 'sendVerifyRequest' },
        VERIFY_REQUEST: withMessage('answerVerifyRequest'),
        VERIFY: withMessage('judgeVerify'),
        SYNC_START: {},
        STATE: {},
        UPDATE: {},
        REPLAY: {},
        UNKNOWN: {},
      },
    },

    update: {
      entry: [{ type: 'enterMode', params: { mode: 'update' } }, 'moveQueued'],
      on: {
        ...whileMember,
        CONFIGURATION: [toLeft, toAlone, toRound],
        UPDATE: withMessage('applyUpdate'),
        UPDATE_COMPLETE: { actions: 'commitUpdates' },
        COMMITTED: { target: 'synced', actions: 'markAllSynced' },
        SYNC_START: withMessage('refuseUnknown'),
        STATE: withMessage('refuseUnknown'),
        REPLAY: withMessage('refuseUnknown'),
        UNKNOWN: withMessage('refuseUnknown'),
        VERIFY_REQUEST: {},
        VERIFY: {},
      },
    },

    leaving: {
      entry: [{ type: 'enterMode', params: { mode: 'leaving' } }, 'releaseRound', 'refuseHeld', 'leaveGroup'],
      on: {
        OPEN: { target: 'start', actions: 'resetConnection' },
        CONFIGURATION: { actions: { type: 'noteChange', params: configurationOf } },
      },
    },

    versionError: {
      entry: [{ type: 'enterMode', params: { mode: 'versionError' } }, 'releaseRound', 'abortWaiters', 'leaveGroup'],
      on: {
        CONFIGURATION: { actions: { type: 'noteChange', params: configurationOf } },
      },
    },

    error: {
      entry: [{ type: 'enterMode', params: { mode: 'error' } }, 'releaseRound', 'abortWaiters', 'leaveGroup'],
      on: {
        CONFIGURATION: { actions: { type: 'noteChange', params: configurationOf } },
        // Not connected yet: the supervisor's next start attempt sends OPEN.
        RECOVERED: { guard: 'isRecoverable', target: 'start' },
        SERIOUS_ERROR: {},
      },
    },
  },
});
