/**
 * Makes system calls on a mount, one after the other, and tells their results. A process of its own: it may wait on the
 * mount as long as it likes.
 *
 *   node --import tsx simulations/mount/calls.ts MOUNTPOINT < calls.json > results.json
 */
import * as fs from 'node:fs';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { groupId } from '../../runtime/file-system/owner.ts';

/** A call as `fuse-local.json` writes it: the arguments, and the fields of the result that are to be compared. */
export interface Call {
  readonly op: string;
  readonly path: string;
  /** Whom the caller is: root where absent. */
  readonly as_?: string;
  readonly to?: string;
  readonly data?: string;
  /** As in C: `O_CREAT|O_WRONLY`; O_WRONLY where absent. */
  readonly flags?: string;
  readonly mode?: string;
  readonly uid?: number;
  readonly gid?: number | string;
  readonly size?: number;
  /** Access and modification time in seconds. */
  readonly times?: readonly [number, number] | 'now';
}

/** `result`: `ok` or the name of the errno; the other fields as far as the call yields them. */
export type CallResult = Readonly<Record<string, unknown>> & { readonly result: string };

const PERMISSIONS = 0o640;
const AT_FDCWD = -100;
const UTIME_OMIT = 0x3ffffffe;
const NOBODY = 65_534;

const libc = koffi.load('libc.so.6');
koffi.struct('timespec', { tv_sec: 'int64', tv_nsec: 'int64' });
const native = {
  mkfifo: libc.func('int mkfifo(const char *path, uint32 mode)'),
  mknod: libc.func('int mknod(const char *path, uint32 mode, uint64 device)'),
  truncate: libc.func('int truncate(const char *path, int64 size)'),
  getxattr: libc.func('int64 getxattr(const char *path, const char *name, void *value, uint64 size)'),
  setxattr: libc.func('int setxattr(const char *path, const char *name, const char *value, uint64 size, int flags)'),
  listxattr: libc.func('int64 listxattr(const char *path, void *list, uint64 size)'),
  mmap: libc.func('int64 mmap(void *address, uint64 length, int protection, int flags, int fd, int64 offset)'),
  utimensat: libc.func('int utimensat(int directory, const char *path, timespec *times, int flags)'),
};

const errnoNames = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

class CallFailure extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Throws for the -1 of a C function. */
function checked(outcome: number | bigint): void {
  if (Number(outcome) !== -1) return;
  const name = errnoNames.get(koffi.errno()) ?? String(koffi.errno());
  throw new CallFailure(name === 'EOPNOTSUPP' ? 'ENOTSUP' : name);
}

