/** One node of three is killed without a word, and one is stopped for half a second: how long writers elsewhere wait. */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { BenchWorld } from './bench-world.ts';
import type { PersistAnswer } from './file-operations.ts';
import { allTogether, type ProductNode, prepareCluster, startCluster } from './product-node.ts';
import { type Finding, milliseconds } from './report.ts';
import { median } from './statistics.ts';
import { Worker } from './worker.ts';

const ROUNDS = 3;
const TARGET_MS = 2500;
const PAUSE_MS = 500;
const PERSIST_MS = 4500;
const BEFORE_MS = 500;

export async function silentDeath(world: BenchWorld): Promise<readonly Finding[]> {
  const nodes = prepareCluster(world, 3);
  const [first, , victim] = nodes as readonly [ProductNode, ProductNode, ProductNode];
  await startCluster(nodes);
  const writer = new Worker(world, 'file-client', { directory: join(first.layout.mountPoint, 'writer') });
  const persist = (duration_ms: number) => writer.ask<PersistAnswer>({ kind: 'persist', duration_ms });

  const calm = await persist(1000);
  const paused = await pause(victim, persist, first);
  const deaths_ms: number[] = [];
  const errors = new Set<string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const { pid } = await victim.ready();
    const writing = persist(PERSIST_MS);
    await setTimeout(BEFORE_MS);
    process.kill(victim.bootPid, 'SIGKILL');
    process.kill(pid, 'SIGKILL');
    const answer = await writing;
    deaths_ms.push(answer.longest_ms);
    for (const code of Object.keys(answer.errors)) errors.add(code);
    victim.start();
    await allTogether(nodes, nodes.length);
  }
  const timers = (await first.ready()).cluster?.timers ?? { token_ms: Number.NaN, consensus_ms: Number.NaN };
  const expected_ms = timers.token_ms + timers.consensus_ms;
  const worst_ms = Math.max(...deaths_ms);
  return [
    { what: 'longest wait of a writer while all is well', figure: milliseconds(calm.longest_ms) },
    {
      what: `longest wait while a node is stopped for ${PAUSE_MS} ms`,
      figure: milliseconds(paused.longest_ms),
      target: 'no new membership',
      isMet: !paused.isNewRing,
    },
    {
      what: `longest wait at a silent death, worst of ${ROUNDS} (p50)`,
      figure: `${milliseconds(worst_ms)} (${milliseconds(median(deaths_ms))})`,
      ratio: `${(median(deaths_ms) / expected_ms).toFixed(2)} × token and consensus timeout (${milliseconds(expected_ms)})`,
      target: `at most ${milliseconds(TARGET_MS)}`,
      isMet: worst_ms <= TARGET_MS,
    },
    { what: 'errors that writers saw', figure: errors.size === 0 ? 'none' : [...errors].join(' ') },
  ];
}

async function pause(
  victim: ProductNode,
  persist: (duration_ms: number) => Promise<PersistAnswer>,
  observer: ProductNode,
): Promise<{ readonly longest_ms: number; readonly isNewRing: boolean }> {
  const { pid } = await victim.ready();
  const before = (await observer.ready()).quorum?.ring.seq;
  const writing = persist(3 * PAUSE_MS);
  await setTimeout(PAUSE_MS);
  process.kill(pid, 'SIGSTOP');
  await setTimeout(PAUSE_MS);
  process.kill(pid, 'SIGCONT');
  const { longest_ms } = await writing;
  const after = (await observer.ready()).quorum?.ring.seq;
  return { longest_ms, isNewRing: before !== after };
}
