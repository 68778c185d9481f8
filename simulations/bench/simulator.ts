/**
 * How fast whole clusters are simulated, with digest and checkers on: simulated seconds per second, and events per second, an event
 * being one dispatch of the scheduler. Counted in processor time of this process, so that it matters little what else runs.
 */
import { withoutAmbient } from '../cluster/ambient.ts';
import { drawOptions, type RunOptions } from '../cluster/options.ts';
import { Workload } from '../cluster/workload/workload.ts';
import { ClusterWorld } from '../cluster/world.ts';
import type { Finding } from './report.ts';

const NODE_COUNTS = [3, 5, 9, 28];
const TARGET_NODES = 5;
const LOADED_TARGET = 15;
const IDLE_TARGET = 300;
const EVENTS_TARGET = 100_000;
const START_MS = 30_000;
const RUN_MS = 90_000;
const LEAST_CPU_S = 4;
const LONGEST_THINK_MS = 5000;

/** What most seeds draw, without faults. */
const CALM: Partial<RunOptions> = {
  profile: 'promise',
  faults: [],
  latency_ms: [0.3, 0.6],
  loss: 0,
  duplication: 0,
  maxPayload: 8192,
  idleRotations: 1,
  clientsPerNode: 2,
  guests: true,
  locks: true,
  edits: false,
  freshNodes: false,
  skew_ms: 0,
  trees: false,
  readers: false,
  largeFiles: false,
  growth: false,
};

interface Pace {
  readonly simulated_s: number;
  readonly cpu_s: number;
  readonly events: number;
  readonly datagrams: number;
  readonly trace_bytes: number;
}

export async function simulator(): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  let loaded: Pace | undefined;
  for (const nodeCount of NODE_COUNTS) {
    for (const isLoaded of [false, true]) {
      const pace = measure(nodeCount, isLoaded);
      if (isLoaded && nodeCount === TARGET_NODES) loaded = pace;
      findings.push(finding(nodeCount, isLoaded, pace));
    }
  }
  if (loaded !== undefined) findings.push(eventsFinding(loaded), traceFinding());
  return findings;
}

/** Runs until enough processor time has passed; loaded clusters one after the other. */
function measure(nodeCount: number, isLoaded: boolean, isTraced = false): Pace {
  const think_ms = Math.min(LONGEST_THINK_MS, 2 * nodeCount ** 2 * 100);
  const sum = { simulated_s: 0, cpu_s: 0, events: 0, datagrams: 0 };
  let trace_bytes = 0;
  let isCounting = false;
  const counting = (line: string): void => {
    if (isCounting) trace_bytes += line.length + 1;
  };
  for (let seed = 1; sum.cpu_s < LEAST_CPU_S; seed += 1) {
    const options = drawOptions(seed, { ...CALM, nodeCount, think_ms });
    withoutAmbient(() => {
      const world = new ClusterWorld(options, { sink: isTraced ? counting : undefined });
      for (const node of world.nodes) world.boot(node);
      world.clock.runUntil(START_MS);
      if (!world.isSettled) throw new Error(`${nodeCount} simulated nodes have not settled`);
      if (isLoaded) new Workload(world).start();
      const sent = world.network.counters.sent;
      const started = process.cpuUsage();
      isCounting = true;
      let cpu_s = 0;
      do {
        sum.events += world.clock.runUntil(world.now_ms + RUN_MS);
        const { user, system } = process.cpuUsage(started);
        cpu_s = (user + system) / 1e6;
        // What load leaves behind makes a cluster slower, so that each gets as much as in a seed's run.
      } while (!isLoaded && cpu_s < LEAST_CPU_S);
      isCounting = false;
      sum.cpu_s += cpu_s;
      sum.simulated_s += (world.now_ms - START_MS) / 1000;
      sum.datagrams += world.network.counters.sent - sent;
      const [violation] = world.observers.violations;
      if (violation !== undefined) throw new Error(violation.message);
    });
  }
  return { ...sum, trace_bytes };
}

function finding(nodeCount: number, isLoaded: boolean, { simulated_s, cpu_s, events, datagrams }: Pace): Finding {
  const pace = simulated_s / cpu_s;
  const target = isLoaded ? LOADED_TARGET : IDLE_TARGET;
  const hasTarget = nodeCount === TARGET_NODES;
  return {
    what: `${nodeCount} nodes, ${isLoaded ? 'loaded' : 'idle'}`,
    figure: `${pace.toFixed(1)} s per s`,
    ratio: `${Math.round(events / cpu_s)} events/s, ${Math.round(datagrams / simulated_s)} datagrams per simulated second`,
    target: hasTarget ? `at least ${target}` : undefined,
    isMet: hasTarget ? pace >= target : undefined,
  };
}

function eventsFinding({ events, cpu_s }: Pace): Finding {
  return {
    what: `events per second, ${TARGET_NODES} nodes loaded`,
    figure: `${Math.round(events / cpu_s)}/s`,
    ratio: undefined,
    target: `at least ${EVENTS_TARGET}`,
    isMet: events / cpu_s >= EVENTS_TARGET,
  };
}

function traceFinding(): Finding {
  const { events, trace_bytes, simulated_s, cpu_s } = measure(TARGET_NODES, true, true);
  return {
    what: `trace written, ${TARGET_NODES} nodes loaded`,
    figure: `${(trace_bytes / events).toFixed(0)} bytes per event`,
    ratio: `${(simulated_s / cpu_s).toFixed(1)} s per s`,
    target: undefined,
    isMet: undefined,
  };
}
