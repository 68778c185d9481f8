/**
 * One entry of the replicated tree and its digests (spec/pmxcfs.md §2.1, §2.4).
 */
import { Buffer } from 'node:buffer';
import { sha256 } from '../../../runtime/formats/digest.ts';
import { writeU64 } from '../messages/u64.ts';

/** The dirent type numbers, the only two that the tree holds. */
export const DIRECTORY = 4;
export const FILE = 8;
export type EntryType = typeof DIRECTORY | typeof FILE;

/** Largest file, bytes (§1.6). */
export const MAX_FILE_BYTES = 1_048_576;

export const ROOT_INODE = 0;

export const NO_BYTES: Buffer = Buffer.alloc(0);

/**
 * A live view of an entry: its fields follow later changes, so copy what must stay. `data` is never changed in place
 * once it was read: whoever holds the Buffer may keep it.
 */
export interface TreeEntry {
  readonly inode: number;
  readonly parent: number;
  readonly version: number;
  readonly writer: number;
  readonly mtime: number;
  /** Bytes. Equals `data.length`, except for a file grown from empty by truncate in mode `upstream` [Q3]. */
  readonly size: number;
  readonly type: EntryType;
  /** Byte string; empty for the root. */
  readonly name: string;
  /** Empty for directories. */
  readonly data: Buffer;
}

const INODE_BYTES = 8;
const MATERIAL = { version: 8, writer: 16, mtime: 20, size: 24, type: 28, parent: 29, name: 37 } as const;

/** Inode, then the digest material without the data (§2.4). */
export function entryHeader(entry: TreeEntry): Buffer {
  const header = Buffer.allocUnsafe(MATERIAL.name + entry.name.length);
  writeU64(header, entry.inode, 0);
  writeU64(header, entry.version, MATERIAL.version);
  header.writeUInt32LE(entry.writer, MATERIAL.writer);
  header.writeUInt32LE(entry.mtime, MATERIAL.mtime);
  header.writeUInt32LE(entry.size, MATERIAL.size);
  header.writeUInt8(entry.type, MATERIAL.type);
  writeU64(header, entry.parent, MATERIAL.parent);
  header.write(entry.name, MATERIAL.name, 'latin1');
  return header;
}

/** The entry's digest in an index: the material without the inode; 32 bytes. */
function indexDigest(entry: TreeEntry): Buffer {
  return sha256(entryHeader(entry).subarray(INODE_BYTES), entry.data);
}

/** The entry's digest with its inode, which names one incarnation of a lock; 32 bytes. */
export function lockChecksum(entry: TreeEntry): Buffer {
  return sha256(entryHeader(entry), entry.data);
}

/** An entry as the tree holds it. Only `machines/pmxcfs/tree` changes one. */
export class TreeNode implements TreeEntry {
  readonly inode: number;
  readonly type: EntryType;
  parent: number;
  version: number;
  writer: number;
  mtime: number;
  name: string;
  size: number;
  data: Buffer;
  /** Children by name; undefined for files. */
  readonly children: Map<string, TreeNode> | undefined;
  /** Storage behind `data`; what lies beyond `data.length` is zero and was never handed out, so appends may use it. */
  #backing: Buffer;
  #digest: Buffer | undefined;

  constructor(from: Omit<TreeEntry, 'size'> & { readonly digest?: Buffer | undefined }) {
    this.inode = from.inode;
    this.type = from.type;
    this.parent = from.parent;
    this.version = from.version;
    this.writer = from.writer;
    this.mtime = from.mtime;
    this.name = from.name;
    this.data = from.data;
    this.size = from.data.length;
    this.children = from.type === DIRECTORY ? new Map() : undefined;
    this.#backing = from.data;
    this.#digest = from.digest;
  }

  /** Records the change that made the entry what it is now. */
  stamp(version: number, writer: number, mtime: number): void {
    this.version = version;
    this.writer = writer;
    this.mtime = mtime;
    this.#digest = undefined;
  }

  /** Index digest, computed once per change. */
  digest(): Buffer {
    this.#digest ??= indexDigest(this);
    return this.#digest;
  }

  /** Sets a size without bytes behind it [Q3]. The caller stamps the node. */
  setHollowSize(size: number): void {
    this.size = size;
  }

  /** Lays `bytes` over the data at `offset` and makes it `size` bytes long, zero filled. The caller stamps the node. */
  overlay(bytes: Buffer, offset: number, size: number): void {
    const old = this.data;
    this.size = size;
    if (bytes.length === 0 && size === old.length) return;
    const appends = bytes.length === 0 || offset >= old.length;
    if (appends && size > old.length && size <= this.#backing.length) {
      bytes.copy(this.#backing, offset);
    } else {
      const capacity = size > old.length ? Math.min(MAX_FILE_BYTES, Math.max(size, 2 * old.length)) : size;
      // Never pooled: a small file must not pin a slab.
      this.#backing = capacity === 0 ? NO_BYTES : Buffer.alloc(capacity);
      old.copy(this.#backing, 0, 0, Math.min(old.length, size));
      bytes.copy(this.#backing, offset);
    }
    this.data = this.#backing.subarray(0, size);
  }
}
