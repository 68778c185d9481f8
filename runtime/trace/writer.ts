/**
 * Writers of the trace: stamps records, bounds what is kept, and hashes the whole stream.
 *
 * I1 sequence numbers have no gaps and tell the order in which records were opened
 * I2 the hash covers every record that was ended, kept or dropped: two runs are equal where their hashes are
 * I3 never more than `capacity` records are kept; a sink that is slow or fails costs records, never the node
 */
import { createHash, type Hash } from 'node:crypto';
import type { Clock } from '../clock/clock.ts';
import { canonical } from './canonical.ts';
import { type Trace, type TraceRecord, trace_version, type UnstampedRecord } from './trace.ts';

export interface TraceWriterOptions {
  readonly clock: Clock;
  /** Records kept in memory. */
  readonly capacity: number;
  /** Takes every record as one line of canonical JSON without its newline; false where it is full: the line is lost. */
  readonly sink?: (line: string) => boolean;
  /** Hash the stream (SHA-256 over the lines, each with a newline); off on live nodes. */
  readonly hashed?: boolean;
}

export class TraceWriter implements Trace {
  readonly #options: TraceWriterOptions;
  readonly #hash: Hash | undefined;
  readonly #open: { readonly sequence: number; readonly cause: number; readonly outer: number }[] = [];
  readonly #ring: TraceRecord[] = [];
  #current = 0;
  #sequence = 0;
  #written = 0;
  #lost = 0;

  constructor(options: TraceWriterOptions) {
    this.#options = options;
    this.#hash = options.hashed === true ? createHash('sha256') : undefined;
  }

  get current(): number {
    return this.#current;
  }

  /** Records that the sink did not take. */
  get lost(): number {
    return this.#lost;
  }

  within(cause: number, body: () => void): void {
    const outer = this.#current;
    const open = this.#open.length;
    this.#current = cause;
    try {
      body();
    } finally {
      this.#current = outer;
      // What a throw left open will never be ended.
      this.#open.length = open;
    }
  }

  begin(cause = this.#current): number {
    this.#sequence += 1;
    this.#open.push({ sequence: this.#sequence, cause, outer: this.#current });
    this.#current = this.#sequence;
    return this.#sequence;
  }

  end(sequence: number, record: UnstampedRecord): void {
    const at = this.#open.findLastIndex((open) => open.sequence === sequence);
    const opened = this.#open[at];
    if (opened === undefined) return;
    this.#open.length = at;
    this.#current = opened.outer;
    this.#write({
      v: trace_version,
      sequence,
      time_ms: this.#options.clock.monotonic_ms(),
      cause: opened.cause === 0 ? null : opened.cause,
      ...record,
    });
  }

  /** The records still kept, in the order they were ended. */
  records(): readonly TraceRecord[] {
    const { capacity } = this.#options;
    if (this.#written <= capacity) return [...this.#ring];
    const oldest = this.#written % capacity;
    return [...this.#ring.slice(oldest), ...this.#ring.slice(0, oldest)];
  }

  /** The hash of the stream up to now, hexadecimal; undefined where it is not hashed. */
  digest(): string | undefined {
    return this.#hash?.copy().digest('hex');
  }

  #write(record: TraceRecord): void {
    const { capacity, sink } = this.#options;
    if (capacity > 0) this.#ring[this.#written % capacity] = record;
    this.#written += 1;
    if (this.#hash === undefined && sink === undefined) return;
    const line = canonical(record);
    this.#hash?.update(`${line}\n`);
    if (sink !== undefined && !this.#sinkTakes(sink, line)) this.#lost += 1;
  }

  #sinkTakes(sink: (line: string) => boolean, line: string): boolean {
    try {
      return sink(line);
    } catch {
      return false;
    }
  }
}

/** Writes the record of one core input; the core's outputs that `body` causes have it as their cause. */
export function traceCore<R>(
  trace: Trace | undefined,
  input: {
    readonly node: string;
    readonly actor: string;
    readonly core: string;
    readonly input: string;
    readonly bytes?: Uint8Array;
  },
  body: () => R,
  resultOf: (result: R) => string,
): R {
  if (trace === undefined) return body();
  const { node, actor, core, bytes } = input;
  const sequence = trace.begin();
  let result = 'threw';
  try {
    const value = body();
    result = resultOf(value);
    return value;
  } finally {
    trace.end(sequence, {
      kind: 'core',
      node,
      actor,
      core,
      input: input.input,
      digest: bytes === undefined ? '' : createHash('sha256').update(bytes).digest('hex'),
      size_bytes: bytes?.length ?? 0,
      result,
    });
  }
}
