/**
 * The form in which the page gets a run: one file, columns instead of records.
 *
 *   magic (8 bytes) · length of the head (u32, little-endian) · head (JSON, gzip) · sections (gzip each)
 *
 * A column holds one number per record, in the order of the trace; texts are numbers of the head's dictionaries. What a column
 * doesn't hold is in *blocks*: the JSON of `BLOCK_RECORDS` records each, unpacked when somebody looks at one of them.
 */
import type { MachineDescription } from '../charts/machine-description.ts';

export const MAGIC = 'PVEVIS01';
export const BLOCK_RECORDS = 1024;

/** Order is the number in the column `kind`. */
export const KINDS = [
  'machine',
  'core',
  'send',
  'receive',
  'drop',
  'fault',
  'request',
  'log',
  'violation',
  'note',
] as const;
export type Kind = (typeof KINDS)[number];

export const COLUMNS = {
  /** Microseconds since the record before. */
  time: Float64Array,
  /** Difference of the sequence to the one of the record before. */
  sequence: Float64Array,
  kind: Uint8Array,
  /** Node, actor and machine: number in `tracks`. */
  track: Uint16Array,
  /** In one word what happened: number in `labels`. */
  label: Uint32Array,
  /** How many records before this one its cause is; 0 for none. */
  cause: Uint32Array,
  /** The other end of a datagram: number in `nodes`, plus 1. */
  peer: Uint16Array,
  /** Of a machine, before and after its event: number in `states`; 0 for none. */
  before: Uint16Array,
  after: Uint16Array,
} as const;
export type ColumnName = keyof typeof COLUMNS;

export interface Track {
  /** Number in `nodes`; -1 for what surrounds the nodes. */
  readonly node: number;
  readonly actor: string;
  /** As in the record: `dfsm`, `ha-resource vm:101`; empty where it is no machine. */
  readonly machine: string;
}

/** A stretch in which something was wrong: a fault from its begin to its end. */
export interface Band {
  readonly from_ms: number;
  readonly to_ms: number;
  readonly text: string;
  /** Nodes that are meant, by number; empty for all. */
  readonly nodes: readonly number[];
}

export interface ChainLink {
  /** Position of the record. */
  readonly at: number;
  readonly by: 'cause' | 'state' | 'silence' | 'fault' | undefined;
}

export interface Invariant {
  readonly rule: string;
  /** What is lost where it doesn't hold. */
  readonly why: string;
  /** Positions of its violations, ascending, and their sentences. */
  readonly violations: readonly { readonly at: number; readonly message: string }[];
}

/** Value of a node's fact from a record on. */
export interface FactSeries {
  readonly node: number;
  readonly key: string;
  /** Positions, ascending. */
  readonly at: readonly number[];
  readonly values: readonly string[];
}

export interface Section {
  /** From the end of the head on. */
  readonly offset: number;
  readonly length: number;
}

export interface Head {
  /** What people gave: a file's name, `seed 7`. */
  readonly title: string;
  readonly source: 'simulator' | 'node';
  readonly origin_wall_ms: number | undefined;
  readonly options: unknown;
  readonly nodes: readonly string[];
  readonly count: number;
  readonly tracks: readonly Track[];
  readonly labels: readonly string[];
  readonly states: readonly string[];
  readonly facts: readonly FactSeries[];
  readonly bands: readonly Band[];
  readonly invariants: readonly Invariant[];
  /** From a fault to the first violation. */
  readonly chain: readonly ChainLink[];
  readonly machines: readonly (MachineDescription & { readonly drawing: string })[];
  readonly columns: Readonly<Record<ColumnName, Section>>;
  readonly blocks: readonly Section[];
}

/** Name of the machine in the catalogue: `ha-resource` of `ha-resource vm:101`. */
export function definitionName(machine: string): string {
  const blank = machine.indexOf(' ');
  return blank < 0 ? machine : machine.slice(0, blank);
}
