/** A program on one machine that makes one request after another, with pauses, as long as the workload lasts. */
import type { SeededRandom } from '../../../runtime/random/seeded.ts';
import type { Request } from '../../checkers/observation.ts';
import type { ClusterWorld, RequestBody } from '../world.ts';

export interface ClientPlace {
  readonly world: ClusterWorld;
  readonly nodeid: number;
  readonly name: string;
  readonly random: SeededRandom;
  /** Mean pause between two steps. */
  readonly think_ms: number;
}

/** A machine that is down is looked at again after so long. */
const DOWN_MS = 1000;

export abstract class Client {
  readonly name: string;
  protected readonly world: ClusterWorld;
  readonly nodeid: number;
  protected readonly random: SeededRandom;
  /** Requests that ended well. */
  successes = 0;
  readonly #think_ms: number;
  #isStopping = false;
  #isResting = true;

  constructor({ world, nodeid, name, random, think_ms }: ClientPlace) {
    this.world = world;
    this.nodeid = nodeid;
    this.name = name;
    this.random = random;
    this.#think_ms = think_ms;
  }

  /** True when it does nothing and, after `stop`, won't again. */
  get isResting(): boolean {
    return this.#isResting;
  }

  start(): void {
    this.rest();
  }

  /** What has begun is brought to its end. */
  stop(): void {
    this.#isStopping = true;
  }

  protected get isStopping(): boolean {
    return this.#isStopping;
  }

  /** One step; it ends by `rest`, now or later. */
  protected abstract step(): void;

  /** Ends a step; the next one follows after a pause. */
  protected rest(pause_ms = this.random.unit() * 2 * this.#think_ms): void {
    this.#isResting = true;
    if (this.#isStopping) return;
    this.after(pause_ms, () => {
      if (this.#isStopping) return;
      this.#isResting = false;
      if (!this.world.isRunning(this.nodeid)) this.rest(DOWN_MS);
      else this.step();
    });
  }

  protected after(delay_ms: number, run: () => void): void {
    this.world.clock.setTimeout(run, delay_ms);
  }

  /** Asks; where nothing is mounted `done` gets undefined at once. */
  protected ask(body: (id: number) => RequestBody, done: (request: Request | undefined) => void): void {
    const isAsked = this.world.request(this.name, this.nodeid, body, (request) => {
      if (request.result !== undefined && request.result >= 0) this.successes += 1;
      // A program doesn't run inside the daemon that answers it.
      this.after(0, () => done(request));
    });
    if (!isAsked) done(undefined);
  }
}

export type Outcome = 'done' | 'refused' | 'unknown';

const UNKNOWN_RESULTS: readonly number[] = [-1, -5, -16];

/** What a client knows after an answer, or without one. */
export function outcomeOf(request: Request | undefined): Outcome {
  if (request === undefined) return 'refused';
  if (request.result === undefined || UNKNOWN_RESULTS.includes(request.result)) return 'unknown';
  return request.result >= 0 ? 'done' : 'refused';
}
