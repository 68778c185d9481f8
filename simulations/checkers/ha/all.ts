/** All checkers of high availability; they look where a cluster has it. */
import type { CheckerFactory } from '../observation.ts';
import { configOwnership } from './config-ownership.ts';
import { disarmedSilence } from './disarmed-silence.ts';
import { fenceBeforeRecovery } from './fence-before-recovery.ts';
import { fenceDelay } from './fence-delay.ts';
import { idleRelease } from './idle-release.ts';
import { lockTakeover } from './lock-takeover.ts';
import { lockedExecution } from './locked-execution.ts';
import { oneResult } from './one-result.ts';
import { placement } from './placement.ts';
import { quorumSilence } from './quorum-silence.ts';
import { singleExecution } from './single-execution.ts';
import { singleMaster } from './single-master.ts';
import { vocabulary } from './vocabulary.ts';
import { watchdogCoupling } from './watchdog-coupling.ts';

export const HA_CHECKERS: readonly CheckerFactory[] = [
  singleExecution,
  lockedExecution,
  watchdogCoupling,
  singleMaster,
  fenceBeforeRecovery,
  fenceDelay,
  lockTakeover,
  vocabulary,
  oneResult,
  placement,
  configOwnership,
  quorumSilence,
  disarmedSilence,
  idleRelease,
];
