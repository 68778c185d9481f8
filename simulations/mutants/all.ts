/** All mutants. */

import { HA_MUTANTS } from './ha-mutants.ts';
import type { Mutant } from './mutant.ts';
import { QUORUM_MUTANTS } from './quorum-mutants.ts';
import { RING_MUTANTS } from './ring-mutants.ts';
import { SYNC_MUTANTS } from './sync-mutants.ts';
import { TREE_MUTANTS } from './tree-mutants.ts';

export const MUTANTS: readonly Mutant[] = [
  ...QUORUM_MUTANTS,
  ...RING_MUTANTS,
  ...SYNC_MUTANTS,
  ...TREE_MUTANTS,
  ...HA_MUTANTS,
];
