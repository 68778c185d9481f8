/** Checkers that the swarm does not have yet, and some mutants need. */
import type { CheckerFactory } from '../../checkers/observation.ts';
import { adoptedTree } from './adopted-tree.ts';
import { commitSequence } from './commit-sequence.ts';
import { heldRequests } from './held-requests.ts';
import { lockRenewal } from './lock-renewal.ts';
import { lockTable } from './lock-table.ts';
import { syncedAlike } from './synced-alike.ts';
import { writers } from './writers.ts';

export const MORE_CHECKERS: readonly CheckerFactory[] = [
  adoptedTree,
  commitSequence,
  heldRequests,
  lockRenewal,
  lockTable,
  syncedAlike,
  writers,
];