function withFile<T>(path: string, flags: number, use: (fd: number) => T): T {
  const fd = fs.openSync(path, flags, PERMISSIONS);
  try {
    return use(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function flagsOf(text: string | undefined): number {
  if (text === undefined) return fs.constants.O_WRONLY;
  const flags = fs.constants as unknown as Readonly<Record<string, number>>;
  return text.split('|').reduce((sum, name) => sum | (flags[name.trim()] ?? 0), 0);
}

/** `<1048576 x>` stands for so many x. */
function bytesOf(data: string | undefined): Buffer {
  const repeated = /^<(\d+) (.)>$/.exec(data ?? '');
  return repeated === null ? Buffer.from(data ?? 'x') : Buffer.alloc(Number(repeated[1]), repeated[2]);
}

function timesOf(call: Call): [number, number] {
  const now = Math.floor(Date.now() / 1000);
  return call.times === undefined || call.times === 'now' ? [now, now] : [call.times[0], call.times[1]];
}

/** An owner's number; -1 for the one that is not to be changed. */
function ownerOf(owner: number | string | undefined): number {
  if (owner === undefined) return -1;
  return typeof owner === 'number' ? owner : (groupId(owner) ?? -1);
}

function attributesOf(path: string): Record<string, unknown> {
  const { mode, uid, gid, nlink, size, blocks, mtimeMs } = fs.lstatSync(path);
  return { mode: `0${mode.toString(8)}`, uid, gid, nlink, size, blocks, mtime: mtimeMs / 1000 };
}

/** Sets mtime alone, which libfuse drops: succeeds, and the mtime stays. */
function setOnlyMtime(path: string): Record<string, unknown> {
  const before = fs.lstatSync(path).mtimeMs;
  const times = [
    { tv_sec: 0, tv_nsec: UTIME_OMIT },
    { tv_sec: 12_345, tv_nsec: 0 },
  ];
  checked(native.utimensat(AT_FDCWD, path, times, 0));
  return { isMtimeKept: fs.lstatSync(path).mtimeMs === before };
}

/** Yields the fields of the result, if any; throws what failed. */
type Run = (path: string, call: Call, target: string) => unknown;

const C = fs.constants;
const runs: Readonly<Record<string, Run>> = {
  readdir: (path) => ({ names: fs.readdirSync(path).sort() }),
  lstat: (path) => attributesOf(path),
  readlink: (path) => ({ value: fs.readlinkSync(path) }),
  read: (path) => ({ value: withFile(path, C.O_RDONLY, (fd) => fs.readFileSync(fd, 'latin1')) }),
  write: (path, call) => ({ count: withFile(path, flagsOf(call.flags), (fd) => fs.writeSync(fd, bytesOf(call.data))) }),
  'open-create': (path) => withFile(path, C.O_CREAT | C.O_WRONLY, () => undefined),
  'open-create-excl': (path) => withFile(path, C.O_CREAT | C.O_EXCL | C.O_WRONLY, () => undefined),
  'open-trunc': (path) => withFile(path, C.O_WRONLY | C.O_TRUNC, () => undefined),
  open: (path, call) => withFile(path, flagsOf(call.flags), () => undefined),
  fsync: (path) => withFile(path, C.O_RDWR, (fd) => fs.fsyncSync(fd)),
  'mmap-shared': (path) => withFile(path, C.O_RDWR, (fd) => checked(native.mmap(null, 1, 3, 1, fd, 0))),
  mkdir: (path) => fs.mkdirSync(path),
  rmdir: (path) => fs.rmdirSync(path),
  unlink: (path) => fs.unlinkSync(path),
  rename: (path, _call, target) => fs.renameSync(path, target),
  symlink: (path) => fs.symlinkSync('target', path),
  link: (path, call, target) => fs.linkSync(call.to === undefined ? join(path, '../f') : target, path),
  mkfifo: (path) => checked(native.mkfifo(path, PERMISSIONS)),
  'mknod-regular': (path) => checked(native.mknod(path, C.S_IFREG | PERMISSIONS, 0)),
  chmod: (path, call) => fs.chmodSync(path, Number.parseInt(call.mode ?? '0640', 8)),
  chown: (path, call) => fs.chownSync(path, ownerOf(call.uid), ownerOf(call.gid)),
  getxattr: (path) => checked(native.getxattr(path, 'user.a', null, 0)),
  setxattr: (path) => checked(native.setxattr(path, 'user.a', '1', 1, 0)),
  listxattr: (path) => checked(native.listxattr(path, null, 0)),
  truncate: (path, call) => checked(native.truncate(path, call.size ?? 0)),
  utimes: (path, call) => fs.utimesSync(path, ...timesOf(call)),
  lutimes: (path, call) => fs.lutimesSync(path, ...timesOf(call)),
  'utimes-mtime-only': (path) => setOnlyMtime(path),
};

function make(mountPoint: string, call: Call): CallResult {
  const run = runs[call.op];
  if (run === undefined) return { result: `unknown call ${call.op}` };
  try {
    const fields = asUser(call.as_, () => run(join(mountPoint, call.path), call, join(mountPoint, call.to ?? '')));
    return { ...(typeof fields === 'object' ? fields : {}), result: 'ok' };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return { result: code === 'EOPNOTSUPP' ? 'ENOTSUP' : code };
  }
}

/** The kernel judges by the effective ids, which root may change and take back. */
function asUser<T>(name: string | undefined, run: () => T): T {
  if (name === undefined || name === 'root') return run();
  const id = name === 'nobody' ? NOBODY : (groupId(name) ?? NOBODY);
  process.setgroups?.([]);
  process.setegid?.(id);
  process.seteuid?.(id);
  try {
    return run();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

const mountPoint = process.argv[2];
if (mountPoint !== undefined) {
  const calls = JSON.parse(readFileSync(0, 'utf8')) as readonly Call[];
  process.stdout.write(JSON.stringify(calls.map((call) => make(mountPoint, call))));
}
