/**
 * What a replicated application gives to the dfsm, and what the dfsm offers it (spec/pmxcfs.md §4, §5, §6).
 *
 * Two applications exist: dcdb (the tree) and status (kv store and cluster log). All calls of one instance come one at
 * a time, on the delivery path; none may block. What an application wants to tell people it says through `DfsmIo.log`.
 */
import type { DfsmMember } from './members.ts';

export type DfsmLogDomain = 'dcdb' | 'status' | 'main' | 'database';
export type DfsmLogLevel = 'crit' | 'notice' | 'debug';

/** How an application's failure ends: `leave` = LEAVE and rejoin; `error` = ERROR (error flag); `storage` = ERROR until the store works again (§13.2.9). */
export type DfsmFailure = 'leave' | 'error' | 'storage';

/** The result of one delivered NORMAL message. */
export interface DfsmDelivery {
  /** Goes to the local waiter when the message is ours: 0, a byte count or a negative errno. */
  readonly result: number;
  /** The node must stop being a member (a return value below 0 in §4.5). The rest of the queue stays undelivered. */
  readonly failure?: DfsmFailure;
}

/** The state blob of one member in a synchronisation round. */
export interface DfsmState {
  readonly member: DfsmMember;
  readonly state: Buffer;
  /** What the member's application says of itself beside its blob; u32, 0 where it says nothing. */
  readonly note: number;
}

/** The services of the dfsm for its application; handed over once, by `attach`. */
export interface DfsmIo {
  /** This process. */
  readonly self: DfsmMember;
  /** Lowest nodeid of the current members; undefined before the first configuration. */
  lowestNodeid(): number | undefined;
  /** Sends a NORMAL message without waiting for its result (§4.7). Takes ownership of `payload`. */
  post(subtype: number, payload: Buffer): void;
  /** Sends one UPDATE of the running round. `payload` is asked for when the message really goes out. */
  sendUpdate(payload: () => Buffer, onFailure: () => void): void;
  /** Sends UPDATE_COMPLETE of the running round; a failure makes the node leave. */
  sendUpdateComplete(): void;
  /** A line in the application's own domain, or in `domain`. */
  log(level: DfsmLogLevel, message: string, domain?: DfsmLogDomain): void;
}

export interface DfsmApplication {
  /** Group name on the wire, without the terminating NUL. */
  readonly group: string;
  readonly protocolVersion: number;
  readonly logDomain: 'dcdb' | 'status';
  /** Called once, before anything else. */
  attach(io: DfsmIo): void;
  /**
   * Asked before a request of this node is sent: 0, or the negative errno with which it ends unsent (§5.2: not quorate).
   * Asked again when a request that was held back while unsynced (§13.1.7) is about to go out. Absent: always 0.
   */
  permit?(): number;
  /** A NORMAL message in the agreed order. `time_s` is the sender's header time; `own`: sent by this process. */
  deliver(sender: DfsmMember, subtype: number, time_s: number, payload: Buffer, own: boolean): DfsmDelivery;
  /**
   * A message that will not be delivered here, since an earlier one was refused with `leave`: until the next configuration
   * change, in the agreed order.
   */
  missed?(sender: DfsmMember, subtype: number, time_s: number, payload: Buffer): void;
  /** A configuration change begins: whatever was sent in the configuration before has been delivered. */
  configurationBegins?(): void;
  /** This node's state blob for a round; undefined makes the node leave. */
  getState(): Buffer | undefined;
  /** Asked after `getState`: what everybody gets to know beside the blob, u32. */
  stateNote?(): number;
  /** Asked after `getState`: what goes out before the state, so that every member has it when the round's states are complete. */
  replays?(): readonly Buffer[];
  /** What a member's `replays` gave out, on every member. */
  processReplay?(sender: DfsmMember, payload: Buffer): DfsmFailure | undefined;
  /** All members' states are here, in member order. Returns the members that are synced now; may send updates. */
  processStates(
    states: readonly DfsmState[],
  ): { readonly synced: readonly DfsmMember[] } | { readonly failure: DfsmFailure };
  /** One UPDATE payload of the leader, on a member that is not synced. */
  processUpdate(payload: Buffer): DfsmFailure | undefined;
  /** UPDATE_COMPLETE on a member that is not synced: adopt what was received. */
  commit(): DfsmFailure | undefined;
  /** Drops what a round has left behind (received updates, remembered indexes). */
  cleanup(): void;
  /** Checksum over the replicated data for §4.8; an application without this takes no part in verification. */
  checksum?(): Buffer | undefined;
  /** The member list of a new configuration, after the dfsm has acted on it (§4.4 step 11). */
  configurationChanged?(members: readonly DfsmMember[]): void;
  /** The node has become synced (§4.2), before queued messages are delivered. */
  synced?(): DfsmFailure | undefined;
  /**
   * End of a batch of deliveries: make the batch durable in one transaction. Results of the batch's local waiters are
   * given out after it; with a failure they all become -EIO.
   */
  batchEnd?(): DfsmFailure | undefined;
}
