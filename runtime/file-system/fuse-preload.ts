/**
 * Loads the native half of fuse-native (pinned at 2.2.6), so that a mount needs no Debian package.
 *
 * Why not `import 'fuse-native'`: its JavaScript face starts `fusermount` to unmount, passes only the mount options that it
 * knows, turns 64-bit arguments into doubles, and answers every request through `process.nextTick` and several closures.
 * The native half needs none of that: it takes the option string as it is and may be answered synchronously.
 *
 * The native half needs `libfuse.so.2`. The package ships one, but without a run path, so it is loaded first, globally and
 * for good: without RTLD_NODELETE Node closes it again because it is no addon ("did not self-register").
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, endianness } from 'node:os';
import { dirname, join } from 'node:path';

/** The thread of libfuse that waits for the answer; opaque, passed back with it. */
export type Waiter = Buffer;

/** A request handler: the waiter, the operation's number, then the arguments as fuse-native.c builds them. */
export type RequestHandler = (waiter: Waiter, operation: number, ...parameters: never[]) => void;

type SignalResult = (waiter: Waiter, result: number) => void;
/** The array buffer is the one of the request: it is detached, since libfuse owns its bytes. */
type SignalBytes = (waiter: Waiter, result: number, unused: number, bytes: ArrayBufferLike) => void;
type SignalNumbers = (waiter: Waiter, result: number, numbers: Uint32Array) => void;
type SignalHandle = (waiter: Waiter, result: number, handle: number) => void;

/** Memory of a request pipe, opaque; it must live as long as the process. */
export type PipeMemory = Buffer;

/** What `request-pipe.c` adds where the binding was built here: the kernel's requests as bytes, on the loop of this process. */
export interface RequestPipeBinding {
  readonly sizeof_fuse_request_pipe_t: number;
  /** Mounts. `taken` gets the length of the request that lies in `requests`, or a negative errno at the end. Throws when it can't mount. */
  fuse_request_pipe_open(
    mountPoint: string,
    options: string,
    pipe: PipeMemory,
    requests: Buffer,
    taken: (length: number) => void,
  ): void;
  /** 0, or a negative errno. */
  fuse_request_pipe_answer(pipe: PipeMemory, bytes: Buffer, length: number): number;
  /** The process may end, whoever uses the mount. */
  fuse_request_pipe_release(pipe: PipeMemory): void;
}

/** What fuse-native.c exports, as far as it is used here. */
export interface FuseBinding extends Partial<RequestPipeBinding> {
  readonly sizeof_fuse_thread_t: number;
  fuse_native_mount(
    mountPoint: string,
    options: string,
    thread: Buffer,
    context: object,
    allocate: (size: number) => Buffer,
    handlers: readonly RequestHandler[],
    implemented: Uint32Array,
  ): void;
  fuse_native_unmount(mountPoint: string, thread: Buffer): void;
  readonly op_init: number;
  readonly op_statfs: number;
  readonly op_getattr: number;
  readonly op_readdir: number;
  readonly op_truncate: number;
  readonly op_utimens: number;
  readonly op_readlink: number;
  readonly op_chown: number;
  readonly op_chmod: number;
  readonly op_open: number;
  readonly op_read: number;
  readonly op_write: number;
  readonly op_create: number;
  readonly op_unlink: number;
  readonly op_rename: number;
  readonly op_link: number;
  readonly op_mkdir: number;
  readonly op_rmdir: number;
  readonly fuse_native_signal_init: SignalResult;
  readonly fuse_native_signal_statfs: SignalNumbers;
  readonly fuse_native_signal_getattr: SignalNumbers;
  readonly fuse_native_signal_readdir: (
    waiter: Waiter,
    result: number,
    names: readonly string[],
    stats: readonly Uint32Array[],
  ) => void;
  readonly fuse_native_signal_truncate: SignalResult;
  readonly fuse_native_signal_utimens: SignalResult;
  readonly fuse_native_signal_readlink: (waiter: Waiter, result: number, target: string) => void;
  readonly fuse_native_signal_chown: SignalResult;
  readonly fuse_native_signal_chmod: SignalResult;
  readonly fuse_native_signal_open: SignalHandle;
  readonly fuse_native_signal_read: SignalBytes;
  readonly fuse_native_signal_write: SignalBytes;
  readonly fuse_native_signal_create: SignalHandle;
  readonly fuse_native_signal_unlink: SignalResult;
  readonly fuse_native_signal_rename: SignalResult;
  readonly fuse_native_signal_link: SignalResult;
  readonly fuse_native_signal_mkdir: SignalResult;
  readonly fuse_native_signal_rmdir: SignalResult;
}

/** Why the native half could not be loaded: one sentence, the loader's words included. */
export interface LoadFailure {
  readonly failure: string;
}

/** Slots of the handler table (fuse-native.c). */
export const OPERATION_SLOTS = 35;

const RTLD_NODELETE = 0x1000;
const require = createRequire(import.meta.url);

let loaded: FuseBinding | undefined;

/** The binding, loaded once per process; or why it does not load. */
export function loadFuseBinding(): FuseBinding | LoadFailure {
  if (loaded !== undefined) return loaded;
  let directory: string;
  try {
    directory = packageDirectory();
  } catch {
    return { failure: 'the package fuse-native is not installed (npm ci installs it)' };
  }
  preloadLibfuse(directory);
  try {
    const binary = binaryPath(directory);
    loaded = createRequire(join(directory, 'package.json'))(binary) as FuseBinding;
    return loaded;
  } catch (error) {
    return { failure: `fuse-native does not load: ${(error as Error).message}` };
  }
}

/** True for the binary that `bin/dev/patch-fuse-native.mjs` builds; the published one only has libfuse's threads. */
export function hasRequestPipe(binding: FuseBinding): binding is FuseBinding & RequestPipeBinding {
  return binding.fuse_request_pipe_open !== undefined && endianness() === 'LE';
}

function packageDirectory(): string {
  return dirname(require.resolve('fuse-native/package.json'));
}

/** A build of this machine wins over the published binary, as with node-gyp-build, by which fuse-native looks it up. */
function binaryPath(directory: string): string {
  const find = createRequire(join(directory, 'package.json'))('node-gyp-build') as { path(directory: string): string };
  return find.path(directory);
}

function preloadLibfuse(directory: string): void {
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  for (const path of libfusePaths(directory)) {
    if (!existsSync(path)) continue;
    try {
      process.dlopen({ exports: {} }, path, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
    } catch {
      // Always: "Module did not self-register". The library stays loaded; if not, loading the binding says so.
    }
    return;
  }
}

function libfusePaths(directory: string): readonly string[] {
  const shipped = `prebuilds/${process.platform}-${process.arch}/libfuse.so`;
  return [join(directory, 'build/Release/libfuse.so'), join(directory, shipped)];
}
