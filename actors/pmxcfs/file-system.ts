/**
 * The pmxcfs layer: what `/etc/pve` shows and accepts, over the memory tree (spec/pmxcfs.md §1).
 *
 * Reads are answered from memory. A change passes the checks that are made before anything is sent (§1.7: plugs, quorum,
 * Q4, Q5) and goes to `submit`, which replicates it (cluster) or applies it (local mode, `local-changes.ts`).
 *
 * I1. A plug is never changed, and no change of a plug is ever sent: EACCES, or EIO for writes and truncation.
 * I2. Without quorum no change is sent: EACCES at once. Reads do not ask for quorum, the mode bits show it.
 * I3. An offset or size that does not fit the 32 bits of the wire is never sent: EFBIG (Q4).
 */
import type { FileOperation } from '../../machines/pmxcfs/file-operation.ts';
import { LOCK_REMOVED } from '../../machines/pmxcfs/file-operation.ts';
import type { Memdb, TreeMode } from '../../machines/pmxcfs/tree/memdb.ts';
import { isLockPath, isPrivatePath, permissionsOf } from '../../machines/pmxcfs/tree/path-class.ts';
import { DIRECTORY, FILE, type TreeEntry } from '../../machines/pmxcfs/tree/tree-entry.ts';
import { EACCES, EFBIG, EINVAL, EIO, ENOENT, ENOTEMPTY, EPERM } from '../../runtime/file-system/errno.ts';
import type {
  Done,
  EntryKind,
  Errno,
  FileAttributes,
  FileSystem,
  FileSystemStatistics,
} from '../../runtime/file-system/file-system.ts';
import type { Log } from '../../runtime/log/log.ts';
import { type ComputedTexts, computedAttributes, createPlugs, linkAttributes, type Plug } from './file-system-plugs.ts';

export interface FileSystemOptions {
  readonly memdb: Memdb;
  /** The mode that the tree was made with (§13.1.7). */
  readonly treeMode: TreeMode;
  /** Name of this node, up to its first dot. */
  readonly hostName: string;
  readonly plugs: ComputedTexts;
  /** Owner of all entries: 0 and www-data as root, else the caller's (§13.2.6). */
  readonly uid: number;
  readonly gid: number;
  readonly log: Log;
  /** Always true in local mode. */
  isQuorate(): boolean;
  /**
   * Seconds since the epoch while a change that is asked for goes to the cluster at once; undefined while it would wait or be refused.
   * Without it, as in local mode, no result is foreseen.
   */
  promptTime?: () => number | undefined;
  /** Carries a change out; `done` gets 0 or a byte count, or a negative errno. */
  submit(operation: FileOperation, done: Done): void;
}

export function createFileSystem(options: FileSystemOptions): FileSystem {
  return new PmxcfsFileSystem(options);
}

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const PERMISSION_BITS = 0o7777;
const BLOCK_BYTES = 4096;
/** Advertised only; nothing enforces them (Q2). */
const BLOCKS = 32_768;
const INODES = 262_144;
const NAME_BYTES = 256;
const U32_LIMIT = 2 ** 32;

const ROOT_ATTRIBUTES: FileAttributes = {
  mode: S_IFDIR | permissionsOf('root', '', true),
  nlink: 2,
  size: 0,
  mtime: 0,
};

/** What a path names: a plug, a place in the tree, or something below a plug. */
const BELOW_PLUG = Symbol('below a plug');

class PmxcfsFileSystem implements FileSystem {
  readonly #memdb: Memdb;
  readonly #options: FileSystemOptions;
  readonly #plugs: ReadonlyMap<string, Plug>;
  #isOverfull = false;

  constructor(options: FileSystemOptions) {
    this.#memdb = options.memdb;
    this.#options = options;
    this.#plugs = createPlugs(options.hostName, options.plugs, options.log);
  }

  // --- reading ---------------------------------------------------------------------------------------------------

