/**
 * What befalls the machines and the cables of a run. A fault is an act now, and perhaps one later that ends it. All faults of a
 * round hit the same victims, so that a run within the promise never harms more than a minority at once.
 */
import type { SeededRandom } from '../../runtime/random/seeded.ts';
import type { SimulatedNode } from './node.ts';
import type { FaultKind } from './options.ts';
import type { ClusterWorld } from './world.ts';

export interface Round {
  readonly world: ClusterWorld;
  readonly victims: readonly SimulatedNode[];
  readonly random: SeededRandom;
  /** What was begun in an earlier round doesn't end in this one. */
  isOver: boolean;
}

type Fault = (round: Round) => void;

const LEAST_FAULT_MS = 100;
/** Over before the others take notice: less than a token timeout. */
const QUICK_MS = 600;
const DISK_FULL_COMMITS = Number.POSITIVE_INFINITY;
const HEALTHY_COMMITS = 0;

export const FAULTS: Readonly<Record<FaultKind, Fault>> = {
  crash: (round) => {
    const victim = round.random.pick(round.victims);
    round.world.crash(victim);
    later(round, 15_000, () => round.world.boot(victim));
  },
  'power-loss': (round) => {
    const { world, random } = round;
    const victims = random.chance(0.5) ? round.victims : [random.pick(round.victims)];
    for (const victim of victims) world.losePower(victim, random.below(victim.disk.unsyncedCommits + 1));
    later(round, 15_000, () => {
      for (const victim of victims) world.boot(victim);
    });
  },
  stop: (round) => {
    const victim = round.random.pick(round.victims);
    round.world.shutDown(victim);
    later(round, 8000, () => round.world.boot(victim));
  },
  pause: (round) => {
    const { world, random } = round;
    const victim = random.pick(round.victims);
    const pid = victim.process?.pid;
    world.pause(victim);
    later(round, random.pick([600, 2000, 8000, 30_000]), () => {
      if (victim.process?.pid === pid) world.resume(victim);
    });
  },
  partition: (round) => {
    const { world, random } = round;
    // Together on the far side, or each alone.
    const isTogether = random.chance(0.6);
    for (const victim of round.victims) {
      for (const other of world.nodes) {
        if (other === victim || (isTogether && round.victims.includes(other))) continue;
        world.cut(victim.nodeid, other.nodeid);
        world.cut(other.nodeid, victim.nodeid);
      }
    }
    later(round, 20_000, () => world.healNetwork());
  },
  'one-way': (round) => {
    const { world, random } = round;
    const victim = random.pick(round.victims).nodeid;
    const isDeaf = random.chance(0.5);
    for (const { nodeid } of world.nodes) {
      if (nodeid === victim || random.chance(0.3)) continue;
      if (isDeaf) world.cut(nodeid, victim);
      else world.cut(victim, nodeid);
    }
    later(round, 15_000, () => world.healNetwork());
  },
  loss: (round) => {
    const { world, random } = round;
    const loss = random.pick([0.1, 0.3, 0.6]);
    const latency_max_ms = random.pick([5, 30, 200]);
    forEachLink(round, (from, to) => {
      world.network.setLink(from, to, { ...world.usualConditions, latency_max_ms, loss, duplication: 0.05 });
    });
    later(round, 6000, () => forEachLink(round, (from, to) => world.network.setLink(from, to, undefined)));
  },
  clog: (round) => {
    const { world, random } = round;
    const clogged: [number, number][] = [];
    forEachLink(round, (from, to) => {
      if (random.chance(0.5)) clogged.push([from, to]);
    });
    for (const [from, to] of clogged) world.network.clog(from, to);
    later(round, 4000, () => {
      for (const [from, to] of clogged) world.network.unclog(from, to);
    });
  },
  'disk-full': (round) => {
    const victim = round.random.pick(round.victims);
    victim.disk.failNextCommits('SQLITE_FULL', DISK_FULL_COMMITS);
    later(round, 12_000, () => victim.disk.failNextCommits('SQLITE_FULL', HEALTHY_COMMITS));
  },
  ambush,
  'clock-step': ({ world, random, victims }) => {
    const step_ms = (random.chance(0.5) ? 1 : -1) * random.pick([1500, 120_000, 3_600_000]);
    // No harm to anybody, so it need not keep to the victims.
    const node = random.chance(0.5) ? random.pick(world.nodes) : random.pick(victims);
    node.wallOffset_ms += step_ms;
  },
};

/** Lines that a node writes in the middle of something that takes only milliseconds. */
const MOMENTS: readonly string[] = [
  'A new membership',
  'starting data syncronisation',
  'received sync request',
  'received all states',
  'start sending inode updates',
  'waiting for updates from leader',
  'update complete',
  'all data is up to date',
  'dfsm_deliver_queue',
  'node lost quorum',
  'Completed service synchronization',
];

/** Waits for a moment that chance would hardly hit, then strikes a victim. */
function ambush(round: Round): void {
  const { world, random } = round;
  const moment = random.pick(MOMENTS);
  const kind = random.pick(['crash', 'crash', 'pause', 'partition', 'one-way'] as const);
  const delay_ms = random.unit() * random.pick([0.5, 5, 50]);
  const countdown = 1 + random.below(3);
  let heard = 0;
  world.onLine((message) => {
    if (round.isOver) return false;
    if (!message.startsWith(moment)) return true;
    heard += 1;
    if (heard < countdown) return true;
    world.clock.setTimeout(() => {
      if (round.isOver) return;
      world.mark(`ambush at '${moment}'`);
      strike(round, kind);
    }, delay_ms);
    return false;
  });
}

/** Carries out one fault, and writes it down. */
export function strike(round: Round, kind: FaultKind): void {
  const { world, victims } = round;
  world.trace.write(
    0,
    'fault',
    kind,
    victims.map(({ nodeid }) => nodeid),
  );
  world.mark(`fault ${kind}`);
  FAULTS[kind](round);
}

/** Ends all that faults have done. */
export function heal(world: ClusterWorld): void {
  world.trace.write(0, 'fault', 'heal');
  world.healNetwork();
  for (const node of world.nodes) {
    node.disk.failNextCommits('SQLITE_FULL', HEALTHY_COMMITS);
    world.resume(node);
    world.boot(node);
  }
}

/** Ends a fault after up to `longest_ms`, often much sooner, unless its round has ended before. */
function later(round: Round, longest_ms: number, end: () => void): void {
  const { world, random } = round;
  const most_ms = random.chance(0.3) ? QUICK_MS : longest_ms;
  world.clock.setTimeout(
    () => {
      if (!round.isOver) end();
    },
    LEAST_FAULT_MS + random.unit() * most_ms,
  );
}

/** All directions between a victim and anybody else. */
function forEachLink({ world, victims }: Round, run: (from: number, to: number) => void): void {
  for (const from of world.nodes) {
    for (const to of world.nodes) {
      if (from === to || !(victims.includes(from) || victims.includes(to))) continue;
      run(from.nodeid, to.nodeid);
    }
  }
}
