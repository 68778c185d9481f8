/**
 * One run: a cluster starts, suffers for two minutes under load, is healed, has to get on, and comes to rest; all of it decided
 * by the seed.
 */
import type { SeededRandom } from '../../runtime/random/seeded.ts';
import { withoutAmbient } from './ambient.ts';
import { heal, type Round, strike } from './faults.ts';
import type { Violation } from './observers.ts';
import { drawOptions, type FaultKind, formatOptions, MEMBERSHIP_FAULTS, type RunOptions } from './options.ts';
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
}

export interface RunSettings {
  /** Takes every line of the trace. */
  readonly sink?: (line: string) => void;
  /** Instead of the options that the seed draws. */
  readonly options?: Partial<RunOptions>;
}

/** Ends a run that has shown what it can show. */
class Hopeless extends Error {}

/** From healing to one quorate ring with both replicas synced everywhere. Leaving and rejoining alone takes up to 12 s. */
const SETTLE_LIMIT_MS = 60_000;
/** Protected code may run for so long after the last lock was taken. */
const DRAIN_LIMIT_MS = 70_000;
/** With all well each writer gets something done within this: a few of its steps, of which some are meant to fail. */
const PROGRESS_LIMIT_MS = 60_000;
const REST_MS = 3000;
const LEAST_RUN_MS = 121_000;
const LIVENESS = 'liveness';

export function runSeed(seed: number, settings: RunSettings = {}): RunResult {
  const options = { ...drawOptions(seed), ...settings.options };
  return withoutAmbient(() => {
    const world = new ClusterWorld(options, settings.sink);
    let crash: string | undefined;
    try {
      live(world);
    } catch (error) {
      if (!(error instanceof Hopeless)) crash = (error as Error).stack ?? String(error);
    }
    return resultOf(world, crash);
  });
}

export { formatOptions };

function live(world: ClusterWorld): void {
  const workload = new Workload(world);
  const random = world.random.split('faults');
  for (const node of world.nodes) world.boot(node);
  expectSettled(world, 'after the start');
  workload.start();
  sufferThrough(world, random);
  if (world.observers.violations.length > 0) throw new Hopeless();
  heal(world);
  expectSettled(world, 'after healing');
  expectProgress(world, workload);
  workload.stop();
  const isDrained = world.runWhile(() => workload.isResting && world.pendingRequests === 0, DRAIN_LIMIT_MS);
  if (!isDrained) world.observers.fail(LIVENESS, `${world.pendingRequests} requests are without an answer in peace`);
  world.runUntil(Math.max(world.now_ms + REST_MS, LEAST_RUN_MS));
  expectSettled(world, 'at the end');
  world.trace.write(0, 'world', 'quiet', world.network.counters);
  world.observers.tell('quiet');
  if ((world.marks.get('ring formed') ?? 0) <= world.nodes.length) {
    world.observers.fail('coverage', 'no fault of this run has changed the membership');
  }
}

function sufferThrough(world: ClusterWorld, random: SeededRandom): void {
  const end_ms = world.now_ms + world.options.chaos_ms;
  for (let isFirst = true; world.now_ms < end_ms && world.observers.violations.length === 0; isFirst = false) {
    const round: Round = { world, victims: drawVictims(world, random), random, isOver: false };
    const roundEnd_ms = world.now_ms + 3000 + random.unit() * 20_000;
    if (isFirst) strike(round, random.pick(formingFaults(world.options)));
    while (world.now_ms < roundEnd_ms) {
      world.runUntil(world.now_ms + 100 + random.unit() * random.pick([1000, 4000, 8000]));
      strike(round, random.pick(world.options.faults));
    }
    round.isOver = true;
    if (world.profile === 'promise' || random.chance(0.4)) {
      heal(world);
      expectSettled(world, 'between two rounds of faults');
      world.runUntil(world.now_ms + random.unit() * 4000);
    } else {
      bootSome(world, random);
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

/** Between two rounds without healing: what the last round left behind stays, but for some. */
function bootSome(world: ClusterWorld, random: SeededRandom): void {
  for (const node of world.nodes) {
    if (random.chance(0.7)) world.boot(node);
    if (random.chance(0.7)) world.resume(node);
    if (random.chance(0.7)) node.disk.failNextCommits('SQLITE_FULL', 0);
  }
  if (random.chance(0.7)) world.healNetwork();
}

function expectSettled(world: ClusterWorld, when: string): void {
  if (world.runWhile(() => world.isSettled, SETTLE_LIMIT_MS)) return;
  const states = world.nodes.map((node) => `n${node.nodeid} ${describe(node.process?.node)}`);
  world.observers.fail(LIVENESS, `not settled ${SETTLE_LIMIT_MS / 1000} s ${when}: ${states.join('; ')}`);
  throw new Hopeless();
}

function describe(
  node: { readonly quorate: boolean; describeReplica(name: 'dcdb'): object | undefined } | undefined,
): string {
  return node === undefined
    ? 'down'
    : `${node.quorate ? '' : 'not '}quorate ${JSON.stringify(node.describeReplica('dcdb'))}`;
}

function expectProgress(world: ClusterWorld, workload: Workload): void {
  const before = workload.writers.map((writer) => writer.successes);
  const hasAdvanced = (): boolean => workload.writers.every((writer, at) => writer.successes > before[at]!);
  if (world.runWhile(hasAdvanced, PROGRESS_LIMIT_MS)) return;
  const idle = workload.writers.filter((writer, at) => writer.successes === before[at]).map(({ name }) => name);
  world.observers.fail(LIVENESS, `${idle.join(', ')} got nothing done in ${PROGRESS_LIMIT_MS / 1000} s of peace`);
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
  };
}
