/** What a ring needs, asks of its surroundings, and counts. */
import type { TotemTimers } from '../../../runtime/formats/cluster-config.ts';
import type { RingId } from './messages.ts';
import type { SendQueue } from './send-queue.ts';
import type { VoteWeights } from './stability.ts';

/** How long a holder's messages wait for the word about the frame before them. A lost datagram costs the next ones no more. */
export const PROOF_LATE_MS = 2;

/** What a ring asks of its surroundings; all calls are synchronous and must not re-enter the ring, except through the queue. */
export interface RingEffects {
  /** Pass the token on: it names the next member; others among `receivers` overhear it. `retransmitToken` repeats the same bytes. */
  forwardToken(receivers: readonly number[], payload: Buffer): void;
  /** Send to these other members. */
  multicast(peers: readonly number[], payload: Buffer): void;
  /** The token stays here until `release` is called: after the hold time, or (`untilWork`, a ring of one) when there is something to send. */
  holdToken(untilWork: boolean): void;
  /** The token goes on although the hold time isn't over: it is awaited from now on. */
  holdEnds(): void;
  /** Tell `holder`, who has the token or will get it, that there is something to send here. */
  cancelHold(holder: number): void;
  /** Call `workWhileHolding` in a later turn. */
  releaseSoon(): void;
  /** Call `workWhileHolding(true)` after PROOF_LATE_MS. */
  workLater(): void;
  /** Tell `holder` that 1..`received` are here. */
  sendReceipt(holder: number, received: number): void;
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
