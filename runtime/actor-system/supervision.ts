/**
 * What the actor system needs from the machines that decide about children. `runtime/` may not import `machines/`, so
 * whoever composes a node hands them in: `machines/daemons/child-life.ts` and `restart-intensity.ts` fit.
 */
import type { AnyStateMachine } from 'xstate';
import type { ActorMode, ActorSource } from './host.ts';

export interface BackOff {
  readonly initial_ms: number;
  readonly max_ms: number;
}

export interface RestartPolicy {
  ask(
    child: string,
    now_ms: number,
    backOff: BackOff,
    reason: string,
  ): { readonly allowed: true; readonly delay_ms: number } | { readonly allowed: false; readonly reason: string };
}

export interface Supervision {
  /** The machine of one child's life: actions launch, askToStop, kill, ping, arm, disarm, askRestart, escalate. */
  readonly life: AnyStateMachine;
  /** Intensity and period of the supervisor, over all its children. */
  readonly restarts: RestartPolicy;
}

/** One child of the supervisor (strategy one_for_one). */
export interface ChildSpec {
  readonly name: string;
  readonly mode: ActorMode;
  readonly source: ActorSource;
  /** Above 1: that many incarnations `name#1`, `name#2`, …; a message to `name` goes to them in turn. */
  readonly clusterSize?: number;
  readonly bounds?: Partial<ChildBounds>;
}

export interface ChildBounds {
  readonly start_timeout_ms: number;
  /** Time to drain before it is killed. */
  readonly shutdown_ms: number;
  /** Time that a kill may take before the child counts as unkillable. */
  readonly kill_timeout_ms: number;
  readonly heartbeat: { readonly interval_ms: number; readonly timeout_ms: number };
  readonly backOff: BackOff;
}

/** The start bound is generous: a fork takes 0.3 s on a quiet machine and ten times that on a busy one. */
export const defaultBounds: ChildBounds = {
  start_timeout_ms: 30_000,
  shutdown_ms: 5_000,
  kill_timeout_ms: 5_000,
  heartbeat: { interval_ms: 5_000, timeout_ms: 10_000 },
  backOff: { initial_ms: 100, max_ms: 10_000 },
};

export type ChildState =
  | 'stopped'
  | 'starting'
  | 'running'
  | 'draining'
  | 'killing'
  | 'ending'
  | 'deciding'
  | 'backing-off'
  | 'failed';

export interface ChildStatus {
  readonly name: string;
  readonly mode: ActorMode;
  readonly state: ChildState;
  readonly restarts: number;
  readonly pid: number | undefined;
  /** Messages waiting or in hand, by member. */
  readonly mailboxes: { readonly [member: string]: number };
  /** Why the last incarnation ended; empty where none has. */
  readonly lastEnd: string;
  /** Since when the incarnation that runs has given no sign of life; undefined where none runs. */
  readonly silent_ms: number | undefined;
}
