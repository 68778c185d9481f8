/**
 * The requests of the kernel, as fuse-native hands them over, answered from a FileSystem.
 *
 * Each request comes from a thread of libfuse, which sleeps until it is signalled. I1: every request is signalled exactly
 * once, whatever the FileSystem does: a throw becomes EIO and a line in the log, a second answer is dropped.
 * Reads are signalled before the handler returns (fuse-native touches nothing afterwards), so the arrays that carry
 * numbers to libfuse are shared by all requests.
 *
 * Left out on purpose, because libfuse or the kernel then answers as spec/pmxcfs.md §1.4 wants it: flush and fsync
 * (success), xattr (ENOTSUP), symlink and mknod of anything but files (ENOSYS), release, access.
 */
import type { Log } from '../log/log.ts';
import { EILSEQ, EIO, EPERM } from './errno.ts';
import type { Done, EntryKind, FileAttributes, FileSystem } from './file-system.ts';
import { type FuseBinding, OPERATION_SLOTS, type RequestHandler, type Waiter } from './fuse-preload.ts';
import { SplitWrites } from './split-writes.ts';

export interface RequestOptions {
  readonly fileSystem: FileSystem;
  readonly uid: number;
  readonly gid: number;
  readonly log: Log;
  /** Called at the kernel's first request. */
  readonly greeted: () => void;
}

/** Handlers by operation number, and the numbers that are implemented. */
export interface FuseRequests {
  readonly handlers: readonly RequestHandler[];
  readonly implemented: readonly number[];
}

const S_IFMT_OF: Readonly<Record<EntryKind, number>> = { directory: 0o040000, file: 0o100000, symlink: 0o120000 };
const BLOCK_BYTES = 4096;
const TWO_32 = 2 ** 32;
/** uid and gid of a chown that leaves them alone, as unsigned numbers. */
const UNCHANGED = 0xffffffff;

type SignalResult = (waiter: Waiter, result: number) => void;

