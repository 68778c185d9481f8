/** A process of the swarm: runs the seeds that its parent names. */
import { type RunResult, runSeed } from './run.ts';
import type { SeedOrder } from './swarm-processes.ts';
import type { SeedReport } from './swarm-report.ts';

process.on('message', (message) => {
  const { seed, isTwice, set } = message as SeedOrder;
  const start_ms = performance.now();
  const result: RunResult = runSeed(seed, { options: set });
  const wall_ms = performance.now() - start_ms;
  // Nobody looks on at the second run: that saves its time, and shows that checkers change nothing.
  const secondDigest = isTwice ? runSeed(seed, { options: set, checkers: 'none' }).digest : undefined;
  const differs = secondDigest !== undefined && secondDigest !== result.digest && result.verdict === 'ok';
  const verdict = differs ? 'differs' : result.verdict;
  const report: SeedReport = { ...result, script: [], wall_ms, secondDigest, verdict, faults: faultsOf(result) };
  process.send?.(report);
});

function faultsOf({ script }: RunResult): number {
  return new Set(script.flatMap((step) => ('act' in step && step.by !== undefined ? [step.by] : []))).size;
}
