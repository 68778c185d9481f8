/** All checkers of a simulated cluster. */
import { answers } from './answers.ts';
import { convergence } from './convergence.ts';
import { durability } from './durability.ts';
import { errorStaysOut } from './error-stays-out.ts';
import { guestConfigs } from './guest-configs.ts';
import { hostConfig } from './host-config.ts';
import { lockSafety } from './lock-safety.ts';
import { majorityFirst } from './majority-first.ts';
import { minorityAnswers } from './minority-answers.ts';
import { modes } from './modes.ts';
import type { CheckerFactory } from './observation.ts';
import { oneHistory } from './one-history.ts';
import { quorateWrites } from './quorate-writes.ts';
import { quorumExclusive } from './quorum-exclusive.ts';
import { ringIdentity } from './ring-identity.ts';
import { roundEnd } from './round-end.ts';
import { statusKeys } from './status-keys.ts';
import { storeEqualsMemory } from './store-equals-memory.ts';
import { treeShape } from './tree-shape.ts';
import { versions } from './versions.ts';

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
];
