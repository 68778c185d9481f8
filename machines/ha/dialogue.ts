/**
 * Asking and waiting (spec/ha.md §14.0): the part of a daemon that decides runs until it needs an answer, then names the
 * phase that goes on with it. That name is the whole cursor: plain data, nothing waits on a stack.
 */
import { strict as assert } from 'node:assert';
import type { Ask, LogLevel, Out, Reply } from './port.ts';

/** What a daemon gives out while it takes one event. */
export class Outbox {
  #outs: Out[] = [];
  #lastAsk = 0;

  put(out: Out): void {
    this.#outs.push(out);
  }

  log(level: LogLevel, text: string): void {
    this.#outs.push({ out: 'log', level, text });
  }

  ask(ask: Ask): void {
    this.#lastAsk++;
    this.#outs.push({ out: 'ask', id: this.#lastAsk, ask });
  }

  /** The id that the open ask has, or the last one had. */
  get lastAsk(): number {
    return this.#lastAsk;
  }

  drain(): readonly Out[] {
    const outs = this.#outs;
    this.#outs = [];
    return outs;
  }
}

/** What a phase returns: nothing. It has asked, or it is over; so the next call is always its last. */
export type Next = ReturnType<() => void>;

interface Cursor<Phase> {
  readonly phase: Phase;
  /** The phase takes a refusal too; otherwise it ends in `failed`. */
  readonly isGuarded: boolean;
}

/** A core that asks. `Phase` names what goes on with an answer. */
export abstract class Asking<Phase extends string> {
  protected readonly out: Outbox;
  #cursor: Cursor<Phase> | undefined;
  /** Asks in place of this core, which goes on when the part is through. */
  #part: Asking<string> | undefined;
  #failure: string | undefined;

  constructor(out: Outbox) {
    this.out = out;
  }

  /** Phases that wait, the outermost first: `manage`, `fenced`, `locked`. Empty where nothing is asked. */
  get cursor(): readonly string[] {
    if (this.#cursor === undefined) return [];
    return [this.#cursor.phase, ...(this.#part?.cursor ?? [])];
  }

  get isAwaiting(): boolean {
    return this.#cursor !== undefined;
  }

  /** Why it ended before its end. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Goes on with `then` when the answer is there; a refusal is a failure of the whole core. */
  protected ask(ask: Ask, then: Phase): void {
    this.#wait(then, false);
    this.out.ask(ask);
  }

  /** As `ask`, and `then` gets refusals too. */
  protected tryAsk(ask: Ask, then: Phase): void {
    this.#wait(then, true);
    this.out.ask(ask);
  }

  /** Goes on with `then` when the part, which has been started, is through. A failure of the part is one of this core. */
  protected delegate(part: Asking<string>, then: Phase): void {
    this.#wait(then, false);
    this.#part = part;
    this.#partMayBeThrough();
  }

  /** As `delegate`, and `then` gets the part's failure as a refusal. */
  protected tryDelegate(part: Asking<string>, then: Phase): void {
    this.#wait(then, true);
    this.#part = part;
    this.#partMayBeThrough();
  }

  protected log(level: LogLevel, text: string): void {
    this.out.log(level, text);
  }

  /** The answer to what was asked. */
  answer(reply: Reply): Next {
    if (this.#part === undefined) return this.#goOn(reply);
    this.#part.answer(reply);
    this.#partMayBeThrough();
  }

  protected fail(error: string): void {
    this.#failure = error;
  }

  protected clearFailure(): void {
    this.#failure = undefined;
  }

  protected abstract resume(phase: Phase, reply: Reply): void;

  #wait(phase: Phase, isGuarded: boolean): void {
    assert(this.#cursor === undefined, `${phase} was to wait while ${this.#cursor?.phase} waits`);
    this.#cursor = { phase, isGuarded };
  }

  #partMayBeThrough(): void {
    const part = this.#part!;
    if (part.isAwaiting) return;
    this.#part = undefined;
    this.#goOn(part.failure === undefined ? done : { ok: false, error: part.failure });
  }

  #goOn(reply: Reply): void {
    const cursor = this.#cursor;
    assert(cursor !== undefined, 'an answer to nothing');
    this.#cursor = undefined;
    if (reply.ok || cursor.isGuarded) this.resume(cursor.phase, reply);
    else this.fail(reply.error);
  }
}

const done: Reply = { ok: true, value: undefined };

/** The value of an answer that can't be a refusal. */
export function answerOf(reply: Reply): unknown {
  assert(reply.ok, 'a refusal was taken for an answer');
  return reply.value;
}
