/**
 * Ordering within one ring: the token visit.
 *
 * One token circulates in ascending node id order; only its holder multicasts, numbering frames from the token's
 * count; receivers ask for gaps on the token, and holders of a frame send it again. Plain code: every datagram passes here.
 *
 * Modes: `recovery` (frames carry messages of old rings; nothing reaches the layers above) and `operational`.
 *
 *  I1 Frames are numbered 1, 2, 3 … without gap, each by exactly one member.
 *  I2 Frames are delivered in number order, each once.
 *  I3 With `majority` acknowledgement no frame is delivered before the stable point (stability.ts) has reached it.
 *  I4 A frame is forgotten only when all members have received it and this one has delivered it.
 *  I5 A rotation and a visit send no more frames than flow-control.ts allows, retransmissions included.
 *  I6 The token isn't held while a frame is missing or waiting anywhere.
 *
 * An idle token is held by the sender of the newest frame, not by the representative: whoever writes one message after the
 * other then has the token at hand, and each message costs one rotation. All members know the holder: it holds only when
 * all have the newest frame.
 *
 * Protocol source: spec/pmxcfs.md §7.5, §13.1.8.
 */
import type { TotemTimers } from '../../../runtime/formats/cluster-config.ts';
import { FlowControl } from './flow-control.ts';
import { FrameStore } from './frame-store.ts';
import {
  decodeToken,
  encodeToken,
  FRAME_HEADER_SIZE,
  FRAME_RECOVERY,
  frameOfToken,
  frameSenderOf,
  frameSeqOf,
  isOfRing,
  isRecoveryFrame,
  isWellFormedFrame,
  KIND,
  kindOf,
  MAX_REQUESTS,
  newToken,
  type RingId,
  TOKEN_MAX_SIZE,
  type Token,
  tokenSeqOf,
  tokenSizeOf,
  writeFrameHeader,
} from './messages.ts';
import { Reassembly } from './reassembly.ts';
import type { SendQueue } from './send-queue.ts';
import { stablePoint, type VoteWeights } from './stability.ts';

/** What a ring asks of its surroundings; all calls are synchronous and must not re-enter the ring, except through the queue. */
export interface RingEffects {
  /** Pass the token on; the ring repeats the same bytes in `retransmitToken`. */
  forwardToken(next: number, payload: Buffer): void;
  /** Send to these other members. */
  multicast(peers: readonly number[], payload: Buffer): void;
  /** The token stays here until `release` is called: after the hold time, or (`untilWork`, a ring of one) when there is something to send. */
  holdToken(untilWork: boolean): void;
  /** Tell `holder`, who has the token or will get it, that there is something to send here. */
  cancelHold(holder: number): void;
  /** Call `release` in a later turn. */
  releaseSoon(): void;
  deliver(sender: number, message: Buffer): void;
  /** No further `deliver` in this turn. */
  batchEnd(): void;
  /** A frame of some old ring arrived inside this one. */
  recovered(frame: Buffer): void;
  /** All members have all that is to be recovered: install this ring now. */
  recoveryComplete(): void;
  /** These members haven't received anything new for `fail_recv_const` visits, though there is something. */
  membersStuck(nodeids: readonly number[]): void;
}

export interface RingOptions {
  readonly id: RingId;
  /** Ascending node ids, this node included. */
  readonly members: readonly number[];
  readonly self: number;
  readonly maxPayload: number;
  readonly limits: TotemTimers;
  readonly acknowledgement: 'majority' | 'local';
  readonly weights: VoteWeights;
  readonly queue: SendQueue;
  readonly recoveryQueue: SendQueue;
  readonly effects: RingEffects;
}

export interface RingCounters {
  visits: number;
  framesSent: number;
  framesReceived: number;
  duplicates: number;
  retransmitsSent: number;
  retransmitsRequested: number;
  tokenRetransmits: number;
  holds: number;
}

export class Ring {
  readonly id: RingId;
  readonly members: readonly number[];
  readonly self: number;
  readonly store = new FrameStore();
  readonly counters: RingCounters = newRingCounters();
  weights: VoteWeights;
  limits: TotemTimers;
  mode: 'recovery' | 'operational' = 'recovery';
  readonly #index: number;
  readonly #next: number;
  readonly #others: readonly number[];
  readonly #beyondNext: readonly number[];
  readonly #maxPayload: number;
  readonly #flow: FlowControl;
  readonly #local: boolean;
  readonly #queue: SendQueue;
  readonly #recoveryQueue: SendQueue;
  readonly #effects: RingEffects;
  readonly #token: Token;
  readonly #tokenBuffer: Buffer;
  #tokenLength = 0;
  /** The last frame of this visit, until it is sent. */
  #lastFrame: Buffer | undefined;
  #lastTokenSeq = -1;
  readonly #scratch: Buffer;
  readonly #reassembly: Reassembly;
  readonly #recoveryReassembly: Reassembly;
  #delivered = 0;
  #stable = 0;
  #allReceived = 0;
  /** The token's count at the last `miss_count_const` visits, oldest first. */
  readonly #visitSeqs: number[] = [];
  #unchangedVisits = 0;
  #stuckVisits = 0;
  #holding = false;
  #cancelSent = false;
  /** Another member has asked for the token, or needs it, since the last visit. */
  #isWanted = false;
  /** The newest frame that is known here, and its sender: the representative before the first. */
  #newestSeq = 0;
  #newestSender: number;
  #closed = false;

