/**
 * The rings of a node: the one that is installed (or was last: its frames are kept until the next is installed) and
 * the one being formed, the queues that feed them, and the passage from one to the other.
 */
import type { CommitEntry, CommitToken, RingId } from '../../machines/cluster/totem/messages.ts';
import { isOfRing, KIND, kindOf, sameRing } from '../../machines/cluster/totem/messages.ts';
import { deliverRest, deliverStable, planRecovery, type RecoveryPlan } from '../../machines/cluster/totem/recovery.ts';
import { Ring } from '../../machines/cluster/totem/ring.ts';
import { newRingCounters, type RingCounters, type RingEffects } from '../../machines/cluster/totem/ring-port.ts';
import { SendQueue } from '../../machines/cluster/totem/send-queue.ts';
import type { VoteWeights } from '../../machines/cluster/totem/stability.ts';
import type { TotemTimers } from '../../runtime/formats/cluster-config.ts';

/** Client bytes that may wait for the token; a message that is accepted below this bound may exceed it. */
const QUEUE_LIMIT_BYTES = 4 * 1024 * 1024;

/** What the layers above hear; called one at a time. */
export interface RingListener {
  deliver(sender: number, message: Buffer): void;
  batchEnd(): void;
  /** What follows until `ringInstalled` are messages of the old ring that only `members` are sure to see. */
  transitional(members: readonly number[]): void;
  /** A new ring is current; client messages wait until the queue is opened. */
  ringInstalled(change: RingChange): void;
}

export interface RingChange {
  readonly ring: RingId;
  readonly members: readonly number[];
  /** Members that came along from the same old ring. */
  readonly transitional: readonly number[];
  /** Members of the old ring. */
  readonly before: readonly number[];
  /** Nodes that announced their leaving. */
  readonly leaving: readonly number[];
}

/** How rings reach the network and the clock. */
export type RingPort = Omit<RingEffects, 'deliver' | 'batchEnd' | 'recovered'>;

export interface RingHostOptions {
  readonly self: number;
  /** Read whenever a ring is made: it may change with the configuration. */
  readonly maxPayload: () => number;
  readonly limits: TotemTimers;
  readonly acknowledgement: 'majority' | 'local';
  /** Votes that prove stability in a ring of these members. */
  readonly weigh: (members: readonly number[]) => VoteWeights;
  readonly highestSeq: number;
  readonly port: RingPort;
  readonly listener: RingListener;
}

/** Given up recoveries that are remembered, until one succeeds: others are at most a few attempts away. */
const ABANDONED_LIMIT = 64;

export class RingHost {
  readonly queue = new SendQueue(QUEUE_LIMIT_BYTES);
  readonly #options: RingHostOptions;
  readonly #recoveryQueue = new SendQueue(Number.POSITIVE_INFINITY);
  readonly #pastRings: RingCounters = newRingCounters();
  #limits: TotemTimers;
  #installed: Ring;
  #forming: { readonly ring: Ring; readonly plan: RecoveryPlan } | undefined;
  /** Recoveries of the installed ring that were given up. */
  #abandoned: { readonly id: RingId; readonly plan: RecoveryPlan }[] = [];
  /** One of them that another member has completed: what it delivered must be delivered here too. */
  #completed: RecoveryPlan | undefined;

  constructor(options: RingHostOptions) {
    this.#options = options;
    this.#limits = options.limits;
    // Before its first ring a node is in one of its own, which nobody else can have been in.
    this.#installed = this.#create({ rep: options.self, seq: options.highestSeq }, [options.self]);
    this.#installed.close();
  }

  get installed(): Ring {
    return this.#installed;
  }

  /** The ring whose token is to be repeated: the one being formed, else the installed one. */
  get latest(): Ring {
    return this.#forming?.ring ?? this.#installed;
  }

