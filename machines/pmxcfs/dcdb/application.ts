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
 *  D6  Nothing is applied in a quorate ring before `primaryRing` names that ring on disk (see `kept-changes.ts`).
 */
import assert from 'node:assert';
import { Buffer } from 'node:buffer';
import type { DfsmApplication, DfsmDelivery, DfsmFailure, DfsmIo, DfsmState } from '../dfsm/application.ts';
import type { DfsmMember } from '../dfsm/members.ts';
import { formatMember, formatMembers, isSameMember } from '../dfsm/members.ts';
import {
  CREATE,
  decodeFileMessage,
  type FileMessage,
  RENAME,
  UNLOCK,
  UNLOCK_REQUEST,
  WRITE,
} from '../messages/file-message.ts';
import { decodeInodeUpdate, encodeInodeUpdate, type InodeUpdate } from '../messages/inode-update.ts';
import { decodeReplay, encodeReplay, type ReplayMessage } from '../messages/replay-message.ts';
import { hex16 } from '../messages/u64.ts';
import { decodeUnlock, encodeUnlock } from '../messages/unlock-message.ts';
import type { Memdb, RowChange, Stamp, TransferPlan, TreeEntry, TreeFailure, TreeMode } from '../tree/memdb.ts';
import { components } from '../tree/path-class.ts';
import { inodesToUpdate } from '../tree/tree-index.ts';
import { changesToReplay, KeptChanges } from './kept-changes.ts';
import { type Election, elect } from './leader.ts';
import {
  decodeHistoryNote,
  encodeHistoryNote,
  type HistoryNote,
  ProvenHistory,
  type ProvenPort,
} from './proven-history.ts';
import { applyChange, applyFileMessage, lockOf, type TreeChange } from './tree-change.ts';

/** The world of the replicated tree, provided by its host. */
export interface DcdbPort {
  isQuorate(): boolean;
  /** Sequence of the ring that is installed. */
  ring(): number;
  /** The primary ring, kept on disk: 0 where there was none. `save` is durable when it returns, or says why it could not. */
  readonly primaryRing: { load(): number; save(ring: number): { readonly message: string } | undefined };
  /** What proves that others have removed what a leader lacks (§13.2.2); without it nothing does. */
  readonly proven?: ProvenPort | undefined;
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
const RESULT_EIO = -5;
const RESULT_EACCES = -13;
/** The outcome is not known. */
const RESULT_EBUSY = -16;

/** What one round has brought so far. */
interface RoundData {
  ownIndex: Buffer | undefined;
  leaderIndex: Buffer | undefined;
  leaderHistory: HistoryNote;
  nodeids: readonly number[];
  updates: InodeUpdate[];
  readonly offers: Map<number, ReplayMessage[]>;
  replays: readonly ReplayMessage[];
}

const noRound = (): RoundData => ({
  ownIndex: undefined,
  leaderIndex: undefined,
  leaderHistory: decodeHistoryNote(0),
  nodeids: [],
  updates: [],
  offers: new Map(),
  replays: [],
});

export class DcdbApplication implements DfsmApplication {
  readonly group = 'pve_dcdb_v1';
  readonly protocolVersion = 1;
  readonly logDomain = 'dcdb';
  private readonly memdb: Memdb;
  private readonly mode: TreeMode;
  private readonly port: DcdbPort;
  private io: DfsmIo | undefined;
  private round: RoundData = noRound();
  private readonly kept = new KeptChanges();
  private readonly history: ProvenHistory;
  /** Sequence of the last quorate ring whose round this node has completed. */
  private primaryRing: number;
  /** The quorate ring of this configuration; undefined while none is known. */
  private quorateRing: number | undefined;
  /** Leader of the last round, for status output. */
  leader: DfsmMember | undefined;

  constructor({ memdb, mode, port }: DcdbOptions) {
    this.memdb = memdb;
    this.mode = mode;
    this.port = port;
    this.primaryRing = port.primaryRing.load();
    this.history = new ProvenHistory(port.proven);
  }

