/**
 * Which restarts a node allows: those of the supervisor's intensity, but none before the child has run once. What ends a first
 * start is bad input (a broken file, an address that isn't ours); it must be told, not tried again.
 */
import { type RestartAnswer, RestartIntensity, type RestartLimits } from '../../machines/daemons/restart-intensity.ts';
import type { BackOff, RestartPolicy } from '../../runtime/actor-system/supervision.ts';

export class FirstStartPolicy implements RestartPolicy {
  readonly #intensity: RestartIntensity;
  readonly #hasRun = new Set<string>();
  #refusal: string | undefined;

  constructor(limits: RestartLimits) {
    this.#intensity = new RestartIntensity(limits);
  }

  /** Why the first start of a child failed, in its own words. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  noteRunning(child: string): void {
    this.#hasRun.add(child);
  }

  ask(child: string, now_ms: number, backOff: BackOff, reason: string): RestartAnswer {
    if (!this.#hasRun.has(child)) {
      this.#refusal ??= reason;
      return { allowed: false, reason };
    }
    return this.#intensity.ask(child, now_ms, backOff, reason);
  }
}
