/**
 * The trace: one record for every event that a machine takes, and for every input of a core. The format is version 1 and
 * described by `trace-record.schema.ts`; live nodes stream it, the simulator writes it, the visualizer draws both.
 *
 * Nothing in a record may depend on the host it ran on: no session ids, no process ids, no wall clock.
 */
export const trace_version = 1;

/** A value that JSON can carry; bytes and dates are turned into text by `canonical.ts`. */
export type TraceValue = unknown;

interface RecordBase {
  readonly v: typeof trace_version;
  /** From 1, without gaps, per writer. */
  readonly sequence: number;
  /** Virtual time in a simulation, monotonic on a node. */
  readonly time_ms: number;
  readonly node: string;
  readonly actor: string;
  /** Sequence of the record in whose course this one was caused; null where the cause lies outside the trace. */
  readonly cause: number | null;
}

export interface MachineRecord extends RecordBase {
  readonly kind: 'machine';
  readonly machine: string;
  readonly event: TraceValue;
  readonly before: TraceValue;
  readonly after: TraceValue;
  /** Changed context keys with their new values. */
  readonly changed: { readonly [key: string]: TraceValue };
  readonly effects: readonly { readonly type: string; readonly params: TraceValue }[];
}

/** One input of a core: what it was, not what it held. */
export interface CoreRecord extends RecordBase {
  readonly kind: 'core';
  readonly core: string;
  readonly input: string;
  /** SHA-256 of the input's bytes, hexadecimal; empty where it has none. */
  readonly digest: string;
  readonly size_bytes: number;
  readonly result: string;
}

export type TraceRecord = MachineRecord | CoreRecord;

type WithoutStamp<R> = R extends TraceRecord ? Omit<R, 'v' | 'sequence' | 'time_ms' | 'cause'> : never;
/** A record before the writer stamped it. */
export type UnstampedRecord = WithoutStamp<TraceRecord>;

/**
 * Where records go. A writer never blocks and never throws: what exceeds its bound is counted as dropped.
 * `begin` and `end` bracket the course of one record, so that what happens inside has it as its cause.
 */
export interface Trace {
  /** The record in whose course we are now; 0 outside of any. */
  readonly current: number;
  /** Runs `body` in the course of the record `cause` (that of a message, or of the timer's arming). */
  within(cause: number, body: () => void): void;
  /** Takes the next sequence number, caused by `cause` (default: the current record), and makes it current. */
  begin(cause?: number): number;
  /** Writes the record that `begin` opened, and makes the one around it current again. */
  end(sequence: number, record: UnstampedRecord): void;
}
