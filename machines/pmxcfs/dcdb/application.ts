/**
 * dcdb, the replicated tree: the application of the group `pve_dcdb_v1` (spec/pmxcfs.md §5, §9.4).
 *
 * It decides what a delivered message does to the tree, who leads a synchronisation round, what the leader sends, and
 * when a received tree is adopted. Changes are made in memory; `batchEnd` makes a batch durable in one transaction.
 *
 * Invariants
 *  D1  Nothing is applied while this node is not quorate (10.1 I3).
 *  D2  The tree changes by a delivery or by a commit, and by nothing else.
 *  D3  A received tree is adopted after the store has it, and only if its index equals the leader's byte for byte.
 *  D4  Memory is never ahead of the store without the error flag being set (Q19).
 *  D5  Before changes of this node are given up, their paths are handed to `keepLosingDatabase` (§13.2.2).
 */
import assert from 'node:assert';
import type { Buffer } from 'node:buffer';
import type { DfsmApplication, DfsmDelivery, DfsmFailure, DfsmIo, DfsmState } from '../dfsm/application.ts';
import type { DfsmMember } from '../dfsm/members.ts';
import { formatMember, formatMembers, isSameMember } from '../dfsm/members.ts';
import {
  CREATE,
  DELETE,
  decodeFileMessage,
  type FileMessage,
  MKDIR,
  MTIME,
  RENAME,
  TRUNCATE,
  UNLOCK,
  UNLOCK_REQUEST,
  WRITE,
} from '../messages/file-message.ts';
import { decodeInodeUpdate, encodeInodeUpdate, type InodeUpdate } from '../messages/inode-update.ts';
import { hex16 } from '../messages/u64.ts';
import { decodeUnlock, encodeUnlock } from '../messages/unlock-message.ts';
import type { Memdb, RowChange, Stamp, TreeEntry, TreeFailure, TreeMode } from '../tree/memdb.ts';
import { components, isLockPath } from '../tree/path-class.ts';
import { DIRECTORY } from '../tree/tree-entry.ts';
import { inodesToUpdate } from '../tree/tree-index.ts';
import { type Election, elect } from './leader.ts';

/** The world of the replicated tree, provided by its host. */
export interface DcdbPort {
  isQuorate(): boolean;
  /** Monotonic clock in seconds, for lock ages (§13.2.8). */
  monotonic_s(): number;
  /** Applies all row changes in one transaction, or none; the reason when it could not. */
  commit(changes: readonly RowChange[]): { readonly message: string } | undefined;
  /** Asks that the host copy of corosync.conf be synchronised, aside (§5.8, Q20). */
  hostConfig(notify: boolean): void;
  /**
   * Keeps a copy of the database as it is now, before the changes at `paths` are given up (§13.2.2). Done when it
   * returns; without a copy nothing is given up, and the reason is returned.
   */
  keepLosingDatabase(paths: readonly string[]): { readonly message: string } | undefined;
}

export interface DcdbOptions {
  readonly memdb: Memdb;
  readonly mode: TreeMode;
  readonly port: DcdbPort;
}

export const CLUSTER_CONFIG_PATH = 'corosync.conf';

const RESULT_EPERM = -1;
const RESULT_EACCES = -13;

/** What one round has brought so far. */
interface RoundData {
  ownIndex: Buffer | undefined;
  leaderIndex: Buffer | undefined;
  updates: InodeUpdate[];
}

export class DcdbApplication implements DfsmApplication {
  readonly group = 'pve_dcdb_v1';
  readonly protocolVersion = 1;
  readonly logDomain = 'dcdb';
  private readonly memdb: Memdb;
  private readonly mode: TreeMode;
  private readonly port: DcdbPort;
  private io: DfsmIo | undefined;
  private round: RoundData = { ownIndex: undefined, leaderIndex: undefined, updates: [] };
  /** Leader of the last round, for status output. */
  leader: DfsmMember | undefined;

  constructor({ memdb, mode, port }: DcdbOptions) {
    this.memdb = memdb;
    this.mode = mode;
    this.port = port;
  }

  attach(io: DfsmIo): void {
    this.io = io;
  }

  /** §5.2: without quorum nothing is sent. */
  permit(): number {
    return this.port.isQuorate() ? 0 : RESULT_EACCES;
  }

