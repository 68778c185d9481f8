/**
 * Draws what befalls a cluster, by chance from the seed: a fault is an act now, and perhaps one later that ends it. All faults of a
 * round hit the same victims, so that a run within the promise never harms more than a minority at once.
 */
import type { SeededRandom } from '../../runtime/random/seeded.ts';
import type { StoreRow } from '../../runtime/store/store.ts';
import type { Act, Way } from './act.ts';
import { perform } from './acts.ts';
import { CONFIG_PATH } from './cluster-files.ts';
import { HA_FAULTS } from './ha/faults.ts';
import { ROT_FIELDS } from './node.ts';
import type { FaultKind } from './options.ts';
import type { Round, Strike } from './strike.ts';
import type { ClusterWorld } from './world.ts';

const LEAST_FAULT_MS = 100;
/** Fencing takes minutes: with high availability faults last longer by this. */
const HA_PATIENCE = 8;
/** Over before the others take notice: less than a token timeout. */
const QUICK_MS = 600;

export const FAULTS: Readonly<Record<FaultKind, (strike: Strike) => void>> = {
  ...HA_FAULTS,
  crash: ({ victims, random, now, later }) => {
    const node = random.pick(victims).nodeid;
    now({ act: 'crash', node });
    later(15_000, () => [{ act: 'boot', node }]);
  },
  'power-loss': ({ victims, random, now, later }) => {
    const darkened = random.chance(0.5) ? victims : [random.pick(victims)];
    for (const { nodeid, disk } of darkened) {
      now({ act: 'lose-power', node: nodeid, kept: random.below(disk.unsyncedCommits + 1) });
    }
    later(15_000, () => darkened.map(({ nodeid }) => ({ act: 'boot', node: nodeid })));
  },
  stop: ({ victims, random, now, later }) => {
    const node = random.pick(victims).nodeid;
    now({ act: 'shut-down', node });
    later(8000, () => [{ act: 'boot', node }]);
  },
  pause: ({ victims, random, now, later }) => {
    const victim = random.pick(victims);
    const pid = victim.process?.pid;
    now({ act: 'pause', node: victim.nodeid });
    later(random.pick([600, 2000, 8000, 30_000]), () =>
      victim.process?.pid === pid ? [{ act: 'resume', node: victim.nodeid }] : [],
    );
  },
  partition: ({ world, victims, random, now, later }) => {
    // Together on the far side, or each alone.
    const isTogether = random.chance(0.6);
    const ways = victims.flatMap((victim) =>
      world.nodes.flatMap((other): readonly Way[] => {
        if (other === victim || (isTogether && victims.includes(other))) return [];
        return bothWays(victim.nodeid, other.nodeid);
      }),
    );
    now({ act: 'cut', ways });
    later(20_000, () => [{ act: 'heal-network' }]);
  },
  'one-way': ({ world, victims, random, now, later }) => {
    const victim = random.pick(victims).nodeid;
    const isDeaf = random.chance(0.5);
    const ways: Way[] = [];
    for (const { nodeid } of world.nodes) {
      if (nodeid === victim || random.chance(0.3)) continue;
      ways.push(isDeaf ? [nodeid, victim] : [victim, nodeid]);
    }
    now({ act: 'cut', ways });
    later(15_000, () => [{ act: 'heal-network' }]);
  },
  loss: (strike) => {
    const { world, random, now, later } = strike;
    const loss = random.pick([0.1, 0.3, 0.6]);
    const latency_max_ms = random.pick([5, 30, 200]);
    const ways = waysOf(strike);
    now({ act: 'link', ways, ...world.usualConditions, latency_max_ms, loss, duplication: 0.05 });
    later(6000, () => [{ act: 'link-usual', ways }]);
  },
  clog: (strike) => {
    const { random, now, later } = strike;
    const ways = waysOf(strike).filter(() => random.chance(0.5));
    now({ act: 'clog', ways });
    later(4000, () => [{ act: 'unclog', ways }]);
  },
  'disk-full': ({ victims, random, now, later }) => {
    const node = random.pick(victims).nodeid;
    now({ act: 'disk-full', node });
    later(12_000, () => [{ act: 'disk-healthy', node }]);
  },
  'disk-error': ({ victims, random, now, later }) => {
    const node = random.pick(victims).nodeid;
    now({ act: 'disk-error', node });
    if (random.chance(0.3)) {
      now({ act: 'disk-unreadable', node });
      now({ act: 'crash', node });
      now({ act: 'boot', node });
    }
    later(12_000, () => [
      { act: 'disk-healthy', node },
      { act: 'boot', node },
    ]);
  },
  'slow-disk': ({ victims, random, now, later }) => {
    const node = random.pick(victims).nodeid;
    now({ act: 'disk-slow', node, ms: random.pick([5, 40, 300, 2500]) });
    later(12_000, () => [{ act: 'disk-healthy', node }]);
  },
  'lying-disk': ({ victims, random, now, later }) => {
    const node = random.pick(victims).nodeid;
    now({ act: 'disk-lies', node });
    const kept = random.chance(0.5) ? 0 : random.below(20);
    later(8000, () => [{ act: 'lose-power', node, kept }]);
    later(15_000, () => [{ act: 'boot', node }]);
  },
  'bit-rot': ({ victims, random, now, later }) => {
    const { nodeid: node, disk } = random.pick(victims);
    now({ act: 'crash', node });
    const field = random.pick(ROT_FIELDS);
    const rows = disk.rows.filter((row) => mayRot(row, field));
    if (rows.length > 0) now({ act: 'bit-rot', node, inode: random.pick(rows).inode, field });
    later(8000, () => [{ act: 'boot', node }]);
  },
  bandwidth: (strike) => {
    const { world, random, now, later } = strike;
    const ways = waysOf(strike);
    now({ act: 'link', ways, ...world.usualConditions, bandwidth_kbps: random.pick([128, 1000, 8000]) });
    later(8000, () => [{ act: 'link-usual', ways }]);
  },
  'clock-drift': ({ world, random, now, later }) => {
    const node = random.pick(world.nodes).nodeid;
    const rate = random.pick([0.98, 1.02]);
    const isFrozen = random.chance(0.3);
    now({ act: 'clock-rate', node, monotonic: isFrozen ? 1 : rate, wall: isFrozen ? 0 : rate });
    later(30_000, () => [{ act: 'clock-rate', node, monotonic: 1, wall: 1 }]);
  },
  upgrade: ({ victims, random, now, later }) => {
    const node = random.pick(victims).nodeid;
    now({ act: 'shut-down', node });
    now({ act: 'upgrade', node });
    later(6000, () => [{ act: 'boot', node }]);
  },
  expected: ({ world, random, now }) => {
    now({ act: 'expected', node: random.pick(world.nodes).nodeid, votes: 1 + random.below(2) });
  },
  ambush,
  'clock-step': ({ world, victims, random, now }) => {
    const step_ms = (random.chance(0.5) ? 1 : -1) * random.pick([1500, 120_000, 3_600_000]);
    // No harm to anybody, so it need not keep to the victims.
    const node = random.chance(0.5) ? random.pick(world.nodes) : random.pick(victims);
    now({ act: 'clock-step', node: node.nodeid, step_ms });
  },
};