export function fuseRequests(binding: FuseBinding, options: RequestOptions): FuseRequests {
  const { fileSystem, uid, gid, log } = options;
  const statNumbers = new Uint32Array(18);
  const splitWrites = new SplitWrites();
  const statfsNumbers = new Uint32Array(11);
  const handlers = new Array<RequestHandler>(OPERATION_SLOTS).fill(() => undefined);
  const implemented: number[] = [];

  function on(operation: number, handler: RequestHandler): void {
    handlers[operation] = handler;
    implemented.push(operation);
  }

  function threw(operation: string, error: unknown): number {
    log.write(
      'main',
      'crit',
      `${operation} failed: ${error instanceof Error ? (error.stack ?? error.message) : error}`,
    );
    return -EIO;
  }

  /** An operation on one path that answers later: `start` gets the byte path and the one to call. */
  function change(name: string, signal: SignalResult, start: (path: string, done: Done, ...rest: number[]) => void) {
    return (waiter: Waiter, _operation: number, path: string, ...rest: number[]) => {
      const bytes = byteString(path);
      const done = once((result) => signal(waiter, result));
      if (bytes === undefined) return done(-EILSEQ);
      try {
        start(bytes, done, ...rest);
      } catch (error) {
        done(threw(name, error));
      }
    };
  }

  on(binding.op_init, (waiter: Waiter) => {
    binding.fuse_native_signal_init(waiter, 0);
    options.greeted();
  });

  on(binding.op_getattr, (waiter: Waiter, _operation: number, path: string) => {
    const bytes = byteString(path);
    let result = 0;
    if (bytes === undefined) result = -EILSEQ;
    else {
      try {
        const attributes = fileSystem.getattr(bytes);
        if (typeof attributes === 'number') result = attributes;
        else fillStat(statNumbers, attributes, uid, gid);
      } catch (error) {
        result = threw('getattr', error);
      }
    }
    binding.fuse_native_signal_getattr(waiter, result, statNumbers);
  });

  on(binding.op_readdir, (waiter: Waiter, _operation: number, path: string) => {
    const names: string[] = ['.', '..'];
    const stats: Uint32Array[] = [KIND_STATS.directory, KIND_STATS.directory];
    const bytes = byteString(path);
    let result = 0;
    if (bytes === undefined) result = -EILSEQ;
    else {
      try {
        for (const { name, kind } of fileSystem.readdir(bytes)) {
          names.push(textOf(name));
          stats.push(KIND_STATS[kind]);
        }
      } catch (error) {
        result = threw('readdir', error);
      }
    }
    binding.fuse_native_signal_readdir(waiter, result, names, stats);
  });

  on(binding.op_readlink, (waiter: Waiter, _operation: number, path: string) => {
    const bytes = byteString(path);
    let target: string | number = -EILSEQ;
    if (bytes !== undefined) {
      try {
        target = fileSystem.readlink(bytes);
      } catch (error) {
        target = threw('readlink', error);
      }
    }
    if (typeof target === 'number') binding.fuse_native_signal_readlink(waiter, target, '');
    else binding.fuse_native_signal_readlink(waiter, 0, textOf(target));
  });

  on(binding.op_open, (waiter: Waiter, _operation: number, path: string) => {
    const bytes = byteString(path);
    let result = -EILSEQ;
    if (bytes !== undefined) {
      try {
        result = fileSystem.open(bytes);
      } catch (error) {
        result = threw('open', error);
      }
    }
    binding.fuse_native_signal_open(waiter, result, 0);
  });

  on(
    binding.op_read,
    (
      waiter: Waiter,
      _operation: number,
      path: string,
      _handle: number,
      target: Buffer,
      length: number,
      offsetLow: number,
      offsetHigh: number,
    ) => {
      const bytes = byteString(path);
      let result = -EILSEQ;
      if (bytes !== undefined) {
        try {
          const data = fileSystem.read(bytes, offsetLow + offsetHigh * TWO_32, length);
          result = typeof data === 'number' ? data : data.copy(target);
        } catch (error) {
          result = threw('read', error);
        }
      }
      binding.fuse_native_signal_read(waiter, result, 0, target.buffer);
    },
  );

  on(
    binding.op_write,
    (
      waiter: Waiter,
      _operation: number,
      path: string,
      _handle: number,
      data: Buffer,
      _length: number,
      offsetLow: number,
      offsetHigh: number,
    ) => {
      const bytes = byteString(path);
      const done = once((result) => binding.fuse_native_signal_write(waiter, result, 0, data.buffer));
      if (bytes === undefined) return done(-EILSEQ);
      try {
        const offset = offsetLow + offsetHigh * TWO_32;
        fileSystem.write(bytes, splitWrites.piece(bytes, data, offset), offset, done);
      } catch (error) {
        done(threw('write', error));
      }
    },
  );

  on(binding.op_statfs, (waiter: Waiter) => {
    let result = 0;
    try {
      const { bsize, blocks, bfree, files, ffree, namemax } = fileSystem.statfs();
      // bsize, frsize, blocks, bfree, bavail, files, ffree, favail, fsid, flag, namemax
      statfsNumbers.set([bsize, bsize, blocks, bfree, bfree, files, ffree, 0, 0, 0, namemax]);
    } catch (error) {
      result = threw('statfs', error);
    }
    binding.fuse_native_signal_statfs(waiter, result, statfsNumbers);
  });

  on(
    binding.op_truncate,
    change('truncate', binding.fuse_native_signal_truncate, (path, done, low = 0, high = 0) =>
      fileSystem.truncate(path, low + high * TWO_32, done),
    ),
  );
  on(
    binding.op_create,
    change(
      'create',
      (waiter, result) => binding.fuse_native_signal_create(waiter, result, 0),
      (path, done) => fileSystem.create(path, done),
    ),
  );
  on(
    binding.op_mkdir,
    change('mkdir', binding.fuse_native_signal_mkdir, (path, done) => fileSystem.mkdir(path, done)),
  );
  on(
    binding.op_unlink,
    change('unlink', binding.fuse_native_signal_unlink, (path, done) => fileSystem.unlink(path, done)),
  );
  on(
    binding.op_rmdir,
    change('rmdir', binding.fuse_native_signal_rmdir, (path, done) => fileSystem.rmdir(path, done)),
  );
  on(
    binding.op_utimens,
    change('utimens', binding.fuse_native_signal_utimens, (path, done, _low, _high, mtimeLow = 0, mtimeHigh = 0) =>
      fileSystem.utimens(path, secondsOf(mtimeLow, mtimeHigh), done),
    ),
  );
  on(
    binding.op_chmod,
    change('chmod', binding.fuse_native_signal_chmod, (path, done, mode = 0) => done(fileSystem.chmod(path, mode))),
  );
  on(
    binding.op_chown,
    change('chown', binding.fuse_native_signal_chown, (path, done, newUid = 0, newGid = 0) =>
      done(fileSystem.chown(path, ownerOf(newUid), ownerOf(newGid))),
    ),
  );
  on(binding.op_link, (waiter: Waiter) => binding.fuse_native_signal_link(waiter, -EPERM));

  on(binding.op_rename, (waiter: Waiter, _operation: number, from: string, to: string) => {
    const source = byteString(from);
    const target = byteString(to);
    const done = once((result) => binding.fuse_native_signal_rename(waiter, result));
    if (source === undefined || target === undefined) return done(-EILSEQ);
    try {
      fileSystem.rename(source, target, done);
    } catch (error) {
      done(threw('rename', error));
    }
  });

  return { handlers, implemented };
}

