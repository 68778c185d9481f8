/**
 * The messages of one dfsm replica: what is done with one message, one request (spec/pmxcfs.md §4.3-§4.7).
 *
 * *Whether* it is done stands in the mode, which lives in `machine.ts` and reaches this core by `enterMode`. In mode
 * synced a NORMAL message is delivered here without any machine event; elsewhere it is queued. State messages,
 * configuration changes and failures go to the machine through `signal`; the steps that the machine then asks for are in
 * `round-steps.ts` and `verify-steps.ts`.
 *
 * Invariants
 *  K1  `count` of own messages rises by one and appears on the wire in order (§4.7).
 *  K2  There is one epoch variable: a configuration change overwrites it, SYNC_START adopts the round's (§13.1.1).
 *  K3  Each request ends in exactly one result (10.1 I10); results leave by `waiters.flush` only.
 *  K4  The sync queue is empty outside of mode update, and never holds own messages.
 *  K5  After a failed delivery nothing more of the same walk is delivered; after a refusal the application is told of what it misses.
 *  K6  With `holdWhileUnsynced` no NORMAL message is newly sent outside of mode synced (§13.1.7, Q11).
 */
import assert from 'node:assert';
import { Buffer } from 'node:buffer';
import {
  type BaseHeader,
  decodeBase,
  decodeNormal,
  decodeState,
  encodeNormal,
  encodeState,
  NORMAL,
  REPLAY,
  STATE,
  SYNC_START,
  UPDATE,
  UPDATE_COMPLETE,
  VERIFY,
  VERIFY_REQUEST,
} from '../messages/header.ts';
import type { DfsmApplication, DfsmFailure, DfsmLogDomain, DfsmLogLevel } from './application.ts';
import type { ConfigurationChange, DfsmEvent, DfsmMode, StateMessageName } from './machine.ts';
import { type DfsmMember, formatMember, isSameMember } from './members.ts';
import { MessageQueue, type QueuedMessage, SyncQueue } from './queues.ts';
import { Round } from './round.ts';
import { Verification } from './verification.ts';
import { type Done, Waiters } from './waiters.ts';

/** The world of one replica, provided by its host. */
export interface DfsmPort {
  /**
   * Multicasts in the order of the calls, now or as soon as the group takes it (§4.7). `message` is asked for once, when
   * it goes out; undefined: it is of no use any more. `onFailure` is called at most once, when it will never go out.
   */
  mcast(message: () => Buffer | undefined, onFailure: () => void): void;
  /** Announces leaving the group; the change without this process follows, or the engine is lost. */
  leaveGroup(): void;
  /** The machine has stopped taking part and this process is no member any more (§4.9). */
  left(): void;
  log(domain: DfsmLogDomain, level: DfsmLogLevel, message: string): void;
  /** Wall clock, whole seconds, u32. */
  now_s(): number;
}

export interface DfsmOptions {
  readonly self: DfsmMember;
  readonly application: DfsmApplication;
  readonly port: DfsmPort;
  /** Requests of this node wait while it is not synced: mode solo of §13.1.7. */
  readonly holdWhileUnsynced: boolean;
}

/** A request that waits for the node to be synced. */
interface HeldRequest {
  readonly subtype: number;
  readonly payload: Buffer;
  readonly done: Done | undefined;
}

const RESULT_EBUSY = -16;
/** Bound on held requests. Callers are file-system calls and timers, so that thousands mean that something is broken. */
const MAX_HELD_REQUESTS = 65_536;

const STATE_MESSAGE_TYPES = { SYNC_START, STATE, UPDATE, UPDATE_COMPLETE, VERIFY_REQUEST, VERIFY, REPLAY } as const;

const STATE_MESSAGE_NAMES: ReadonlyMap<number, StateMessageName> = new Map(
  Object.entries(STATE_MESSAGE_TYPES).map(([name, type]) => [type, name as StateMessageName]),
);

const NO_PAYLOAD: Buffer = Buffer.alloc(0);

export class DfsmCore {
  readonly self: DfsmMember;
  readonly application: DfsmApplication;
  readonly port: DfsmPort;
  readonly signal: (event: DfsmEvent) => void;
  readonly round: Round;
  readonly verification = new Verification();
  readonly waiters = new Waiters();
  readonly messageQueue = new MessageQueue();
  readonly syncQueue = new SyncQueue();
  /** Written by the machine's `enterMode` only. */
  mode: DfsmMode = 'start';
  /** True from OPEN until the group was left or lost. */
  isConnected = false;
  /** A change that the application has not heard of yet (§4.4 step 11). */
  untoldChange: ConfigurationChange | undefined;
  private readonly holdWhileUnsynced: boolean;
  private held: HeldRequest[] = [];
  private lastCount = 0;

