/** Makes the page's file of a run (layout.ts), record by record: it holds columns and packed blocks, never the records. */
import { gzipSync } from 'node:zlib';
import type { FaultRecord, TraceHeader, TraceRecord } from '../../../runtime/trace/trace.ts';
import { Columns, Dictionary } from './columns.ts';
import {
  type Band,
  BLOCK_RECORDS,
  COLUMNS,
  type ColumnName,
  type FactSeries,
  type Head,
  KINDS,
  MAGIC,
  type Section,
  type Track,
} from './layout.ts';
import { factsOf } from './node-facts.ts';

/** Levels of zlib: blocks are many and alike, columns few and large. */
const BLOCK_LEVEL = 5;
const COLUMN_LEVEL = 6;
/** A label is a word, not a story. */
const longestLabel_characters = 60;

/** What the records alone don't tell. */
export type Judgement = Pick<Head, 'invariants' | 'chain' | 'machines'>;

export class RunWriter {
  readonly #title: string;
  readonly #header: TraceHeader;
  readonly #columns = new Columns();
  readonly #nodes = new Dictionary();
  readonly #labels = new Dictionary();
  readonly #states = new Dictionary();
  readonly #trackNumbers = new Map<string, number>();
  readonly #tracks: Track[] = [];
  readonly #facts = new Map<string, { node: number; key: string; at: number[]; values: string[] }>();
  readonly #faults = new Map<string, { from_ms: number; to_ms: number; text: string; nodes: Set<number> }>();
  /** Sequences of the records, to find causes. */
  readonly #sequences: number[] = [];
  readonly #violations: { readonly at: number; readonly rule: string; readonly message: string }[] = [];
  #block: string[] = [];
  readonly #blocks: Uint8Array[] = [];
  #time_us = 0;
  #previousSequence = 0;

  constructor(title: string, header: TraceHeader) {
    this.#title = title;
    this.#header = header;
    for (const node of header.nodes) this.#nodes.number(node);
    this.#states.number('');
  }

