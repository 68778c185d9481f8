/**
 * An index of a trace up to its first violation: a few bytes per record, so that causes can be followed back through a trace
 * that doesn't fit into memory. The records themselves stay in the file.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { headerOf, recordOf, TraceUnreadable, traceLines } from '../../runtime/trace/reader.ts';
import type { TraceHeader, TraceRecord, ViolationRecord } from '../../runtime/trace/trace.ts';

/** Machine notes after which a node says nothing any more. */
const HALTS: ReadonlySet<string> = new Set(['crash', 'power loss', 'stop', 'pause']);
/** How actors that are locks are called. */
const LOCKS = '/priv/lock/';
const first_line_bytes = 4096;

/** Sequences, ascending. */
type Sequences = number[];

export class TraceIndex {
  readonly header: TraceHeader;
  readonly violation: ViolationRecord | undefined;
  readonly #file: number;
  readonly #offsets: readonly number[];
  /** By `node/actor`: records that changed the state of one of the actor's machines. */
  readonly #changes: ReadonlyMap<string, Sequences>;
  readonly #halts: Sequences;
  readonly #drops: Sequences;
  readonly #tokenDrops: Sequences;
  readonly #faults: Sequences;

  private constructor(path: string, header: TraceHeader, build: Build) {
    this.header = header;
    this.violation = build.violation;
    this.#offsets = build.offsets;
    this.#changes = build.changes;
    this.#halts = build.halts;
    this.#drops = build.drops;
    this.#tokenDrops = build.tokenDrops;
    this.#faults = build.faults;
    this.#file = openSync(path, 'r');
  }

  /** Reads the trace at `path` up to its first violation. Rejects with `TraceUnreadable`. */
  static async of(path: string): Promise<TraceIndex> {
    const build = new Build();
    let header: TraceHeader | undefined;
    let line = 0;
    for await (const { text, offset } of traceLines(path)) {
      line += 1;
      if (header === undefined) {
        header = headerOf(text, path);
        continue;
      }
      const record = recordOf(text);
      if (record === undefined) throw new TraceUnreadable(`${path}, line ${line}: no record of a trace`);
      if ('trace' in record) continue;
      build.add(record, offset);
      if (build.violation !== undefined) break;
    }
    if (header === undefined) throw new TraceUnreadable(`${path} is empty`);
    return new TraceIndex(path, header, build);
  }

  record(sequence: number): TraceRecord | undefined {
    const offset = this.#offsets[sequence];
    if (offset === undefined) return undefined;
    const record = recordOf(this.#lineAt(offset));
    return record === undefined || 'trace' in record ? undefined : record;
  }

  /** The last records before `sequence` that changed the state of a machine of `node`, one per actor; locks aside. */
  statesBefore(sequence: number, node: string): number[] {
    return this.#changesBefore(sequence, (key) => key.startsWith(`${node}/`) && !key.includes(LOCKS));
  }

  /** The same for the locks of these names. */
  locksBefore(sequence: number, node: string, names: ReadonlySet<string>): number[] {
    const isMeant = (key: string): boolean => names.has(key.slice(key.lastIndexOf('/') + 1));
    return this.#changesBefore(sequence, (key) => key.startsWith(`${node}${LOCKS}`) && isMeant(key));
  }

  #changesBefore(sequence: number, isMeant: (key: string) => boolean): number[] {
    const found: number[] = [];
    for (const [key, changes] of this.#changes) {
      const last = isMeant(key) ? lastBefore(changes, sequence) : undefined;
      if (last !== undefined) found.push(last);
    }
    return found;
  }

  /** The last time before `sequence` that a node fell silent. */
  haltBefore(sequence: number): number | undefined {
    return lastBefore(this.#halts, sequence);
  }

  /** The last loss before `sequence`: of a token, if there is one. */
  dropsBefore(sequence: number): readonly number[] {
    return [lastBefore(this.#tokenDrops, sequence), lastBefore(this.#drops, sequence)].filter((at) => at !== undefined);
  }

  /** Faults before `sequence`, the last one first. */
  *faultsBefore(sequence: number): Generator<number> {
    for (let at = countBefore(this.#faults, sequence) - 1; at >= 0; at -= 1) yield this.#faults[at]!;
  }

  close(): void {
    closeSync(this.#file);
  }

  #lineAt(offset: number): string {
    for (let size = first_line_bytes; ; size *= 4) {
      const bytes = Buffer.alloc(size);
      const read = readSync(this.#file, bytes, 0, size, offset);
      const end = bytes.subarray(0, read).indexOf(0x0a);
      if (end >= 0 || read < size) return bytes.toString('utf8', 0, end >= 0 ? end : read);
    }
  }
}

class Build {
  readonly offsets: number[] = [0];
  readonly changes = new Map<string, Sequences>();
  readonly halts: Sequences = [];
  readonly drops: Sequences = [];
  readonly tokenDrops: Sequences = [];
  readonly faults: Sequences = [];
  violation: ViolationRecord | undefined;

  add(record: TraceRecord, offset: number): void {
    const { sequence } = record;
    while (this.offsets.length <= sequence) this.offsets.push(offset);
    this.offsets[sequence] = offset;
    if (record.kind === 'violation') this.violation = record;
    else if (record.kind === 'drop') {
      this.drops.push(sequence);
      if (record.message === 'token') this.tokenDrops.push(sequence);
    } else if (record.kind === 'fault') this.faults.push(sequence);
    else if (record.kind === 'note' && record.actor === 'machine' && HALTS.has(record.event)) this.halts.push(sequence);
    else if (record.kind === 'machine' && JSON.stringify(record.before) !== JSON.stringify(record.after)) {
      const key = `${record.node}/${record.actor}`;
      const changes = this.changes.get(key) ?? [];
      changes.push(sequence);
      this.changes.set(key, changes);
    }
  }
}

function countBefore(sequences: Sequences, sequence: number): number {
  let [low, high] = [0, sequences.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sequences[middle]! < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}

function lastBefore(sequences: Sequences, sequence: number): number | undefined {
  return sequences[countBefore(sequences, sequence) - 1];
}
