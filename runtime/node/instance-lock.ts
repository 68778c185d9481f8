/**
 * The lock that keeps two daemons off one state directory (spec/pmxcfs.md §1.9 step 4): flock(2), exclusive, so that the kernel
 * releases it when the process dies however it dies.
 */
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

const LOCK_EX = 2;
const LOCK_NB = 4;

let flock: ((fd: number, operation: number) => number) | undefined;

function libcFlock(): (fd: number, operation: number) => number {
  flock ??= koffi.load(null).func('int flock(int fd, int operation)') as (fd: number, operation: number) => number;
  return flock;
}

export interface InstanceLock {
  release(): void;
}

/** Takes the lock at once, or says why not: `held` by another process, or the file can't be made. */
export function takeInstanceLock(
  path: string,
): InstanceLock | { readonly failure: 'held' | 'unusable'; readonly message: string } {
  let fd: number;
  try {
    fd = openSync(path, 'a', 0o600);
  } catch (error) {
    return { failure: 'unusable', message: `unable to create lock '${path}': ${(error as Error).message}` };
  }
  if (libcFlock()(fd, LOCK_EX | LOCK_NB) !== 0) {
    closeSync(fd);
    return { failure: 'held', message: `another process holds '${path}'` };
  }
  return { release: () => closeSync(fd) };
}
