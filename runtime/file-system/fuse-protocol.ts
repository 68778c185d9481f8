/**
 * The bytes of FUSE's protocol, version 7 (include/uapi/linux/fuse.h of Linux, native byte order: little-endian here), as
 * far as this front end speaks it. Offsets of requests count from the end of the request's header, those of answers from
 * the end of the answer's.
 *
 * 64-bit numbers are JavaScript numbers; those of requests that exceed 2^53 lose their low bits, which only an offset or a
 * time that is refused anyway can have. The number of a request is kept as two halves.
 */
import type { EntryKind, FileAttributes, FileSystemStatistics } from './file-system.ts';

export const OPCODE = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  readlink: 5,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  flush: 25,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  create: 35,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
} as const;

/** Header of a request: length u32, opcode u32, unique u64, nodeid u64, uid u32, gid u32, pid u32, padding u32. */
export const REQUEST_HEADER = { opcode: 4, unique: 8, nodeid: 16, size: 40 } as const;
/** Header of an answer: length u32, error i32, unique u64. */
export const ANSWER_HEADER_BYTES = 16;

export const FORGET = { count: 0 } as const;
/** `count` entries of nodeid u64, number of times u64. */
export const BATCH_FORGET = { count: 0, entries: 8, entrySize: 16 } as const;
export const SETATTR = { valid: 0, size: 16, atime: 32, mtime: 40, mode: 68, uid: 76, gid: 80 } as const;
export const SETATTR_VALID = { mode: 1, uid: 2, gid: 4, size: 8, atime: 16, mtime: 32 } as const;
export const MKNOD = { mode: 0, name: 16 } as const;
export const MKDIR = { name: 8 } as const;
export const RENAME = { parent: 0, names: 8 } as const;
export const OPEN = { flags: 0 } as const;
export const CREATE = { flags: 0, name: 16 } as const;
/** The same for reads of files and of directories, and for writes, whose data follow. */
export const TRANSFER = { handle: 0, offset: 8, size: 16, data: 40 } as const;
export const RELEASE = { handle: 0 } as const;
export const INIT = { major: 0, minor: 4, readahead: 8, flags: 12 } as const;

export const PROTOCOL_MAJOR = 7;
/** The youngest minor version whose answers have the sizes below; the kernel adapts itself to it. */
const PROTOCOL_MINOR = 31;
/** Kernels before 7.23 take a shorter answer. */
const LONG_INIT_MINOR = 23;
const INIT_BYTES = 64;
const SHORT_INIT_BYTES = 24;

/** Reads ahead, O_TRUNC within open, large writes, lookups in one directory side by side. */
const INIT_FLAGS = { asyncRead: 1 << 0, atomicTruncate: 1 << 3, bigWrites: 1 << 5, parallelLookups: 1 << 18 } as const;
const WANTED_FLAGS = Object.values(INIT_FLAGS).reduce((all, flag) => all | flag, 0);

/** Largest data of one write, and of one read. */
export const TRANSFER_MAX_BYTES = 131_072;
/** What the kernel wants to find room for: a write and its headers, with something to spare. */
export const REQUEST_MAX_BYTES = TRANSFER_MAX_BYTES + 4096;
export const ANSWER_MAX_BYTES = ANSWER_HEADER_BYTES + TRANSFER_MAX_BYTES;

export const O_EXCL = 0o200;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
/** No page cache for this handle (Q1: those of create as well). */
const FOPEN_DIRECT_IO = 1;
/** A close of this handle needs no word of ours. Kernels before 5.16 don't know it, and ask. */
const FOPEN_NOFLUSH = 1 << 5;
const OPEN_FLAGS = { file: FOPEN_DIRECT_IO | FOPEN_NOFLUSH, early: FOPEN_DIRECT_IO, directory: 0 } as const;

const ATTRIBUTES_BYTES = 88;
const GETATTR_HEAD_BYTES = 16;
const ENTRY_HEAD_BYTES = 40;
export const ENTRY_BYTES = ENTRY_HEAD_BYTES + ATTRIBUTES_BYTES;
const OPEN_BYTES = 16;
const STATFS_BYTES = 80;
/** Attributes and names stay in the kernel for so long, as with libfuse's default. */
const VALID_S = 1;
const BLOCK_BYTES = 4096;
/** Directory listings carry no inode numbers. */
const UNKNOWN_INODE = 0xffff_ffff;
const DIRENT_HEAD_BYTES = 24;
const DIRENT_TYPE: Readonly<Record<EntryKind, number>> = { directory: 4, file: 8, symlink: 10 };
const TWO_32 = 2 ** 32;

export function readU64(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * TWO_32;
}

export function readI64(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at) + buffer.readInt32LE(at + 4) * TWO_32;
}

export function writeU64(buffer: Buffer, value: number, at: number): void {
  const low = value % TWO_32;
  buffer.writeUInt32LE(low, at);
  buffer.writeUInt32LE((value - low) / TWO_32, at + 4);
}

/** The name at `at`, up to its NUL: a byte string. */
export function readName(body: Buffer, at: number): string {
  const end = body.indexOf(0, at);
  return body.toString('latin1', at, end < 0 ? body.length : end);
}