  /** Counters of all rings so far. */
  get counters(): RingCounters {
    const total = { ...this.#pastRings };
    addInto(total, this.#installed.counters);
    return total;
  }

  /** The ring that a datagram belongs to; undefined for another's, or one that is over. */
  ringOf(payload: Buffer): Ring | undefined {
    if (this.#forming !== undefined && isOfRing(payload, this.#forming.ring.id)) return this.#forming.ring;
    return this.isCurrent(payload) ? this.#installed : undefined;
  }

  isCurrent(payload: Buffer): boolean {
    return !this.#installed.isClosed && isOfRing(payload, this.#installed.id);
  }

  /** What this node holds of its old ring. */
  commitEntry(): CommitEntry {
    const { id, store, stable } = this.#installed;
    return {
      nodeid: this.#options.self,
      filled: true,
      oldRing: id,
      received: store.received,
      high: store.high,
      stable,
    };
  }

  /** All entries are known: makes the new ring, and queues the old ring's frames that the others need from us. */
  form(id: RingId, members: readonly number[], token: CommitToken): void {
    const { store } = this.#installed;
    const has = (seq: number): boolean => store.get(seq) !== undefined;
    const plan = planRecovery(this.#options.self, this.#installed.id, token.entries, has);
    const isInstalled = (ring: RingId): boolean => token.entries.some((entry) => sameRing(entry.oldRing, ring));
    this.#completed ??= this.#abandoned.find((attempt) => isInstalled(attempt.id))?.plan;
    this.#recoveryQueue.reset();
    for (const seq of plan.rebroadcast) this.#recoveryQueue.push(undefined, store.get(seq)!);
    this.#forming = { ring: this.#create(id, members), plan };
  }

  abandonForming(): void {
    const forming = this.#forming;
    this.#forming = undefined;
    if (forming === undefined) return;
    forming.ring.close();
    this.#abandoned.push({ id: forming.ring.id, plan: forming.plan });
    if (this.#abandoned.length > ABANDONED_LIMIT) this.#abandoned.shift();
  }

  /**
   * Ends the old ring by delivering its rest, and makes the formed one current.
   *
   * Where an earlier recovery of the old ring was given up here, but was completed by another member, that member has delivered
   * the rest as its plan says, because this node held it all. So this node does the same: judged by those who come along now,
   * it might refuse what others have applied and acknowledged.
   */
  install(leaving: readonly number[]): RingChange {
    const old = this.#installed;
    const { ring, plan } = this.#forming!;
    const { listener } = this.#options;
    for (const each of this.#completed === undefined ? [plan] : [this.#completed, plan]) {
      deliverStable(old, each);
      listener.transitional(each.transitional);
      deliverRest(old, each);
    }
    listener.batchEnd();
    this.queue.rewind();
    this.queue.dropUrgent();
    this.queue.closed = true;
    addInto(this.#pastRings, old.counters);
    this.#installed = ring;
    this.#forming = undefined;
    this.#abandoned = [];
    this.#completed = undefined;
    const { transitional } = plan;
    return { ring: ring.id, members: ring.members, transitional, before: old.members, leaving };
  }

  setLimits(limits: TotemTimers): void {
    this.#limits = limits;
    this.#installed.limits = limits;
    if (this.#forming !== undefined) this.#forming.ring.limits = limits;
  }

  /** Votes changed. */
  reweigh(): void {
    for (const ring of [this.#installed, this.#forming?.ring]) {
      if (ring !== undefined) ring.weights = this.#options.weigh(ring.members);
    }
  }

  close(): void {
    this.#installed.close();
    this.abandonForming();
  }

  #create(id: RingId, members: readonly number[]): Ring {
    const { self, maxPayload, acknowledgement, weigh } = this.#options;
    return new Ring({
      id,
      members,
      self,
      maxPayload: maxPayload(),
      limits: this.#limits,
      acknowledgement,
      weights: weigh(members),
      queue: this.queue,
      recoveryQueue: this.#recoveryQueue,
      effects: this.#effects(),
    });
  }

  #effects(): RingEffects {
    const { listener, port } = this.#options;
    return {
      forwardToken: (receivers, payload) => port.forwardToken(receivers, payload),
      multicast: (peers, payload) => port.multicast(peers, payload),
      holdToken: (untilWork) => port.holdToken(untilWork),
      cancelHold: (holder) => port.cancelHold(holder),
      releaseSoon: () => port.releaseSoon(),
      workLater: () => port.workLater(),
      holdEnds: () => port.holdEnds(),
      sendReceipt: (holder, received) => port.sendReceipt(holder, received),
      recoveryComplete: () => port.recoveryComplete(),
      membersStuck: (nodeids) => port.membersStuck(nodeids),
      deliver: (sender, message) => listener.deliver(sender, message),
      batchEnd: () => listener.batchEnd(),
      recovered: (frame) => {
        if (kindOf(frame) === KIND.frame && isOfRing(frame, this.#installed.id)) this.#installed.acceptOld(frame);
      },
    };
  }
}

function addInto(total: RingCounters, more: RingCounters): void {
  for (const name of Object.keys(total) as (keyof RingCounters)[]) total[name] += more[name];
}
