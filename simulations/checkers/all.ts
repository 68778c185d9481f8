/** All checkers of a simulated cluster. */

import { linearizability } from '../linearizability/checker.ts';
import { nodeReads } from '../linearizability/reads-checker.ts';
import { adoptedTree } from './adopted-tree.ts';
import { answers } from './answers.ts';
import { commitSequence } from './commit-sequence.ts';
import { convergence } from './convergence.ts';
import { durability } from './durability.ts';
import { errorStaysOut } from './error-stays-out.ts';
import { guestConfigs } from './guest-configs.ts';
import { heldRequests } from './held-requests.ts';
import { hostConfig } from './host-config.ts';
import { lockRenewal } from './lock-renewal.ts';
import { lockSafety } from './lock-safety.ts';
import { lockTable } from './lock-table.ts';
import { majorityFirst } from './majority-first.ts';
import { minorityAnswers } from './minority-answers.ts';
import { modes } from './modes.ts';
import type { CheckerFactory } from './observation.ts';
import { oneHistory } from './one-history.ts';
import { ownDelivery } from './own-delivery.ts';
import { quorateWrites } from './quorate-writes.ts';
import { quorumExclusive } from './quorum-exclusive.ts';
import { ringIdentity } from './ring-identity.ts';
import { roundEnd } from './round-end.ts';
import { statusKeys } from './status-keys.ts';
import { storeEqualsMemory } from './store-equals-memory.ts';
import { syncedAlike } from './synced-alike.ts';
import { treeShape } from './tree-shape.ts';
import { versions } from './versions.ts';
import { writers } from './writers.ts';

export const CHECKERS: readonly CheckerFactory[] = [
  quorumExclusive,
  quorateWrites,
  majorityFirst,
  minorityAnswers,
  oneHistory,
  versions,
  treeShape,
  guestConfigs,
  storeEqualsMemory,
  answers,
  lockSafety,
  roundEnd,
  modes,
  errorStaysOut,
  hostConfig,
  ringIdentity,
  durability,
  convergence,
  statusKeys,
  adoptedTree,
  commitSequence,
  heldRequests,
  lockRenewal,
  lockTable,
  syncedAlike,
  writers,
  ownDelivery,
  linearizability,
  nodeReads,
];