  getattr(path: string): FileAttributes | Errno {
    const bare = withoutLeadingSlashes(path);
    if (bare === '') return ROOT_ATTRIBUTES;
    const plug = this.#plugOf(bare);
    if (plug === undefined) return this.#treeAttributes(bare);
    if (plug === BELOW_PLUG) return -EACCES;
    return plug.kind === 'symlink' ? linkAttributes(plug, this.#options.isQuorate()) : computedAttributes(plug);
  }

  #treeAttributes(bare: string): FileAttributes | Errno {
    const entry = this.#memdb.lookup(bare);
    if (entry === undefined) return -ENOENT;
    if (entry === this.#memdb.root) return ROOT_ATTRIBUTES;
    const isQuorate = this.#options.isQuorate();
    return entry.type === DIRECTORY
      ? { mode: S_IFDIR | permissionsOf('directory', bare, isQuorate), nlink: 2, size: 0, mtime: entry.mtime }
      : { mode: S_IFREG | permissionsOf('file', bare, isQuorate), nlink: 1, size: entry.size, mtime: entry.mtime };
  }

  readdir(path: string): readonly { readonly name: string; readonly kind: EntryKind }[] {
    const bare = withoutLeadingSlashes(path);
    if (this.#plugOf(bare) !== undefined) return [];
    const directory = this.#memdb.lookup(bare);
    if (directory === undefined) return [];
    const isRoot = directory === this.#memdb.root;
    const names: { name: string; kind: EntryKind }[] = [];
    if (isRoot) for (const plug of this.#plugs.values()) names.push({ name: plug.name, kind: plug.kind });
    for (const entry of this.#memdb.list(directory)) {
      if (isRoot && this.#plugs.has(entry.name)) continue;
      names.push({ name: entry.name, kind: entry.type === DIRECTORY ? 'directory' : 'file' });
    }
    return names;
  }

  readlink(path: string): string | Errno {
    const bare = withoutLeadingSlashes(path);
    const plug = this.#plugOf(bare);
    if (plug === BELOW_PLUG) return -EACCES;
    if (plug?.kind === 'symlink') return plug.target;
    return plug !== undefined || this.#memdb.lookup(bare) !== undefined ? -EINVAL : -ENOENT;
  }

  open(path: string): Errno {
    const bare = withoutLeadingSlashes(path);
    if (bare === '') return -EACCES;
    const plug = this.#plugOf(bare);
    if (plug === BELOW_PLUG) return -EACCES;
    return plug !== undefined || this.#memdb.lookup(bare) !== undefined ? 0 : -ENOENT;
  }

  read(path: string, offset: number, length: number): Buffer | Errno {
    const bare = withoutLeadingSlashes(path);
    if (bare === '') return -EACCES;
    const plug = this.#plugOf(bare);
    if (plug === undefined) {
      const entry = this.#memdb.lookup(bare);
      return entry?.type === FILE ? entry.data.subarray(offset, offset + length) : -ENOENT;
    }
    if (plug === BELOW_PLUG || plug.kind === 'symlink') return -EACCES;
    return plug.content.subarray(offset, offset + length);
  }

  statfs(): FileSystemStatistics {
    const blocksUsed = Math.ceil(this.#memdb.totalBytes / BLOCK_BYTES);
    const entries = this.#memdb.entryCount;
    this.#noteOverfull(blocksUsed > BLOCKS || entries > INODES);
    return {
      bsize: BLOCK_BYTES,
      blocks: BLOCKS,
      bfree: Math.max(0, BLOCKS - blocksUsed),
      files: INODES,
      ffree: Math.max(0, INODES - entries),
      namemax: NAME_BYTES,
    };
  }

  /** Warns once each time that the advertised limits are passed. */
  #noteOverfull(isOverfull: boolean): void {
    if (isOverfull && !this.#isOverfull) {
      const { totalBytes, entryCount } = this.#memdb;
      const size = `${entryCount} entries with ${totalBytes} bytes`;
      const message = `the tree holds ${size}, more than the advertised ${INODES} entries or ${BLOCKS * BLOCK_BYTES} bytes`;
      this.#options.log.write('main', 'warning', message);
    }
    this.#isOverfull = isOverfull;
  }

  // --- owner and mode: nothing is stored ---------------------------------------------------------------------------

  chmod(path: string, mode: number): Errno {
    return (mode & PERMISSION_BITS) === (isPrivatePath(path) ? 0o600 : 0o640) ? 0 : -EPERM;
  }

  chown(_path: string, uid: number, gid: number): Errno {
    const isUidKept = uid === -1 || uid === this.#options.uid;
    const isGidKept = gid === -1 || gid === this.#options.gid;
    return isUidKept && isGidKept ? 0 : -EPERM;
  }

  // --- changing --------------------------------------------------------------------------------------------------

  write(path: string, data: Buffer, offset: number, done: Done, isEnd = false): void {
    const bare = withoutLeadingSlashes(path);
    const plug = this.#plugOf(bare);
    if (plug !== undefined && plug !== BELOW_PLUG && plug.kind === 'file') {
      done(plug.write?.(data, offset) ?? -EIO);
      return;
    }
    const refusal = this.#refusalOf(bare, plug) ?? tooBig(offset + data.length);
    if (refusal === undefined) this.#options.submit({ kind: 'write', path: bare, data, offset, isEnd }, done);
    else done(refusal);
  }

  truncate(path: string, size: number, done: Done): void {
    const bare = withoutLeadingSlashes(path);
    const plug = this.#plugOf(bare);
    if (plug !== undefined && plug !== BELOW_PLUG && plug.kind === 'file') {
      done(plug.write === undefined ? -EIO : 0);
      return;
    }
    const refusal = this.#refusalOf(bare, plug) ?? tooBig(size);
    if (refusal === undefined) this.#options.submit({ kind: 'truncate', path: bare, size }, done);
    else done(refusal);
  }

  create(path: string, done: Done): void {
    const bare = withoutLeadingSlashes(path);
    this.#submitUnless(this.#refusalOf(bare, this.#plugOf(bare)), { kind: 'create', path: bare }, done);
  }

  foresee(path: string): FileAttributes | undefined {
    const time = this.#options.promptTime?.();
    if (time === undefined) return undefined;
    const bare = withoutLeadingSlashes(path);
    if (this.#refusalOf(bare, this.#plugOf(bare)) !== undefined || !this.#memdb.wouldCreate(bare)) return undefined;
    return { mode: S_IFREG | permissionsOf('file', bare, true), nlink: 1, size: 0, mtime: time };
  }

  mkdir(path: string, done: Done): void {
    const bare = withoutLeadingSlashes(path);
    this.#submitUnless(this.#refusalOf(bare, this.#plugOf(bare)), { kind: 'mkdir', path: bare }, done);
  }

  unlink(path: string, done: Done): void {
    this.#remove(path, done);
  }

  rmdir(path: string, done: Done): void {
    this.#remove(path, done);
  }

  #remove(path: string, done: Done): void {
    const bare = withoutLeadingSlashes(path);
    this.#submitUnless(this.#refusalOf(bare, this.#plugOf(bare)), { kind: 'delete', path: bare }, done);
  }

  rename(from: string, to: string, done: Done): void {
    const path = withoutLeadingSlashes(from);
    const target = withoutLeadingSlashes(to);
    const refusal =
      this.#refusalOf(path, this.#plugOf(path)) ?? this.#refusalOf(target, this.#plugOf(target)) ?? this.#filled(path);
    this.#submitUnless(refusal, { kind: 'rename', path, to: target }, done);
  }

  utimens(path: string, mtime: number, done: Done): void {
    const bare = withoutLeadingSlashes(path);
    const refusal = this.#refusalOf(bare, this.#plugOf(bare));
    const seconds = u32(mtime);
    if (refusal === undefined && seconds === 0 && this.#askForUnlock(bare)) done(0);
    else this.#submitUnless(refusal, { kind: 'mtime', path: bare, mtime: seconds }, done);
  }

  /** Sends the unlock request that zero times on a lock directory mean (§2.6). True when the lock is gone already. */
  #askForUnlock(bare: string): boolean {
    if (!isLockPath(bare)) return false;
    const lock: TreeEntry | undefined = this.#memdb.lookup(bare);
    if (lock?.type !== DIRECTORY) return false;
    let isRemoved = false;
    const request: FileOperation = { kind: 'unlock-request', path: bare, checksum: this.#memdb.lockChecksum(lock) };
    this.#options.submit(request, (result) => {
      isRemoved = result === LOCK_REMOVED;
    });
    return isRemoved;
  }

  #submitUnless(refusal: Errno | undefined, operation: FileOperation, done: Done): void {
    if (refusal === undefined) this.#options.submit(operation, done);
    else done(refusal);
  }

  /** I1 and I2. The root's own refusals are the tree's. */
  #refusalOf(bare: string, plug: Plug | typeof BELOW_PLUG | undefined): Errno | undefined {
    if (plug !== undefined || bare === '') return -EACCES;
    return this.#options.isQuorate() ? undefined : -EACCES;
  }

  /** Q5: sent to an upstream tree, the rename of a filled directory would remove an empty target on its way to failing. */
  #filled(bare: string): Errno | undefined {
    if (this.#options.treeMode !== 'upstream' || isLockPath(bare)) return undefined;
    const entry = this.#memdb.lookup(bare);
    if (entry?.type !== DIRECTORY) return undefined;
    for (const _child of this.#memdb.list(entry)) return -ENOTEMPTY;
    return undefined;
  }

  /** The first component decides (§1.1). */
  #plugOf(bare: string): Plug | typeof BELOW_PLUG | undefined {
    const slash = bare.indexOf('/');
    if (slash < 0) return this.#plugs.get(bare);
    const plug = this.#plugs.get(bare.slice(0, slash));
    if (plug === undefined) return undefined;
    return /[^/]/.test(bare.slice(slash)) ? BELOW_PLUG : plug;
  }
}

function withoutLeadingSlashes(path: string): string {
  let start = 0;
  while (path[start] === '/') start += 1;
  return start === 0 ? path : path.slice(start);
}

/** I3. What is beyond 1 MiB but within 32 bits is the tree's to refuse, in its order of checks. */
function tooBig(end: number): Errno | undefined {
  return end < U32_LIMIT ? undefined : -EFBIG;
}

/** Times are u32 on the wire and in the tree: the rest is cut off, as the original does. */
function u32(seconds: number): number {
  const whole = Math.floor(seconds) % U32_LIMIT;
  return whole < 0 ? whole + U32_LIMIT : whole;
}
