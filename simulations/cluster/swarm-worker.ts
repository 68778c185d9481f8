/** A process of the swarm: runs the seeds that its parent names. */
import { type RunResult, runSeed } from './run.ts';
import type { SeedOrder } from './swarm-processes.ts';
import type { SeedReport } from './swarm-report.ts';

process.on('message', (message) => {
  const { seed, isTwice, set } = message as SeedOrder;
  const start_ms = performance.now();
  const result: RunResult = runSeed(seed, { options: set });
  const wall_ms = performance.now() - start_ms;
  const secondDigest = isTwice ? runSeed(seed, { options: set }).digest : undefined;
  const differs = secondDigest !== undefined && secondDigest !== result.digest && result.verdict === 'ok';
  const report: SeedReport = { ...result, wall_ms, secondDigest, verdict: differs ? 'differs' : result.verdict };
  process.send?.(report);
});
