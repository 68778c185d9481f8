/**
 * Totem on a Datagram port: routes datagrams to the membership machine and the ring core, and keeps their timers.
 *
 * The hot path (token, frame) goes straight to the ring core: no machine event, no closure, no promise. Joins,
 * commit tokens, contacts and timeouts become machine events.
 */
import type { MembershipContext } from '../../machines/cluster/totem/join-verdict.ts';
import type { MembershipEvent } from '../../machines/cluster/totem/membership.ts';
import {
  type CommitToken,
  decodeCommit,
  decodeJoin,
  decodeMergeDetect,
  encodeCommit,
  encodeHoldCancel,
  encodeJoin,
  encodeMergeDetect,
  encodeReceipt,
  KIND,
  kindOf,
  type RingId,
  receivedOfReceipt,
  ringOf,
} from '../../machines/cluster/totem/messages.ts';
import { equalSets, nodeSet, without } from '../../machines/cluster/totem/node-set.ts';
import { PROOF_LATE_MS, type RingCounters } from '../../machines/cluster/totem/ring-port.ts';
import type { SendQueue } from '../../machines/cluster/totem/send-queue.ts';
import type { VoteWeights } from '../../machines/cluster/totem/stability.ts';
import type { Clock, TimerHandle } from '../../runtime/clock/clock.ts';
import type { DatagramPort } from '../../runtime/datagram/datagram.ts';
import type { TotemTimers } from '../../runtime/formats/cluster-config.ts';
import type { Log } from '../../runtime/log/log.ts';
import type { SaveFailure } from '../../runtime/node/number-file.ts';
import type { Inspector } from '../../runtime/trace/machine-steps.ts';
import { Contacts } from './contacts.ts';
import { Deadline } from './deadline.ts';
import { type MembershipActions, MembershipHost, type MembershipState } from './membership-host.ts';
import { membershipLines, tokenLossLine } from './membership-log.ts';
import { RingHost, type RingListener, type RingPort } from './ring-host.ts';
import type { RotationTimes } from './rotation-times.ts';
import { TokenTimers } from './token-timers.ts';

/** One event that a machine took; off unless asked for. */
export type TraceSink = (record: {
  readonly machine: string;
  readonly event: string;
  readonly detail: unknown;
}) => void;

export interface EngineOptions {
  readonly nodeid: number;
  readonly nodes: readonly number[];
  readonly timers: TotemTimers;
  readonly datagram: DatagramPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly ringIds: { load(): number; save(seq: number): SaveFailure | undefined };
  readonly acknowledgement: 'majority' | 'local';
  readonly weigh: (members: readonly number[]) => VoteWeights;
  readonly listener: RingListener;
  /** The sequence of a ring could not be stored; the engine leaves at once. */
  readonly onRingUnsaved?: ((seq: number, failure: SaveFailure) => void) | undefined;
  /** A configured node counts on nodes that we aren't configured with: told once for each set of them. */
  readonly onUnknownNodes?: ((sender: number, nodeids: readonly number[]) => void) | undefined;
  readonly trace?: TraceSink | undefined;
  /** Sees the actor of the membership machine. */
  readonly inspect?: Inspector | undefined;
}

export interface EngineCounters {
  malformed: number;
  unknownSender: number;
  foreign: number;
  stale: number;
  ringsFormed: number;
  tokenLosses: number;
}

/** A leave is told this often: when it is lost, the peers wait for the token timeout. */
const LEAVE_COPIES = 2;
/** After a ring is installed, nodes outside are looked for after this time, then after twice as long, up to the merge timeout. */
const FIRST_MERGE_DETECT_MS = 10;