  constructor(options: RingOptions) {
    this.id = options.id;
    this.members = options.members;
    this.self = options.self;
    this.weights = options.weights;
    this.limits = options.limits;
    this.#index = options.members.indexOf(options.self);
    this.#next = options.members[(this.#index + 1) % options.members.length]!;
    this.#others = options.members.filter((member) => member !== options.self);
    this.#beyondNext = this.#others.filter((member) => member !== this.#next);
    this.#tokenBuffer = Buffer.alloc(Math.max(TOKEN_MAX_SIZE, options.maxPayload));
    this.#newestSender = options.id.rep;
    this.#maxPayload = options.maxPayload;
    this.#flow = new FlowControl(options.maxPayload);
    this.#local = options.acknowledgement === 'local';
    this.#queue = options.queue;
    this.#recoveryQueue = options.recoveryQueue;
    this.#effects = options.effects;
    this.#token = newToken(options.members.length);
    this.#scratch = Buffer.alloc(options.maxPayload);
    this.#reassembly = new Reassembly((sender, message) => this.#effects.deliver(sender, message));
    this.#recoveryReassembly = new Reassembly((_sender, frame) => this.#effects.recovered(frame));
  }

  /** Frames 1..n were handed to the layers above (or were frames of recovery). */
  get delivered(): number {
    return this.#delivered;
  }

