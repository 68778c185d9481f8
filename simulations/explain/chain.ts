/**
 * The shortest causal chain from a fault to a violation. An edge goes from a record back to what it was caused by:
 *
 *  cause    the record that the trace itself names: the sending of a datagram, what armed a timer, the message in whose course it was;
 *  state    the last event that put a machine of the same node into the state that it was in;
 *  silence  for a timeout: the node that fell silent, or the datagram that was lost; a timeout has no message that caused it;
 *  fault    for a datagram that was lost: what was done to the way; for an error of the store: what was done to the node.
 */
import type { FaultRecord, TraceRecord, ViolationRecord } from '../../runtime/trace/trace.ts';
import { HARMLESS_ACTS } from '../cluster/act.ts';
import type { TraceIndex } from './trace-index.ts';

export type Link = 'cause' | 'state' | 'silence' | 'fault';

export interface ChainStep {
  readonly record: TraceRecord;
  /** How the step before it in the chain led to it; undefined for the first. */
  readonly by: Link | undefined;
}

interface Edge {
  readonly to: number;
  readonly by: Link;
}

/** Events of machines that say that nothing has come. */
const TIMEOUTS: ReadonlySet<string> = new Set(['TOKEN_LOSS', 'CONSENSUS_TIMEOUT', 'MEMBERS_STUCK']);
/** Events of machines that the store brings about. */
const DISK_EVENTS: ReadonlySet<string> = new Set(['SERIOUS_ERROR']);
/** After so much time no silence is the cause of a timeout any more. */
const longest_silence_ms = 30_000;
const NO_WORDS: ReadonlySet<string> = new Set();
/** So many records further away than it is. */
const birth_distance = 6;
/** No chain that a person would read is found beyond. */
const most_visited = 200_000;

/**
 * From the fault to the violation, in the order of time. Undefined where the trace has no violation. Where no fault leads to it,
 * the chain begins with the oldest record found.
 */
export function causalChain(index: TraceIndex): readonly ChainStep[] | undefined {
  const { violation } = index;
  if (violation === undefined) return undefined;
  const cameBy: Origins = new Map();
  const births = new Set<number>();
  /** Records to look at, by their distance from the violation. */
  const rings: number[][] = [[violation.sequence]];
  let oldest = violation.sequence;
  let harmless: number | undefined;
  for (let distance = 0; distance < rings.length && cameBy.size < most_visited; distance += 1) {
    for (const sequence of rings[distance] ?? []) {
      const record = index.record(sequence);
      if (record === undefined) continue;
      if (isBirth(record) && !births.has(sequence)) {
        births.add(sequence);
        ringAt(rings, distance + birth_distance).push(sequence);
        continue;
      }
      if (record.kind === 'fault') {
        if (!isHarmless(record.fault)) return chainFrom(index, sequence, cameBy);
        harmless ??= sequence;
      }
      oldest = Math.min(oldest, sequence);
      for (const { to, by } of edges(index, record)) {
        if (to === violation.sequence || cameBy.has(to)) continue;
        cameBy.set(to, { from: sequence, by });
        ringAt(rings, distance + 1).push(to);
      }
    }
  }
  return chainFrom(index, harmless ?? oldest, cameBy);
}

type Origins = Map<number, { readonly from: number; readonly by: Link }>;

function ringAt(rings: number[][], distance: number): number[] {
  while (rings.length <= distance) rings.push([]);
  return rings[distance]!;
}

/** That a node has been started explains little: such a way counts as longer. */
function isBirth(record: TraceRecord): boolean {
  return record.kind === 'machine' && record.before === null;
}

function chainFrom(index: TraceIndex, start: number, cameBy: Readonly<Origins>): readonly ChainStep[] {
  const chain: ChainStep[] = [];
  let by: Link | undefined;
  for (let sequence: number | undefined = start; sequence !== undefined; ) {
    const record = index.record(sequence);
    if (record !== undefined) chain.push({ record, by });
    const next = cameBy.get(sequence);
    by = next?.by;
    sequence = next?.from;
  }
  return chain;
}

function isHarmless(fault: string): boolean {
  return (HARMLESS_ACTS as ReadonlySet<string>).has(fault);
}