/** The time of the whole tree, which decides between equal versions; else any row but those that a start needs. */
function mayRot({ inode, name, data }: StoreRow, field: string): boolean {
  if (field === 'mtime') return inode === 0;
  return inode !== 0 && name !== CONFIG_PATH && (field !== 'data' || data !== null);
}

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
function ambush({ round, world, random }: Strike): void {
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

/** Carries out one fault. */
export function strike(round: Round, kind: FaultKind): void {
  const { world, victims, random } = round;
  const by = world.nextFault(kind);
  const now = (act: Act): void => perform(world, act, by);
  const later = (longest_ms: number, acts: () => readonly Act[]): void => {
    const most_ms = random.chance(0.3) ? QUICK_MS : longest_ms;
    world.clock.setTimeout(
      () => {
        if (round.isOver) return;
        for (const act of acts()) now(act);
      },
      LEAST_FAULT_MS + random.unit() * most_ms * (world.options.ha === undefined ? 1 : HA_PATIENCE),
    );
  };
  FAULTS[kind]({ round, world, victims, random, now, later });
}

/** Between two rounds without healing: what the last round left behind stays, but for some. */
export function healSome(world: ClusterWorld, random: SeededRandom): void {
  for (const { nodeid, process } of world.nodes) {
    const acts: readonly Act[] = [
      { act: 'boot', node: nodeid },
      { act: 'resume', node: nodeid },
      { act: 'disk-healthy', node: nodeid },
    ];
    for (const act of acts) {
      const isChosen = random.chance(0.7);
      if (isChosen && (act.act !== 'boot' || process === undefined)) perform(world, act);
    }
  }
  if (random.chance(0.7)) perform(world, { act: 'heal-network' });
}

/** All directions between a victim and anybody else. */
function waysOf({ world, victims }: Strike): readonly Way[] {
  return world.nodes.flatMap((from) =>
    world.nodes.flatMap((to): readonly Way[] => {
      if (from === to || !(victims.includes(from) || victims.includes(to))) return [];
      return [[from.nodeid, to.nodeid]];
    }),
  );
}

function bothWays(one: number, other: number): readonly Way[] {
  return [
    [one, other],
    [other, one],
  ];
}