  // --- delivery (§5.3) -----------------------------------------------------------------------------------------------

  deliver(sender: DfsmMember, subtype: number, time_s: number, payload: Buffer, own: boolean): DfsmDelivery {
    if (subtype < WRITE || subtype > UNLOCK) {
      return this.refuse(`received unknown message type (msg_type == ${subtype})`);
    }
    if (!this.port.isQuorate()) return this.refuse('received write while not quorate - trigger resync');
    const stamp: Stamp = { writer: sender.nodeid, time: time_s, monotonic_s: this.port.monotonic_s() };
    const isUnlock = subtype === UNLOCK || subtype === UNLOCK_REQUEST;
    const result = isUnlock
      ? this.deliverUnlock(subtype, payload, stamp)
      : this.deliverFileOperation(subtype, payload, stamp, own);
    if (typeof result !== 'number') return this.refuse(result.failure);
    return this.memdb.errorFlag ? { result, failure: 'error' } : { result };
  }

  /** The result slot of a refused message holds -1 (§5.3). */
  private refuse(reason: string): DfsmDelivery {
    this.attached.log('crit', reason);
    return { result: RESULT_EPERM, failure: 'leave' };
  }

  private deliverFileOperation(
    subtype: number,
    payload: Buffer,
    stamp: Stamp,
    own: boolean,
  ): number | { readonly failure: string } {
    const message = decodeFileMessage(payload);
    if ('failure' in message) return message;
    const result = this.apply(subtype, message, stamp);
    if (result >= 0 && writesClusterConfig(subtype, message)) this.port.hostConfig(own);
    return result;
  }

  private apply(subtype: number, { path, to, offset, flags, data }: FileMessage, stamp: Stamp): number {
    switch (subtype) {
      case WRITE:
        return this.memdb.write(path, data, offset, (flags & TRUNCATE) !== 0, stamp);
      case MKDIR:
        return this.memdb.mkdir(path, stamp);
      case DELETE:
        return this.memdb.remove(path, stamp);
      case RENAME:
        return this.memdb.rename(path, to, stamp);
      case CREATE:
        return this.memdb.create(path, stamp);
      default:
        assert(subtype === MTIME);
        return this.memdb.setMtime(path, offset, stamp);
    }
  }

  /** §5.7, §9.7: a lock goes away only in the incarnation that was asked about. */
  private deliverUnlock(subtype: number, payload: Buffer, stamp: Stamp): number | { readonly failure: string } {
    const message = decodeUnlock(payload);
    if ('failure' in message) return message;
    const { path, checksum } = message;
    const entry = this.memdb.lookup(path);
    if (entry?.type !== DIRECTORY || !isLockPath(path)) return 0;
    if (!this.memdb.lockChecksum(entry).equals(checksum)) return 0;
    if (subtype === UNLOCK) return this.memdb.remove(path, stamp);
    if (this.attached.lowestNodeid() === this.attached.self.nodeid) this.judgeExpiry(path, checksum, stamp);
    return 0;
  }

  private judgeExpiry(path: string, checksum: Buffer, stamp: Stamp): void {
    const answer = this.memdb.locks.testExpiry(components(path).join('/'), checksum, stamp.monotonic_s);
    if (answer.log !== undefined) this.attached.log('crit', answer.log, 'main');
    if (answer.expired) this.attached.post(UNLOCK, encodeUnlock({ path, checksum }));
  }

  /** Q19: memory is ahead of the store when this fails; the error flag stands until the tree is loaded again. */
  batchEnd(): DfsmFailure | undefined {
    const changes = this.memdb.takeChanges();
    return changes.length === 0 ? undefined : this.store(changes);
  }

  private store(changes: readonly RowChange[]): DfsmFailure | undefined {
    const failure = this.port.commit(changes);
    if (failure === undefined) return undefined;
    this.attached.log('crit', `commit transaction failed: ${failure.message}`, 'database');
    this.memdb.errorFlag = true;
    return 'storage';
  }

  // --- synchronisation (§5.4-5.6) ------------------------------------------------------------------------------------

  getState(): Buffer {
    this.round.ownIndex = this.memdb.encodeIndex();
    return this.round.ownIndex;
  }