/** The two names of a rename. */
export function readNames(body: Buffer, at: number): readonly [string, string] {
  const first = readName(body, at);
  return [first, readName(body, at + first.length + 1)];
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Each of these fills in the answer's body behind its header, and returns the length of the whole answer. */
export function putInit(answer: Buffer, request: Buffer): number {
  const minor = Math.min(PROTOCOL_MINOR, request.readUInt32LE(INIT.minor));
  const length = ANSWER_HEADER_BYTES + (minor < LONG_INIT_MINOR ? SHORT_INIT_BYTES : INIT_BYTES);
  const at = ANSWER_HEADER_BYTES;
  answer.fill(0, at, length);
  answer.writeUInt32LE(PROTOCOL_MAJOR, at);
  answer.writeUInt32LE(minor, at + 4);
  answer.writeUInt32LE(request.readUInt32LE(INIT.readahead), at + 8);
  answer.writeUInt32LE(request.readUInt32LE(INIT.flags) & WANTED_FLAGS, at + 12);
  answer.writeUInt32LE(TRANSFER_MAX_BYTES, at + 20);
  return length;
}

/** `nameValid_s`: for how long the kernel need not ask again whether the name exists. */
export function putEntry(
  answer: Buffer,
  nodeid: number,
  attributes: FileAttributes,
  owner: Owner,
  nameValid_s = VALID_S,
): number {
  const at = ANSWER_HEADER_BYTES;
  answer.fill(0, at, at + ENTRY_BYTES);
  writeU64(answer, nodeid, at);
  answer.writeUInt32LE(nameValid_s, at + 16);
  answer.writeUInt32LE(VALID_S, at + 24);
  putAttributes(answer, at + ENTRY_HEAD_BYTES, nodeid, attributes, owner);
  return at + ENTRY_BYTES;
}

export function putGetattr(answer: Buffer, nodeid: number, attributes: FileAttributes, owner: Owner): number {
  const at = ANSWER_HEADER_BYTES;
  const length = at + GETATTR_HEAD_BYTES + ATTRIBUTES_BYTES;
  answer.fill(0, at, length);
  answer.writeUInt32LE(VALID_S, at);
  putAttributes(answer, at + GETATTR_HEAD_BYTES, nodeid, attributes, owner);
  return length;
}

function putAttributes(
  answer: Buffer,
  at: number,
  nodeid: number,
  attributes: FileAttributes,
  { uid, gid }: Owner,
): void {
  const { size, mtime } = attributes;
  writeU64(answer, nodeid, at);
  writeU64(answer, size, at + 8);
  writeU64(answer, attributes.blocks ?? Math.ceil(size / BLOCK_BYTES), at + 16);
  for (let time = at + 24; time < at + 48; time += 8) writeU64(answer, mtime, time);
  answer.writeUInt32LE(attributes.mode, at + 60);
  answer.writeUInt32LE(attributes.nlink, at + 64);
  answer.writeUInt32LE(uid, at + 68);
  answer.writeUInt32LE(gid, at + 72);
  answer.writeUInt32LE(BLOCK_BYTES, at + 80);
}

/** `at`: behind the answer's header for open, behind the entry for create. `early`: a file whose creation isn't settled. */
export function putOpen(answer: Buffer, at: number, handle: number, kind: keyof typeof OPEN_FLAGS): number {
  writeU64(answer, handle, at);
  answer.writeUInt32LE(OPEN_FLAGS[kind], at + 8);
  answer.writeUInt32LE(0, at + 12);
  return at + OPEN_BYTES;
}

export function putWritten(answer: Buffer, count: number): number {
  answer.writeUInt32LE(count, ANSWER_HEADER_BYTES);
  answer.writeUInt32LE(0, ANSWER_HEADER_BYTES + 4);
  return ANSWER_HEADER_BYTES + 8;
}

export function putStatfs(answer: Buffer, statistics: FileSystemStatistics): number {
  const { bsize, blocks, bfree, files, ffree, namemax } = statistics;
  const at = ANSWER_HEADER_BYTES;
  answer.fill(0, at, at + STATFS_BYTES);
  for (const [index, value] of [blocks, bfree, bfree, files, ffree].entries()) writeU64(answer, value, at + index * 8);
  answer.writeUInt32LE(bsize, at + 40);
  answer.writeUInt32LE(namemax, at + 44);
  answer.writeUInt32LE(bsize, at + 48);
  return at + STATFS_BYTES;
}

/** Puts one entry of a directory at `at`; 0 where it doesn't fit before `limit`. `next` is where a later read goes on. */
export function putDirent(
  answer: Buffer,
  at: number,
  limit: number,
  next: number,
  name: string,
  kind: EntryKind,
): number {
  const end = at + DIRENT_HEAD_BYTES + name.length;
  const padded = (end + 7) & ~7;
  if (padded > limit) return 0;
  writeU64(answer, UNKNOWN_INODE, at);
  writeU64(answer, next, at + 8);
  answer.writeUInt32LE(name.length, at + 16);
  answer.writeUInt32LE(DIRENT_TYPE[kind], at + 20);
  answer.write(name, at + DIRENT_HEAD_BYTES, 'latin1');
  answer.fill(0, end, padded);
  return padded;
}