/** What readdir reports of an entry: its type only. */
const KIND_STATS: Readonly<Record<EntryKind, Uint32Array>> = {
  directory: kindStat('directory'),
  file: kindStat('file'),
  symlink: kindStat('symlink'),
};

function kindStat(kind: EntryKind): Uint32Array {
  const numbers = new Uint32Array(18);
  numbers[0] = S_IFMT_OF[kind];
  return numbers;
}

/** The layout of `populate_stat` in fuse-native.c: 32-bit numbers; size, blocks and the times (in ms) take two each. */
function fillStat(numbers: Uint32Array, attributes: FileAttributes, uid: number, gid: number): void {
  numbers[0] = attributes.mode;
  numbers[1] = uid;
  numbers[2] = gid;
  numbers[3] = attributes.size;
  numbers[6] = attributes.nlink;
  numbers[9] = BLOCK_BYTES;
  numbers[10] = attributes.blocks ?? Math.ceil(attributes.size / BLOCK_BYTES);
  const mtime_ms = attributes.mtime * 1000;
  const low = mtime_ms % TWO_32;
  const high = (mtime_ms - low) / TWO_32;
  for (let at = 12; at < 18; at += 2) {
    numbers[at] = low;
    numbers[at + 1] = high;
  }
}

/** Runs `answer` at the first call only: a second signal would wake the thread in its next request. */
function once(answer: Done): Done {
  let answered = false;
  return (result) => {
    if (answered) return;
    answered = true;
    answer(result);
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII is meant.
const BEYOND_ASCII = /[^\x00-\x7f]/;

/**
 * fuse-native decodes paths as UTF-8; undefined where that lost bytes (U+FFFD, spec §13.1.5). A name that really holds
 * U+FFFD can't be told from those, and is refused too.
 */
function byteString(path: string): string | undefined {
  if (!BEYOND_ASCII.test(path)) return path;
  if (path.includes('\ufffd')) return undefined;
  return Buffer.from(path, 'utf8').toString('latin1');
}

function textOf(bytes: string): string {
  return BEYOND_ASCII.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;
}

/** Whole seconds of a signed 64-bit number of milliseconds, of which fuse-native passes the halves. */
function secondsOf(low: number, high: number): number {
  return Math.floor(((high | 0) * TWO_32 + low) / 1000);
}

function ownerOf(id: number): number {
  return id === UNCHANGED ? -1 : id;
}