  processStates(states: readonly DfsmState[]) {
    const election = elect(states);
    if ('failure' in election) {
      this.attached.log('crit', election.failure);
      return { failure: 'leave' } as const;
    }
    const { leader, synced } = election;
    this.leader = leader.member;
    this.round.leaderIndex = leader.index.blob;
    this.attached.log('notice', `leader is ${formatMember(leader.member)}`);
    this.attached.log('notice', `synced members: ${formatMembers(synced)}`);
    if (isSameMember(leader.member, this.attached.self)) this.sendUpdates(election);
    return { synced };
  }

  /** §5.5. The leader sends even when everybody is in sync. */
  private sendUpdates({ leader, behind }: Election): void {
    const { attached } = this;
    const inodes = new Set(behind.flatMap(({ index }) => inodesToUpdate(leader.index, index)));
    attached.log('notice', 'start sending inode updates');
    for (const inode of [...inodes].sort((a, b) => a - b)) {
      const entry = this.memdb.entryByInode(inode);
      if (entry === undefined) {
        attached.log('crit', `can get inode data for inode ${hex16(inode)}`);
        continue;
      }
      const update = snapshotOf(entry);
      attached.sendUpdate(
        () => encodeInodeUpdate(update),
        () => attached.log('crit', `sending update inode failed ${hex16(inode)}`),
      );
    }
    attached.log('notice', `sent all (${inodes.size}) updates`);
    attached.sendUpdateComplete();
  }

  processUpdate(payload: Buffer): DfsmFailure | undefined {
    const update = decodeInodeUpdate(payload);
    if ('failure' in update) {
      this.attached.log('crit', update.failure);
      return 'leave';
    }
    this.round.updates.push(update);
    return undefined;
  }

  commit(): DfsmFailure | undefined {
    const { ownIndex, leaderIndex, updates } = this.round;
    assert(ownIndex !== undefined && leaderIndex !== undefined, 'a commit ends a round');
    this.attached.log('notice', `update complete - trying to commit (got ${updates.length} inode updates)`);
    const unsaved = this.batchEnd();
    if (unsaved !== undefined) return unsaved;

    const plan = this.memdb.planTransfer(ownIndex, leaderIndex, updates);
    if ('failure' in plan) return this.transferFailed(plan);
    const refused = plan.lost.length > 0 ? this.keepLosing(plan.lost) : undefined;
    const unstored = refused ?? this.store(plan.changes);
    if (unstored !== undefined) return unstored;
    const failure = this.memdb.adopt(plan, this.port.monotonic_s());
    if (failure !== undefined) return this.transferFailed(failure);
    // The original keeps the flag of an earlier failed transfer until a restart, though tree and store are proven now.
    if (this.mode === 'solo') this.memdb.errorFlag = false;
    this.port.hostConfig(false);
    return undefined;
  }

  private keepLosing(paths: readonly string[]): DfsmFailure | undefined {
    const failure = this.port.keepLosingDatabase(paths);
    if (failure === undefined) return undefined;
    this.attached.log('crit', `unable to keep the database before its changes are given up: ${failure.message}`);
    return 'storage';
  }

  private transferFailed({ logs }: TreeFailure): DfsmFailure {
    for (const { domain, level, message } of logs) this.attached.log(level, message, domain);
    this.memdb.errorFlag = true;
    return 'leave';
  }

  cleanup(): void {
    this.round = { ownIndex: undefined, leaderIndex: undefined, updates: [] };
  }

  /** §4.8. */
  checksum(): Buffer {
    return this.memdb.checksum();
  }

  private get attached(): DfsmIo {
    assert(this.io !== undefined, 'attach comes first');
    return this.io;
  }
}

function writesClusterConfig(subtype: number, { path, to }: FileMessage): boolean {
  if (subtype === RENAME) return isClusterConfig(to);
  return (subtype === WRITE || subtype === CREATE) && isClusterConfig(path);
}

function isClusterConfig(path: string): boolean {
  return path.endsWith(CLUSTER_CONFIG_PATH) && components(path).join('/') === CLUSTER_CONFIG_PATH;
}

/** The entry as it is now: updates go out later than messages that may change the tree (§5.5). */
function snapshotOf({ parent, inode, version, writer, mtime, type, name, data }: TreeEntry): InodeUpdate {
  return { parent, inode, version, writer, mtime, type, name, data };
}