  constructor(options: DfsmOptions, signal: (event: DfsmEvent) => void) {
    this.self = options.self;
    this.application = options.application;
    this.port = options.port;
    this.holdWhileUnsynced = options.holdWhileUnsynced;
    this.signal = signal;
    this.round = new Round(options.self);
    options.application.attach({
      self: options.self,
      lowestNodeid: () => this.round.lowestNodeid,
      post: (subtype, payload) => this.submit(subtype, payload, undefined),
      sendUpdate: (payload, onFailure) => this.sendState('UPDATE', payload, onFailure),
      sendUpdateComplete: () =>
        this.sendState('UPDATE_COMPLETE', undefined, () => this.fail('failed to send UPDATE_COMPLETE message')),
      log: (level, message, domain) => this.port.log(domain ?? this.application.logDomain, level, message),
    });
  }

  get heldRequests(): number {
    return this.held.length;
  }

  /** Own messages sent so far. */
  get sentMessages(): number {
    return this.lastCount;
  }

  log(level: DfsmLogLevel, message: string): void {
    this.port.log(this.application.logDomain, level, message);
  }

  /** A step failed: says why, and the machine leaves. */
  fail(reason: string): void {
    this.log('crit', reason);
    this.signal({ type: 'FAILED' });
  }

  failApplication(failure: DfsmFailure): void {
    if (failure === 'leave') this.signal({ type: 'FAILED' });
    else this.signal({ type: 'SERIOUS_ERROR', recoverable: failure === 'storage' });
  }

  // --- receiving (§4.5) ----------------------------------------------------------------------------------------------

  /** One message of the group, in the agreed order. Takes ownership of `message`. */
  receive(sender: DfsmMember, message: Buffer): void {
    if (!takesPart(this.mode)) {
      this.tellMissed(sender, message);
      return;
    }
    if (!this.round.hasMembers) {
      this.fail('no dfsm_sync_info - internal error');
      return;
    }
    const base = decodeBase(message);
    if ('failure' in base) this.fail(base.failure);
    else if (!this.speaksOurProtocol(base)) return;
    else if (base.type === NORMAL) this.receiveNormal(sender, base, message);
    else this.receiveState(sender, base, message);
  }

  private speaksOurProtocol({ protocolVersion }: BaseHeader): boolean {
    const own = this.application.protocolVersion;
    if (protocolVersion === own) return true;
    if (protocolVersion > own) {
      this.log('crit', `received message with protocol version ${protocolVersion}`);
      this.signal({ type: 'NEWER_PROTOCOL' });
    } else {
      this.log('notice', `ignore message with wrong protocol version ${protocolVersion}`);
    }
    return false;
  }

  /** Messages of the configuration that this node is about to leave. */
  private tellMissed(sender: DfsmMember, message: Buffer): void {
    if (this.mode !== 'leaving' || this.application.missed === undefined) return;
    const base = decodeBase(message);
    if ('failure' in base || base.type !== NORMAL || base.protocolVersion !== this.application.protocolVersion) return;
    const normal = decodeNormal(base, message);
    if ('failure' in normal) return;
    this.application.missed(sender, base.subtype, base.time_s, normal.payload);
  }

  private receiveNormal(sender: DfsmMember, base: BaseHeader, message: Buffer): void {
    const normal = decodeNormal(base, message);
    if ('failure' in normal) {
      this.fail(normal.failure);
      return;
    }
    const { subtype, time_s } = base;
    const received: QueuedMessage = { sender, subtype, time_s, count: normal.count, payload: normal.payload, message };
    if (this.mode === 'synced') {
      this.deliver(received);
    } else if (!this.round.isMember(sender)) {
      this.fail('dfsm_node_info_lookup failed');
    } else if (this.mode === 'update' && this.round.isSynced(sender)) {
      this.syncQueue.push(received);
    } else {
      this.messageQueue.insert(received);
    }
  }

  private receiveState(sender: DfsmMember, base: BaseHeader, message: Buffer): void {
    const state = decodeState(base, message);
    if ('failure' in state) {
      this.fail(state.failure);
      return;
    }
    const { epoch, note, payload } = state;
    if (base.type !== SYNC_START && !epoch.equals(this.round.epoch)) return;
    const name = STATE_MESSAGE_NAMES.get(base.type) ?? 'UNKNOWN';
    this.signal({ type: name, message: { sender, type: base.type, length: message.length, epoch, note, payload } });
  }

  // --- delivering and queues (§4.6) ----------------------------------------------------------------------------------

  /** Delivers one message; false when the node must stop being a member, which the machine has been told. */
  private deliver({ sender, subtype, time_s, payload, count }: QueuedMessage): boolean {
    const own = isSameMember(sender, this.self);
    const { result, failure } = this.application.deliver(sender, subtype, time_s, payload, own);
    if (own) this.waiters.settle(count, result);
    if (failure === undefined) return true;
    this.failApplication(failure);
    return false;
  }

