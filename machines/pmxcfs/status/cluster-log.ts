/**
 * The cluster log (spec/pmxcfs.md §6.4): what is written into the ring, which entries are accepted, and how the rings of
 * all members become one in a round.
 *
 * Invariants:
 *  I1 an entry of a node is accepted only if its (time, uid) is newer than all before it of that node;
 *  I2 a merged ring is ascending by (time, node digest, uid) and holds no such key twice;
 *  I3 what is merged is a function of the set of entries, but for entries of equal seconds at the limit of the size.
 */
import type { Buffer } from 'node:buffer';
import { asciiFilter } from '../../../runtime/formats/ascii-filter.ts';
import { fnv1a64 } from '../../../runtime/formats/fnv.ts';
import {
  CLUSTER_LOG_OVERHEAD_BYTES,
  type ClusterLogEntry,
  encodeClusterLogEntry,
} from '../messages/cluster-log-entry.ts';
import { LogRing, MAX_ENTRY_BYTES, RING_BYTES, type RingEntry, ringRoom } from './log-ring.ts';

/** A merge stops once it has taken this much: a ring less its header and one entry. */
const MERGE_BYTES = RING_BYTES - MAX_ENTRY_BYTES - 8;
const MAX_STRING_BYTES = 254;
/** Data starts four bytes before the accounted overhead ends (§6.4). */
const PAD_BYTES = 4;

/** Something to log, by a client or by the daemon itself. */
export interface LogMessage {
  /** 0..7. */
  readonly priority: number;
  /** Byte strings. */
  readonly ident: string;
  readonly tag: string;
  /** As it came: any bytes. */
  readonly message: Buffer;
  /** Process that logs. */
  readonly pid: number;
  readonly time_s: number;
}

type EntryKey = Pick<ClusterLogEntry, 'time_s' | 'nodeDigest' | 'uid'>;

/** Ascending by time, node digest, uid. */
function compareKeys(a: EntryKey, b: EntryKey): number {
  if (a.time_s !== b.time_s) return a.time_s - b.time_s;
  if (a.nodeDigest !== b.nodeDigest) return a.nodeDigest < b.nodeDigest ? -1 : 1;
  return a.uid - b.uid;
}

export class ClusterLog {
  readonly #nodeName: string;
  readonly #nodeDigest: bigint;
  #ring = LogRing.empty();
  #lastUid = 0;
  /** Newest (time, uid) seen per node digest. */
  readonly #newest = new Map<bigint, EntryKey>();

  /** `nodeName` is the own node's, a byte string. */
  constructor(nodeName: string) {
    this.#nodeName = nodeName.slice(0, MAX_STRING_BYTES);
    this.#nodeDigest = fnv1a64(this.#nodeName);
  }

  /**
   * Writes an entry of this node. `payload` is the entry for the others; `inserted` is false where the clock has gone
   * back behind the last entry (I1).
   */
  add(message: LogMessage): { readonly payload: Buffer; readonly inserted: boolean } {
    const entry = this.#entryOf(message);
    const payload = encodeClusterLogEntry(entry);
    return { payload, inserted: this.insert(entry, payload) };
  }

  #entryOf({ priority, pid, time_s, ...text }: LogMessage): ClusterLogEntry {
    const ident = text.ident.slice(0, MAX_STRING_BYTES);
    const tag = text.tag.slice(0, MAX_STRING_BYTES);
    const strings_bytes = this.#nodeName.length + ident.length + tag.length + 3;
    const limit_bytes = MAX_ENTRY_BYTES - (CLUSTER_LOG_OVERHEAD_BYTES - PAD_BYTES) - strings_bytes;
    this.#lastUid = (this.#lastUid + 1) >>> 0;
    return {
      prev: 0,
      next: 0,
      uid: this.#lastUid,
      time_s,
      nodeDigest: this.#nodeDigest,
      identDigest: fnv1a64(ident),
      pid: pid >>> 0,
      priority,
      node: this.#nodeName,
      ident,
      tag,
      message: asciiFilter(text.message, true, limit_bytes),
    };
  }

  /** Takes an entry, own or received, with its encoded form; false for one that is not newer (I1). */
  insert(entry: ClusterLogEntry, encoded: Buffer): boolean {
    if (!this.#recordIfNewer(entry)) return false;
    this.#ring.append(encoded);
    return true;
  }

  #recordIfNewer(key: EntryKey): boolean {
    const newest = this.#newest.get(key.nodeDigest);
    if (newest !== undefined && compareKeys(key, newest) <= 0) return false;
    this.#newest.set(key.nodeDigest, { time_s: key.time_s, nodeDigest: key.nodeDigest, uid: key.uid });
    return true;
  }

  /** Newest first. The log must not change during the walk. */
  walk(): Iterable<RingEntry> {
    return this.#ring.walk();
  }

  /** Sorts the ring and returns a copy of it, the state blob of a round. */
  state(): Buffer {
    this.#ring = ringOf([...this.#ring.walk()]);
    return this.#ring.copy();
  }

  /**
   * Takes over the entries of all members' rings, newest first until the ring is full. `rings` are in member order,
   * undefined for one that can't be used; the own place, `own`, stands for the live ring.
   */
  merge(rings: readonly (LogRing | undefined)[], own: number): void {
    const walks = rings.map((ring, at) => (at === own ? this.#ring : ring)?.walk() ?? [].values());
    const taken = new Map<string, RingEntry>();
    let taken_bytes = 0;
    for (const candidate of newestFirst(walks)) {
      const { entry, bytes } = candidate;
      const key = `${entry.time_s}/${entry.nodeDigest}/${entry.uid}`;
      if (taken.has(key)) continue;
      taken.set(key, candidate);
      this.#recordIfNewer(entry);
      taken_bytes += ringRoom(bytes.length);
      if (taken_bytes >= MERGE_BYTES) break;
    }
    this.#ring = ringOf([...taken.values()]);
  }
}

/** All entries of all walks, always the one with the greatest time next; of equal ones, that of the first walk. */
function* newestFirst(walks: readonly Iterator<RingEntry>[]): Generator<RingEntry> {
  const heads = walks.map((walk) => headOf(walk));
  for (;;) {
    const times = heads.map((head) => head?.entry.time_s ?? -1);
    const best = times.indexOf(Math.max(...times));
    const head = heads[best];
    if (head === undefined) return;
    yield head;
    heads[best] = headOf(walks[best]);
  }
}

function headOf(walk: Iterator<RingEntry> | undefined): RingEntry | undefined {
  return walk?.next().value;
}

/** A fresh ring with these entries in ascending order. */
function ringOf(entries: readonly RingEntry[]): LogRing {
  const ring = LogRing.empty();
  for (const { bytes } of entries.toSorted((a, b) => compareKeys(a.entry, b.entry))) ring.append(bytes);
  return ring;
}
