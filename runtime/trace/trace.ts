/**
 * The trace: what happened in a node or a simulated cluster, record by record, each with the record that caused it. One format
 * for simulator and nodes, version 1: lines of JSON, a header first, then records in the order of their sequence. It is
 * described by `trace.schema.json` and, for people, by simulations/trace/README.md.
 *
 * Nothing in a record may depend on the host it ran on: no session ids, no process ids of the host, no wall clock.
 */
export const trace_version = 1;

/** The first line of every trace, and of every file of a trace that is kept in several. */
export interface TraceHeader {
  readonly trace: typeof trace_version;
  /** Who wrote it. */
  readonly source: 'simulator' | 'node';
  /** Names of the nodes that are in it. */
  readonly nodes: readonly string[];
  /** Wall clock at time 0 of the records, milliseconds since the epoch; absent in a simulation. */
  readonly origin_wall_ms?: number;
  /** Simulation: options with their seed. */
  readonly options?: TraceValue;
}

/** A value that JSON can carry; bytes and dates are turned into text by `canonical.ts`. */
export type TraceValue = unknown;

interface Stamp {
  /** From 1. A record that was opened and given up leaves a gap. */
  readonly sequence: number;
  /** Virtual time in a simulation, monotonic on a node. */
  readonly time_ms: number;
  /** Name of the node; empty for what surrounds the nodes. */
  readonly node: string;
  /** The actor of that node, or a part of the world. */
  readonly actor: string;
  /** Sequence of the record in whose course this one was caused; null where the cause lies outside of the trace. */
  readonly cause: number | null;
}

/** An event that a machine took. */
export interface MachineRecord extends Stamp {
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
export interface CoreRecord extends Stamp {
  readonly kind: 'core';
  readonly core: string;
  readonly input: string;
  /** Of the input's bytes: the first 16 hexadecimal digits of their SHA-256; empty where it has none. */
  readonly digest: string;
  readonly size_bytes: number;
  readonly result: string;
}

/** A datagram leaves; its receptions and its losses have this record as their cause. */
export interface SendRecord extends Stamp {
  readonly kind: 'send';
  /** Kind of message: `token`, `frame`, `join`. */
  readonly message: string;
  readonly to: readonly string[];
  readonly digest: string;
  readonly size_bytes: number;
}

/** A process takes a datagram. */
export interface ReceiveRecord extends Stamp {
  readonly kind: 'receive';
  readonly message: string;
  readonly from: string;
  readonly size_bytes: number;
}

/** A datagram is lost on its way; `node` is its sender. */
export interface DropRecord extends Stamp {
  readonly kind: 'drop';
  readonly message: string;
  readonly to: string;
  /** `loss`, `blocked`, `down` (one of both ends is), or what else the network knows. */
  readonly reason: string;
}

/** Something was done to the cluster from outside. */
export interface FaultRecord extends Stamp {
  readonly kind: 'fault';
  readonly fault: string;
  readonly detail: TraceValue;
}

/** A client's call reaches the node. */
export interface RequestRecord extends Stamp {
  readonly kind: 'request';
  readonly request: string;
  readonly detail: TraceValue;
}

export interface LogRecord extends Stamp {
  readonly kind: 'log';
  readonly domain: string;
  readonly level: string;
  readonly message: string;
}

/** A checker found a rule violated; its cause is what violated it. */
export interface ViolationRecord extends Stamp {
  readonly kind: 'violation';
  readonly rule: string;
  readonly message: string;
}

/** Whatever else is worth a line. */
export interface NoteRecord extends Stamp {
  readonly kind: 'note';
  readonly event: string;
  readonly detail: TraceValue;
}

export type TraceRecord =
  | MachineRecord
  | CoreRecord
  | SendRecord
  | ReceiveRecord
  | DropRecord
  | FaultRecord
  | RequestRecord
  | LogRecord
  | ViolationRecord
  | NoteRecord;

type WithoutStamp<R> = R extends TraceRecord
  ? Omit<R, 'sequence' | 'time_ms' | 'cause' | 'digest' | 'size_bytes'>
  : never;
type Bare = WithoutStamp<TraceRecord>;
type WithBytes<R> = R extends { readonly kind: 'core' | 'send' | 'receive' }
  ? R & { readonly bytes: Uint8Array | undefined }
  : R;

/** A record before the writer stamped it. Bytes are given as they are: the writer says their size and digest. */
export type UnstampedRecord = WithBytes<Bare>;

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
  /** Writes a record without a course of its own; returns its sequence. */
  put(record: UnstampedRecord, cause?: number): number;
  /** What still happens in the course that `within` has opened is caused by this record; nothing outside of one. */
  follow(sequence: number): void;
}
