/**
 * Benches of the built product: `npm run bench -- [NAME…]`.
 *
 * Each prints its figures as ratios to a reference that was measured in the same run, in turn with it; what else the machine did
 * stands below each table. Figures with * compare with the original on another machine.
 *
 * To look closer: BENCH_PROFILE=DIR leaves a CPU profile of every process, BENCH_TOTEM=OPTION: VALUE,… sets options of `totem`,
 * BENCH_DEBUG=1 shows what the processes complain of.
 */
import { BenchWorld, canPin } from './bench-world.ts';
import { footprint } from './footprint.ts';
import { join } from './join.ts';
import { localFiles } from './local-files.ts';
import { LoadWatch } from './machine-load.ts';
import { multicasts } from './multicasts.ts';
import { replicatedFiles } from './replicated-files.ts';
import { type Finding, tableLines } from './report.ts';
import { silentDeath } from './silent-death.ts';
import { simulator } from './simulator.ts';

type Bench = (world: BenchWorld) => Promise<readonly Finding[]>;

const BENCHES: Readonly<Record<string, { readonly title: string; readonly run: Bench }>> = {
  local: { title: 'Local mode through the mount', run: localFiles },
  replicated: { title: 'Three nodes through the mount of one', run: replicatedFiles },
  multicasts: { title: 'Ordered multicasts of 1 KiB on three nodes', run: multicasts },
  join: { title: 'Joining a cluster', run: join },
  footprint: { title: 'Memory, start and end', run: footprint },
  simulator: { title: 'Simulated clusters, with digest and checkers', run: simulator },
  'silent-death': { title: 'A node dies silently', run: silentDeath },
};

async function measure(name: string): Promise<boolean> {
  const { title, run } = BENCHES[name]!;
  const world = await BenchWorld.create();
  const interrupted = (signal: NodeJS.Signals) => {
    world.close().then(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  };
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  try {
    const load = new LoadWatch();
    const started_ms = performance.now();
    const findings = await run(world);
    const took_s = (performance.now() - started_ms) / 1000;
    await world.close();
    console.log(`\n${title} (${name}, ${took_s.toFixed(0)} s)`);
    for (const line of tableLines(findings)) console.log(line);
    console.log(`  ${load.verdict()}`);
    return true;
  } catch (error) {
    console.error(`\n${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
    return false;
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await world.close();
  }
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(`no bench is named ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}
if (!canPin) console.log('taskset is missing: nothing is bound to a processor, latencies depend on the scheduler');
for (const name of asked.length > 0 ? asked : Object.keys(BENCHES)) {
  if (!(await measure(name))) process.exitCode = 1;
}
console.log('\n* of the original, from a machine of two processors, not measured in this run');
process.exit();
