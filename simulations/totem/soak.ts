/**
 * Random runs of the cluster layer: `node --import tsx simulations/totem/soak.ts [--seed N | --seeds A..B] [--faults MS] [--verbose]`.
 * Each line of a failure names the seed that repeats it.
 */
import { parseArgs } from 'node:util';
import { runTotemSeed } from './faults.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    faults: { type: 'string', default: '20000' },
    verbose: { type: 'boolean', default: false },
  },
});
const [first, last] = (values.seeds ?? `${values.seed ?? 1}..${values.seed ?? 20}`).split('..').map(Number);
const log = values.verbose ? { log: (line: string) => console.log(line) } : {};
let failures = 0;
for (let seed = first ?? 1; seed <= (last ?? first ?? 1); seed++) {
  const run = runTotemSeed(seed, { faults_ms: Number(values.faults), ...log });
  if (run.violations.length === 0) {
    console.log(`seed ${seed}: ok, ${run.nodes} nodes, ${run.deliveries} deliveries, settled in ${run.settled_ms} ms`);
    continue;
  }
  failures++;
  console.log(`seed ${seed}: FAILED, ${run.nodes} nodes, settled in ${run.settled_ms} ms`);
  for (const violation of run.violations.slice(0, 8))
    console.log(`  ${violation.rule}: ${violation.message.slice(0, 300)}`);
}
process.exitCode = failures > 0 ? 1 : 0;
