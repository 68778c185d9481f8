/**
 * Mounts a FileSystem by FUSE, and takes the mount away again (spec/pmxcfs.md §1.3).
 *
 * I1. A mount point whose daemon is gone (ENOTCONN) is cleaned; a live mount or a folder with contents is refused.
 * I2. `unmount` ends within UNMOUNT_BOUND_MS, whoever still has files open there: the mount is detached lazily.
 * I3. Whatever a FileSystem throws becomes EIO for the caller and a line in the log (fuse-session.ts).
 *
 * The process that serves a mount must never touch it by a synchronous call: it would wait for itself, unkillably.
 */
import { constants } from 'node:fs';
import { access, mkdir, readdir, realpath, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Log } from '../log/log.ts';
import { EARLY_MS } from './early-files.ts';
import type { FileSystem } from './file-system.ts';
import {
  type FuseBinding,
  hasRequestPipe,
  loadFuseBinding,
  OPERATION_SLOTS,
  type RequestPipeBinding,
} from './fuse-preload.ts';
import { REQUEST_MAX_BYTES, TRANSFER_MAX_BYTES } from './fuse-protocol.ts';
import { fuseRequests } from './fuse-requests.ts';
import { FuseSession } from './fuse-session.ts';
import { withHiddenFiles } from './hidden-files.ts';
import { detachMount, mountAt } from './mount-table.ts';

export interface MountOptions {
  /** Absolute. Created with mode 0750 where it is missing. */
  readonly mountPoint: string;
  readonly fileSystem: FileSystem;
  /** Owner that every entry shows. */
  readonly uid: number;
  readonly gid: number;
  readonly log: Log;
}

export interface FuseMount {
  readonly ok: true;
  /** False when somebody else has unmounted it. */
  isMounted(): Promise<boolean>;
  /** Detaches the mount; never fails, never waits for those who use it. Calling it again does nothing. */
  unmount(): Promise<void>;
}

export type MountFailureCode = 'no-binding' | 'no-device' | 'no-permission' | 'in-use' | 'not-empty' | 'mount-failed';

/** No mount could be made. The rest of a node works without it. */
export interface MountFailure {
  readonly ok: false;
  readonly code: MountFailureCode;
  /** What is wrong, and what to do about it. */
  readonly message: string;
}

/** Bound of one unmount attempt, part of the half second that SIGTERM has (performance.md). */
const UNMOUNT_BOUND_MS = 300;
/** A daemon that does not answer a stat for so long is taken for dead. */
const PROBE_BOUND_MS = 2000;
/** The kernel's greeting comes at once; without it the mount is of no use. */
const GREETING_BOUND_MS = 5000;
/** A daemon that was killed over and over may have left several mounts on one another. */
const STALE_MOUNTS_MAX = 16;

/** Mounts, and resolves when the kernel has greeted: from then on calls are answered. */
export async function mountFuse(options: MountOptions): Promise<FuseMount | MountFailure> {
  const refused = (await deviceFailure()) ?? (await mountPointFailure(options));
  if (refused !== undefined) return refused;
  const binding = loadFuseBinding();
  if ('failure' in binding) return failed('no-binding', `${binding.failure}; run: npm ci`);

  // The kernel names mounts by their real path, and so must everything that looks for this one later.
  const mountPoint = await realpath(options.mountPoint);
  let greeted: () => void = () => undefined;
  const greeting = new Promise<void>((resolve) => {
    greeted = resolve;
  });
  let release: () => void;
  try {
    release = (hasRequestPipe(binding) ? serve : serveByThreads)(binding as FuseBinding & RequestPipeBinding, {
      ...options,
      mountPoint,
      greeted,
    });
  } catch {
    return failed(
      'mount-failed',
      `the kernel refused to mount ${mountPoint} (libfuse names the cause on standard error); mounting needs root with CAP_SYS_ADMIN`,
    );
  }
  const handle = mountHandle(mountPoint, release, options.log);
  if (await within(greeting, GREETING_BOUND_MS)) return handle;
  await handle.unmount();
  return failed('mount-failed', `the kernel mounted ${mountPoint} but sent no request within ${GREETING_BOUND_MS} ms`);
}

interface ServeOptions extends MountOptions {
  /** Called at the kernel's first request. */
  readonly greeted: () => void;
}

/** Mounts and serves on this process's loop. Throws what the mount fails with; returns what lets the process end. */
function serve(binding: RequestPipeBinding, options: ServeOptions): () => void {
  const { mountPoint, fileSystem, uid, gid, log, greeted } = options;
  const pipe = Buffer.alloc(binding.sizeof_fuse_request_pipe_t);
  const requests = Buffer.alloc(REQUEST_MAX_BYTES);
  ALIVE.push(pipe, requests);
  const answer = (bytes: Buffer, length: number) => binding.fuse_request_pipe_answer(pipe, bytes, length) === 0;
  const later = (run: () => void) => void setTimeout(run, EARLY_MS);
  const session = new FuseSession({ fileSystem, uid, gid, log, answer, greeted, later });
  binding.fuse_request_pipe_open(mountPoint, optionText(['default_permissions']), pipe, requests, (length) => {
    if (length > 0) session.receive(requests.subarray(0, length));
  });
  return () => binding.fuse_request_pipe_release(pipe);
}

