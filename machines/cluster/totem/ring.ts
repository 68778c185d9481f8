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
 *  I6 A hold begins only when no frame is missing or waiting anywhere.
 *  I7 A holder's frame is delivered when enough have answered that they have it; who hears a copy of a held token changes
 *     nothing but what it has and knows to be stable.
 *  I8 While a holder waits for the word about a frame, its next messages gather for one frame, for PROOF_LATE_MS at most.
 *
 * An idle token is held by the sender of the newest frame, not by the representative: whoever writes one message after the
 * other then has the token at hand. All members know the holder: it begins to hold only when all have the newest frame. While it
 * holds, it sends what fits one frame without giving the token away: a copy of the token that carries the frame goes to the
 * witnesses, as many of the next members as make up a majority with it, and they answer by a receipt at once. So a message costs
 * two hops; the others get it when nobody waits for it any more. Whatever needs the token (another sender, a gap, more messages than a frame holds) ends the hold, and so does the hold time.
 *
 * Protocol source: spec/pmxcfs.md §7.5, §13.1.8.
 */
import type { TotemTimers } from '../../../runtime/formats/cluster-config.ts';
import { FlowControl } from './flow-control.ts';
import { FrameStore } from './frame-store.ts';
import {
  CHUNK_HEAD_SIZE,
  decodeToken,
  encodeToken,
  FRAME_HEADER_SIZE,
  FRAME_RECOVERY,
  frameOfToken,
  frameSenderOf,
  frameSeqOf,
  holderOfToken,
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
import { newRingCounters, type RingCounters, type RingEffects, type RingOptions } from './ring-port.ts';
import type { SendQueue } from './send-queue.ts';
import { isKnownByReceipt, isWordNeeded, stablePoint, type VoteWeights } from './stability.ts';

/** A holder passes the token on when so many of its frames aren't known to be everywhere. */
const HELD_FRAMES_MAX = 1024;

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
  readonly #nextAlone: readonly number[];
  /** The next member first: it has work to do. */
  readonly #nextAndOthers: readonly number[];
  readonly #maxPayload: number;
  readonly #flow: FlowControl;
  readonly #local: boolean;
  readonly #queue: SendQueue;
  readonly #recoveryQueue: SendQueue;
  readonly #effects: RingEffects;
  readonly #token: Token;
  /** What was overheard. */
  readonly #heard: Token;
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
  /** Frames of this hold that only the witnesses have been sent. */
  readonly #heldBack: Buffer[] = [];
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
    this.#nextAlone = [this.#next];
    this.#nextAndOthers = [this.#next, ...this.#others.filter((member) => member !== this.#next)];
    this.#tokenBuffer = Buffer.alloc(Math.max(TOKEN_MAX_SIZE, options.maxPayload));
    this.#newestSender = options.id.rep;
    this.#maxPayload = options.maxPayload;
    this.#flow = new FlowControl(options.maxPayload);
    this.#local = options.acknowledgement === 'local';
    this.#queue = options.queue;
    this.#recoveryQueue = options.recoveryQueue;
    this.#effects = options.effects;
    this.#token = newToken(options.members.length);
    this.#heard = newToken(options.members.length);
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

  /** False for a token that is another member's. */
  isForSelf(payload: Buffer): boolean {
    return tokenSeqOf(payload) < 0 || holderOfToken(payload) === this.self;
  }

  /**
   * Another member's token: its frame, and what it proves. What each member said that it has received stays true, so that a copy
   * is as good as the token for delivery.
   */
  overhear(payload: Buffer): 'taken' | 'malformed' {
    const token = this.#heard;
    if (!decodeToken(payload, token)) return 'malformed';
    const frame = frameOfToken(payload);
    if (frame !== undefined && this.#takeFrameOfToken(frame) === 'malformed') return 'malformed';
    if (this.mode !== 'operational') return 'taken';
    const holder = holderOfToken(payload);
    if (frame !== undefined && frameSenderOf(frame) === holder) this.#answerHolder(holder, token, frameSeqOf(frame));
    this.#stable = Math.max(this.#stable, stablePoint(token.received, this.weights));
    this.#deliver();
    return 'taken';
  }

  /** `holder` keeps the token and waits for the word of some. */
  #answerHolder(holder: number, token: Token, seq: number): void {
    const { received } = this.store;
    if (isWordNeeded(this.members.indexOf(holder), this.#index, this.weights)) {
      this.#effects.sendReceipt(holder, received);
    }
    token.received[this.#index] = Math.max(token.received[this.#index]!, received);
    // What is missing is asked for on the token.
    if (received < seq && !this.#cancelSent) this.#askForToken(holder);
  }

  /** The word of another member while this one holds the token. */
  onReceipt(member: number, received: number): 'taken' | 'malformed' {
    const index = this.members.indexOf(member);
    if (index < 0 || received < 0 || received > this.#token.seq) return 'malformed';
    if (!this.#holding) return 'taken';
    const token = this.#token;
    token.received[index] = Math.max(token.received[index]!, received);
    this.#noteProof();
    return 'taken';
  }

  #noteProof(): void {
    const before = this.#stable;
    this.#stable = Math.max(before, stablePoint(this.#token.received, this.weights));
    if (before === this.#stable) return;
    this.#deliver();
    this.#sendHeldBack(this.#stable);
    if (this.#holding && !this.#queue.isIdle) this.#effects.releaseSoon();
  }

  /** Something is to be sent, and this member holds the token: it is sent, or the token goes on. `isLate`: the word about a frame has not come. */
  workWhileHolding(isLate = false): void {
    if (!this.#holding || this.#closed || this.#queue.isIdle) return;
    const token = this.#token;
    const rest = this.#maxPayload - tokenSizeOf(token) - FRAME_HEADER_SIZE;
    const fits = this.#queue.sendableBytes + this.#queue.length * CHUNK_HEAD_SIZE <= rest;
    const isOne = this.members.length === 1;
    if (isOne || !fits || token.seq - this.#lowestReceived() >= HELD_FRAMES_MAX) {
      this.#endHold();
      return;
    }
    if (this.#heldBack.length > 0 && !this.#local && !isLate) {
      this.#effects.workLater();
      return;
    }
    this.#makeFrame(this.#queue, false);
    token.received[this.#index] = this.store.received;
    const frame = this.#lastFrame!;
    this.#lastFrame = undefined;
    this.#heldBack.push(frame);
    this.#sendCopy(this.#witnesses(), frame);
    if (this.#local) this.#deliver();
    // This member's word may be a majority of its own.
    this.#noteProof();
  }

  #endHold(): void {
    this.#effects.holdEnds();
    this.release();
  }

  /** The members whose word makes up a majority with this one's. */
  #witnesses(): readonly number[] {
    return this.#nextAndOthers.filter((member) =>
      isWordNeeded(this.#index, this.members.indexOf(member), this.weights),
    );
  }

  /** Frames 1..`limit` go to the rest of the members, and to all who can't know yet that they are stable. */
  #sendHeldBack(limit: number): void {
    if (this.#heldBack.length === 0) return;
    const witnesses = isKnownByReceipt(this.#index, this.weights) ? this.#witnesses() : [];
    const rest = this.#others.filter((member) => !witnesses.includes(member));
    for (let frame = this.#heldBack[0]; frame !== undefined && frameSeqOf(frame) <= limit; frame = this.#heldBack[0]) {
      this.#heldBack.shift();
      this.#sendCopy(rest, frame);
    }
  }

  /** A copy of the token that is held here, for others to overhear. */
  #sendCopy(receivers: readonly number[], frame?: Buffer): void {
    if (receivers.length === 0) return;
    const length = encodeToken(this.#tokenBuffer, this.id, this.#token, this.self, frame);
    this.#effects.multicast(receivers, this.#tokenBuffer.subarray(0, length));
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
    this.#effects.forwardToken(this.#nextAlone, this.#tokenBuffer.subarray(0, this.#tokenLength));
  }

  /** End of a hold. */
  release(): void {
    if (!this.#holding || this.#closed) return;
    this.#sendHeldBack(this.#token.seq);
    this.#holding = false;
    this.#visit(true);
  }

  /** Another member has something to send: the token goes on now, or isn't held at the next visit. */
  onHoldCancel(): void {
    if (this.#holding) this.#endHold();
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
    this.#askForToken(this.#newestSender);
  }

  #askForToken(holder: number): void {
    this.#cancelSent = true;
    this.#effects.cancelHold(holder);
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
    const before = this.#stable;
    this.#stable = Math.max(before, stablePoint(token.received, this.weights));
    this.#passOn(isOwnTurn, before < token.seq && token.seq <= this.#stable);
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

  /** `isProof`: this visit has made the newest frame stable. */
  #passOn(isOwnTurn: boolean, isProof: boolean): void {
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
      // Who came before the majority was complete doesn't know yet what is stable.
      if (!isKnownByReceipt(this.#index, this.weights)) this.#sendCopy(this.#others);
      return;
    }
    this.#token.tokenSeq++;
    this.#lastTokenSeq = Math.max(this.#lastTokenSeq, this.#token.tokenSeq);
    this.#forwardToken(isProof);
  }

  /**
   * The last frame goes with the token where both fit one datagram, which all others get. A token that proves the newest frame to
   * be stable goes to its sender as well, before all others: somebody waits for that, and needn't wait for the rest of the
   * rotation. Not while more is waiting: then the rate counts.
   */
  #forwardToken(isProof: boolean): void {
    const frame = this.#lastFrame;
    const isShared = frame !== undefined && tokenSizeOf(this.#token) + frame.length <= this.#maxPayload;
    if (isShared) this.#lastFrame = undefined;
    else this.#sendLastFrame(this.#others);
    this.#tokenLength = encodeToken(this.#tokenBuffer, this.id, this.#token, this.#next, isShared ? frame : undefined);
    const sender = this.#newestSender;
    const isAwaited = isProof && sender !== this.self && sender !== this.#next && this.#token.backlog === 0;
    const receivers = isShared ? this.#nextAndOthers : isAwaited ? [sender, this.#next] : this.#nextAlone;
    this.#effects.forwardToken(receivers, this.#tokenBuffer.subarray(0, this.#tokenLength));
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