  /** Sync queue first, then message queue. False when a delivery failed, which ended the walk (K5). */
  drainQueues(): boolean {
    return this.deliverSyncQueue() && this.deliverMessageQueue();
  }

  private deliverSyncQueue(): boolean {
    if (this.syncQueue.length === 0) return true;
    this.log('notice', `dfsm_deliver_sync_queue: queue length ${this.syncQueue.length}`);
    return this.deliverAll(this.syncQueue.takeAll());
  }

  /** "Deliver message queue" of §4.6; in mode update it moves instead (§13.1.2). */
  deliverMessageQueue(): boolean {
    assert(this.mode === 'synced' || this.mode === 'update', `queue walked in mode ${this.mode}`);
    if (this.messageQueue.length === 0) return true;
    this.log('notice', `dfsm_deliver_queue: queue length ${this.messageQueue.length}`);
    const kept: QueuedMessage[] = [];
    const due: QueuedMessage[] = [];
    for (const message of this.messageQueue.takeAll()) {
      if (!this.round.isMember(message.sender)) {
        this.log('notice', `remove message from non-member ${formatMember(message.sender)}`);
      } else if (!this.round.isSynced(message.sender)) {
        kept.push(message);
      } else if (this.mode === 'update') {
        this.syncQueue.push(message);
      } else {
        due.push(message);
      }
    }
    if (!this.deliverAll(due)) return false;
    this.messageQueue.restore(kept);
    return true;
  }

  /** False when a delivery failed (K5). */
  private deliverAll(messages: readonly QueuedMessage[]): boolean {
    const failed = messages.findIndex((message) => !this.deliver(message));
    if (failed < 0) return true;
    for (const { sender, subtype, time_s, payload } of messages.slice(failed + 1)) {
      this.application.missed?.(sender, subtype, time_s, payload);
    }
    return false;
  }

  // --- sending (§4.7) ------------------------------------------------------------------------------------------------

  /** A request of this node; with `done` its result is waited for. Never calls `done` before it returns, but by `waiters.flush`. */
  submit(subtype: number, payload: Buffer, done: Done | undefined): void {
    const permission = this.application.permit?.() ?? 0;
    const isRefused = !this.isConnected || !takesPart(this.mode) || this.held.length >= MAX_HELD_REQUESTS;
    if (permission !== 0) this.waiters.refuse(done, permission);
    else if (isRefused) this.waiters.refuse(done, RESULT_EBUSY);
    else if (this.holdWhileUnsynced && this.mode !== 'synced') this.held.push({ subtype, payload, done });
    else this.sendNormal(subtype, payload, done);
  }

  /** The node is synced: what was held goes out, in its order, if it is still permitted. */
  releaseHeld(): void {
    const held = this.held;
    this.held = [];
    for (const { subtype, payload, done } of held) this.submit(subtype, payload, done);
  }

  refuseHeld(): void {
    const held = this.held;
    this.held = [];
    for (const { done } of held) this.waiters.refuse(done, RESULT_EBUSY);
  }

  private sendNormal(subtype: number, payload: Buffer, done: Done | undefined): void {
    this.lastCount += 1;
    const count = this.lastCount;
    if (done !== undefined) this.waiters.register(count, done);
    const { protocolVersion } = this.application;
    const message = encodeNormal({ subtype, protocolVersion, time_s: this.port.now_s() }, count, payload);
    this.port.mcast(
      () => message,
      () => this.waiters.settleUnsent(count),
    );
  }

  /**
   * A state message of the running round, with the epoch and time of now. One that still waits when the next
   * configuration comes is dropped: everybody would drop it by its epoch.
   */
  sendState(
    name: keyof typeof STATE_MESSAGE_TYPES,
    payload: (() => Buffer) | undefined,
    onFailure: () => void,
    note = 0,
  ): void {
    const { protocolVersion } = this.application;
    const header = { type: STATE_MESSAGE_TYPES[name], protocolVersion, time_s: this.port.now_s() };
    const { epoch, changes } = this.round;
    this.port.mcast(() => {
      if (changes !== this.round.changes) return undefined;
      return encodeState(header, epoch, payload?.() ?? NO_PAYLOAD, note);
    }, onFailure);
  }

  /** A queued message of this process once more, unchanged (§4.4 step 9a). */
  resend(message: Buffer, onFailure: () => void): void {
    this.port.mcast(() => message, onFailure);
  }

  /** Start of a connection (§4.9 step 2). Counts run on (K1). */
  reset(): void {
    this.messageQueue.clear();
    this.abortWaiters();
    this.isConnected = true;
    this.round.isSelfMember = false;
  }

  abortWaiters(): void {
    this.waiters.abortAll();
    this.refuseHeld();
  }
}

/** Modes below 128 of §4.2. */
export function takesPart(mode: DfsmMode): boolean {
  return mode === 'start' || mode === 'startSync' || mode === 'synced' || mode === 'update';
}