  /** Names of the machines that were seen. */
  get machines(): readonly string[] {
    return [...new Set(this.#tracks.map(({ machine }) => machine).filter((machine) => machine !== ''))];
  }

  get violations(): readonly { readonly at: number; readonly rule: string; readonly message: string }[] {
    return this.#violations;
  }

  /** Position of the record with this sequence; undefined where there is none. */
  positionOf(sequence: number): number | undefined {
    let [low, high] = [0, this.#sequences.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sequences[middle]! < sequence) low = middle + 1;
      else high = middle;
    }
    return this.#sequences[low] === sequence ? low : undefined;
  }

  add(record: TraceRecord): void {
    const at = this.#columns.count;
    const { sequence, time_ms, node, actor, cause, kind, ...rest } = record;
    const time_us = Math.round(time_ms * 1000);
    const causeAt = cause === null ? undefined : this.positionOf(cause);
    this.#columns.push({
      time: time_us - this.#time_us,
      sequence: sequence - this.#previousSequence,
      kind: KINDS.indexOf(kind),
      track: this.#track(record),
      label: this.#labels.number(labelOf(record).slice(0, longestLabel_characters)),
      cause: causeAt === undefined ? 0 : at - causeAt,
      peer: this.#peer(record),
      before: record.kind === 'machine' ? this.#state(record.before) : 0,
      after: record.kind === 'machine' ? this.#state(record.after) : 0,
    });
    this.#time_us = time_us;
    this.#previousSequence = sequence;
    this.#sequences.push(sequence);
    this.#block.push(JSON.stringify(rest));
    if (this.#block.length === BLOCK_RECORDS) this.#endBlock();
    for (const fact of factsOf(record)) this.#noteFact(at, fact);
    if (record.kind === 'fault') this.#noteFault(record);
    if (record.kind === 'violation') this.#violations.push({ at, rule: record.rule, message: record.message });
  }

  finish({ invariants, chain, machines }: Judgement): Buffer {
    if (this.#block.length > 0) this.#endBlock();
    const parts: Uint8Array[] = [];
    let offset = 0;
    const put = (bytes: Uint8Array): Section => {
      const section = { offset, length: bytes.length };
      parts.push(bytes);
      offset += bytes.length;
      return section;
    };
    const names = Object.keys(COLUMNS) as ColumnName[];
    const columns = Object.fromEntries(
      names.map((name) => [name, put(gzipSync(this.#columns.bytes(name), { level: COLUMN_LEVEL }))]),
    ) as Head['columns'];
    const head: Head = {
      title: this.#title,
      source: this.#header.source,
      origin_wall_ms: this.#header.origin_wall_ms,
      options: this.#header.options,
      nodes: this.#nodes.texts,
      count: this.#columns.count,
      tracks: this.#tracks,
      labels: this.#labels.texts,
      states: this.#states.texts,
      facts: [...this.#facts.values()] satisfies readonly FactSeries[],
      bands: this.#bands(),
      invariants,
      chain,
      machines,
      columns,
      blocks: this.#blocks.map(put),
    };
    const packed = gzipSync(JSON.stringify(head), { level: COLUMN_LEVEL });
    const length = Buffer.alloc(4);
    length.writeUInt32LE(packed.length);
    return Buffer.concat([Buffer.from(MAGIC, 'latin1'), length, packed, ...parts]);
  }

  #track(record: TraceRecord): number {
    const machine = record.kind === 'machine' ? record.machine : '';
    const key = `${record.node}\n${record.actor}\n${machine}`;
    let number = this.#trackNumbers.get(key);
    if (number === undefined) {
      number = this.#tracks.length;
      this.#trackNumbers.set(key, number);
      this.#tracks.push({ node: this.#node(record.node), actor: record.actor, machine });
    }
    return number;
  }

  #node(name: string): number {
    return name === '' ? -1 : this.#nodes.number(name);
  }

  #peer(record: TraceRecord): number {
    if (record.kind === 'receive') return this.#node(record.from) + 1;
    if (record.kind === 'drop') return this.#node(record.to) + 1;
    return 0;
  }

  #state(value: unknown): number {
    return value === null || value === undefined ? 0 : this.#states.number(stateText(value));
  }

  #endBlock(): void {
    this.#blocks.push(gzipSync(this.#block.join('\n'), { level: BLOCK_LEVEL }));
    this.#block = [];
  }

  #noteFact(at: number, { node, key, value }: { node: string; key: string; value: string }): void {
    const name = `${node}\n${key}`;
    let series = this.#facts.get(name);
    if (series === undefined) {
      series = { node: this.#node(node), key, at: [], values: [] };
      this.#facts.set(name, series);
    }
    if (series.values.at(-1) === value) return;
    series.at.push(at);
    series.values.push(value);
  }

  /** Acts of one fault have its name: it lasts from the first to the last of them. */
  #noteFault({ time_ms, detail }: FaultRecord): void {
    const {
      by,
      node,
      ways = [],
    } = (detail ?? {}) as {
      readonly by?: string;
      readonly node?: number;
      readonly ways?: readonly (readonly [number, number])[];
    };
    if (by === undefined) return;
    const fault = this.#faults.get(by) ?? { from_ms: time_ms, to_ms: time_ms, text: by, nodes: new Set<number>() };
    fault.to_ms = time_ms;
    for (const one of [...(node === undefined ? [] : [node]), ...ways.flat()]) fault.nodes.add(one - 1);
    this.#faults.set(by, fault);
  }

  #bands(): readonly Band[] {
    return [...this.#faults.values()].map((fault) => ({ ...fault, nodes: [...fault.nodes].sort((a, b) => a - b) }));
  }
}

function labelOf(record: TraceRecord): string {
  switch (record.kind) {
    case 'machine':
      return (record.event as { readonly type: string }).type;
    case 'core':
      return record.input.split(' ', 1)[0]!;
    case 'send':
    case 'receive':
    case 'drop':
      return record.message;
    case 'fault':
      return record.fault;
    case 'request':
      return record.request;
    case 'log':
      return record.domain;
    case 'violation':
      return record.rule;
    case 'note':
      return record.event;
  }
}

/** As states are named in drawings: `outer.inner`; parallel ones side by side. */
function stateText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([outer, inner]) => {
      const inside = stateText(inner);
      return inside === '' ? outer : `${outer}.${inside}`;
    })
    .join(' + ');
}