export class TotemEngine {
  readonly counters: EngineCounters = {
    malformed: 0,
    unknownSender: 0,
    foreign: 0,
    stale: 0,
    ringsFormed: 0,
    tokenLosses: 0,
  };
  readonly #options: EngineOptions;
  readonly #self: number;
  readonly #clock: Clock;
  readonly #datagram: DatagramPort;
  readonly #rings: RingHost;
  readonly #membership: MembershipHost;
  readonly #contacts = new Contacts();
  readonly #token: TokenTimers;
  readonly #consensus: Deadline;
  #nodes: readonly number[];
  #unknownTold: readonly number[] = [];
  /** The commit token that we passed on last, until the next one has answered. */
  #passedCommit: { readonly peer: number; readonly payload: Buffer } | undefined;
  #joinTimer: TimerHandle | undefined;
  #mergeTimer: TimerHandle | undefined;
  #isReleaseArmed = false;
  #isLateWorkArmed = false;
  #isStopped = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#self = options.nodeid;
    this.#clock = options.clock;
    this.#datagram = options.datagram;
    this.#nodes = nodeSet(options.nodes);
    this.#token = new TokenTimers(this.#clock, options.timers, {
      lost: () => this.#tokenLost(),
      warning: (waited_ms) => this.#warnOfToken(waited_ms),
      retransmit: () => this.#repeatToken(),
      release: () => this.#releaseToken(),
    });
    this.#consensus = new Deadline(this.#clock, () => this.#tell({ type: 'CONSENSUS_TIMEOUT' }));
    const highestSeq = options.ringIds.load();
    this.#rings = new RingHost({
      self: this.#self,
      maxPayload: () => options.datagram.maxPayload,
      limits: options.timers,
      acknowledgement: options.acknowledgement,
      weigh: options.weigh,
      highestSeq,
      port: this.#ringPort(),
      listener: options.listener,
    });
    this.#membership = new MembershipHost(
      { self: this.#self, configured: this.#nodes, highestSeq },
      this.#membershipActions(),
      options.inspect,
    );
  }

  get state(): MembershipState {
    return this.#membership.state;
  }

  get ring(): RingId {
    return this.#rings.installed.id;
  }

  get members(): readonly number[] {
    return this.#rings.installed.members;
  }

  get isOperational(): boolean {
    return this.state === 'operational';
  }

  get timers(): TotemTimers {
    return this.#token.timers;
  }

  get rotation(): RotationTimes {
    return this.#token.rotation;
  }

  get queue(): SendQueue {
    return this.#rings.queue;
  }

  get ringCounters(): RingCounters {
    return this.#rings.counters;
  }

  /** Frames of the installed ring: delivered, known to be stable, and highest number held. */
  get progress(): { readonly delivered: number; readonly stable: number; readonly high: number } {
    const { delivered, stable, store } = this.#rings.installed;
    return { delivered, stable, high: store.high };
  }

  get deferredTimeouts(): number {
    return this.#token.deferrals + this.#consensus.deferrals;
  }

  start(): void {
    this.#datagram.onReceive((sender, payload) => this.#receive(sender, payload));
    this.#tell({ type: 'START' });
  }

  stop(): void {
    if (!this.#isStopped) this.#tell({ type: 'LEAVE' });
  }

  /** Something was put into the queue. */
  wake(): void {
    this.#rings.installed.wake();
  }

  /** Service synchronisation is over: client messages may leave. */
  openQueue(): void {
    this.queue.closed = false;
    this.wake();
  }

  /** Node list or timers changed. */
  reconfigure(nodes: readonly number[], timers: TotemTimers): void {
    this.#nodes = nodeSet(nodes);
    this.#unknownTold = [];
    this.#token.timers = timers;
    this.#rings.setLimits(timers);
    this.#tell({ type: 'CONFIGURED', nodeids: this.#nodes });
  }

  /** Votes changed. */
  reweigh(): void {
    this.#rings.reweigh();
  }

  // Datagrams

  #receive(sender: number, payload: Buffer): void {
    if (this.#isStopped) return;
    if (!this.#nodes.includes(sender)) {
      this.counters.unknownSender++;
      return;
    }
    const now_ms = this.#clock.monotonic_ms();
    this.#contacts.hear(sender, now_ms);
    switch (kindOf(payload)) {
      case KIND.token:
        this.#receiveToken(sender, payload, now_ms);
        return;
      case KIND.frame:
        this.#receiveFrame(sender, payload);
        return;
      case KIND.holdCancel:
        if (this.#rings.isCurrent(payload)) this.#rings.installed.onHoldCancel();
        return;
      case KIND.receipt:
        this.#receiveReceipt(sender, payload);
        return;
      case KIND.join:
        this.#receiveJoin(sender, payload);
        return;
      case KIND.commit:
        this.#receiveCommit(payload);
        return;
      case KIND.mergeDetect:
        this.#receiveMergeDetect(sender, payload);
        return;
      default:
        this.counters.malformed++;
    }
  }

  #receiveToken(sender: number, payload: Buffer, now_ms: number): void {
    const ring = this.#rings.ringOf(payload);
    if (ring === undefined) {
      this.#receiveForeign(sender, payload);
      return;
    }
    if (!ring.isForSelf(payload)) {
      if (ring.overhear(payload) === 'malformed') this.counters.malformed++;
      return;
    }
    if (!ring.isNewToken(payload)) {
      this.counters.stale++;
      return;
    }
    // The deadlines first: the visit may deliver messages, which takes time, and may end the ring.
    this.#passedCommit = undefined;
    this.#token.arrived(now_ms);
    if (ring.onToken(payload) === 'malformed') this.counters.malformed++;
  }

  #receiveFrame(sender: number, payload: Buffer): void {
    const ring = this.#rings.ringOf(payload);
    if (ring === undefined) this.#receiveForeign(sender, payload);
    else if (ring.onFrame(payload) === 'malformed') this.counters.malformed++;
  }

  #receiveReceipt(sender: number, payload: Buffer): void {
    if (!this.#rings.isCurrent(payload)) return;
    if (this.#rings.installed.onReceipt(sender, receivedOfReceipt(payload)) === 'malformed') this.counters.malformed++;
  }

  /** Traffic of a ring that we aren't in, or are no longer in. Its sender may not know us: it hears of us. */
  #receiveForeign(sender: number, payload: Buffer): void {
    if (ringOf(payload) === undefined) {
      this.counters.malformed++;
      return;
    }
    this.counters.foreign++;
    if (this.isOperational && !this.members.includes(sender)) this.#replyToContact(sender);
  }

  #receiveJoin(sender: number, payload: Buffer): void {
    const join = decodeJoin(payload);
    if (join === undefined) {
      this.counters.malformed++;
      return;
    }
    const { highestSeq, proc, failed } = join;
    this.#noteUnknown(sender, proc);
    this.#tell({ type: 'JOIN', sender, highestSeq, proc, failed });
    const mayNotHearUs = !proc.includes(this.#self) && !failed.includes(sender);
    if (mayNotHearUs && this.isOperational && !this.members.includes(sender)) this.#replyToContact(sender);
  }

  /** No ring forms with whoever counts on them, since their datagrams are refused here. */
  #noteUnknown(sender: number, proc: readonly number[]): void {
    const unknown = without(proc, this.#nodes);
    if (unknown.length === 0 || equalSets(unknown, this.#unknownTold)) return;
    this.#unknownTold = unknown;
    this.#options.onUnknownNodes?.(sender, unknown);
  }

  #receiveCommit(payload: Buffer): void {
    const token = decodeCommit(payload);
    if (token === undefined) this.counters.malformed++;
    else this.#tell({ type: 'COMMIT_TOKEN', token });
  }

  #receiveMergeDetect(sender: number, payload: Buffer): void {
    const message = decodeMergeDetect(payload);
    if (message === undefined) {
      this.counters.malformed++;
      return;
    }
    if (!message.heard.includes(this.#self)) this.#replyToContact(sender);
    else this.#tell({ type: 'CONTACT', sender, ring: message.ring, heardBy: message.heard });
  }

  /** Tells a peer that we hear it; it starts the merge. */
  #replyToContact(peer: number): void {
    if (this.#contacts.mayReply(peer, this.#clock.monotonic_ms())) this.#datagram.send(peer, this.#mergeDetect());
  }

  #mergeDetect(): Buffer {
    const heard = this.#contacts.heard(this.#nodes, this.timers.merge_ms, this.#clock.monotonic_ms());
    return encodeMergeDetect(this.ring, heard);
  }

  // Timers

  #tokenLost(): void {
    this.counters.tokenLosses++;
    this.#tell({ type: 'TOKEN_LOSS' });
  }

  #warnOfToken(waited_ms: number): void {
    if (this.isOperational) this.#log(`Token has not been received in ${waited_ms} ms`);
  }

  #repeatToken(): void {
    if (this.#passedCommit !== undefined) this.#datagram.send(this.#passedCommit.peer, this.#passedCommit.payload);
    else this.#rings.latest.retransmitToken();
    this.#token.passed();
  }

  /** The hold time is over. */
  #releaseToken(): void {
    if (this.#isStopped) return;
    this.#holdEnds();
    this.#rings.installed.release();
  }

  #holdEnds(): void {
    const { isHolding, members } = this.#rings.installed;
    this.#token.released();
    if (isHolding && members.length > 1) this.#token.awaited(this.#clock.monotonic_ms());
  }

  #armJoinTimer(): void {
    this.#cancel(this.#joinTimer);
    this.#joinTimer = this.#clock.setTimeout(() => {
      this.#joinTimer = undefined;
      this.#tell({ type: 'JOIN_TIMER' });
      if (this.state === 'gather') this.#armJoinTimer();
    }, this.timers.join_ms);
  }

  /** Asks soon after a ring was installed, when links may have just come up, then less and less often. */
  #armMergeTimer(delay_ms: number): void {
    this.#cancel(this.#mergeTimer);
    this.#mergeTimer = this.#clock.setTimeout(
      () => {
        this.#mergeTimer = undefined;
        if (!this.isOperational) return;
        this.#detectMerge();
        this.#armMergeTimer(delay_ms * 2);
      },
      Math.min(delay_ms, this.timers.merge_ms),
    );
  }

  #cancel(timer: TimerHandle | undefined): void {
    if (timer !== undefined) this.#clock.clearTimeout(timer);
  }

  /** The representative asks the configured nodes outside the ring. */
  #detectMerge(): void {
    const outside = without(this.#nodes, this.members);
    if (outside.length > 0 && this.members[0] === this.#self) this.#datagram.multicast(outside, this.#mergeDetect());
  }

  // Membership

  #tell(event: MembershipEvent): void {
    const { trace } = this.#options;
    const before = this.state;
    this.#membership.tell(event);
    if (trace !== undefined && event.type !== 'JOIN_TIMER') {
      trace({ machine: 'membership', event: event.type, detail: { event, before, after: this.state } });
    }
  }

  #membershipActions(): MembershipActions {
    return {
      sendJoin: (context) => this.#sendJoin(context, context.failed),
      armGather: () => {
        this.#passedCommit = undefined;
        this.#token.stopWaiting();
        this.#armJoinTimer();
        this.#consensus.set(this.#clock.monotonic_ms(), this.timers.consensus_ms);
      },
      disarmGather: () => {
        this.#cancel(this.#joinTimer);
        this.#joinTimer = undefined;
        this.#consensus.clear();
      },
      sendLeave: (context) => {
        for (let copy = 0; copy < LEAVE_COPIES; copy++) this.#sendJoin(context, [this.#self]);
      },
      ringLost: () => {
        this.#rings.installed.close();
        this.#token.released();
        this.#token.stopWaiting();
      },
      saveRing: (context) => this.#saveRing(context.forming!.ring.seq),
      passCommitToken: (context, token) => {
        const own = this.#rings.commitEntry();
        const entries = token.entries.map((entry) => (entry.nodeid === this.#self ? own : entry));
        this.#sendCommit(context, { ring: token.ring, hop: token.hop + 1, entries });
      },
      startRecovery: (context, token) => {
        const { ring, members } = context.forming!;
        this.#rings.form(ring, members, token);
        if (members.length === 1) this.#rings.latest.start();
        else this.#sendCommit(context, { ...token, hop: token.hop + 1 });
      },
      startToken: () => {
        this.#passedCommit = undefined;
        this.#token.awaited(this.#clock.monotonic_ms());
        this.#rings.latest.start();
      },
      abandonForming: () => {
        this.#rings.abandonForming();
        this.#passedCommit = undefined;
      },
      install: (context) => this.#install(context),
      logTokenLoss: () => this.#log(tokenLossLine(this.timers)),
      stop: () => this.#close(),
    };
  }

  /** False: not stored, so that the ring must not be used (membership I2). */
  #saveRing(seq: number): boolean {
    const failure = this.#options.ringIds.save(seq);
    if (failure !== undefined) this.#options.onRingUnsaved?.(seq, failure);
    return failure === undefined;
  }

  #sendJoin(context: MembershipContext, failed: readonly number[]): void {
    const peers = without(this.#nodes, [this.#self]);
    if (peers.length === 0) return;
    const { ring, highestSeq, proc } = context;
    this.#datagram.multicast(peers, encodeJoin({ ring, highestSeq, proc, failed }));
  }

  #sendCommit(context: MembershipContext, token: CommitToken): void {
    const members = context.forming!.members;
    if (members.length === 1) {
      this.#tell({ type: 'COMMIT_TOKEN', token });
      return;
    }
    const peer = members[(members.indexOf(this.#self) + 1) % members.length]!;
    const payload = encodeCommit(token);
    this.#passedCommit = { peer, payload };
    this.#datagram.send(peer, payload);
    this.#token.commitPassed();
  }

  #install(context: MembershipContext): void {
    const change = this.#rings.install(context.leaving);
    this.counters.ringsFormed++;
    this.#armMergeTimer(FIRST_MERGE_DETECT_MS);
    this.#options.listener.ringInstalled(change);
    for (const line of membershipLines(change, this.counters.ringsFormed === 1)) this.#log(line);
    // The configuration may have changed while the ring was being formed.
    if (without(change.members, this.#nodes).length > 0) this.#tell({ type: 'CONFIGURED', nodeids: this.#nodes });
  }

  #ringPort(): RingPort {
    return {
      forwardToken: (receivers, payload) => {
        this.#datagram.multicast(receivers, payload);
        this.#token.passed();
      },
      multicast: (peers, payload) => this.#datagram.multicast(peers, payload),
      holdToken: (untilWork) => this.#token.held(untilWork),
      cancelHold: (holder) => this.#datagram.send(holder, encodeHoldCancel(this.ring)),
      releaseSoon: () => {
        if (this.#isReleaseArmed) return;
        this.#isReleaseArmed = true;
        this.#clock.setTimeout(() => {
          this.#isReleaseArmed = false;
          if (!this.#isStopped) this.#rings.installed.workWhileHolding();
        }, 0);
      },
      workLater: () => {
        if (this.#isLateWorkArmed) return;
        this.#isLateWorkArmed = true;
        this.#clock.setTimeout(() => {
          this.#isLateWorkArmed = false;
          if (!this.#isStopped) this.#rings.installed.workWhileHolding(true);
        }, PROOF_LATE_MS);
      },
      holdEnds: () => this.#holdEnds(),
      sendReceipt: (holder, received) => this.#datagram.send(holder, encodeReceipt(this.ring, received)),
      recoveryComplete: () => this.#tell({ type: 'RECOVERED' }),
      membersStuck: (nodeids) => this.#tell({ type: 'MEMBERS_STUCK', nodeids }),
    };
  }

  #log(message: string): void {
    this.#options.log.write('TOTEM', 'notice', message);
  }

  #close(): void {
    this.#isStopped = true;
    this.#rings.close();
    this.#token.close();
    this.#consensus.close();
    this.#cancel(this.#joinTimer);
    this.#cancel(this.#mergeTimer);
  }
}
