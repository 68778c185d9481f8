/**
 * The asks of one space (the actors of one process, or a node's own). Every ask that enters ends exactly once: by its
 * reply, by an error, by its deadline, or by the crash of the actor that owes the reply. What comes later is ignored.
 */
import type { Clock, TimerHandle } from '../clock/clock.ts';
import { type ActorError, actorError } from './actor-error.ts';

/** The outcome of an ask, still as text. */
export type EncodedReply =
  | { readonly ok: true; readonly body: string }
  | { readonly ok: false; readonly error: ActorError };

interface OpenAsk {
  readonly debtor: string;
  readonly done: (reply: EncodedReply) => void;
  readonly deadline: TimerHandle;
}

export class AskTable {
  readonly #clock: Clock;
  readonly #open = new Map<number, OpenAsk>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Opens an ask that `debtor` owes a reply to. Returns its id, above 0. */
  open(debtor: string, to: string, deadline_ms: number, done: (reply: EncodedReply) => void): number {
    this.#last += 1;
    const id = this.#last;
    const deadline = this.#clock.setTimeout(
      () => this.fail(id, actorError('deadline', `no reply from ${to} within ${deadline_ms} ms`)),
      deadline_ms,
    );
    this.#open.set(id, { debtor, done, deadline });
    return id;
  }

  reply(id: number, body: string): void {
    this.#close(id)?.done({ ok: true, body });
  }

  fail(id: number, error: ActorError): void {
    this.#close(id)?.done({ ok: false, error });
  }

  /** Ends all asks that `debtor` owes. */
  failAllOf(debtor: string, error: ActorError): void {
    for (const [id, ask] of [...this.#open]) if (ask.debtor === debtor) this.fail(id, error);
  }

  /** Forgets all asks without an answer: their askers are gone. */
  clear(): void {
    for (const ask of this.#open.values()) this.#clock.clearTimeout(ask.deadline);
    this.#open.clear();
  }

  #close(id: number): OpenAsk | undefined {
    const ask = this.#open.get(id);
    if (ask === undefined) return undefined;
    this.#open.delete(id);
    this.#clock.clearTimeout(ask.deadline);
    return ask;
  }
}
