/** A run as the page holds it: columns, and blocks that are unpacked when somebody looks. Runs in browsers and in Node. */
import type { TraceRecord } from '../../../runtime/trace/trace.ts';
import {
  BLOCK_RECORDS,
  COLUMNS,
  type ColumnName,
  type FactSeries,
  type Head,
  KINDS,
  type Kind,
  MAGIC,
  type Section,
} from './layout.ts';

/** The file is none of this form; the message is for people. */
export class RunUnreadable extends Error {}

const MAGIC_bytes = 8;
const blocksKept = 16;

export class Run {
  readonly head: Head;
  readonly count: number;
  /** Milliseconds, ascending but for a clock that was read late. */
  readonly times: Float64Array;
  readonly sequences: Float64Array;
  readonly kinds: Uint8Array;
  readonly tracks: Uint16Array;
  readonly labels: Uint32Array;
  readonly causes: Uint32Array;
  readonly peers: Uint16Array;
  readonly before: Uint16Array;
  readonly after: Uint16Array;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #blocks = new Map<number, Promise<readonly string[]>>();
  /** By track: positions at which its machine's state changed. */
  readonly #changes: readonly (readonly number[])[];
  #effects: { readonly starts: Uint32Array; readonly targets: Uint32Array } | undefined;

  private constructor(head: Head, columns: Record<ColumnName, ArrayBuffer>, bytes: Uint8Array, start: number) {
    this.head = head;
    this.count = head.count;
    this.times = summed(new Float64Array(columns.time), 1000);
    this.sequences = summed(new Float64Array(columns.sequence), 1);
    this.kinds = new Uint8Array(columns.kind);
    this.tracks = new Uint16Array(columns.track);
    this.labels = new Uint32Array(columns.label);
    this.causes = new Uint32Array(columns.cause);
    this.peers = new Uint16Array(columns.peer);
    this.before = new Uint16Array(columns.before);
    this.after = new Uint16Array(columns.after);
    this.#bytes = bytes;
    this.#start = start;
    this.#changes = this.#findChanges();
  }

