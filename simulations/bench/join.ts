/** How long a node needs, from the start of its process, to a synced mount that answers, after others have made files. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Memdb } from '../../machines/pmxcfs/tree/memdb.ts';
import { openSqliteStore } from '../../runtime/store/sqlite.ts';
import type { BenchWorld } from './bench-world.ts';
import { allTogether, type ProductNode, prepareCluster, startCluster } from './product-node.ts';
import { type Finding, milliseconds } from './report.ts';
import { median } from './statistics.ts';
import { Worker } from './worker.ts';

const SIZES = [1000, 5000, 10_000];
const TARGET_FILES = 5000;
const TARGET_MS = 1000;
const FILE_BYTES = 512;
const FILES_PER_DIRECTORY = 500;
const ROUNDS = 3;

export async function join(world: BenchWorld): Promise<readonly Finding[]> {
  const nodes = prepareCluster(world, 3);
  const [first, second, joining] = nodes as readonly [ProductNode, ProductNode, ProductNode];
  await startCluster(nodes);
  await joining.stop();
  const observer = new Worker(world, 'file-client', { directory: world.folder });
  const findings: Finding[] = [];
  let stamp = 0;
  let idle_ms = 0;
  for (const size of [0, ...SIZES]) {
    const times_ms: number[] = [];
    const rounds_ms: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await Promise.all([first.stop(), second.stop()]);
      stamp += 1;
      for (const node of [first, second]) plant(node, size, stamp);
      for (const node of [first, second]) node.start();
      await allTogether([first, second], 2);
      const { time_ms, round_ms } = await timedStart(joining, observer, markOf(stamp));
      times_ms.push(time_ms);
      rounds_ms.push(round_ms);
      await joining.stop();
    }
    const found_ms = median(times_ms);
    if (size === 0) idle_ms = found_ms;
    findings.push({
      what: `${(size + 1).toLocaleString('en-US')} new files, ${FILE_BYTES} bytes each (the synchronisation round alone)`,
      figure: `${milliseconds(found_ms)} (${milliseconds(median(rounds_ms))})`,
      ratio: size === 0 ? undefined : `${(found_ms / idle_ms).toFixed(2)} × the start with one file to fetch`,
      target: size === TARGET_FILES ? `at most ${milliseconds(TARGET_MS)}` : undefined,
      isMet: size === TARGET_FILES ? found_ms <= TARGET_MS : undefined,
    });
  }
  return findings;
}

async function timedStart(node: ProductNode, observer: Worker, path: string) {
  const expected = observer.ask<number>({ kind: 'await', path: `${node.layout.mountPoint}/${path}` });
  const started_ms = Number(process.hrtime.bigint()) / 1e6;
  node.start();
  const seen_ms = await expected;
  const state = await node.ready();
  return { time_ms: seen_ms - started_ms, round_ms: state.dcdb?.lastRound_ms ?? Number.NaN };
}

/** A file that only the newest generation has. */
function markOf(generation: number): string {
  return `generation-${generation}`;
}

function pathOf(at: number): string {
  return `d${Math.floor(at / FILES_PER_DIRECTORY)}/f${at}`;
}

/** Makes or rewrites `size` files in the database of a node that doesn't run, as if it had taken the changes. */
function plant({ layout }: ProductNode, size: number, generation: number): void {
  mkdirSync(dirname(layout.database), { recursive: true });
  const store = openSqliteStore(layout.database);
  if ('message' in store) throw new Error(store.message);
  const loaded = store.load();
  if ('failure' in loaded) throw new Error(loaded.failure.message);
  const memdb = new Memdb({ mode: 'solo' });
  memdb.open(loaded.rows, { wall_s: 0, monotonic_s: 0 });
  const stamp = { writer: 1, time: 1_700_000_000 + generation, monotonic_s: 0 };
  const data = Buffer.alloc(FILE_BYTES, String(generation % 10));
  for (let at = 0; at < size; at += 1) {
    if (at % FILES_PER_DIRECTORY === 0) memdb.mkdir(`d${at / FILES_PER_DIRECTORY}`, stamp);
    memdb.create(pathOf(at), stamp);
    memdb.write(pathOf(at), data, 0, true, stamp);
  }
  memdb.create(markOf(generation), stamp);
  const refused = store.commit(memdb.takeChanges());
  store.close();
  if (refused !== undefined) throw new Error(refused.message);
}
