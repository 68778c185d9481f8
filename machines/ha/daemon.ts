/** What CRM and LRM have in common as inhabitants of their world (spec/ha.md §14.0): iterations, asks, late requests. */
import { strict as assert } from 'node:assert';
import { Asking, Outbox } from './dialogue.ts';
import type { In, Out } from './port.ts';
import type { HaTimes } from './times.ts';

/** How soon the next iteration follows (§12). */
export type Pace = 'waiting' | 'working';

type ShutdownRequest = Extract<In, { type: 'SHUTDOWN_REQUEST' }>;

export abstract class Daemon<Phase extends string> extends Asking<Phase> {
  /** Own node. */
  readonly node: string;
  protected readonly times: HaTimes;
  #at = 0;
  #isInIteration = false;
  #postponed: ShutdownRequest | undefined;

  constructor(node: string, times: HaTimes) {
    super(new Outbox());
    this.node = node;
    this.times = times;
  }

  /** Time of the iteration, seconds (P3). */
  protected get at(): number {
    return this.#at;
  }

  /** Its first words. To be called once, before anything is given to it. */
  start(): readonly Out[] {
    this.begin();
    return this.out.drain();
  }

  /** Takes one event; the outputs are to be carried out in their order. */
  take(input: In): readonly Out[] {
    switch (input.type) {
      case 'TICK':
        assert(!this.#isInIteration, `${this.node}: a tick within an iteration`);
        this.#isInIteration = true;
        this.#at = input.at;
        this.iterate();
        break;
      case 'REPLY':
        assert.equal(input.id, this.out.lastAsk, `${this.node}: a reply to another question`);
        this.answer(input);
        break;
      case 'SHUTDOWN_REQUEST':
        if (this.#isInIteration) this.#postponed ??= input;
        else this.#requestShutdown(input);
        break;
      default:
        this.takeOther(input);
    }
    if (!this.isAwaiting && this.failure !== undefined) this.out.put({ out: 'failed', error: this.failure });
    return this.out.drain();
  }

  protected abstract begin(): void;
  protected abstract iterate(): void;
  protected abstract shutdownRequested(request: ShutdownRequest): void;

  protected takeOther(input: In): void {
    assert.fail(`${this.node}: ${input.type} is not for this daemon`);
  }

  protected endIteration(pace: Pace): void {
    this.#isInIteration = false;
    const seconds = pace === 'working' ? this.times.working_pace_s : this.times.waiting_pace_s;
    this.out.put({ out: 'nextTickIn', seconds });
    const postponed = this.#postponed;
    this.#postponed = undefined;
    if (postponed !== undefined) this.#requestShutdown(postponed);
  }

  protected exit(): void {
    this.#isInIteration = false;
    this.out.put({ out: 'exit' });
  }

  /** What a shutdown request asked for is over. */
  protected endRequest(): void {
    this.#isInIteration = false;
  }

  /** A request is handled at its own time, which is between two iterations. It ends with `endRequest`. */
  #requestShutdown(request: ShutdownRequest): void {
    this.#at = request.at;
    this.#isInIteration = true;
    this.shutdownRequested(request);
  }
}
