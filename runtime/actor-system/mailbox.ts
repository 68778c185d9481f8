/**
 * A bounded mailbox: what was accepted for an actor and not handed to it yet, in order of arrival.
 *
 * I1 never more than `capacity` messages; those handed over and not yet handled count where the rule is to refuse, and
 *    don't where the oldest is dropped (the latest status must find room while the one before is being handled)
 * I2 FIFO; `drop-oldest` takes away the oldest that was not handed over yet
 * I3 at most `window` messages are handed over and unhandled, one where the oldest may be dropped
 */
import type { MessageEnvelope } from './envelope.ts';

export interface MailboxRule {
  readonly capacity: number;
  /** `drop-oldest` is for status data, where only the latest counts. */
  readonly whenFull: 'refuse' | 'drop-oldest';
}

/** More than one, so that a message to another process need not wait for the answer to the one before. */
const window_max = 32;

export type Accepted = 'accepted' | 'full' | { readonly dropped: MessageEnvelope };

export class Mailbox {
  readonly #rule: MailboxRule;
  readonly #window: number;
  #waiting: MessageEnvelope[] = [];
  #unhandled = 0;

  constructor(rule: MailboxRule) {
    this.#rule = rule;
    this.#window = rule.whenFull === 'refuse' ? Math.min(window_max, rule.capacity) : 1;
  }

  get depth(): number {
    return this.#waiting.length + this.#unhandled;
  }

  offer(envelope: MessageEnvelope): Accepted {
    if (this.#rule.whenFull === 'refuse' && this.depth >= this.#rule.capacity) return 'full';
    this.#waiting.push(envelope);
    if (this.#waiting.length <= this.#rule.capacity) return 'accepted';
    const dropped = this.#waiting.shift();
    return dropped === undefined ? 'accepted' : { dropped };
  }

  /** The next message to hand over, or undefined where none waits or the window is used up. */
  take(): MessageEnvelope | undefined {
    if (this.#unhandled >= this.#window) return undefined;
    const next = this.#waiting.shift();
    if (next !== undefined) this.#unhandled += 1;
    return next;
  }

  /** The actor is done with one message that was handed over. */
  handled(): void {
    this.#unhandled = Math.max(0, this.#unhandled - 1);
  }

  /** Empties the mailbox and returns what was not handed over. */
  clear(): readonly MessageEnvelope[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#unhandled = 0;
    return waiting;
  }
}
