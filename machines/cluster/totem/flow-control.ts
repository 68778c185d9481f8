/**
 * How many frames a token visit may send (spec/pmxcfs.md §13.1.8).
 *
 *  I1 At most `window_size` units per rotation over all members, and `max_messages` per visit, retransmissions included.
 *     A unit is one datagram, or as many small ones as 4 KiB hold; messages packed into a datagram share it.
 *  I2 When more waits than a rotation may carry, each member gets its share of what waits, at least one frame.
 *  I3 Nothing new is sent while too many frames aren't known to be received by all: a slow member slows the senders down.
 */
import type { TotemTimers } from '../../../runtime/formats/cluster-config.ts';
import type { Token } from './messages.ts';

/** Bytes that one unit allows, where datagrams are smaller. */
const UNIT_BYTES = 4096;

/** Half of what a frame store holds, so that a member that knows less than the sender can still take all. */
const OUTSTANDING_LIMIT = 2048;

/** One member's account of what it added to the token's counts. */
export class FlowControl {
  readonly #maxPayload: number;
  readonly #framesPerUnit: number;
  #sentLastVisit = 0;
  #backlogLastVisit = 0;

  constructor(maxPayload: number) {
    this.#maxPayload = maxPayload;
    this.#framesPerUnit = Math.max(1, Math.floor(UNIT_BYTES / maxPayload));
  }

  /** Frames of one visit at most. */
  visitLimit(limits: TotemTimers): number {
    return limits.max_messages * this.#framesPerUnit;
  }

  /** Frames that this visit may send, retransmissions included. `outstanding`: frames not known to be received by all. */
  allowance(token: Token, waiting_bytes: number, outstanding: number, limits: TotemTimers): number {
    if (outstanding >= OUTSTANDING_LIMIT) return 0;
    const window = limits.window_size * this.#framesPerUnit;
    const own = this.#framesFor(waiting_bytes);
    const all = own + this.#backlogOfOthers(token);
    const share = all > window ? Math.max(1, Math.floor((window * own) / all)) : window;
    return Math.min(this.visitLimit(limits), window - this.#framesOfOthers(token), share);
  }

  /** Puts this visit in the place of the last one in the token's counts. */
  note(token: Token, sent: number, waiting_bytes: number): void {
    const backlog = this.#framesFor(waiting_bytes);
    token.framesInRotation = this.#framesOfOthers(token) + sent;
    token.backlog = this.#backlogOfOthers(token) + backlog;
    this.#sentLastVisit = sent;
    this.#backlogLastVisit = backlog;
  }

  #framesFor(bytes: number): number {
    return Math.ceil(bytes / this.#maxPayload);
  }

  #framesOfOthers(token: Token): number {
    return Math.max(0, token.framesInRotation - this.#sentLastVisit);
  }

  #backlogOfOthers(token: Token): number {
    return Math.max(0, token.backlog - this.#backlogLastVisit);
  }
}
