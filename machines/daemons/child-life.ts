/**
 * The life of one supervised child, from its supervisor's point of view. It decides when an incarnation is launched,
 * asked to stop, killed, or given up; it does none of that itself. The child may be an actor in this process, a thread
 * or a process of its own: the machine is the same.
 *
 * States:
 *   stopped      nothing runs, nothing is wanted
 *   starting     launched; not yet heard of
 *   running      up; asked for a sign of life at intervals when it has a heartbeat
 *   draining     asked to stop, may finish what it has
 *   killing      did not stop in time: killed, waiting for its end, then stopped
 *   ending       crashed, hung or failed to start: killed, waiting for its end, then deciding
 *   deciding     the supervisor is asked whether its restart intensity allows one more
 *   backing-off  waiting before the next launch
 *   failed       given up; the supervisor itself has failed
 *
 * Invariants:
 *   I1 at most one incarnation lives: after a launch, the next one comes only after `exited` of the one before
 *   I2 nothing is waited for without a bound: starting, draining, killing, ending, backing-off arm a timer on entry and
 *      disarm it on exit, and so does running where there is a heartbeat
 *   I3 a `stop` ends in stopped (or in failed, where even a kill has no effect), and is never followed by a launch
 *      before the next `start`
 *   I4 a restart happens only after the supervisor allowed it
 *   I5 a heartbeat timer that fires late is not evidence: the supervisor's own process was stalled, and the answer may be
 *      waiting unread; the child gets one more full timeout
 *
 * Source: design/architecture.md "An actor"; the terms are those of OTP's supervisor (one_for_one, intensity, period,
 * shutdown) and are applied in OTP's meaning.
 *
 * Drawing: ../drawings/child-life.svg
 */
import { assign, setup } from 'xstate';

export type ChildTimer = 'start' | 'heartbeat' | 'shutdown' | 'end' | 'back-off';

/** Bounds of one child. `heartbeat` is null for a child that shares its supervisor's event loop. */
export interface ChildLifeInput {
  readonly start_timeout_ms: number;
  readonly shutdown_ms: number;
  readonly kill_timeout_ms: number;
  readonly heartbeat: { readonly interval_ms: number; readonly timeout_ms: number } | null;
}

export type ChildLifeEvent =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'started' }
  /** Broken, though it may still exist: an uncaught error, a failed start. */
  | { readonly type: 'crashed'; readonly reason: string }
  /** Gone for certain. */
  | { readonly type: 'exited'; readonly reason: string }
  | { readonly type: 'pong' }
  | { readonly type: 'timer'; readonly timer: ChildTimer; readonly late_ms: number }
  /** The supervisor's two answers to `askRestart`. */
  | { readonly type: 'restart-allowed'; readonly delay_ms: number }
  | { readonly type: 'restart-refused'; readonly reason: string };

interface ChildLifeContext extends ChildLifeInput {
  /** Why the last incarnation ended. */
  readonly reason: string;
  readonly delay_ms: number;
  readonly pongAwaited: boolean;
}

/** A timer later than this says that the supervisor's own process was stalled (I5). */
const stall_ms = 500;

type WithContext = { readonly context: ChildLifeContext };

const armEnd = {
  type: 'arm',
  params: ({ context }: WithContext) => ({ timer: 'end' as ChildTimer, delay_ms: context.kill_timeout_ms }),
} as const;

const armHeartbeat = {
  type: 'arm',
  params: ({ context }: WithContext) => ({
    timer: 'heartbeat' as ChildTimer,
    delay_ms: context.heartbeat?.interval_ms ?? null,
  }),
} as const;

const armPong = {
  type: 'arm',
  params: ({ context }: WithContext) => ({
    timer: 'heartbeat' as ChildTimer,
    delay_ms: context.heartbeat?.timeout_ms ?? null,
  }),
} as const;

const keepUnkillable = {
  type: 'keepReason',
  params: ({ context }: WithContext) => ({ reason: `did not end within ${context.kill_timeout_ms} ms of a kill` }),
} as const;

const keepEventReason = {
  type: 'keepReason',
  params: ({ event }: { readonly event: { readonly reason: string } }) => ({ reason: event.reason }),
} as const;

