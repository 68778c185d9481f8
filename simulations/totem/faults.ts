/** A random run of the cluster layer: load and faults from one seed, then healing, then the demand for progress. */
import type { Violation } from '../checkers/process-group-contract.ts';
import { clusterConfig } from './cluster-samples.ts';
import { type SimulatedNode, TotemWorld } from './world.ts';

export interface TotemRun {
  readonly seed: number;
  readonly nodes: number;
  readonly violations: readonly Violation[];
  readonly deliveries: number;
  /** Time from healing to one settled ring; undefined when it never came. */
  readonly settled_ms: number | undefined;
  /** Digest of what happened, for comparing two runs of one seed. */
  readonly fingerprint: string;
}

export interface TotemRunOptions {
  readonly faults_ms?: number;
  readonly log?: (line: string) => void;
}

/** After healing: token loss, consensus, and a few merges of what formed meanwhile. */
const SETTLE_LIMIT_MS = 20_000;
const GROUPS = ['alpha', 'beta'];

export function runTotemSeed(seed: number, options: TotemRunOptions = {}): TotemRun {
  const log = options.log;
  const world = makeWorld(seed, log);
  const faults = world.random.split('faults');
  const load = world.random.split('load');
  const enabled = FAULTS.filter(() => faults.chance(0.7));
  log?.(`seed ${seed}: ${world.nodes.length} nodes, faults ${enabled.map((fault) => fault.name).join(' ')}`);
  for (const node of world.nodes) startWithGroups(world, node);
  const busy = load.pick([20, 100, 400]);
  const end_ms = options.faults_ms ?? 20_000;
  let nextFault_ms = faults.unit() * 2000;
  while (world.clock.monotonic_ms() < end_ms) {
    world.clock.advance(load.unit() * busy);
    sendSomething(world, load);
    if (world.clock.monotonic_ms() < nextFault_ms || enabled.length === 0) continue;
    faults.pick(enabled)(world, faults);
    nextFault_ms = world.clock.monotonic_ms() + faults.unit() * faults.pick([100, 1000, 4000]);
  }
  heal(world);
  const settled_ms = world.settle(SETTLE_LIMIT_MS);
  world.clock.advance(1000);
  const violations = [...world.check(settled_ms !== undefined)];
  if (settled_ms === undefined) {
    violations.push({ rule: 'progress', message: `no settled ring ${SETTLE_LIMIT_MS} ms after healing` });
  }
  const rings = world.nodes.map((node) => `${node.ringSeq}:${node.node?.status().counters.visits}`);
  const fingerprint = [world.deliveries, ...Object.values(world.network.counters), ...rings].join(',');
  return { seed, nodes: world.nodes.length, violations, deliveries: world.deliveries, settled_ms, fingerprint };
}

function makeWorld(seed: number, log: ((line: string) => void) | undefined): TotemWorld {
  const probe = new TotemWorld({ seed, config: clusterConfig(1) }).random.split('world');
  const nodeCount = 2 + probe.below(6);
  const maxPayload = probe.pick([600, 1400, 8192]);
  const latency_ms = probe.pick([0.1, 0.5, 2]);
  const conditions = { latency_min_ms: latency_ms, latency_max_ms: latency_ms * 2, loss: 0, duplication: 0 };
  const acknowledgement = probe.chance(0.2) ? 'local' : 'majority';
  const options = { seed, config: clusterConfig(nodeCount), maxPayload, conditions, acknowledgement } as const;
  return new TotemWorld(log === undefined ? options : { ...options, log });
}

function startWithGroups(world: TotemWorld, node: SimulatedNode): void {
  world.start(node);
  for (const group of GROUPS) world.join(node, group);
}

function sendSomething(world: TotemWorld, load: TotemWorld['random']): void {
  const node = load.pick(world.nodes);
  if (node.processes.length === 0) return;
  const process = load.pick(node.processes);
  const size = load.chance(0.02) ? load.below(200_000) : load.chance(0.1) ? load.below(20_000) : load.below(500);
  const count = load.chance(0.1) ? load.below(40) : 1;
  for (let i = 0; i < count; i++) world.send(process, size);
}

type Fault = (world: TotemWorld, random: TotemWorld['random']) => void;

const FAULTS: readonly Fault[] = [
  function partition(world, random) {
    const parts: number[][] = [[], [], []];
    const count = random.chance(0.7) ? 2 : 3;
    for (const node of world.nodes) parts[random.below(count)]!.push(node.nodeid);
    world.log(`partition ${parts.map((part) => part.join(',')).join(' | ')}`);
    world.network.heal();
    world.network.partition(parts);
  },
  function healed(world) {
    world.log('heal');
    world.network.heal();
  },
  function oneWay(world, random) {
    const [from, to] = [random.pick(world.nodes).nodeid, random.pick(world.nodes).nodeid];
    world.log(`block ${from} > ${to}`);
    world.network.block(from, to);
  },
  function lossy(world, random) {
    const loss = random.pick([0, 0.01, 0.05, 0.2]);
    const duplication = random.pick([0, 0.05]);
    const latency_max_ms = random.pick([0.5, 3, 20]);
    world.log(`loss ${loss} duplication ${duplication} latency up to ${latency_max_ms} ms`);
    world.network.setDefaults({ latency_min_ms: 0.1, latency_max_ms, loss, duplication });
  },
  function crash(world, random) {
    world.crash(random.pick(world.nodes));
  },
  function stop(world, random) {
    world.stop(random.pick(world.nodes));
  },
  function restart(world) {
    for (const node of world.nodes) if (!node.isUp) startWithGroups(world, node);
  },
  function pause(world, random) {
    const node = random.pick(world.nodes);
    if (!node.isUp || node.isPaused) return;
    const { pausable } = node;
    world.pause(node);
    world.clock.setTimeout(
      () => {
        if (node.pausable === pausable) world.resume(node);
      },
      random.unit() * random.pick([300, 1500, 4000]),
    );
  },
  function clog(world, random) {
    const [from, to] = [random.pick(world.nodes).nodeid, random.pick(world.nodes).nodeid];
    world.log(`clog ${from} > ${to}`);
    world.network.clog(from, to);
    world.clock.setTimeout(() => world.network.unclog(from, to), random.unit() * 1500);
  },
  function regroup(world, random) {
    const node = random.pick(world.nodes);
    const process = node.processes[0];
    if (process === undefined) return;
    world.leave(node, process);
    world.join(node, process.group);
  },
];

function heal(world: TotemWorld): void {
  world.log('heal everything');
  world.network.heal();
  world.network.setDefaults({ latency_min_ms: 0.1, latency_max_ms: 0.3, loss: 0, duplication: 0 });
  for (const node of world.nodes) {
    world.resume(node);
    if (!node.isUp) startWithGroups(world, node);
  }
}
