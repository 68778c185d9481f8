/**
 * Writers of the trace: stamps records, bounds what is kept, and digests the whole stream.
 *
 * I1 sequence numbers tell the order in which records were opened; lines leave in that order
 * I2 the digest covers every record that was ended, kept, written or dropped: two runs are equal where their digests are
 * I3 never more than `capacity` records are kept; a sink that is slow or fails costs records, never the node
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../clock/clock.ts';
import { canonicalValue } from './canonical.ts';
import { TraceDigest } from './digest.ts';
import type { Trace, TraceHeader, TraceRecord, UnstampedRecord } from './trace.ts';

/** The header's line comes without a record. */
export type TraceSink = (line: string, record?: TraceRecord) => boolean;

export interface TraceWriterOptions {
  readonly clock: Pick<Clock, 'monotonic_ms'>;
  /** Records kept in memory. */
  readonly capacity: number;
  /** Takes every line without its newline, with the record that it tells of; false where it is full: the line is lost. */
  readonly sink?: TraceSink | undefined;
  /** Written to the sink before all records. */
  readonly header?: TraceHeader | undefined;
  /** Digest the stream; off on live nodes. */
  readonly hashed?: boolean;
}

export class TraceWriter implements Trace {
  readonly #clock: Pick<Clock, 'monotonic_ms'>;
  readonly #capacity: number;
  readonly #sink: TraceSink | undefined;
  readonly #digest: TraceDigest | undefined;
  readonly #open: { readonly sequence: number; readonly cause: number; readonly outer: number }[] = [];
  readonly #ring: TraceRecord[] = [];
  /** Records inside of one that is still open: they leave after it. */
  #held: TraceRecord[] = [];
  #current = 0;
  #depth = 0;
  #sequence = 0;
  #written = 0;
  #lost = 0;

  constructor({ clock, capacity, sink, header, hashed = false }: TraceWriterOptions) {
    this.#clock = clock;
    this.#capacity = capacity;
    this.#sink = sink;
    this.#digest = hashed ? new TraceDigest() : undefined;
    if (sink !== undefined && header !== undefined) this.#toSink(sink, JSON.stringify(header));
  }

  get current(): number {
    return this.#current;
  }

  /** Records ended up to now. */
  get count(): number {
    return this.#written;
  }

  /** Lines that the sink did not take. */
  get lost(): number {
    return this.#lost;
  }

  within(cause: number, body: () => void): void {
    const outer = this.#current;
    const open = this.#open.length;
    this.#current = cause;
    this.#depth += 1;
    try {
      body();
    } finally {
      this.#depth -= 1;
      this.#current = outer;
      // What a throw left open will never be ended.
      if (this.#open.length > open) this.#close(open);
    }
  }

  follow(sequence: number): void {
    if (this.#depth > 0) this.#current = sequence;
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
    this.#write(sequence, opened.cause, record);
    this.#current = opened.outer;
    this.#close(at);
  }

  put(record: UnstampedRecord, cause = this.#current): number {
    this.#sequence += 1;
    this.#write(this.#sequence, cause, record);
    return this.#sequence;
  }

  /** The records still kept, in the order of their sequence. */
  records(): readonly TraceRecord[] {
    return [...this.#ring].sort((a, b) => a.sequence - b.sequence);
  }

  /** The digest of the stream up to now, hexadecimal; undefined where there is none. */
  digest(): string | undefined {
    return this.#digest?.value();
  }

  #write(sequence: number, cause: number, unstamped: UnstampedRecord): void {
    const time_ms = this.#clock.monotonic_ms();
    this.#digest?.add(sequence, time_ms, cause, unstamped);
    this.#written += 1;
    if (this.#capacity === 0 && this.#sink === undefined) return;
    const record = stamped(sequence, time_ms, cause, unstamped);
    if (this.#capacity > 0) this.#ring[(this.#written - 1) % this.#capacity] = record;
    if (this.#sink === undefined) return;
    if (this.#open.length === 0) this.#toSink(this.#sink, lineOf(record), record);
    else this.#held.push(record);
  }

  /** Forgets the open records from `at` on; when none is left, what they held leaves. */
  #close(at: number): void {
    this.#open.length = at;
    if (at > 0 || this.#held.length === 0 || this.#sink === undefined) return;
    const held = this.#held.sort((a, b) => a.sequence - b.sequence);
    this.#held = [];
    for (const record of held) this.#toSink(this.#sink, lineOf(record), record);
  }

  #toSink(sink: TraceSink, line: string, record?: TraceRecord): void {
    try {
      if (!sink(line, record)) this.#lost += 1;
    } catch {
      this.#lost += 1;
    }
  }
}

function stamped(sequence: number, time_ms: number, cause: number, unstamped: UnstampedRecord): TraceRecord {
  const { kind, node, actor, bytes, ...rest } = unstamped as UnstampedRecord & { readonly bytes?: Uint8Array };
  const stamp = { sequence, time_ms, node, actor, cause: cause === 0 ? null : cause, kind };
  if (kind === 'send' || kind === 'core') {
    return { ...stamp, ...rest, digest: digestOf(bytes), size_bytes: bytes?.length ?? 0 } as unknown as TraceRecord;
  }
  if (kind === 'receive') return { ...stamp, ...rest, size_bytes: bytes?.length ?? 0 } as unknown as TraceRecord;
  return { ...stamp, ...rest } as unknown as TraceRecord;
}

const digest_digits = 16;

function digestOf(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return '';
  return createHash('sha256').update(bytes).digest('hex').slice(0, digest_digits);
}

/** One line; keys in the order of the record, inner values in the form of `canonical.ts`. */
export function lineOf(record: TraceRecord): string {
  switch (record.kind) {
    case 'machine': {
      const { event, before, after, changed, effects } = record;
      return JSON.stringify({
        ...record,
        event: canonicalValue(event),
        before: canonicalValue(before),
        after: canonicalValue(after),
        changed: canonicalValue(changed),
        effects: canonicalValue(effects),
      });
    }
    case 'fault':
    case 'request':
    case 'note':
      return JSON.stringify({ ...record, detail: canonicalValue(record.detail) });
    default:
      return JSON.stringify(record);
  }
}