export const childLife = setup({
  types: {
    context: {} as ChildLifeContext,
    events: {} as ChildLifeEvent,
    input: {} as ChildLifeInput,
  },
  actions: {
    launch: () => {},
    askToStop: () => {},
    kill: () => {},
    ping: () => {},
    /** Arms or re-arms the timer of that name; null arms nothing. */
    arm: (_, _params: { timer: ChildTimer; delay_ms: number | null }) => {},
    disarm: (_, _params: { timer: ChildTimer }) => {},
    askRestart: (_, _params: { reason: string }) => {},
    escalate: (_, _params: { reason: string }) => {},
    keepReason: assign({ reason: (_, params: { reason: string }) => params.reason }),
  },
  guards: {
    isTimer: ({ event }, params: { timer: ChildTimer }) => event.type === 'timer' && event.timer === params.timer,
    supervisorStalled: ({ context, event }) =>
      event.type === 'timer' && event.timer === 'heartbeat' && context.pongAwaited && event.late_ms > stall_ms,
    pongMissing: ({ context, event }) => event.type === 'timer' && event.timer === 'heartbeat' && context.pongAwaited,
  },
}).createMachine({
  id: 'child-life',
  context: ({ input }) => ({ ...input, reason: '', delay_ms: 0, pongAwaited: false }),
  initial: 'stopped',
  states: {
    stopped: { on: { start: 'starting' } },

    starting: {
      entry: [
        'launch',
        { type: 'arm', params: ({ context }) => ({ timer: 'start', delay_ms: context.start_timeout_ms }) },
      ],
      exit: { type: 'disarm', params: { timer: 'start' } },
      on: {
        started: 'running',
        crashed: { target: 'ending', actions: keepEventReason },
        exited: { target: 'deciding', actions: keepEventReason },
        timer: {
          guard: { type: 'isTimer', params: { timer: 'start' } },
          target: 'ending',
          actions: {
            type: 'keepReason',
            params: ({ context }) => ({ reason: `did not start within ${context.start_timeout_ms} ms` }),
          },
        },
        stop: 'killing',
      },
    },

    running: {
      entry: [assign({ pongAwaited: false }), armHeartbeat],
      exit: { type: 'disarm', params: { timer: 'heartbeat' } },
      on: {
        crashed: { target: 'ending', actions: keepEventReason },
        exited: { target: 'deciding', actions: keepEventReason },
        pong: { actions: [assign({ pongAwaited: false }), armHeartbeat] },
        timer: [
          { guard: 'supervisorStalled', actions: armPong },
          {
            guard: 'pongMissing',
            target: 'ending',
            actions: {
              type: 'keepReason',
              params: ({ context }) => ({ reason: `no sign of life for ${context.heartbeat?.timeout_ms ?? 0} ms` }),
            },
          },
          {
            guard: { type: 'isTimer', params: { timer: 'heartbeat' } },
            actions: [assign({ pongAwaited: true }), 'ping', armPong],
          },
        ],
        stop: 'draining',
      },
    },

    draining: {
      entry: [
        'askToStop',
        { type: 'arm', params: ({ context }) => ({ timer: 'shutdown', delay_ms: context.shutdown_ms }) },
      ],
      exit: { type: 'disarm', params: { timer: 'shutdown' } },
      on: {
        exited: 'stopped',
        crashed: 'killing',
        timer: { guard: { type: 'isTimer', params: { timer: 'shutdown' } }, target: 'killing' },
      },
    },

    killing: {
      entry: ['kill', armEnd],
      exit: { type: 'disarm', params: { timer: 'end' } },
      on: {
        exited: 'stopped',
        timer: { guard: { type: 'isTimer', params: { timer: 'end' } }, target: 'failed', actions: keepUnkillable },
      },
    },

    ending: {
      entry: ['kill', armEnd],
      exit: { type: 'disarm', params: { timer: 'end' } },
      on: {
        exited: 'deciding',
        stop: 'killing',
        timer: { guard: { type: 'isTimer', params: { timer: 'end' } }, target: 'failed', actions: keepUnkillable },
      },
    },

    deciding: {
      entry: { type: 'askRestart', params: ({ context }) => ({ reason: context.reason }) },
      on: {
        'restart-allowed': {
          target: 'backing-off',
          actions: assign({ delay_ms: ({ event }) => event.delay_ms }),
        },
        'restart-refused': {
          target: 'failed',
          actions: keepEventReason,
        },
        stop: 'stopped',
      },
    },

    'backing-off': {
      entry: { type: 'arm', params: ({ context }) => ({ timer: 'back-off', delay_ms: context.delay_ms }) },
      exit: { type: 'disarm', params: { timer: 'back-off' } },
      on: {
        timer: { guard: { type: 'isTimer', params: { timer: 'back-off' } }, target: 'starting' },
        stop: 'stopped',
      },
    },

    failed: { entry: { type: 'escalate', params: ({ context }) => ({ reason: context.reason }) } },
  },
});
