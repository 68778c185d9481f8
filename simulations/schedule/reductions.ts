/** Smaller schedules: what is left when faults, nodes, clients, time or the network's whims are taken out of one. */
import type { RunOptions } from '../cluster/options.ts';
import type { Schedule } from './schedule.ts';
import type { ActStep, Step } from './step.ts';

/** Faults by name (`crash 3`), in the order of their first acts. */
export function faultsOf({ steps }: Schedule): readonly string[] {
  return [...new Set(steps.flatMap((step) => ('act' in step && step.by !== undefined ? [step.by] : [])))];
}

/** `crash` of `crash 3`. */
export function classOf(fault: string): string {
  return fault.slice(0, fault.lastIndexOf(' '));
}

export function withFaults(schedule: Schedule, kept: readonly string[]): Schedule {
  return withSteps(schedule, (step) => !('act' in step) || step.by === undefined || kept.includes(step.by));
}

export function withSteps({ options, steps }: Schedule, isKept: (step: Step) => boolean): Schedule {
  return { options, steps: withoutIdleHealing(steps.filter(isKept)) };
}

/** Acts of no fault: what heals some of what an earlier round has left. */
export function looseActs({ steps }: Schedule): readonly ActStep[] {
  return steps.filter((step): step is ActStep & Step => 'act' in step && step.by === undefined && step.act !== 'boot');
}

/** Healing and settling again what is healed and settled shows nothing; the last time stays. */
function withoutIdleHealing(steps: readonly Step[]): readonly Step[] {
  const last = steps.findLastIndex((step) => 'act' in step && step.act === 'heal');
  const kept: Step[] = [];
  let isHarmed = false;
  for (const [at, step] of steps.entries()) {
    const isHealing = 'act' in step ? step.act === 'heal' : 'expect' in step && step.expect.is === 'settled';
    const isStarted = kept.some((each) => 'expect' in each && each.expect.is === 'settled');
    if (isHealing && !isHarmed && isStarted && (at < last || last < 0)) continue;
    if ('act' in step) isHarmed = step.act !== 'heal';
    kept.push(step);
  }
  return kept;
}

/** The cluster without node `gone`; those above it move up. */
export function withoutNode({ options, steps }: Schedule, gone: number): Schedule {
  const renamed = (node: number): number => (node > gone ? node - 1 : node);
  const { nodeCount } = options;
  return {
    options: { ...options, nodeCount: nodeCount - 1 },
    steps: steps.flatMap((step) => {
      const left = renumbered(step, gone, renamed);
      return left === undefined ? [] : [left];
    }),
  };
}

function renumbered(step: Step, gone: number, renamed: (node: number) => number): Step | undefined {
  const { node, nodes, ways, clients, expect } = step as {
    readonly node?: number;
    readonly nodes?: readonly number[];
    readonly ways?: readonly (readonly [number, number])[];
    readonly clients?: readonly string[];
    readonly expect?: Step;
  };
  if (node === gone) return undefined;
  const leftWays = ways?.filter((way) => !way.includes(gone)).map(([from, to]) => [renamed(from), renamed(to)]);
  if (leftWays?.length === 0) return undefined;
  return {
    ...step,
    ...(node === undefined ? {} : { node: renamed(node) }),
    ...(nodes === undefined ? {} : { nodes: nodes.filter((each) => each !== gone).map(renamed) }),
    ...(leftWays === undefined ? {} : { ways: leftWays }),
    ...(clients === undefined ? {} : { clients: clients.flatMap((name) => renumberedClient(name, gone, renamed)) }),
    ...(expect === undefined ? {} : { expect: renumbered(expect, gone, renamed) ?? expect }),
  } as Step;
}

/** Clients carry the number of their node: `c3-1`, `locker3`. */
function renumberedClient(name: string, gone: number, renamed: (node: number) => number): readonly string[] {
  const [, kind, node, rest] = /^([a-z]+)(\d+)(.*)$/.exec(name) ?? [];
  if (kind === undefined || node === undefined) return [name];
  return Number(node) === gone ? [] : [`${kind}${renamed(Number(node))}${rest}`];
}

/** Clients that the workload of a schedule starts; undefined for all. */
export function clientsOf({ steps }: Schedule): readonly string[] | undefined {
  const load = steps.find((step) => 'stage' in step && step.stage === 'load');
  return load !== undefined && 'clients' in load ? load.clients : undefined;
}

/** With these alone; without a workload where there are none. */
export function withClients({ options, steps }: Schedule, clients: readonly string[]): Schedule {
  return {
    options,
    steps: steps.flatMap((step): readonly Step[] => {
      if ('stage' in step && step.stage === 'load') return clients.length === 0 ? [] : [{ ...step, clients }];
      if ('expect' in step && step.expect.is === 'progress' && clients.length === 0) return [];
      return [step];
    }),
  };
}

/** Without what follows `instant_ms`, but time goes on until then. */
export function endingAt({ options, steps }: Schedule, instant_ms: number): Schedule {
  const before = steps.filter((step) => (step.at_ms ?? 0) <= instant_ms && !('wait_ms' in step && step.wait_ms === 0));
  return { options, steps: [...before, { stage: 'wait', wait_ms: 0, at_ms: instant_ms }] };
}

/** The times of the steps that have one, in their order. */
export function instantsOf({ steps }: Schedule): readonly number[] {
  return [...new Set(steps.flatMap(({ at_ms }) => (at_ms === undefined ? [] : [at_ms])))].sort((a, b) => a - b);
}

/** All from `instant_ms` on comes earlier by `gain_ms`. */
export function sooner({ options, steps }: Schedule, instant_ms: number, gain_ms: number): Schedule {
  return {
    options,
    steps: steps.map((step) =>
      step.at_ms === undefined || step.at_ms < instant_ms ? step : { ...step, at_ms: step.at_ms - gain_ms },
    ),
  };
}

/** Times in full `grain_ms`. */
export function roundedTimes({ options, steps }: Schedule, grain_ms: number): Schedule {
  return {
    options,
    steps: steps.map((step) =>
      step.at_ms === undefined ? step : { ...step, at_ms: Math.round(step.at_ms / grain_ms) * grain_ms },
    ),
  };
}

/** Only acts, waits and requests wait for their time; what follows at once needs none. */
export function withoutIdleTimes({ options, steps }: Schedule): Schedule {
  return {
    options,
    steps: steps.map((step) => {
      if (!('expect' in step) && !('stage' in step && step.stage !== 'wait')) return step;
      const { at_ms: _at, ...rest } = step;
      return rest;
    }),
  };
}

/** Options that make a run simpler to think about, one after the other. */
export function calmerOptions(options: RunOptions): readonly Partial<RunOptions>[] {
  const { latency_ms } = options;
  const switches = Object.entries(options).filter(([, value]) => value === true);
  return [
    ...switches.map(([name]) => ({ [name]: false })),
    { loss: 0 },
    { duplication: 0 },
    { latency_ms: [latency_ms[0], latency_ms[0]] },
    { skew_ms: 0 },
    { maxPayload: 8192 },
    { idleRotations: 1 },
    { latency_ms: [1, 1] },
    { clientsPerNode: 1 },
    { faults: [], chaos_ms: 0 },
  ];
}
