/**
 * Makes a failing schedule small while it goes on to violate the same rule: fewer fault classes, then single faults, nodes, clients,
 * time, and last the network's whims. What is left is what a person has to understand.
 */
import type { RunResult } from '../cluster/run.ts';
import { Workload } from '../cluster/workload/workload.ts';
import { ClusterWorld } from '../cluster/world.ts';
import { ddmin } from './ddmin.ts';
import { isWithinPromise } from './promise.ts';
import {
  calmerOptions,
  classOf,
  clientsOf,
  endingAt,
  faultsOf,
  instantsOf,
  looseActs,
  roundedTimes,
  sooner,
  withClients,
  withFaults,
  withoutIdleTimes,
  withoutNode,
  withSteps,
} from './reductions.ts';
import { replay, type Schedule, scheduleOf } from './schedule.ts';

export interface ShrinkSettings {
  /** At most so many runs. */
  readonly budget: number;
  /** Instead of the usual run. */
  readonly run?: (schedule: Schedule) => RunResult;
  readonly progress?: (line: string) => void;
}

export interface Shrunk {
  readonly schedule: Schedule;
  /** Of the shrunk schedule. */
  readonly result: RunResult;
  /** The rule that it violates, as the unshrunk one did. */
  readonly rule: string;
  readonly runs: number;
}

const GAPS: readonly number[] = [1, 0.5, 0.2];
const LEAST_GAIN_MS = 20;
const GRAINS_MS: readonly number[] = [1000, 100, 10, 1];

/** The rule by which a run is judged: the first that was violated. Undefined where all was well. */
export function ruleOf({ violations, crash }: RunResult): string | undefined {
  return violations[0]?.rule ?? (crash === undefined ? undefined : 'crash');
}

/** Undefined when the schedule violates nothing. */
export function shrink(schedule: Schedule, settings: ShrinkSettings): Shrunk | undefined {
  const run = settings.run ?? ((each) => replay(each, { endsAtViolation: true }));
  const result = run(schedule);
  const rule = ruleOf(result);
  if (rule === undefined) return undefined;
  const search = new Search(schedule, result, rule, run, settings);
  search.shrink();
  return { schedule: search.best, result: search.result, rule, runs: search.runs };
}

class Search {
  best: Schedule;
  result: RunResult;
  runs = 1;
  readonly #rule: string;
  readonly #run: (schedule: Schedule) => RunResult;
  readonly #budget: number;
  readonly #progress: (line: string) => void;

  constructor(
    schedule: Schedule,
    result: RunResult,
    rule: string,
    run: (schedule: Schedule) => RunResult,
    { budget, progress = () => {} }: ShrinkSettings,
  ) {
    this.best = schedule;
    this.result = result;
    this.#rule = rule;
    this.#run = run;
    this.#budget = budget;
    this.#progress = progress;
  }

  shrink(): void {
    this.#truncate();
    this.#reduceFaults();
    this.#reduceNodes();
    this.#reduceClients();
    this.#reduceFaults();
    this.#reduceTime();
    this.#reduceOptions();
  }

  /** Takes `candidate` when it violates the rule too. */
  #try(candidate: Schedule): boolean {
    if (this.runs >= this.#budget || !isWithinPromise(candidate)) return false;
    this.runs += 1;
    const result = this.#run(candidate);
    if (ruleOf(result) !== this.#rule) return false;
    this.best = candidate;
    this.result = result;
    return true;
  }

  #tell(stage: string): void {
    const { options, steps } = this.best;
    const faults = faultsOf(this.best).length;
    this.#progress(`${stage}: ${options.nodeCount} nodes, ${faults} faults, ${steps.length} steps; ${this.runs} runs`);
  }

  /** What comes after the violation doesn't matter. */
  #truncate(): void {
    const [violation] = this.result.violations;
    this.#try(withoutIdleTimes(this.best));
    if (violation !== undefined) this.#try(endingAt(scheduleOf(this.result), violation.time_ms));
    this.#try(withoutIdleTimes(this.best));
    this.#tell('the end cut off');
  }

  #reduceFaults(): void {
    const start = this.best;
    const classes = [...new Set(faultsOf(start).map(classOf))];
    ddmin(classes, (kept) =>
      this.#try(
        withFaults(
          start,
          faultsOf(start).filter((fault) => kept.includes(classOf(fault))),
        ),
      ),
    );
    this.#tell('fault classes');
    const classesLeft = this.best;
    ddmin(faultsOf(classesLeft), (kept) => this.#try(withFaults(classesLeft, kept)));
    const faultsLeft = this.best;
    const loose = looseActs(faultsLeft);
    ddmin(loose, (kept) =>
      this.#try(withSteps(faultsLeft, (step) => !loose.includes(step as never) || kept.includes(step as never))),
    );
    this.#tell('faults');
  }

  #reduceNodes(): void {
    for (let node = this.best.options.nodeCount; node > 0 && this.best.options.nodeCount > 1; node -= 1) {
      this.#try(withoutNode(this.best, node));
    }
    this.#tell('nodes');
  }

  #reduceClients(): void {
    const start = this.best;
    const names = clientsOf(start) ?? new Workload(new ClusterWorld(start.options)).names;
    const kinds = [...new Set(names.map(kindOf))];
    ddmin(kinds, (kept) =>
      this.#try(
        withClients(
          start,
          names.filter((name) => kept.includes(kindOf(name))),
        ),
      ),
    );
    const kindsLeft = this.best;
    const left = clientsOf(kindsLeft);
    if (left !== undefined) ddmin(left, (kept) => this.#try(withClients(kindsLeft, kept)));
    this.#tell('clients');
  }

  #reduceTime(): void {
    for (const at of instantsOf(this.best).keys()) {
      const [earlier, instant] = [instantsOf(this.best)[at - 1] ?? 0, instantsOf(this.best)[at]];
      if (instant === undefined) break;
      for (const share of GAPS) {
        const gain_ms = (instant - earlier) * share;
        if (gain_ms >= LEAST_GAIN_MS && this.#try(sooner(this.best, instant, gain_ms))) break;
      }
    }
    const start = this.best;
    GRAINS_MS.some((grain_ms) => this.#try(roundedTimes(start, grain_ms)));
    const [violation] = this.result.violations;
    if (violation !== undefined) this.#try(endingAt(this.best, Math.ceil(violation.time_ms)));
    this.#tell('time');
  }

  #reduceOptions(): void {
    for (const options of calmerOptions(this.best.options)) {
      const { best } = this;
      const isNew = Object.entries(options).some(
        ([name, value]) =>
          JSON.stringify(value) !== JSON.stringify((best.options as unknown as Record<string, unknown>)[name]),
      );
      if (isNew) this.#try({ ...best, options: { ...best.options, ...options } });
    }
    this.#tell('options');
  }
}

/** `locker` of `locker3`. */
function kindOf(client: string): string {
  return client.replace(/\d.*$/, '');
}
