/**
 * Payload of UPDATE: one entry of the leader's tree (spec/pmxcfs.md §5.5). The root's name is empty and its type 4
 * (§13.1.3). `size` on the wire is the number of bytes that follow, also for a file grown from empty [Q3].
 */
import { Buffer } from 'node:buffer';
import { DIRECTORY, FILE, NO_BYTES, type TreeEntry } from '../tree/tree-entry.ts';
import { readTerminated, terminatedLength, writeTerminated } from './byte-string.ts';
import type { MessageFailure } from './header.ts';
import { packed, readFields, writeFields } from './layout.ts';

/** An entry as it travels: its size is that of its data. */
export type InodeUpdate = Omit<TreeEntry, 'size'>;

const INODE_UPDATE = packed({
  parent: 'u64',
  inode: 'u64',
  version: 'u64',
  writer: 'u32',
  mtime: 'u32',
  size: 'u32',
  namelen: 'u32',
  type: 'u8',
});

const LEAST_BYTES = 40;

export function encodeInodeUpdate(entry: InodeUpdate): Buffer {
  const namelen = terminatedLength(entry.name);
  const size = entry.data.length;
  const payload = Buffer.allocUnsafe(INODE_UPDATE.bytes + namelen + size);
  const { parent, inode, version, writer, mtime, type } = entry;
  writeFields(INODE_UPDATE, { parent, inode, version, writer, mtime, size, namelen, type }, payload, 0);
  entry.data.copy(payload, writeTerminated(payload, entry.name, INODE_UPDATE.bytes));
  return payload;
}

/** The data is a copy: entries outlive messages. */
export function decodeInodeUpdate(payload: Buffer): InodeUpdate | MessageFailure {
  if (payload.length < LEAST_BYTES) return { failure: 'received short message (msg_len < 40)' };
  const wrongLength = { failure: 'received mailformed message (msg_len != (size + namelen))' };
  if (payload.length < INODE_UPDATE.bytes) return wrongLength;
  const fields = readFields(INODE_UPDATE, payload, 0);
  if (fields === undefined) return { failure: 'received mailformed message (number beyond 2^53 - 1)' };
  const { type, size, namelen } = fields;
  if (type !== DIRECTORY && type !== FILE) {
    return { failure: `received mailformed message (unknown inode type ${type})` };
  }
  const isExact = payload.length === INODE_UPDATE.bytes + namelen + size && (type === FILE || size === 0);
  if (!isExact) return wrongLength;
  const name = readTerminated(payload, INODE_UPDATE.bytes, namelen);
  if (name === undefined) return { failure: 'received mailformed message (name[namelen-1] != 0)' };
  const { parent, inode, version, writer, mtime } = fields;
  return { parent, inode, version, writer, mtime, type, name, data: copyOf(payload, INODE_UPDATE.bytes + namelen) };
}

/** Never pooled: a small file must not pin a slab, nor the message. */
function copyOf(payload: Buffer, start: number): Buffer {
  if (start === payload.length) return NO_BYTES;
  const data = Buffer.alloc(payload.length - start);
  payload.copy(data, 0, start);
  return data;
}