  /** Changes that wait for the next quorate round (§13.2.1). */
  get keptChanges(): number {
    return this.kept.length;
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
    const change: TreeChange = { subtype, payload, writer: sender.nodeid, time_s };
    if (!this.port.isQuorate()) return this.keepOrRefuse(change);
    const unready = this.enterPrimaryRing();
    if (unready !== undefined) return { result: RESULT_EIO, failure: unready };
    const stamp: Stamp = { writer: sender.nodeid, time: time_s, monotonic_s: this.port.monotonic_s() };
    const isUnlock = subtype === UNLOCK || subtype === UNLOCK_REQUEST;
    const result = isUnlock
      ? this.deliverUnlock(subtype, payload, stamp)
      : this.deliverFileOperation(subtype, payload, stamp, own);
    if (typeof result !== 'number') return this.refuse(result.failure);
    return this.memdb.errorFlag ? { result, failure: 'error' } : { result };
  }

  /** The result slot of a refused message holds -1 (§5.3), but where the change may yet be made. */
  private refuse(reason: string, result = RESULT_EPERM): DfsmDelivery {
    this.attached.log('crit', reason);
    return { result, failure: 'leave' };
  }

  private keepOrRefuse(change: TreeChange): DfsmDelivery {
    const reason = 'received write while not quorate - trigger resync';
    if (this.quorateRing === undefined || this.quorateRing !== this.primaryRing) return this.refuse(reason);
    this.kept.isOpen = true;
    this.kept.add(change);
    return this.refuse(reason, RESULT_EBUSY);
  }

  missed({ nodeid }: DfsmMember, subtype: number, time_s: number, payload: Buffer): void {
    if (!this.kept.isOpen || subtype < WRITE || subtype > UNLOCK) return;
    this.kept.add({ subtype, payload, writer: nodeid, time_s });
  }

  configurationBegins(): void {
    this.kept.isOpen = false;
    this.quorateRing = undefined;
  }

  /** D6. What was kept before is decided then. */
  private enterPrimaryRing(): DfsmFailure | undefined {
    if (this.mode === 'upstream') return undefined;
    this.quorateRing ??= this.port.ring();
    if (this.quorateRing === this.primaryRing) return undefined;
    const failure = this.history.entering() ?? this.port.primaryRing.save(this.quorateRing);
    if (failure !== undefined) {
      this.attached.log('crit', `unable to remember the ring: ${failure.message}`, 'database');
      return 'storage';
    }
    this.primaryRing = this.quorateRing;
    this.kept.drop();
    return undefined;
  }

  private deliverFileOperation(
    subtype: number,
    payload: Buffer,
    stamp: Stamp,
    own: boolean,
  ): number | { readonly failure: string } {
    const message = decodeFileMessage(payload);
    if ('failure' in message) return message;
    const result = applyFileMessage(this.memdb, subtype, message, stamp);
    if (result >= 0 && writesClusterConfig(subtype, message)) this.port.hostConfig(own);
    return result;
  }

  /** §5.7, §9.7: a lock goes away only in the incarnation that was asked about. */
  private deliverUnlock(subtype: number, payload: Buffer, stamp: Stamp): number | { readonly failure: string } {
    const message = decodeUnlock(payload);
    if ('failure' in message) return message;
    const { path, checksum } = message;
    if (lockOf(this.memdb, message) === undefined) return 0;
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
    // The queue of the group opens after quorum is known, so that it stands for the whole round.
    if (this.mode === 'solo' && this.port.isQuorate()) this.quorateRing = this.port.ring();
    this.round.ownIndex = this.memdb.encodeIndex();
    return this.round.ownIndex;
  }

  stateNote(): number {
    return encodeHistoryNote({ primaryRing: this.primaryRing, isProven: this.history.isProven });
  }

  replays(): readonly Buffer[] {
    return this.kept.measure(this.memdb, this.mode).map(encodeReplay);
  }

