/**
 * One cluster log entry, the payload of the kvstore's LOG and the element of the log ring (spec/pmxcfs.md §6.4).
 * The accounted size includes four pad bytes behind the message.
 */
import { Buffer } from 'node:buffer';
import { readTerminated, terminatedLength, writeTerminated } from './byte-string.ts';
import { packed, readFields, writeFields } from './layout.ts';

/** Strings are byte strings. */
export interface ClusterLogEntry {
  /** Ring offset of the previous entry; 0 in transit. */
  readonly prev: number;
  /** Ring offset behind this entry; 0 in transit. */
  readonly next: number;
  /** Running number of the process that logged, from 1. */
  readonly uid: number;
  readonly time_s: number;
  /** FNV-1a of `node` and of `ident`, with their NUL. */
  readonly nodeDigest: bigint;
  readonly identDigest: bigint;
  /** Process of the client that logged. */
  readonly pid: number;
  /** 0..7. */
  readonly priority: number;
  /** At most 254 bytes each. */
  readonly node: string;
  readonly ident: string;
  readonly tag: string;
  readonly message: string;
}

const LINKS = packed({ prev: 'u32', next: 'u32', uid: 'u32', time_s: 'u32' });
const NODE_DIGEST = 16;
const IDENT_DIGEST = 24;
const LENGTHS_AT = 32;
const LENGTHS = packed({ pid: 'u32', priority: 'u8', node: 'u8', ident: 'u8', tag: 'u8', message: 'u32' });
const STRINGS_AT = LENGTHS_AT + LENGTHS.bytes;
const PAD_BYTES = 4;

/** Size without the strings: 48. */
export const CLUSTER_LOG_OVERHEAD_BYTES = STRINGS_AT + PAD_BYTES;

const UNPARSED = 'cant parse log message';

/** Accounted size of an entry, bytes. */
export function clusterLogEntryBytes(entry: Pick<ClusterLogEntry, 'node' | 'ident' | 'tag' | 'message'>): number {
  const texts = [entry.node, entry.ident, entry.tag, entry.message];
  return texts.reduce((bytes, text) => bytes + terminatedLength(text), CLUSTER_LOG_OVERHEAD_BYTES);
}

export function encodeClusterLogEntry(entry: ClusterLogEntry): Buffer {
  const buffer = Buffer.alloc(clusterLogEntryBytes(entry));
  writeFields(LINKS, entry, buffer, 0);
  buffer.writeBigUInt64LE(entry.nodeDigest, NODE_DIGEST);
  buffer.writeBigUInt64LE(entry.identDigest, IDENT_DIGEST);
  const lengths = {
    pid: entry.pid,
    priority: entry.priority,
    node: terminatedLength(entry.node),
    ident: terminatedLength(entry.ident),
    tag: terminatedLength(entry.tag),
    message: terminatedLength(entry.message),
  };
  writeFields(LENGTHS, lengths, buffer, LENGTHS_AT);
  let at = STRINGS_AT;
  for (const text of [entry.node, entry.ident, entry.tag, entry.message]) at = writeTerminated(buffer, text, at);
  return buffer;
}

/** Decodes exactly one entry with its pad bytes. `failures`: the log lines of §6.1, in order. */
export function decodeClusterLogEntry(buffer: Buffer): ClusterLogEntry | { readonly failures: readonly string[] } {
  const least = CLUSTER_LOG_OVERHEAD_BYTES;
  if (buffer.length < least) {
    return { failures: [`received short log message (${buffer.length} < ${least})`, UNPARSED] };
  }
  const links = readFields(LINKS, buffer, 0);
  const lengths = readFields(LENGTHS, buffer, LENGTHS_AT);
  if (links === undefined || lengths === undefined) throw new Error('a log entry has no u64 number');
  const bytes = least + lengths.node + lengths.ident + lengths.tag + lengths.message;
  if (buffer.length !== bytes) {
    return { failures: [`received log message with wrong size (${buffer.length} != ${bytes})`, UNPARSED] };
  }
  const identAt = STRINGS_AT + lengths.node;
  const tagAt = identAt + lengths.ident;
  const node = readTerminated(buffer, STRINGS_AT, lengths.node);
  const ident = readTerminated(buffer, identAt, lengths.ident);
  const tag = readTerminated(buffer, tagAt, lengths.tag);
  const message = readTerminated(buffer, tagAt + lengths.tag, lengths.message);
  if (node === undefined || ident === undefined || tag === undefined || message === undefined) {
    return { failures: ['unterminated string in log message', UNPARSED] };
  }
  const nodeDigest = buffer.readBigUInt64LE(NODE_DIGEST);
  const identDigest = buffer.readBigUInt64LE(IDENT_DIGEST);
  const { pid, priority } = lengths;
  return { ...links, nodeDigest, identDigest, pid, priority, node, ident, tag, message };
}
