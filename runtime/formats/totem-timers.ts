/**
 * The timers of the group layer from the options of `totem { }` (spec/pmxcfs.md §7.4, §13.2.3): the one place of these formulas.
 *
 * Formulas are in integers, because `floor(1.2 × token)` must not depend on how a binary fraction rounds.
 */
import type { TotemTimers } from './cluster-config.ts';

/** Options of `totem { }` that bear on timers and limits, as written in the file; milliseconds unless a limit. */
export interface TotemOptions {
  readonly token?: number | undefined;
  readonly token_coefficient?: number | undefined;
  readonly token_retransmits_before_loss_const?: number | undefined;
  readonly token_retransmit?: number | undefined;
  readonly hold?: number | undefined;
  readonly consensus?: number | undefined;
  readonly join?: number | undefined;
  readonly merge?: number | undefined;
  readonly downcheck?: number | undefined;
  readonly send_join?: number | undefined;
  readonly fail_recv_const?: number | undefined;
  readonly seqno_unchanged_const?: number | undefined;
  readonly window_size?: number | undefined;
  readonly max_messages?: number | undefined;
  readonly miss_count_const?: number | undefined;
  readonly token_warning?: number | undefined;
}

/** No timer is shorter than this; only `send_join` may be 0. */
export const MINIMUM_TIMER_MS = 30;

const COROSYNC_TOKEN_MS = 3000;
const COROSYNC_TOKEN_COEFFICIENT_MS = 650;
const EMBEDDED_TOKEN_MS = 900;
const EMBEDDED_TOKEN_COEFFICIENT_MS = 125;
/** A token that goes on without work costs processors, and its holder can let go at once. */
const EMBEDDED_IDLE_ROTATIONS = 1;

/** Effective timers of a cluster of `nodes` configured nodes, with the group engine's own defaults (§7.4). */
export function totemTimers(options: TotemOptions, nodes: number): TotemTimers {
  const base = options.token ?? COROSYNC_TOKEN_MS;
  const coefficient = options.token_coefficient ?? COROSYNC_TOKEN_COEFFICIENT_MS;
  const token_ms = timer(base + Math.max(0, nodes - 2) * coefficient);
  const losses = options.token_retransmits_before_loss_const ?? 4;
  const token_retransmit_ms = timer(options.token_retransmit ?? Math.floor((5 * token_ms) / (5 * losses + 1)));
  return {
    token_ms,
    token_retransmit_ms,
    hold_ms: timer(options.hold ?? Math.floor((4 * token_retransmit_ms) / 5) - 10),
    consensus_ms: timer(options.consensus ?? Math.floor((6 * token_ms) / 5)),
    join_ms: timer(options.join ?? 50),
    merge_ms: timer(options.merge ?? 200),
    downcheck_ms: timer(options.downcheck ?? 1000),
    send_join_ms: options.send_join ?? 0,
    fail_recv_const: options.fail_recv_const ?? 2500,
    seqno_unchanged_const: options.seqno_unchanged_const ?? 30,
    window_size: options.window_size ?? 50,
    max_messages: options.max_messages ?? 17,
    miss_count_const: options.miss_count_const ?? 5,
    token_warning: options.token_warning ?? 75,
  };
}

/**
 * Effective timers of the embedded `udp` transport (§13.2.3): without `token` the shorter defaults, which find a silent
 * death of one of three nodes within 2.5 s; with `token` exactly the timers that the group engine would use. An idle token is
 * held after one rotation.
 */
export function embeddedTotemTimers(options: TotemOptions, nodes: number): TotemTimers {
  const seqno_unchanged_const = options.seqno_unchanged_const ?? EMBEDDED_IDLE_ROTATIONS;
  if (options.token !== undefined) return totemTimers({ ...options, seqno_unchanged_const }, nodes);
  const token_coefficient = options.token_coefficient ?? EMBEDDED_TOKEN_COEFFICIENT_MS;
  return totemTimers({ ...options, token: EMBEDDED_TOKEN_MS, token_coefficient, seqno_unchanged_const }, nodes);
}

function timer(value_ms: number): number {
  return Math.max(MINIMUM_TIMER_MS, value_ms);
}
