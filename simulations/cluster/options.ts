/**
 * What a run is made of, all drawn from its seed (swarm testing: each seed switches whole classes of faults off, so that
 * the others meet more often).
 */
import { SeededRandom } from '../../runtime/random/seeded.ts';
import { drawHaOptions, type HaOptions } from './ha/options.ts';

export const FAULT_KINDS = [
  'crash',
  'power-loss',
  'stop',
  'pause',
  'partition',
  'one-way',
  'loss',
  'clog',
  'disk-full',
  'clock-step',
  'ambush',
  'disk-error',
  'slow-disk',
  'lying-disk',
  'bit-rot',
  'bandwidth',
  'clock-drift',
  'upgrade',
  'expected',
] as const;
/** So many of the kinds came first, and are drawn more often. */
const USUAL_KINDS = 11;
/** Faults of a cluster with high availability. */
export const HA_FAULT_KINDS = [
  'daemon-kill',
  'daemon-pause',
  'daemon-restart',
  'freeze',
  'watchdog-early',
  'watchdog-late',
  'node-reboot',
  'node-shutdown',
  'guest-crash',
  'dead-switch',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number] | (typeof HA_FAULT_KINDS)[number];

/** What no cluster is promised to survive unharmed: a wrong row that nothing tells from a right one, a minority that is told to be all. */
const WILD_FAULTS: ReadonlySet<FaultKind> = new Set(['bit-rot', 'expected']);

/** Locks are measured by the machines' clocks; a lying disk takes back what a node has proven. */
const BEYOND_HA: ReadonlySet<FaultKind> = new Set(['lying-disk']);

/** Those after which a ring is formed anew, whatever the timing. */
export const MEMBERSHIP_FAULTS: readonly (typeof FAULT_KINDS)[number][] = ['crash', 'power-loss', 'stop', 'partition'];

export interface RunOptions {
  readonly seed: number;
  readonly nodeCount: number;
  /**
   * `promise`: never more than a minority suffers at once, so that §13.2.1 holds and is checked. `wild`: anything goes; only
   * what must always hold is checked.
   */
  readonly profile: 'promise' | 'wild';
  readonly faults: readonly FaultKind[];
  readonly latency_ms: readonly [min: number, max: number];
  /** Of the whole network, all the time. */
  readonly loss: number;
  readonly duplication: number;
  readonly maxPayload: number;
  /** `totem.seqno_unchanged_const`: how long the token goes on after a request; corosync's default of 30 costs the most datagrams. */
  readonly idleRotations: number;
  readonly clientsPerNode: number;
  /** Mean time between two requests of one writer. */
  readonly think_ms: number;
  readonly guests: boolean;
  readonly locks: boolean;
  /** Directories come and go. */
  readonly trees: boolean;
  readonly readers: boolean;
  /** A client writes files of 512 KiB. */
  readonly largeFiles: boolean;
  /** An operator edits corosync.conf meanwhile. */
  readonly edits: boolean;
  /** An operator adds and removes nodes. */
  readonly growth: boolean;
  /** Some nodes start with a database that holds corosync.conf alone, as after a join. */
  readonly freshNodes: boolean;
  /** Wall clocks differ by up to this. */
  readonly skew_ms: number;
  /** Duration of the part with faults. */
  readonly chaos_ms: number;
  /** The cluster has high availability. */
  readonly ha?: HaOptions;
}

/** Options that are given instead of drawn; what isn't given of high availability is drawn. */
export type GivenOptions = Omit<Partial<RunOptions>, 'ha'> & { readonly ha?: Partial<HaOptions> };

/** With start, healing and quiescence each run is longer than 120 s. */
const LEAST_CHAOS_MS = 92_000;

const LONGEST_THINK_MS = 5000;

/** What the seed draws, but for `set`. A run within the promise has no faults beyond it, unless they are asked for by name. */
export function drawOptions(seed: number, set: GivenOptions = {}): RunOptions {
  const { ha: _ha, ...others } = set;
  const options = withHa({ ...drawAll(seed), ...others }, set);
  if (options.profile === 'wild' || set.faults !== undefined) return options;
  return { ...options, faults: options.faults.filter((kind) => !WILD_FAULTS.has(kind)) };
}

/** One of so many runs within the promise has high availability, which takes ten times as long. */
const HA_SHARE = 0.025;

/** What of a run gives way to high availability: its clients, and faults beyond its promise. */
const BESIDE_HA: Partial<RunOptions> = {
  profile: 'promise',
  largeFiles: false,
  growth: false,
  freshNodes: false,
  trees: false,
  readers: false,
  locks: false,
  edits: false,
  guests: false,
  clientsPerNode: 1,
  think_ms: 8000,
  maxPayload: 8192,
  idleRotations: 1,
};

