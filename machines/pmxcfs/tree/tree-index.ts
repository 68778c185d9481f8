/**
 * The index: what a tree holds, as digests; the STATE blob of the group (spec/pmxcfs.md §2.5, §5.4, §5.5).
 * Two trees are in sync iff their index blobs are byte-identical.
 */
import { Buffer } from 'node:buffer';
import { readU64, writeU64 } from '../messages/u64.ts';
import type { TreeNode } from './tree-entry.ts';

const INDEX_HEADER_BYTES = 32;
const INDEX_ENTRY_BYTES = 40;
const DIGEST_BYTES = 32;

const SHORT_INDEX = 'received short memdb index (len < sizeof(memdb_index_t))';
const MALFORMED_INDEX = 'received mailformed memdb index (len != idx->bytes)';

const HEADER = { version: 0, lastInode: 8, writer: 16, mtime: 20, size: 24, bytes: 28 } as const;

/** A received index, read in place. */
export interface TreeIndex {
  readonly version: number;
  readonly lastInode: number;
  readonly writer: number;
  readonly mtime: number;
  /** Number of entries, the root included. */
  readonly size: number;
  readonly blob: Buffer;
}

/** `nodes` in ascending inode order, the root first. */
export function encodeIndex(nodes: readonly TreeNode[]): Buffer {
  const root = nodes[0];
  const last = nodes.at(-1);
  if (root === undefined || last === undefined) throw new Error('a tree has a root');
  const bytes = INDEX_HEADER_BYTES + INDEX_ENTRY_BYTES * nodes.length;
  const blob = Buffer.allocUnsafeSlow(bytes);
  writeU64(blob, root.version, HEADER.version);
  writeU64(blob, last.inode, HEADER.lastInode);
  blob.writeUInt32LE(root.writer, HEADER.writer);
  blob.writeUInt32LE(root.mtime, HEADER.mtime);
  blob.writeUInt32LE(nodes.length, HEADER.size);
  blob.writeUInt32LE(bytes, HEADER.bytes);
  let at = INDEX_HEADER_BYTES;
  for (const node of nodes) {
    writeU64(blob, node.inode, at);
    node.digest().copy(blob, at + 8);
    at += INDEX_ENTRY_BYTES;
  }
  return blob;
}

/** Reads an index blob; `failure` is the log text of §5.4. */
export function decodeIndex(blob: Buffer): TreeIndex | { readonly failure: string } {
  if (blob.length < INDEX_HEADER_BYTES) return { failure: SHORT_INDEX };
  if (blob.readUInt32LE(HEADER.bytes) !== blob.length) return { failure: MALFORMED_INDEX };
  const version = readU64(blob, HEADER.version);
  const lastInode = readU64(blob, HEADER.lastInode);
  const size = blob.readUInt32LE(HEADER.size);
  const fits = blob.length === INDEX_HEADER_BYTES + INDEX_ENTRY_BYTES * size;
  if (version === undefined || lastInode === undefined || !fits) return { failure: MALFORMED_INDEX };
  const writer = blob.readUInt32LE(HEADER.writer);
  const mtime = blob.readUInt32LE(HEADER.mtime);
  return { version, lastInode, writer, mtime, size, blob };
}

/** Inode of the entry number `at`; above 2^53 - 1 it is Infinity, which matches no entry of ours. */
function inodeAt(index: TreeIndex, at: number): number {
  return readU64(index.blob, INDEX_HEADER_BYTES + INDEX_ENTRY_BYTES * at) ?? Number.POSITIVE_INFINITY;
}

/**
 * Inodes of `leader` that `other` lacks or holds with another digest, ascending: what the leader has to send (§5.5).
 * An index that ends early lacks the rest [Q17].
 */
export function inodesToUpdate(leader: TreeIndex, other: TreeIndex): number[] {
  const differing: number[] = [];
  let theirs = 0;
  for (let ours = 0; ours < leader.size; ours += 1) {
    const inode = inodeAt(leader, ours);
    while (theirs < other.size && inodeAt(other, theirs) < inode) theirs += 1;
    const same = theirs < other.size && inodeAt(other, theirs) === inode && sameDigest(leader, ours, other, theirs);
    if (!same) differing.push(inode);
  }
  return differing;
}

function sameDigest(a: TreeIndex, atA: number, b: TreeIndex, atB: number): boolean {
  const startA = INDEX_HEADER_BYTES + INDEX_ENTRY_BYTES * atA + 8;
  const startB = INDEX_HEADER_BYTES + INDEX_ENTRY_BYTES * atB + 8;
  return a.blob.compare(b.blob, startB, startB + DIGEST_BYTES, startA, startA + DIGEST_BYTES) === 0;
}

/** Inodes of `own` that `leader` lacks, ascending: what a commit deletes (§5.6). */
export function inodesToDelete(own: TreeIndex, leader: TreeIndex): number[] {
  const absent: number[] = [];
  let theirs = 0;
  for (let ours = 0; ours < own.size; ours += 1) {
    const inode = inodeAt(own, ours);
    while (theirs < leader.size && inodeAt(leader, theirs) < inode) theirs += 1;
    if (theirs >= leader.size || inodeAt(leader, theirs) !== inode) absent.push(inode);
  }
  return absent;
}