/** The same by libfuse's threads: what the published binary can. */
function serveByThreads(binding: FuseBinding, options: ServeOptions): () => void {
  const { mountPoint, fileSystem, uid, gid, log, greeted } = options;
  const requests = fuseRequests(binding, { fileSystem: withHiddenFiles(fileSystem), uid, gid, log, greeted });
  const thread = Buffer.alloc(binding.sizeof_fuse_thread_t);
  const allocate = (size: number) => {
    const buffer = Buffer.alloc(size);
    ALIVE.push(buffer);
    return buffer;
  };
  ALIVE.push(thread);
  const implemented = new Uint32Array(OPERATION_SLOTS);
  for (const operation of requests.implemented) implemented[operation] = 1;
  binding.fuse_native_mount(
    mountPoint,
    optionText(['default_permissions', ...LIBFUSE_OPTIONS]),
    thread,
    {},
    allocate,
    requests.handlers,
    implemented,
  );
  return () => binding.fuse_native_unmount(mountPoint, thread);
}

/** What native code writes to lives as long as the process. */
const ALIVE: Buffer[] = [];

/** direct_io for every handle (Q1: those of create as well); write requests of 128 KiB. */
const LIBFUSE_OPTIONS = ['direct_io', 'big_writes', `max_write=${TRANSFER_MAX_BYTES}`];

/** Only root may let other users in without /etc/fuse.conf. */
function optionText(options: readonly string[]): string {
  return `-o${[...options, ...(isRoot() ? ['allow_other'] : [])].join(',')}`;
}

function mountHandle(mountPoint: string, release: () => void, log: Log): FuseMount {
  let ending: Promise<void> | undefined;
  const detach = async () => {
    if ((await mountAt(mountPoint)) !== undefined) {
      const failure = await detachMount(mountPoint, UNMOUNT_BOUND_MS);
      if (failure !== undefined) log.write('main', 'warning', `${mountPoint} is still mounted: ${failure}`);
    }
    release();
  };
  return {
    ok: true,
    isMounted: async () => (await mountAt(mountPoint)) !== undefined,
    unmount: () => {
      ending ??= detach();
      return ending;
    },
  };
}

async function deviceFailure(): Promise<MountFailure | undefined> {
  if (!isRoot() && !(await programExists('fusermount'))) {
    return failed('no-permission', 'mounting needs root, or the program fusermount (Debian package fuse)');
  }
  try {
    await access('/dev/fuse', isRoot() ? constants.R_OK | constants.W_OK : constants.F_OK);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return failed(
        'no-device',
        '/dev/fuse is missing: load the kernel module with "modprobe fuse"; a container needs "--device /dev/fuse"',
      );
    }
    return failed('no-permission', `/dev/fuse may not be opened: ${(error as Error).message}; start as root`);
  }
}

/** Creates the mount point, cleans what a dead daemon left there, and refuses what is not ours. */
async function mountPointFailure(options: MountOptions): Promise<MountFailure | undefined> {
  const mountPoint = options.mountPoint;
  for (let stale = 0; stale < STALE_MOUNTS_MAX; stale += 1) {
    const state = await probe(mountPoint);
    if (state.kind === 'missing') {
      try {
        await mkdir(mountPoint, { recursive: true, mode: 0o750 });
      } catch (error) {
        return failed('mount-failed', `the mount point cannot be created: ${(error as Error).message}`);
      }
      continue;
    }
    if (state.kind === 'unusable') return failed('mount-failed', `the mount point is of no use: ${state.reason}`);
    if (state.kind === 'answers') return await occupation(mountPoint);
    options.log.write('main', 'notice', `unmounting ${mountPoint}: the daemon that served it is gone`);
    const failure = await detachMount(mountPoint, PROBE_BOUND_MS);
    if (failure !== undefined) {
      return failed(
        'in-use',
        `a dead mount at ${mountPoint} does not go away (${failure}); run: umount -l ${mountPoint}`,
      );
    }
  }
  return failed('in-use', `${mountPoint} stays occupied by dead mounts; run: umount -l ${mountPoint}`);
}

type Probe = { readonly kind: 'missing' | 'dead' | 'answers' } | { readonly kind: 'unusable'; readonly reason: string };

async function probe(mountPoint: string): Promise<Probe> {
  const answer = stat(mountPoint).then(
    (status) => (status.isDirectory() ? undefined : { code: 'ENOTDIR', message: `${mountPoint} is not a directory` }),
    (error: NodeJS.ErrnoException) => error,
  );
  const outcome = await Promise.race([answer, delay(PROBE_BOUND_MS)]);
  if (outcome === undefined) return { kind: 'answers' };
  if (outcome === 'late' || outcome.code === 'ENOTCONN' || outcome.code === 'ECONNABORTED') return { kind: 'dead' };
  if (outcome.code === 'ENOENT') return { kind: 'missing' };
  return { kind: 'unusable', reason: outcome.message };
}

async function occupation(mountPoint: string): Promise<MountFailure | undefined> {
  const mount = await mountAt(await realpath(mountPoint));
  if (mount !== undefined) {
    const what = `${mount.source} (${mount.type})`;
    return failed(
      'in-use',
      `${mountPoint} is in use: ${what} is mounted there; stop its daemon, or run: umount ${mountPoint}`,
    );
  }
  const names = await readdir(mountPoint);
  if (names.length === 0) return undefined;
  const some = names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');
  return failed('not-empty', `${mountPoint} is not empty (${some}): move its contents away, or choose another place`);
}

function failed(code: MountFailureCode, message: string): MountFailure {
  return { ok: false, code, message };
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

async function programExists(name: string): Promise<boolean> {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    try {
      await access(join(directory, name), constants.X_OK);
      return true;
    } catch {
      // Not here.
    }
  }
  return false;
}

async function within(promise: Promise<void>, bound_ms: number): Promise<boolean> {
  const outcome = await Promise.race([promise.then(() => 'done' as const), delay(bound_ms)]);
  return outcome === 'done';
}

function delay(bound_ms: number): Promise<'late'> {
  return new Promise((resolve) => {
    setTimeout(resolve, bound_ms, 'late').unref();
  });
}
