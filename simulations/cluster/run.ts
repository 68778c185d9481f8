/**
 * One run: a cluster starts, suffers for two minutes under load, is healed, has to get on, and comes to rest; all of it decided
 * by the seed. The steps that a run takes are its script; played again, they are the same run.
 */
import type { SeededRandom } from '../../runtime/random/seeded.ts';
import type { CoverageCounts } from '../coverage/coverage.ts';
import { LIVENESS, take } from '../schedule/play.ts';
import type { Stage } from '../schedule/stage.ts';
import type { Condition, Step, TakenStep } from '../schedule/step.ts';
import { withoutAmbient } from './ambient.ts';
import { healSome, strike } from './faults.ts';
import type { ExtraCheckers, Violation } from './observers.ts';
import {
  drawOptions,
  type FaultKind,
  formatOptions,
  type GivenOptions,
  MEMBERSHIP_FAULTS,
  type RunOptions,
} from './options.ts';
import { RunEnded } from './run-ended.ts';
import type { Round } from './strike.ts';
import { Workload } from './workload/workload.ts';
import { ClusterWorld } from './world.ts';

export type Verdict = 'ok' | 'safety' | 'liveness' | 'crash';

export interface RunResult {
  readonly seed: number;
  readonly options: RunOptions;
  readonly verdict: Verdict;
  readonly violations: readonly Violation[];
  /** Stack of an exception, where one ended the run. */
  readonly crash: string | undefined;
  /** SHA-256 over the trace. */
  readonly digest: string;
  readonly records: number;
  readonly simulated_ms: number;
  readonly requests: number;
  readonly datagrams: number;
  readonly marks: Readonly<Record<string, number>>;
  /** States and transitions of the machines, by name, with how often they were met (simulations/coverage). */
  readonly coverage: CoverageCounts;
  /** The steps that were taken: `runSteps` with them repeats the run. */
  readonly script: readonly TakenStep[];
}

export interface RunSettings {
  /** Takes every line of the trace. */
  readonly sink?: ((line: string) => void) | undefined;
  /** Instead of the options that the seed draws. */
  readonly options?: GivenOptions | undefined;
  readonly checkers?: ExtraCheckers | undefined;
  /** The run ends at this virtual time. */
  readonly until_ms?: number | undefined;
}

export interface StepSettings extends Omit<RunSettings, 'options'> {
  /** No more steps after a violation. */
  readonly endsAtViolation?: boolean | undefined;
  /** Gets each step when it is taken, and again when it is done. */
  readonly onStep?: ((step: TakenStep) => void) | undefined;
  readonly onStepDone?: ((step: TakenStep, now_ms: number) => void) | undefined;
}

/** From healing to one quorate ring with both replicas synced everywhere. Leaving and rejoining alone takes up to 12 s. */
const SETTLE_LIMIT_MS = 60_000;
/** Protected code may run for so long after the last lock was taken. */
const DRAIN_LIMIT_MS = 70_000;
/** With all well each writer gets something done within this: a few of its steps, of which some are meant to fail. */
const PROGRESS_LIMIT_MS = 60_000;
/** A cluster that begins: a master is found, and guests start. */
const FIRST_START_LIMIT_MS = 150_000;
/** After healing (spec/ha.md §16.15): a watchdog runs out, a lock too, and the node's services start elsewhere. */
const SERVICES_LIMIT_MS = 400_000;
/** A node that was to shut down does so, is reset at last, and boots. */
const HA_CALM_LIMIT_MS = 900_000;
/** Rounds of faults are longer where it takes minutes until something follows. */
const HA_SLOWNESS = 8;
const REST_MS = 3000;
const LEAST_RUN_MS = 121_000;

/** The run that the seed means. */
export function runSeed(seed: number, { options, ...settings }: RunSettings = {}): RunResult {
  return runOn(drawOptions(seed, options), settings, live);
}

/** A run of these steps. */
export function runSteps(options: RunOptions, steps: readonly Step[], settings: StepSettings = {}): RunResult {
  const { endsAtViolation = false, onStep, onStepDone } = settings;
  return runOn(options, settings, (stage) => {
    const { world } = stage;
    for (const step of steps) {
      if (endsAtViolation && world.observers.violations.length > 0) return;
      const at_ms = Math.max(world.now_ms, step.at_ms ?? 0);
      if (at_ms > world.now_ms) world.runUntil(at_ms);
      onStep?.({ ...step, at_ms });
      take(stage, step);
      onStepDone?.({ ...step, at_ms }, world.now_ms);
    }
  });
}

export { formatOptions };

function runOn(options: RunOptions, settings: RunSettings, act: (stage: Stage) => void): RunResult {
  return withoutAmbient(() => {
    const world = new ClusterWorld(options, settings);
    let crash: string | undefined;
    try {
      act({ world, workload: new Workload(world) });
    } catch (error) {
      if (!(error instanceof RunEnded)) crash = (error as Error).stack ?? String(error);
    }
    return resultOf(world, crash);
  });
}

