/**
 * The two locks of a change of the membership (spec/pmxcfs.md §8.2): a lock file against other commands of this node, and a
 * cluster lock, a directory below `priv/lock`, against those of other nodes (§2.6, client library facts).
 */
import { EACCES, EEXIST, EPERM } from '../../runtime/file-system/errno.ts';
import { makeParentDirectory } from '../../runtime/node/host-files.ts';
import { takeInstanceLock } from '../../runtime/node/instance-lock.ts';
import { PvecmFailure } from './failure.ts';
import { errnoText } from './node-client.ts';
import { type PvecmPorts, printLine, sleep, within } from './ports.ts';

const ACQUIRE_WITHIN_MS = 10_000;
const CODE_WITHIN_MS = 60_000;
const LOCAL_RETRY_MS = 100;
/** A tenth of the remaining time is slept between attempts, at least this long. */
const LEAST_RETRY_MS = 100;
const PROGRESS_EVERY_MS = 1000;

/** Runs `run` while this command alone holds the node's lock file. */
export async function withLocalLock<T>(ports: PvecmPorts, run: () => Promise<T>): Promise<T> {
  const { layout, clock } = ports;
  makeParentDirectory(layout.pvecmLock);
  const start_ms = clock.monotonic_ms();
  for (;;) {
    const lock = takeInstanceLock(layout.pvecmLock);
    if ('release' in lock) {
      try {
        return await run();
      } finally {
        lock.release();
      }
    }
    if (lock.failure === 'unusable') throw new PvecmFailure(lock.message);
    if (clock.monotonic_ms() - start_ms >= ACQUIRE_WITHIN_MS) {
      throw new PvecmFailure(`can't lock file '${layout.pvecmLock}' - got timeout: another pvecm is running here`);
    }
    await sleep(clock, LOCAL_RETRY_MS);
  }
}

/** The id of the lock on one file: `file-<path with . and / replaced by _>`. */
export function fileLockId(path: string): string {
  return `file-${path.replace(/[./]/g, '_')}`;
}

/** Runs `run` under the cluster lock `id`; an expired lock of somebody who vanished is removed on the way. */
export async function withClusterLock<T>(ports: PvecmPorts, id: string, run: () => Promise<T>): Promise<T> {
  const path = `priv/lock/${id}`;
  await acquire(ports, id, path);
  try {
    const late = new PvecmFailure(`'${id}'-locked command timed out - aborting`);
    return await within(ports.clock, CODE_WITHIN_MS, run, late);
  } finally {
    await ports.client.tryRemoveDirectory(path).catch(() => undefined);
  }
}

async function acquire(ports: PvecmPorts, id: string, path: string): Promise<void> {
  const { client, clock } = ports;
  const refuse = (text: string): never => {
    throw new PvecmFailure(`cfs-lock '${id}' error: ${text}`);
  };
  const description = await client.describeIfRunning();
  if (description === undefined) return refuse('pve cluster filesystem not online.');
  if (!description.quorate) return refuse('no quorum!');
  await client.makeDirectories('priv/lock');
  const end_ms = clock.monotonic_ms() + ACQUIRE_WITHIN_MS;
  let told_ms = Number.NEGATIVE_INFINITY;
  for (;;) {
    const errno = await client.tryMakeDirectory(path);
    if (errno === undefined) return;
    if (errno === EACCES || errno === EPERM) return refuse('no quorum!');
    if (errno !== EEXIST) return refuse(`unable to create the lock directory - ${errnoText(errno)}`);
    const left_ms = end_ms - clock.monotonic_ms();
    if (left_ms <= 0) return refuse('got lock request timeout');
    if (clock.monotonic_ms() - told_ms >= PROGRESS_EVERY_MS) {
      printLine(ports, `trying to acquire cfs lock '${id}' ...`);
      told_ms = clock.monotonic_ms();
    }
    await client.requestUnlock(path);
    await sleep(clock, Math.min(1000, Math.max(LEAST_RETRY_MS, left_ms / 10)));
  }
}