function edges(index: TraceIndex, record: TraceRecord): readonly Edge[] {
  const { sequence, cause } = record;
  const isOccasion = record.kind === 'violation' && isMerelyOccasion(index, record);
  const found: Edge[] = cause === null || isOccasion ? [] : [{ to: cause, by: 'cause' }];
  if (record.kind === 'drop') found.push(...faultEdge(index, sequence, [record.node, record.to]));
  if (record.kind === 'machine') {
    const { type } = record.event as { readonly type: string };
    if (TIMEOUTS.has(type)) found.push(...silenceEdges(index, record));
    if (DISK_EVENTS.has(type)) found.push(...faultEdge(index, sequence, [record.node]));
  }
  if (record.kind === 'fault') found.push(...faultThatItEnds(index, record));
  const words = record.kind === 'violation' ? wordsOf(record.message) : NO_WORDS;
  const nodes = isOccasion ? namedNodes(index, words) : [record.node];
  // What is said of a lock is explained by the lock, as the nodes have known it.
  const locks = isOccasion ? index.header.nodes.flatMap((node) => index.locksBefore(sequence, node, words)) : [];
  const states = locks.length > 0 ? locks : nodes.flatMap((node) => index.statesBefore(sequence, node));
  if (record.kind === 'machine' && record.machine === 'lock') {
    states.push(...index.locksBefore(sequence, record.node, wordsOf(record.actor)));
  }
  for (const to of states) if (to !== cause) found.push({ to, by: 'state' });
  return found;
}

/** A checker that looks between events, or when something was done to a node, finds what has happened before. */
function isMerelyOccasion(index: TraceIndex, { cause }: ViolationRecord): boolean {
  const record = cause === null ? undefined : index.record(cause);
  return record === undefined || record.kind === 'fault' || (record.kind === 'note' && record.actor === 'machine');
}

/** Those of the message, or all. */
function namedNodes({ header }: TraceIndex, words: ReadonlySet<string>): readonly string[] {
  const named = header.nodes.filter((node) => words.has(node));
  return named.length > 0 ? named : header.nodes;
}

function wordsOf(message: string): ReadonlySet<string> {
  return new Set(message.match(/[\w-]+/g) ?? []);
}

/** A node that is started again was down by the fault that the act belongs to. */
function faultThatItEnds(index: TraceIndex, { sequence, fault, detail }: FaultRecord): readonly Edge[] {
  const { by } = (detail ?? {}) as { readonly by?: string };
  if (by === undefined || !isHarmless(fault)) return [];
  for (const at of index.faultsBefore(sequence)) {
    const record = index.record(at);
    if (record?.kind === 'fault' && (record.detail as { readonly by?: string } | null)?.by === by) {
      return [{ to: at, by: 'fault' }];
    }
  }
  return [];
}

function silenceEdges(index: TraceIndex, { sequence, time_ms }: TraceRecord): readonly Edge[] {
  const isRecent = (at: number): boolean => time_ms - (index.record(at)?.time_ms ?? 0) <= longest_silence_ms;
  const halt = index.haltBefore(sequence);
  const drop = index.dropsBefore(sequence).find(isRecent);
  const silent = [halt !== undefined && isRecent(halt) ? halt : undefined, drop];
  return silent.filter((to) => to !== undefined).map((to) => ({ to, by: 'silence' }));
}

/** The last act that did harm to one of these nodes, or to the way between them. */
function faultEdge(index: TraceIndex, sequence: number, nodes: readonly string[]): readonly Edge[] {
  const isMeant = (nodeid: number): boolean => nodes.includes(`n${nodeid}`);
  for (const at of index.faultsBefore(sequence)) {
    const record = index.record(at);
    if (record?.kind !== 'fault' || isHarmless(record.fault)) continue;
    const { node, ways = [] } = (record.detail ?? {}) as {
      readonly node?: number;
      readonly ways?: readonly (readonly [number, number])[];
    };
    const isHit = (node !== undefined && isMeant(node)) || (nodes.length > 1 && ways.some((way) => way.every(isMeant)));
    if (isHit) return [{ to: at, by: 'fault' }];
  }
  return [];
}
