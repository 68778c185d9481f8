/** Memory of a node, and how long it takes to start and to end. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchWorld } from './bench-world.ts';
import type { CreateAnswer } from './file-operations.ts';
import { allTogether, prepareCluster, startCluster } from './product-node.ts';
import { type Finding, milliseconds } from './report.ts';
import { median, percentile } from './statistics.ts';
import { Worker } from './worker.ts';

const START_TARGET_MS = 6000;
const END_TARGET_MS = 500;
const CLUSTER_TARGET_MB = 120;
const NODE_TARGET_MB = 350;
const FILES = 1000;
const STARTS = 4;

export async function footprint(world: BenchWorld): Promise<readonly Finding[]> {
  const nodes = prepareCluster(world, 3);
  const starts_ms: number[] = [];
  const ends_ms: number[] = [];
  const start = async () => {
    const started_ms = performance.now();
    await startCluster(nodes, []);
    starts_ms.push(performance.now() - started_ms);
  };
  const stop = async () => {
    // One after the other: each leaves a cluster that goes on.
    for (const node of nodes) ends_ms.push(await node.stop());
  };
  for (let count = 1; count < STARTS; count += 1) {
    await start();
    await stop();
  }
  await start();
  const client = new Worker(world, 'file-client', { directory: world.folder });
  const directory = join(nodes[0]!.layout.mountPoint, 'files');
  await client.ask<CreateAnswer>({ kind: 'create', directory, name: 'f', count: FILES, isExclusive: true });
  await allTogether(nodes, nodes.length);
  const node = nodes[0]!;
  const { pid } = await node.ready();
  const cluster_mb = proportionalMegabytes(pid);
  const everything_mb = family(node.bootPid).reduce((sum, member) => sum + proportionalMegabytes(member), 0);
  const idle_mb = proportionalMegabytes(client.pid);
  await stop();
  return [
    {
      what: 'three nodes, processes started to all quorate, synced and mounted (first start)',
      figure: `${milliseconds(median(starts_ms.slice(1)))} (${milliseconds(starts_ms[0]!)})`,
      target: `at most ${milliseconds(START_TARGET_MS)}, with npm start`,
      isMet: Math.max(...starts_ms) <= START_TARGET_MS,
    },
    {
      what: `SIGTERM to exit, worst of ${ends_ms.length} (p50)`,
      figure: `${milliseconds(Math.max(...ends_ms))} (${milliseconds(percentile(ends_ms, 0.5))})`,
      target: `at most ${milliseconds(END_TARGET_MS)}, always`,
      isMet: Math.max(...ends_ms) <= END_TARGET_MS,
    },
    {
      what: `proportional set size with ${FILES} files: cluster process`,
      figure: megabytes(cluster_mb),
      ratio: `${(cluster_mb / idle_mb).toFixed(2)} × an idle client in Node (${megabytes(idle_mb)})`,
      target: `at most ${megabytes(CLUSTER_TARGET_MB)}`,
      isMet: cluster_mb <= CLUSTER_TARGET_MB,
    },
    {
      what: 'all processes of the node',
      figure: megabytes(everything_mb),
      ratio: `${(everything_mb / idle_mb).toFixed(2)} × an idle client in Node`,
      target: `at most ${megabytes(NODE_TARGET_MB)}`,
      isMet: everything_mb <= NODE_TARGET_MB,
    },
  ];
}

function proportionalMegabytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? Number.NaN) / 1024;
}

function megabytes(value: number): string {
  return `${value.toFixed(0)} MB`;
}

/** A process and all that it has started. */
function family(ancestor: number): readonly number[] {
  const found = [ancestor];
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), parentOf(name)]),
  );
  for (const parent of found) for (const [pid, of] of parents) if (of === parent) found.push(pid);
  return found;
}

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}
