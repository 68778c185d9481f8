/** Runs that have found something, by seed and options; they must be well now. */
import type { RunOptions } from '../cluster/options.ts';

export interface Schedule {
  readonly seed: number;
  readonly set: Partial<RunOptions>;
  /** What it was. */
  readonly what: string;
}

const FILES_ONLY = { locks: false, guests: false, edits: false, maxPayload: 8192, idleRotations: 4 } as const;

const THREE_NODES: Partial<RunOptions> = {
  ...FILES_ONLY,
  nodeCount: 3,
  profile: 'promise',
  faults: ['crash', 'one-way', 'disk-full', 'ambush', 'partition', 'pause'],
  clientsPerNode: 2,
  think_ms: 400,
  loss: 0.02,
};

const FIVE_NODES: Partial<RunOptions> = {
  ...FILES_ONLY,
  nodeCount: 5,
  profile: 'promise',
  faults: ['crash', 'power-loss', 'one-way', 'disk-full', 'ambush', 'stop'],
  clientsPerNode: 1,
  think_ms: 700,
};

export const SCHEDULES: readonly Schedule[] = [
  { seed: 96, set: {}, what: 'a node alone in the group of the tree, in a quorate ring, acknowledged changes' },
  { seed: 2085, set: THREE_NODES, what: 'a change refused at a ring change was applied by a stopped node that woke later' },
  { seed: 2090, set: THREE_NODES, what: 'a member that had given up a recovery refused what the others had delivered' },
  { seed: 3010, set: FIVE_NODES, what: 'the same, with two nodes on each side' },
];
