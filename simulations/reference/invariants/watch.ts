/** All invariants of spec/ha.md §16 that the round-robin world can judge, over one run. */
import type { WorldObserver } from '../round-robin.ts';
import type { Invariant } from './checker.ts';
import { fenceBeforeRecovery } from './fence-before-recovery.ts';
import { lockTakeover } from './lock-takeover.ts';
import { lockedExecution } from './locked-execution.ts';
import { quorumSilence } from './quorum-silence.ts';
import { singleExecution } from './single-execution.ts';
import { singleMaster } from './single-master.ts';
import { vocabulary } from './vocabulary.ts';
import { watchdogCoupling } from './watchdog-coupling.ts';

export const INVARIANTS: readonly (() => Invariant)[] = [
  singleExecution,
  lockedExecution,
  watchdogCoupling,
  singleMaster,
  fenceBeforeRecovery,
  lockTakeover,
  vocabulary,
  quorumSilence,
];

/** Give `observer` to the run; `violations` fills up with sentences. */
export function watchInvariants(makers: readonly (() => Invariant)[] = INVARIANTS): {
  readonly observer: WorldObserver;
  readonly violations: readonly string[];
} {
  const invariants = makers.map((make) => make());
  const violations: string[] = [];
  /** What is wrong stays wrong for a while. */
  const said = new Set<string>();
  const judge = (at: number, of: (invariant: Invariant) => string | undefined): void => {
    for (const invariant of invariants) {
      const violation = of(invariant);
      if (violation === undefined || said.has(violation)) continue;
      said.add(violation);
      violations.push(`${invariant.name}, at ${at}: ${violation}`);
    }
  };
  return {
    violations,
    observer: {
      onDeed: (deed, world) => judge(world.hardware.clock, (one) => one.deed?.(deed, world)),
      afterIteration: (host, world) => judge(world.hardware.clock, (one) => one.iteration?.(host, world)),
      afterCommand: (text, world) => judge(world.hardware.clock, (one) => one.command?.(text, world)),
    },
  };
}
