/**
 * The promise of spec/pmxcfs.md §13.2.1 on the cluster layer alone: acknowledged entries survive the crash, pause or isolation of
 * any minority. Faults come in rounds; each round draws a minority that suffers, and ends with healing.
 */
import type { Violation } from '../checkers/process-group-contract.ts';
import { clusterConfig } from './cluster-samples.ts';
import { ReplicatedLog } from './replicated-log.ts';
import { type SimulatedNode, TotemWorld } from './world.ts';

export interface DurabilityRun {
  readonly seed: number;
  readonly acknowledged: number;
  readonly violations: readonly Violation[];
}

export interface DurabilityOptions {
  readonly acknowledgement?: 'majority' | 'local';
  readonly log?: (line: string) => void;
}

const ROUNDS = 4;

export function runDurabilitySeed(seed: number, options: DurabilityOptions = {}): DurabilityRun {
  const random = new TotemWorld({ seed, config: clusterConfig(1) }).random.split('durability');
  const acknowledgement = options.acknowledgement ?? 'majority';
  const world = new TotemWorld({
    seed,
    config: clusterConfig(3 + random.below(3)),
    conditions: { latency_min_ms: 0.1, latency_max_ms: 3, loss: random.pick([0, 0.05]), duplication: 0 },
    acknowledgement,
    ...(options.log === undefined ? {} : { log: options.log }),
  });
  const cluster = new LogCluster(world);
  const violations: Violation[] = [];
  for (const node of world.nodes) cluster.start(node);
  for (let round = 0; round < ROUNDS; round++) {
    if (world.settle(20_000) === undefined)
      violations.push({ rule: 'progress', message: `round ${round} doesn't begin` });
    const minority = shuffled(world.nodes, random).slice(0, Math.floor((world.nodes.length - 1) / 2));
    const end_ms = world.clock.monotonic_ms() + 1000 + random.unit() * 6000;
    while (world.clock.monotonic_ms() < end_ms) {
      for (let i = random.below(5); i > 0; i--) cluster.write(random.pick(world.nodes));
      world.clock.advance(random.unit() * 5);
      if (random.chance(0.01)) harm(cluster, minority, random);
      if (random.chance(0.9)) continue;
      world.clock.advance(random.unit() * 100);
    }
    world.network.heal();
    for (const node of world.nodes) {
      world.resume(node);
      cluster.start(node);
    }
  }
  if (world.settle(20_000) === undefined) violations.push({ rule: 'progress', message: 'no settled ring at the end' });
  world.clock.advance(2000);
  return { seed, acknowledged: cluster.acknowledged.size, violations: [...violations, ...cluster.check()] };
}

class LogCluster {
  readonly world: TotemWorld;
  readonly acknowledged = new Set<string>();
  readonly #replicas = new Map<number, ReplicatedLog>();
  readonly #disks = new Map<number, ReplicatedLog>();
  #entries = 0;
  #pids = 0;

  constructor(world: TotemWorld) {
    this.world = world;
  }

  start(node: SimulatedNode): void {
    if (node.isUp) return;
    this.world.start(node);
    const totem = node.node!;
    const replica = new ReplicatedLog(
      {
        group: totem.group,
        isQuorate: () => totem.quorate,
        nextPid: () => ++this.#pids,
        acknowledged: (entry) => {
          if (node.node === totem) this.acknowledged.add(entry);
        },
      },
      this.#disks.get(node.nodeid)?.log ?? [],
    );
    this.#replicas.set(node.nodeid, replica);
    this.#disks.set(node.nodeid, replica);
  }

  crash(node: SimulatedNode): void {
    this.world.crash(node);
    this.#replicas.delete(node.nodeid);
  }

  write(node: SimulatedNode): void {
    if (!node.isPaused) this.#replicas.get(node.nodeid)?.write(`${node.nodeid}/${++this.#entries}`);
  }

  check(): Violation[] {
    const violations: Violation[] = [];
    const first = this.#disks.get(1)!;
    for (const [nodeid, { log, isSynced }] of this.#disks) {
      if (!isSynced) violations.push({ rule: 'C1', message: `n${nodeid} isn't synced` });
      if (log.join() !== first.log.join())
        violations.push({ rule: 'C1', message: `n${nodeid} has another log than n1: ${differ(log, first.log)}` });
    }
    const kept = new Set(first.log);
    const lost = [...this.acknowledged].filter((entry) => !kept.has(entry));
    if (lost.length > 0)
      violations.push({ rule: '13.2.1', message: `lost ${lost.length}: ${lost.slice(0, 9).join(' ')}` });
    return violations;
  }
}

function harm(cluster: LogCluster, minority: readonly SimulatedNode[], random: TotemWorld['random']): void {
  const { world } = cluster;
  const victim = random.pick(minority);
  const others = world.nodes.filter((node) => !minority.includes(node)).map((node) => node.nodeid);
  switch (random.below(6)) {
    case 0:
      cluster.crash(victim);
      return;
    case 1:
      cluster.start(victim);
      return;
    case 2:
      world.log(`isolate ${minority.map((node) => node.nodeid)}`);
      world.network.partition([minority.map((node) => node.nodeid), others]);
      return;
    case 3:
      world.log('heal');
      world.network.heal();
      return;
    case 4:
      if (victim.isUp && !victim.isPaused) world.pause(victim);
      return;
    default:
      world.resume(victim);
  }
}

function shuffled<T>(items: readonly T[], random: TotemWorld['random']): T[] {
  const left = [...items];
  const out: T[] = [];
  while (left.length > 0) out.push(left.splice(random.below(left.length), 1)[0]!);
  return out;
}

function differ(a: readonly string[], b: readonly string[]): string {
  const at = a.findIndex((entry, i) => entry !== b[i]);
  return `from ${at} of ${a.length} and ${b.length}: ${a.slice(at, at + 4).join(' ')} instead of ${b.slice(at, at + 4).join(' ')}`;
}
