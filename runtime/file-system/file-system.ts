/**
 * The FileSystem face: what FUSE, the CLI and simulations call. Results are the original's: a value, or a negative
 * errno of Linux (spec/pmxcfs.md, conventions and §1). Reads answer at once from memory; changes answer through `done`,
 * which may run before the call returns (local mode, refusals) or later (replicated).
 *
 * Paths are byte strings (latin1, one character per byte), with or without a leading slash.
 */
export type Errno = number;

export interface FileAttributes {
  /** Full mode with the type bits (S_IFDIR, S_IFREG, S_IFLNK). */
  readonly mode: number;
  readonly nlink: number;
  readonly size: number;
  /** Blocks of 4096 bytes where they don't follow from the size: plugs have none. */
  readonly blocks?: number;
  /** Seconds; atime = mtime = ctime. */
  readonly mtime: number;
}

export interface FileSystemStatistics {
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly files: number;
  readonly ffree: number;
  readonly namemax: number;
}

export type EntryKind = 'directory' | 'file' | 'symlink';

export type Done = (result: number) => void;

export interface FileSystem {
  getattr(path: string): FileAttributes | Errno;
  /** Without `.` and `..`. A missing or non-directory path is an empty list (spec §1.4). */
  readdir(path: string): readonly { readonly name: string; readonly kind: EntryKind }[];
  readlink(path: string): string | Errno;
  /** 0 or ENOENT. */
  open(path: string): Errno;
  /** Bytes in range; the buffer must not be changed by the caller. */
  read(path: string, offset: number, length: number): Buffer | Errno;
  statfs(): FileSystemStatistics;
  /** uid and gid as numbers, -1 for unchanged. */
  chmod(path: string, mode: number): Errno;
  chown(path: string, uid: number, gid: number): Errno;

  /**
   * `data` is copied before the call returns. Result: bytes written or a negative errno. With `isEnd` the file ends where the
   * data end, as if it had been emptied just before.
   */
  write(path: string, data: Buffer, offset: number, done: Done, isEnd?: boolean): void;
  truncate(path: string, size: number, done: Done): void;
  create(path: string, done: Done): void;
  /**
   * The attributes of the file that `create` would make now, where nothing known here speaks against it; undefined where it would be
   * refused, or only the call itself can tell. Other nodes may still be faster.
   */
  foresee?(path: string): FileAttributes | undefined;
  mkdir(path: string, done: Done): void;
  unlink(path: string, done: Done): void;
  rmdir(path: string, done: Done): void;
  rename(from: string, to: string, done: Done): void;
  /** Only whole seconds of mtime are used. */
  utimens(path: string, mtime: number, done: Done): void;
}
