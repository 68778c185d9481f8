/** What one ordered change does to a tree (spec/pmxcfs.md §5.3, §5.7). The same on every node and in a rehearsal. */
import assert from 'node:assert';
import type { Buffer } from 'node:buffer';
import {
  CREATE,
  DELETE,
  decodeFileMessage,
  type FileMessage,
  MKDIR,
  MTIME,
  RENAME,
  TRUNCATE,
  UNLOCK,
  WRITE,
} from '../messages/file-message.ts';
import type { MessageFailure } from '../messages/header.ts';
import { decodeUnlock, type UnlockMessage } from '../messages/unlock-message.ts';
import type { Memdb, Stamp, TreeEntry } from '../tree/memdb.ts';
import { isLockPath } from '../tree/path-class.ts';
import { DIRECTORY } from '../tree/tree-entry.ts';

/** A change as it was ordered; the payload is that of its NORMAL message. */
export interface TreeChange {
  readonly subtype: number;
  readonly payload: Buffer;
  /** Node id of the sender. */
  readonly writer: number;
  /** The sender's wall clock. */
  readonly time_s: number;
}

/** The result as callers see it, or the log text of a payload that can't be read. UNLOCK_REQUEST is no change. */
export function applyChange(memdb: Memdb, change: TreeChange, monotonic_s: number): number | MessageFailure {
  const { subtype, payload, writer, time_s } = change;
  const stamp: Stamp = { writer, time: time_s, monotonic_s };
  if (subtype === UNLOCK) {
    const message = decodeUnlock(payload);
    return 'failure' in message ? message : removeLock(memdb, message, stamp);
  }
  const message = decodeFileMessage(payload);
  return 'failure' in message ? message : applyFileMessage(memdb, subtype, message, stamp);
}

export function applyFileMessage(memdb: Memdb, subtype: number, message: FileMessage, stamp: Stamp): number {
  const { path, to, offset, flags, data } = message;
  switch (subtype) {
    case WRITE:
      return memdb.write(path, data, offset, (flags & TRUNCATE) !== 0, stamp);
    case MKDIR:
      return memdb.mkdir(path, stamp);
    case DELETE:
      return memdb.remove(path, stamp);
    case RENAME:
      return memdb.rename(path, to, stamp);
    case CREATE:
      return memdb.create(path, stamp);
    default:
      assert(subtype === MTIME);
      return memdb.setMtime(path, offset, stamp);
  }
}

function removeLock(memdb: Memdb, message: UnlockMessage, stamp: Stamp): number {
  return lockOf(memdb, message) === undefined ? 0 : memdb.remove(message.path, stamp);
}

/** The lock directory in the incarnation that was asked about (§9.7). */
export function lockOf(memdb: Memdb, { path, checksum }: UnlockMessage): TreeEntry | undefined {
  const entry = memdb.lookup(path);
  if (entry?.type !== DIRECTORY || !isLockPath(path)) return undefined;
  return memdb.lockChecksum(entry).equals(checksum) ? entry : undefined;
}