/** Adds high availability to a drawn run: where it is its turn, or where `set` wants it. */
function withHa(options: RunOptions, set: GivenOptions): RunOptions {
  const random = new SeededRandom(options.seed).split('high availability');
  const isDrawn = random.chance(HA_SHARE) && Object.keys(set).length === 0 && options.profile === 'promise';
  if (!isDrawn && set.ha === undefined) return options;
  const nodeCount = set.nodeCount ?? Math.max(3, options.nodeCount);
  const faults = HA_FAULT_KINDS.filter(() => random.chance(0.4));
  const others = options.faults.filter((kind) => !BEYOND_HA.has(kind));
  return {
    ...options,
    ...BESIDE_HA,
    nodeCount,
    faults: [...others, ...faults],
    chaos_ms: 240_000 + random.below(240_000),
    ...set,
    ha: { ...drawHaOptions(random, nodeCount), ...set.ha },
  };
}

function drawAll(seed: number): RunOptions {
  const random = new SeededRandom(seed).split('options');
  const usual = FAULT_KINDS.filter((_, at) => at < USUAL_KINDS && random.chance(0.55));
  const rarer = new SeededRandom(seed).split('rarer faults');
  const others = FAULT_KINDS.filter((_, at) => at >= USUAL_KINDS && rarer.chance(0.25));
  const forming = MEMBERSHIP_FAULTS.some((kind) => usual.includes(kind)) ? [] : [random.pick(MEMBERSHIP_FAULTS)];
  const base_ms = random.pick([0.3, 0.5, 1, 2]);
  const nodeCount = random.chance(0.02) ? 7 : random.pick([2, 3, 3, 3, 3, 3, 3, 3, 4, 4, 5]);
  const isPromised = random.chance(0.6);
  const clientsPerNode = random.pick([1, 2]);
  const clients = new SeededRandom(seed).split('clients');
  const kinds: readonly FaultKind[] = [...usual, ...others, ...forming];
  return {
    seed,
    nodeCount,
    // Of two nodes none may suffer within the promise.
    profile: isPromised && nodeCount > 2 ? 'promise' : 'wild',
    faults: FAULT_KINDS.filter((kind) => kinds.includes(kind)),
    latency_ms: [base_ms, base_ms * random.pick([1.2, 2, 6])],
    loss: random.pick([0, 0, 0.005, 0.02]),
    duplication: random.pick([0, 0, 0.01]),
    // Each round sends a cluster log of 128 KiB per node to all others: in small pieces that is most of the run's work.
    maxPayload: random.pick(nodeCount <= 3 ? [600, 1400, 8192, 8192] : [1400, 8192, 8192]),
    idleRotations: random.pick([1, 1, 4, 8, 30]),
    clientsPerNode,
    // A request keeps the token going around for a while: the more nodes, the more it costs.
    think_ms: Math.min(LONGEST_THINK_MS, Math.round(clientsPerNode * nodeCount ** 2 * random.pick([100, 180, 300]))),
    guests: random.chance(0.6),
    locks: random.chance(0.6),
    edits: random.chance(0.3),
    freshNodes: random.chance(0.25),
    skew_ms: random.pick([0, 0, 500, 30_000]),
    chaos_ms: LEAST_CHAOS_MS + random.below(10_000),
    trees: clients.chance(0.4),
    readers: clients.chance(0.3),
    largeFiles: clients.chance(0.06),
    // Beyond the promise a removal may be lost again, and then nobody comes back who could vote for it.
    growth: clients.chance(0.25) && isPromised && nodeCount >= 3 && nodeCount <= 5,
  };
}

function formatHa({
  services,
  policy,
  fencing,
  rules,
  scheduler,
  watchdogLate_ms,
  operator,
  answer_ms,
}: HaOptions): string {
  const words = [
    `${services} services`,
    `policy ${policy}`,
    `fencing ${fencing}`,
    `answers in ${answer_ms.join('-')} ms`,
  ];
  if (rules !== '') words.push('rules');
  if (scheduler !== '') words.push(scheduler);
  if (watchdogLate_ms > 0) words.push(`watchdog ${watchdogLate_ms} ms late`);
  if (operator) words.push('operator');
  return `high availability (${words.join(', ')})`;
}

export function formatOptions(options: RunOptions): string {
  const { seed, nodeCount, profile, latency_ms, faults, maxPayload, idleRotations, clientsPerNode, think_ms } = options;
  const extras = (
    ['guests', 'locks', 'trees', 'readers', 'largeFiles', 'edits', 'growth', 'freshNodes'] as const
  ).filter((name) => options[name]);
  return [
    `seed ${seed}: ${nodeCount} nodes, ${profile}`,
    `latency ${latency_ms[0]}-${latency_ms[1].toFixed(1)} ms`,
    `loss ${options.loss}`,
    `duplication ${options.duplication}`,
    `payload ${maxPayload}`,
    `${idleRotations} idle rotations`,
    `${clientsPerNode} clients per node every ${think_ms} ms`,
    `skew ${options.skew_ms} ms`,
    extras.length > 0 ? `with ${extras.join(' ')}` : 'files only',
    ...(options.ha === undefined ? [] : [formatHa(options.ha)]),
    `faults: ${faults.join(' ')}`,
  ].join(', ');
}
