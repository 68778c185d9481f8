/**
 * Changes in local mode (spec/pmxcfs.md §1.7): applied to the tree with writer 0 and the local clock, and committed to
 * the store, one transaction each, before the caller gets its result.
 *
 * A commit that fails leaves memory ahead of the disk: the error flag is set, every change gets EIO, reads go on. The
 * store is probed, and when it works again the tree is loaded from it anew (§13.2.9).
 */
import { type FileOperation, LOCK_REMOVED } from '../../machines/pmxcfs/file-operation.ts';
import type { Memdb, Stamp } from '../../machines/pmxcfs/tree/memdb.ts';
import { type Clock, wallSeconds } from '../../runtime/clock/clock.ts';
import { EIO } from '../../runtime/file-system/errno.ts';
import type { Done } from '../../runtime/file-system/file-system.ts';
import type { Log } from '../../runtime/log/log.ts';
import type { Store } from '../../runtime/store/store.ts';

export interface LocalChangesOptions {
  readonly memdb: Memdb;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

const PROBE_INTERVAL_MS = 5000;
const NO_BYTES = Buffer.alloc(0);

/** The `submit` of a file system in local mode; answers before it returns. */
export function createLocalSubmit(options: LocalChangesOptions): (operation: FileOperation, done: Done) => void {
  const { memdb, store, clock, log } = options;

  function stamp(): Stamp {
    return { writer: 0, time: wallSeconds(clock), monotonic_s: clock.monotonic_ms() / 1000 };
  }

  function commit(result: number): number {
    const changes = memdb.takeChanges();
    const failure = changes.length === 0 ? undefined : store.commit(changes);
    if (failure === undefined) return result;
    memdb.errorFlag = true;
    log.write('database', 'crit', `commit transaction failed: ${failure.message}`);
    clock.setTimeout(recover, PROBE_INTERVAL_MS);
    return -EIO;
  }

  function recover(): void {
    const rows = store.probe() ? store.load() : undefined;
    if (rows === undefined || 'failure' in rows) {
      clock.setTimeout(recover, PROBE_INTERVAL_MS);
      return;
    }
    const now = { wall_s: wallSeconds(clock), monotonic_s: clock.monotonic_ms() / 1000 };
    const opened = memdb.open(rows.rows, now);
    if ('failure' in opened) {
      log.write('database', 'crit', `the database works again, but does not load: ${opened.failure}`);
      return;
    }
    log.write('database', 'notice', 'the database works again: the tree was loaded anew');
  }

  return (operation, done) => {
    const result = apply(memdb, operation, stamp(), log);
    done(result < 0 ? result : commit(result));
  };
}

function apply(memdb: Memdb, operation: FileOperation, stamp: Stamp, log: Log): number {
  switch (operation.kind) {
    case 'write':
      return memdb.write(operation.path, operation.data, operation.offset, operation.isEnd, stamp);
    case 'truncate':
      return memdb.write(operation.path, NO_BYTES, operation.size, true, stamp);
    case 'create':
      return memdb.create(operation.path, stamp);
    case 'mkdir':
      return memdb.mkdir(operation.path, stamp);
    case 'delete':
      return memdb.remove(operation.path, stamp);
    case 'rename':
      return memdb.rename(operation.path, operation.to, stamp);
    case 'mtime':
      return memdb.setMtime(operation.path, operation.mtime, stamp);
    case 'unlock-request':
      return unlock(memdb, operation.path, operation.checksum, stamp, log);
  }
}

/** §2.6, local mode: an expired lock is removed at once. */
function unlock(memdb: Memdb, path: string, checksum: Buffer, stamp: Stamp, log: Log): number {
  const answer = memdb.locks.testExpiry(path, checksum, stamp.monotonic_s);
  if (answer.log !== undefined) log.write('main', 'crit', answer.log);
  if (!answer.expired) return 0;
  const result = memdb.remove(path, stamp);
  return result === 0 ? LOCK_REMOVED : result;
}