  processReplay({ nodeid }: DfsmMember, payload: Buffer): DfsmFailure | undefined {
    const change = decodeReplay(payload);
    if ('failure' in change) {
      this.attached.log('crit', change.failure);
      return 'leave';
    }
    const { offers } = this.round;
    const offered = offers.get(nodeid) ?? [];
    offered.push({ ...change, payload: Buffer.from(change.payload) });
    offers.set(nodeid, offered);
    return undefined;
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
    this.round.leaderHistory = decodeHistoryNote(states.find(({ member }) => member === leader.member)?.note ?? 0);
    this.round.nodeids = states.map(({ member }) => member.nodeid);
    this.round.replays = this.dueReplays(states, leader.index.version);
    this.attached.log('notice', `leader is ${formatMember(leader.member)}`);
    this.attached.log('notice', `synced members: ${formatMembers(synced)}`);
    if (isSameMember(leader.member, this.attached.self)) this.sendUpdates(election);
    return { synced };
  }

  private dueReplays(states: readonly DfsmState[], version: number): readonly ReplayMessage[] {
    if (this.quorateRing === undefined) return [];
    const offers = states.map(({ member, note }) => ({
      primaryRing: decodeHistoryNote(note).primaryRing,
      changes: this.round.offers.get(member.nodeid) ?? [],
    }));
    return changesToReplay(offers, Math.max(...offers.map(({ primaryRing }) => primaryRing)), version);
  }

  /** Everybody who has completed the round does the same: in the leader's tree, before any message after the round. */
  synced(): DfsmFailure | undefined {
    if (this.mode === 'upstream') return undefined;
    if (this.quorateRing === undefined && this.port.isQuorate()) this.quorateRing = this.port.ring();
    if (this.quorateRing === undefined) return undefined;
    const { replays } = this.round;
    if (replays.length > 0)
      this.attached.log('notice', `applying ${replays.length} changes of an earlier quorate ring`);
    const unready = this.enterPrimaryRing();
    if (unready !== undefined) return unready;
    this.kept.drop();
    this.history.completed(this.round.nodeids);
    return this.replay(replays);
  }

  private replay(replays: readonly ReplayMessage[]): DfsmFailure | undefined {
    for (const [at, change] of replays.entries()) {
      // This ring has broken as well.
      if (!this.port.isQuorate()) return this.keepAgain(replays.slice(at));
      const result = applyChange(this.memdb, change, this.port.monotonic_s());
      if (typeof result !== 'number') continue;
      if (this.memdb.errorFlag) return 'error';
      const message = change.subtype === UNLOCK ? undefined : decodeFileMessage(change.payload);
      if (message === undefined || 'failure' in message) continue;
      if (result >= 0 && writesClusterConfig(change.subtype, message)) this.port.hostConfig(false);
    }
    return undefined;
  }

  private keepAgain(changes: readonly TreeChange[]): DfsmFailure {
    for (const change of changes) this.keepOrRefuse(change);
    return 'leave';
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
    const refused = this.giveUp(plan);
    const unstored = refused ?? this.store(plan.changes);
    if (unstored !== undefined) return unstored;
    const failure = this.memdb.adopt(plan, this.port.monotonic_s());
    if (failure !== undefined) return this.transferFailed(failure);
    // The original keeps the flag of an earlier failed transfer until a restart, though tree and store are proven now.
    if (this.mode === 'solo') this.memdb.errorFlag = false;
    this.port.hostConfig(false);
    return undefined;
  }

  /** D5, but where others have removed what the leader lacks. */
  private giveUp({ lost, hasForked }: TransferPlan): DfsmFailure | undefined {
    const { leaderHistory } = this.round;
    const isBeginning = !hasForked && this.history.isBeginningOf(this.primaryRing, leaderHistory);
    const refused = lost.length > 0 && !isBeginning ? this.keepLosing(lost) : undefined;
    if (refused !== undefined) return refused;
    const unmarked = this.history.adopting(leaderHistory, this.quorateRing !== undefined);
    if (unmarked === undefined) return undefined;
    this.attached.log('crit', `unable to mark the tree before it is replaced: ${unmarked.message}`, 'database');
    return 'storage';
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
    this.round = noRound();
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