  /** Frames 1..n are held here and known to be stable: what this node may tell others about it. */
  get stable(): number {
    return Math.min(Math.max(this.#stable, this.#delivered), this.store.received);
  }

  get isHolding(): boolean {
    return this.#holding;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** False for a copy of a token already seen, and for a malformed one. */
  isNewToken(payload: Buffer): boolean {
    return tokenSeqOf(payload) > this.#lastTokenSeq;
  }

  /** The representative's first visit: it makes the token, once (the commit token may come back twice). */
  start(): void {
    if (this.#lastTokenSeq >= 0) return;
    this.#lastTokenSeq = 0;
    this.#visit(true);
  }

  /** A token datagram of this ring. `stale` is a copy of one already seen. */
  onToken(payload: Buffer): 'taken' | 'stale' | 'malformed' {
    const tokenSeq = tokenSeqOf(payload);
    if (tokenSeq < 0) return 'malformed';
    if (tokenSeq <= this.#lastTokenSeq) return 'stale';
    if (!decodeToken(payload, this.#token)) return 'malformed';
    const frame = frameOfToken(payload);
    if (frame !== undefined && this.#takeFrameOfToken(frame) === 'malformed') return 'malformed';
    this.#lastTokenSeq = tokenSeq;
    this.#visit(false);
    return 'taken';
  }

  /** A frame of this ring; the datagram's buffer is copied when the frame is new. */
  onFrame(payload: Buffer): 'stored' | 'duplicate' | 'malformed' {
    if (!isWellFormedFrame(payload) || !this.members.includes(frameSenderOf(payload))) return 'malformed';
    const seq = frameSeqOf(payload);
    if (!this.store.wants(seq)) {
      this.counters.duplicates++;
      return 'duplicate';
    }
    const frame = Buffer.allocUnsafeSlow(payload.length);
    payload.copy(frame);
    this.store.put(seq, frame);
    this.#noteNewest(seq, frameSenderOf(frame));
    this.counters.framesReceived++;
    if (this.mode === 'recovery') this.#deliverRecovery();
    else if (this.#local) this.#deliver();
    return 'stored';
  }

  #takeFrameOfToken(frame: Buffer): 'stored' | 'duplicate' | 'malformed' {
    return kindOf(frame) === KIND.frame && isOfRing(frame, this.id) ? this.onFrame(frame) : 'malformed';
  }

  /** Sends the last token again, and the frame that went with it: the next member may not have got it. */
  retransmitToken(): void {
    if (this.#tokenLength === 0 || this.#holding) return;
    this.counters.tokenRetransmits++;
    this.#effects.forwardToken(this.#next, this.#tokenBuffer.subarray(0, this.#tokenLength));
  }

  /** End of a hold. */
  release(): void {
    if (!this.#holding || this.#closed) return;
    this.#holding = false;
    this.#visit(true);
  }

  /** Another member has something to send: the token goes on now, or isn't held at the next visit. */
  onHoldCancel(): void {
    if (this.#holding) this.release();
    else this.#isWanted = true;
  }

  /** Something was put into the queue. */
  wake(): void {
    if (this.#closed || this.mode === 'recovery') return;
    if (this.#holding) {
      this.#effects.releaseSoon();
      return;
    }
    // What the newest sender is alone to hold, and doesn't, is on its way to it.
    if (this.#cancelSent || this.#newestSender === this.self) return;
    // The holder holds about two visits later than others could tell, so they speak up a little early.
    if (this.#unchangedVisits < this.limits.seqno_unchanged_const - 2) return;
    this.#cancelSent = true;
    this.#effects.cancelHold(this.#newestSender);
  }

  /** The ring is over: nothing is sent or delivered any more, except by `deliverFrame`. */
  close(): void {
    this.#closed = true;
    this.#holding = false;
  }

  /** Recovery of this ring as an old one: takes a frame that another survivor held. */
  acceptOld(frame: Buffer): void {
    if (!isWellFormedFrame(frame) || !this.members.includes(frameSenderOf(frame))) return;
    const seq = frameSeqOf(frame);
    if (this.store.wants(seq)) this.store.put(seq, frame);
  }

  /** Delivers frame `delivered + 1` as the old ring ends, or skips it; a ring's own loop does this otherwise. */
  deliverNext(skip: boolean): void {
    this.#delivered++;
    const frame = this.store.get(this.#delivered);
    if (skip || frame === undefined || isRecoveryFrame(frame)) return;
    this.#reassembly.take(frame);
  }

  #visit(isOwnTurn: boolean): void {
    const token = this.#token;
    this.counters.visits++;
    this.#cancelSent = false;
    if (this.mode === 'recovery' && this.#isRecoveryComplete()) {
      token.recovered = true;
      this.mode = 'operational';
      // The others learn it from the token.
      this.#isWanted = true;
      this.#effects.recoveryComplete();
      if (this.#closed) return;
    }
    const retransmits = this.#answerRequests();
    this.#sendFrames(retransmits);
    token.received[this.#index] = this.store.received;
    token.recoveryDone[this.#index] = this.mode === 'operational' || this.#recoveryQueue.isIdle;
    this.#requestMissing();
    this.#noteProgress();
    this.#stable = Math.max(this.#stable, stablePoint(token.received, this.weights));
    this.#passOn(isOwnTurn);
    if (this.mode === 'operational') this.#deliver();
    this.store.collect(Math.min(this.#allReceived, this.#delivered));
    if (this.#stuckVisits > this.limits.fail_recv_const && !this.#closed) this.#reportStuck();
  }

  #isRecoveryComplete(): boolean {
    const token = this.#token;
    if (token.recovered || this.members.length === 1) return true;
    for (let i = 0; i < token.received.length; i++) {
      if (!token.recoveryDone[i] || token.received[i] !== token.seq) return false;
    }
    return true;
  }

  #answerRequests(): number {
    const requests = this.#token.requests;
    const limit = this.#flow.visitLimit(this.limits);
    let sent = 0;
    let kept = 0;
    for (const seq of requests) {
      const frame = sent < limit ? this.store.get(seq) : undefined;
      if (frame === undefined) {
        requests[kept++] = seq;
        continue;
      }
      sent++;
      this.#effects.multicast(this.#others, frame);
    }
    requests.length = kept;
    this.counters.retransmitsSent += sent;
    return sent;
  }

  #sendFrames(retransmits: number): void {
    const token = this.#token;
    const isRecovery = this.mode === 'recovery';
    const queue = isRecovery ? this.#recoveryQueue : this.#queue;
    const outstanding = token.seq - this.#lowestReceived();
    const budget = this.#flow.allowance(token, queue.sendableBytes, outstanding, this.limits);
    let sent = retransmits;
    while (sent < budget && !queue.isIdle) {
      this.#sendLastFrame(this.#others);
      this.#makeFrame(queue, isRecovery);
      sent++;
    }
    this.#flow.note(token, sent, queue.sendableBytes);
  }

  #noteNewest(seq: number, sender: number): void {
    if (seq <= this.#newestSeq) return;
    this.#newestSeq = seq;
    this.#newestSender = sender;
  }

  #lowestReceived(): number {
    let lowest = this.#token.seq;
    for (const received of this.#token.received) if (received < lowest) lowest = received;
    return lowest;
  }

  #makeFrame(queue: SendQueue, isRecovery: boolean): void {
    const end = queue.fill(this.#scratch, FRAME_HEADER_SIZE, this.#maxPayload);
    const seq = ++this.#token.seq;
    writeFrameHeader(this.#scratch, this.id, this.self, seq, isRecovery ? FRAME_RECOVERY : 0);
    const frame = Buffer.allocUnsafeSlow(end);
    this.#scratch.copy(frame, 0, 0, end);
    this.store.put(seq, frame);
    this.#noteNewest(seq, this.self);
    this.counters.framesSent++;
    this.#lastFrame = frame;
    if (isRecovery) this.#deliverRecovery();
  }

  #sendLastFrame(peers: readonly number[]): void {
    const frame = this.#lastFrame;
    this.#lastFrame = undefined;
    if (frame !== undefined && peers.length > 0) this.#effects.multicast(peers, frame);
  }

  /** Only frames that were already missing `miss_count_const` visits ago: the others may still be on their way. */
  #requestMissing(): void {
    const token = this.#token;
    const history = this.#visitSeqs;
    history.push(token.seq);
    if (history.length <= this.limits.miss_count_const) return;
    const limit = history.shift()!;
    if (this.store.received >= limit) return;
    for (let seq = this.store.received + 1; seq <= limit && token.requests.length < MAX_REQUESTS; seq++) {
      if (this.store.has(seq) || token.requests.includes(seq)) continue;
      token.requests.push(seq);
      this.counters.retransmitsRequested++;
    }
  }

  #noteProgress(): void {
    const token = this.#token;
    const lowest = this.#lowestReceived();
    const isSettled = lowest === token.seq && token.requests.length === 0 && token.backlog === 0 && !this.#isWanted;
    this.#isWanted = false;
    const history = this.#visitSeqs;
    const isUnchanged = history.length > 1 && history[history.length - 2] === token.seq;
    this.#unchangedVisits = isSettled && isUnchanged ? this.#unchangedVisits + 1 : 0;
    this.#stuckVisits = lowest < token.seq && lowest === this.#allReceived ? this.#stuckVisits + 1 : 0;
    this.#allReceived = lowest;
  }

  #reportStuck(): void {
    const stuck = this.members.filter((node, i) => node !== this.self && this.#token.received[i] === this.#allReceived);
    this.#stuckVisits = 0;
    if (stuck.length > 0) this.#effects.membersStuck(stuck);
  }

  #passOn(isOwnTurn: boolean): void {
    if (this.members.length === 1) {
      this.#lastFrame = undefined;
      this.#holding = true;
      this.#effects.holdToken(true);
      if (!this.#queue.isIdle) this.#effects.releaseSoon();
      return;
    }
    const mayHold = !isOwnTurn && this.mode === 'operational' && this.self === this.#newestSender;
    if (mayHold && this.#unchangedVisits >= this.limits.seqno_unchanged_const) {
      this.#holding = true;
      this.counters.holds++;
      this.#effects.holdToken(false);
      return;
    }
    this.#token.tokenSeq++;
    this.#lastTokenSeq = Math.max(this.#lastTokenSeq, this.#token.tokenSeq);
    this.#forwardToken();
  }

  /** The last frame goes with the token where both fit one datagram. The next member comes first: it has work to do. */
  #forwardToken(): void {
    const frame = this.#lastFrame;
    const isShared = frame !== undefined && tokenSizeOf(this.#token) + frame.length <= this.#maxPayload;
    if (!isShared) this.#sendLastFrame(this.#others);
    this.#tokenLength = encodeToken(this.#tokenBuffer, this.id, this.#token, isShared ? frame : undefined);
    this.#effects.forwardToken(this.#next, this.#tokenBuffer.subarray(0, this.#tokenLength));
    this.#sendLastFrame(this.#beyondNext);
  }

  #deliver(): void {
    const limit = this.#local ? this.store.received : Math.min(this.store.received, this.#stable);
    if (this.#delivered >= limit) return;
    while (this.#delivered < limit && !this.#closed) this.deliverNext(false);
    this.#effects.batchEnd();
  }

  #deliverRecovery(): void {
    while (this.#delivered < this.store.received) {
      const frame = this.store.get(this.#delivered + 1);
      if (frame === undefined || !isRecoveryFrame(frame)) return;
      this.#delivered++;
      this.#recoveryReassembly.take(frame);
    }
  }
}

export function newRingCounters(): RingCounters {
  return {
    visits: 0,
    framesSent: 0,
    framesReceived: 0,
    duplicates: 0,
    retransmitsSent: 0,
    retransmitsRequested: 0,
    tokenRetransmits: 0,
    holds: 0,
  };
}