function live(stage: Stage): void {
  const { world } = stage;
  const { ha } = world.options;
  for (const { nodeid } of world.nodes) take(stage, { act: 'boot', node: nodeid });
  expectWithin(stage, SETTLE_LIMIT_MS, { is: 'settled' });
  if (ha !== undefined) expectWithin(stage, FIRST_START_LIMIT_MS, { is: 'services-run' });
  take(stage, { stage: 'load' });
  sufferThrough(stage, world.random.split('faults'));
  if (world.observers.violations.length > 0) {
    take(stage, { stage: 'wait', wait_ms: 0 });
    throw new RunEnded();
  }
  heal(stage);
  expectWithin(stage, PROGRESS_LIMIT_MS, { is: 'progress' });
  take(stage, { stage: 'calm' });
  expectWithin(stage, ha === undefined ? DRAIN_LIMIT_MS : SERVICES_LIMIT_MS, { is: 'answered' });
  if (ha !== undefined) expectWithin(stage, SERVICES_LIMIT_MS, { is: 'services-run' });
  take(stage, { stage: 'wait', wait_ms: REST_MS });
  take(stage, { stage: 'wait', wait_ms: 0, at_ms: LEAST_RUN_MS });
  expectWithin(stage, SETTLE_LIMIT_MS, { is: 'settled' });
  take(stage, { stage: 'quiet' });
  if (world.options.faults.length > 0 && (world.marks.get('ring formed') ?? 0) <= world.nodes.length) {
    world.observers.fail('coverage', 'no fault of this run has changed the membership');
  }
}

function expectWithin(stage: Stage, within_ms: number, condition: Condition): void {
  take(stage, { expect: condition, within_ms });
}

/** All is well again; with high availability when what faults have begun has come to its end. */
function heal(stage: Stage): void {
  take(stage, { act: 'heal' });
  if (stage.world.options.ha === undefined) expectWithin(stage, SETTLE_LIMIT_MS, { is: 'settled' });
  else expectWithin(stage, HA_CALM_LIMIT_MS, { is: 'ha-calm' });
}

function sufferThrough(stage: Stage, random: SeededRandom): void {
  const { world } = stage;
  const end_ms = world.now_ms + world.options.chaos_ms;
  if (world.options.faults.length === 0) take(stage, { stage: 'wait', wait_ms: world.options.chaos_ms });
  for (let isFirst = true; world.now_ms < end_ms && world.observers.violations.length === 0; isFirst = false) {
    const round: Round = { world, victims: drawVictims(world, random), random, isOver: false };
    const slowness = world.options.ha === undefined ? 1 : HA_SLOWNESS;
    const roundEnd_ms = world.now_ms + (3000 + random.unit() * 20_000) * slowness;
    if (isFirst) strike(round, random.pick(formingFaults(world.options)));
    while (world.now_ms < roundEnd_ms) {
      world.runUntil(world.now_ms + 100 + random.unit() * random.pick([1000, 4000, 8000]) * slowness);
      strike(round, random.pick(world.options.faults));
    }
    round.isOver = true;
    if (world.profile === 'promise' || random.chance(0.4)) {
      heal(stage);
      world.runUntil(world.now_ms + random.unit() * 4000);
    } else {
      healSome(world, random);
    }
  }
}

function formingFaults({ faults }: RunOptions): readonly FaultKind[] {
  return MEMBERSHIP_FAULTS.filter((kind) => faults.includes(kind));
}

/** A minority within the promise, else anybody. */
function drawVictims(world: ClusterWorld, random: SeededRandom): ClusterWorld['nodes'] {
  const { nodes } = world;
  const most = world.profile === 'promise' ? Math.floor((nodes.length - 1) / 2) : nodes.length;
  const left = [...nodes];
  const count = 1 + random.below(Math.max(1, most));
  return Array.from({ length: count }, () => left.splice(random.below(left.length), 1)[0]!);
}

function resultOf(world: ClusterWorld, crash: string | undefined): RunResult {
  const { violations } = world.observers;
  const isSafe = violations.every(({ rule }) => rule === LIVENESS);
  const verdict = crash !== undefined ? 'crash' : violations.length === 0 ? 'ok' : isSafe ? 'liveness' : 'safety';
  return {
    seed: world.options.seed,
    options: world.options,
    verdict,
    violations,
    crash,
    digest: world.trace.digest(),
    records: world.trace.records,
    simulated_ms: world.now_ms,
    requests: world.requests,
    datagrams: world.network.counters.sent,
    marks: Object.fromEntries([...world.marks].sort(([a], [b]) => (a < b ? -1 : 1))),
    coverage: world.trace.coverage.counts(),
    script: world.script,
  };
}