  /** Rejects with `RunUnreadable`. */
  static async of(bytes: Uint8Array): Promise<Run> {
    const magic = String.fromCharCode(...bytes.subarray(0, MAGIC_bytes));
    if (magic !== MAGIC) throw new RunUnreadable('this is no run that the visualizer can show');
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC_bytes, true);
    const headStart = MAGIC_bytes + 4;
    const start = headStart + length;
    const head = JSON.parse(text(await unpacked(bytes.subarray(headStart, start)))) as Head;
    const names = Object.keys(COLUMNS) as ColumnName[];
    const packed = ({ offset, length: size }: Section) => bytes.subarray(start + offset, start + offset + size);
    const columns = await Promise.all(names.map(async (name) => [name, await unpacked(packed(head.columns[name]))]));
    return new Run(head, Object.fromEntries(columns) as Record<ColumnName, ArrayBuffer>, bytes, start);
  }

  kind(at: number): Kind {
    return KINDS[this.kinds[at]!]!;
  }

  label(at: number): string {
    return this.head.labels[this.labels[at]!] ?? '';
  }

  /** Position of the cause; -1 for none. */
  cause(at: number): number {
    const distance = this.causes[at]!;
    return distance === 0 ? -1 : at - distance;
  }

  /** Number of the node; -1 for what surrounds the nodes. */
  node(at: number): number {
    return this.head.tracks[this.tracks[at]!]?.node ?? -1;
  }

  nodeName(at: number): string {
    return this.head.nodes[this.node(at)] ?? '';
  }

  /** Whole record; unpacks its block. */
  async record(at: number): Promise<TraceRecord> {
    const number = Math.floor(at / BLOCK_RECORDS);
    let block = this.#blocks.get(number);
    if (block === undefined) {
      const { offset, length } = this.head.blocks[number]!;
      const from = this.#start + offset;
      block = unpacked(this.#bytes.subarray(from, from + length)).then((bytes) => text(bytes).split('\n'));
      this.#blocks.set(number, block);
      const [oldest] = this.#blocks.keys();
      if (this.#blocks.size > blocksKept && oldest !== undefined) this.#blocks.delete(oldest);
    }
    const line = (await block)[at - number * BLOCK_RECORDS]!;
    const cause = this.cause(at);
    const { actor } = this.head.tracks[this.tracks[at]!]!;
    return {
      sequence: this.sequences[at],
      time_ms: this.times[at],
      node: this.nodeName(at),
      actor,
      cause: cause < 0 ? null : this.sequences[cause],
      kind: this.kind(at),
      ...(JSON.parse(line) as object),
    } as TraceRecord;
  }

  /** Positions at which the state of this track's machine changed, ascending. */
  changes(track: number): readonly number[] {
    return this.#changes[track] ?? [];
  }

  /** Name of the state of this track's machine after the record `at`; empty before it began. */
  stateAt(track: number, at: number): string {
    const changes = this.changes(track);
    const last = changes[countUpTo(changes, at) - 1];
    return last === undefined ? '' : (this.head.states[this.after[last]!] ?? '');
  }

  /** First position whose time isn't before `time_ms`; `count` where there is none. */
  positionAt(time_ms: number): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle]! < time_ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Positions of what this record has caused. */
  effects(at: number): Uint32Array {
    this.#effects ??= this.#findEffects();
    const { starts, targets } = this.#effects;
    return targets.subarray(starts[at]!, starts[at + 1]!);
  }

  /** The record and all that led to it or came of it, at most `most` in either direction; ascending. */
  cone(at: number, most: number): Uint32Array {
    const found: number[] = [at];
    for (let cause = this.cause(at); cause >= 0 && found.length < most; cause = this.cause(cause)) found.push(cause);
    const queue = [at];
    for (let head = 0; head < queue.length && queue.length < most; head += 1) {
      for (const effect of this.effects(queue[head]!)) queue.push(effect);
    }
    found.push(...queue.slice(1, most));
    return Uint32Array.from(found).sort();
  }

  #findChanges(): readonly (readonly number[])[] {
    const changes: number[][] = this.head.tracks.map(() => []);
    for (let at = 0; at < this.count; at += 1) {
      if (this.kinds[at] === 0 && this.before[at] !== this.after[at]) changes[this.tracks[at]!]!.push(at);
    }
    return changes;
  }

  #findEffects(): { readonly starts: Uint32Array; readonly targets: Uint32Array } {
    const starts = new Uint32Array(this.count + 2);
    for (let at = 0; at < this.count; at += 1) {
      const cause = this.cause(at);
      if (cause >= 0) starts[cause + 2]! += 1;
    }
    for (let at = 2; at < starts.length; at += 1) starts[at]! += starts[at - 1]!;
    const targets = new Uint32Array(starts[this.count + 1]!);
    for (let at = 0; at < this.count; at += 1) {
      const cause = this.cause(at);
      if (cause >= 0) targets[starts[cause + 1]!++] = at;
    }
    return { starts, targets };
  }
}

/** The value of a fact after the record `at`; undefined before its first. */
export function factAt({ at, values }: FactSeries, position: number): string | undefined {
  return values[countUpTo(at, position) - 1];
}

/** How many of the ascending numbers are not above `limit`. */
export function countUpTo(numbers: ArrayLike<number>, limit: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function summed(differences: Float64Array, divisor: number): Float64Array {
  let sum = 0;
  for (let at = 0; at < differences.length; at += 1) {
    sum += differences[at]!;
    differences[at] = sum / divisor;
  }
  return differences;
}

function text(bytes: ArrayBuffer): string {
  return new TextDecoder().decode(bytes);
}

async function unpacked(bytes: Uint8Array): Promise<ArrayBuffer> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream as never).arrayBuffer();
}
