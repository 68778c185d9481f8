/** Seeds and options that mutants share. */
import type { GivenOptions } from '../cluster/options.ts';
import { MOST_SEEDS } from './mutant.ts';

/** The seeds that are known to notice a mutant, then others: a change of the product may make those blind. */
export function seedsFrom(...known: readonly number[]): readonly number[] {
  const others = Array.from({ length: MOST_SEEDS }, (_, at) => at + 1).filter((seed) => !known.includes(seed));
  return [...known, ...others].slice(0, MOST_SEEDS);
}

/** Much happens, and it costs little to simulate: few nodes, few datagrams. */
export const BUSY: GivenOptions = {
  nodeCount: 3,
  profile: 'promise',
  maxPayload: 8192,
  idleRotations: 4,
  clientsPerNode: 2,
  think_ms: 900,
  largeFiles: false,
  growth: false,
};

/** Few changes, and rows that rot, so that two trees come to have the same version. */
export const FORKS: GivenOptions = {
  ...BUSY,
  profile: 'wild',
  faults: ['power-loss', 'bit-rot'],
  clientsPerNode: 1,
  think_ms: 8000,
  locks: false,
  guests: false,
  trees: false,
  edits: false,
  loss: 0,
  duplication: 0,
};

/** At any moment some requests are on their way. */
export const CROWDED: GivenOptions = {
  ...BUSY,
  think_ms: 120,
  latency_ms: [5, 20],
  locks: false,
  guests: false,
  trees: false,
  edits: false,
  loss: 0,
  duplication: 0,
};
