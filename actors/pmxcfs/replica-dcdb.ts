/**
 * The replica of the tree: dcdb over its Memdb and Store (spec/pmxcfs.md §5, §13.2.2, §13.2.9). Adds to `replica.ts` what
 * the tree's effects need: transactions, keeping the database of a losing side, reloading after a full disk.
 */
import { DcdbApplication } from '../../machines/pmxcfs/dcdb/application.ts';
import type { ProvenPort } from '../../machines/pmxcfs/dcdb/proven-history.ts';
import type { DfsmMember } from '../../machines/pmxcfs/dfsm/members.ts';
import type { Memdb, TreeMode } from '../../machines/pmxcfs/tree/memdb.ts';
import { type Clock, wallSeconds } from '../../runtime/clock/clock.ts';
import type { Log } from '../../runtime/log/log.ts';
import type { ProcessGroup } from '../../runtime/process-group/process-group.ts';
import type { Store } from '../../runtime/store/store.ts';
import { Replica, type ReplicaOptions } from './replica.ts';

export interface TreeReplicaOptions {
  readonly group: ProcessGroup;
  readonly pid: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Opened from `store` already. */
  readonly memdb: Memdb;
  readonly store: Store;
  /** The same as the Memdb's; `solo` also holds requests back while unsynced (§13.1.7). */
  readonly mode: TreeMode;
  /** True while changes may be sent and applied: quorate, and the group holds a quorum of votes (§13.2.1). */
  readonly isQuorate: () => boolean;
  /** Sequence of the ring that is installed. */
  readonly ring: () => number;
  /** Where the last quorate ring is remembered. */
  readonly primaryRing: { load(): number; save(ring: number): { readonly message: string } | undefined };
  /** See `DcdbPort.proven`. */
  readonly proven?: ProvenPort | undefined;
  /** Synchronises the host copy of corosync.conf, aside (§5.8, Q20). */
  readonly hostConfig: (notify: boolean) => void;
  /** Where the database of a losing side is kept; a path that does not exist yet. */
  readonly losingDatabasePath: () => string;
  /** A losing side was kept; shown until somebody dismisses it. */
  readonly onLosingDatabase?: (kept: { readonly path: string; readonly lost: readonly string[] }) => void;
  readonly onTransition?: NonNullable<ReplicaOptions['onTransition']>;
  readonly inspect?: ReplicaOptions['inspect'];
}

/** Names per log line, so that a line stays far below the limit of 8192 bytes. */
const NAMES_PER_LINE = 20;

export class TreeReplica extends Replica {
  private readonly application: DcdbApplication;

  constructor(options: TreeReplicaOptions) {
    const { memdb, mode, store, clock, onTransition } = options;
    const application = new DcdbApplication({
      memdb,
      mode,
      port: {
        isQuorate: options.isQuorate,
        ring: options.ring,
        primaryRing: options.primaryRing,
        proven: options.proven,
        monotonic_s: () => clock.monotonic_ms() / 1000,
        commit: (changes) => store.commit(changes),
        hostConfig: options.hostConfig,
        keepLosingDatabase: (paths) => keepLosingDatabase(options, paths),
      },
    });
    super({
      group: options.group,
      pid: options.pid,
      clock,
      log: options.log,
      application,
      holdWhileUnsynced: mode === 'solo',
      recover: () => reload(options),
      ...(onTransition === undefined ? {} : { onTransition }),
      inspect: options.inspect,
    });
    this.application = application;
  }

  /** Changes that this node received and may not apply before the next quorate round (§13.2.1). */
  get keptChanges(): number {
    return this.application.keptChanges;
  }

  /** Leader of the last synchronisation round. */
  get leader(): DfsmMember | undefined {
    return this.application.leader;
  }
}

function keepLosingDatabase(
  { log, store, losingDatabasePath, onLosingDatabase }: TreeReplicaOptions,
  lost: readonly string[],
) {
  for (let at = 0; at < lost.length; at += NAMES_PER_LINE) {
    const names = lost.slice(at, at + NAMES_PER_LINE).join(', ');
    log.write('dcdb', 'notice', `changes of this node that the leader lacks are given up: ${names}`);
  }
  const path = losingDatabasePath();
  const failure = store.backup(path);
  if (failure !== undefined) return failure;
  log.write('dcdb', 'notice', `the database with these changes is kept as '${path}'`);
  onLosingDatabase?.({ path, lost });
  return undefined;
}

/** After a refused commit memory is ahead of the store (Q19): once the store works again, its rows are the truth. */
function reload({ memdb, store, clock, log }: TreeReplicaOptions): boolean {
  if (!store.probe()) return false;
  const loaded = store.load();
  if ('failure' in loaded) {
    log.write('database', 'crit', `unable to reload the database: ${loaded.failure.message}`);
    return false;
  }
  const opened = memdb.open(loaded.rows, { wall_s: wallSeconds(clock), monotonic_s: clock.monotonic_ms() / 1000 });
  if ('failure' in opened) {
    for (const { domain, level, message } of opened.logs) log.write(domain, level, message);
    return false;
  }
  log.write('database', 'notice', 'the database accepts changes again - rejoining');
  return true;
}
