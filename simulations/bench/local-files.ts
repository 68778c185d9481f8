/** Local mode through the mount, against an empty file system with the same statements (reference a). */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchWorld } from './bench-world.ts';
import type { ClientRequest, Operation, RoundAnswer } from './file-operations.ts';
import { ProductNode } from './product-node.ts';
import { type Finding, milliseconds } from './report.ts';
import { medianRatio, medianSummary, type Summary } from './statistics.ts';
import { Worker } from './worker.ts';

const OPERATIONS: readonly Operation[] = ['create', 'overwrite', 'append', 'rename', 'unlink', 'mkdir', 'read', 'stat'];
const ROUNDS = 7;
const COUNT = 300;
/** Clients and daemons share one processor: the figures then are costs, not the scheduler's wake-ups. */
const CPU = 0;
const CHANGES_TARGET = 0.5;
const READS_TARGET = 0.7;

export async function localFiles(world: BenchWorld): Promise<readonly Finding[]> {
  const node = new ProductNode(world, 'local').start(['--local', '--only', 'cluster'], { cpu: CPU });
  const mountPoint = join(world.folder, 'reference');
  mkdirSync(mountPoint);
  world.noteMount(mountPoint);
  const reference = new Worker(
    world,
    'local-reference',
    { mountPoint, database: join(world.folder, 'reference.db') },
    { cpu: CPU },
  );
  await Promise.all([node.ready(), reference.ask({})]);
  const clientOf = (mount: string) =>
    new Worker(world, 'file-client', { directory: join(mount, 'bench') }, { cpu: CPU });
  const clients = [clientOf(node.layout.mountPoint), clientOf(mountPoint)] as const;
  const request: ClientRequest = { kind: 'round', count: COUNT, operations: OPERATIONS };
  const rounds: (readonly [RoundAnswer, RoundAnswer])[] = [];
  // The first round warms both sides up.
  for (let round = 0; round <= ROUNDS; round += 1) {
    const product = await clients[0].ask<RoundAnswer>(request);
    const bare = await clients[1].ask<RoundAnswer>(request);
    if (round > 0) rounds.push([product, bare]);
  }
  return OPERATIONS.map((operation) => finding(operation, rounds));
}

function finding(operation: Operation, rounds: readonly (readonly [RoundAnswer, RoundAnswer])[]): Finding {
  const side = (at: 0 | 1): readonly Summary[] => rounds.map((round) => round[at][operation]!);
  const p50 = (summaries: readonly Summary[]) => summaries.map(({ p50_ms }) => p50_ms);
  const ratio = medianRatio(p50(side(1)), p50(side(0)));
  const target = operation === 'read' || operation === 'stat' ? READS_TARGET : CHANGES_TARGET;
  const { p50_ms, p99_ms } = medianSummary(side(0));
  return {
    what: `${operation}, p50 (p99)`,
    figure: `${milliseconds(p50_ms)} (${milliseconds(p99_ms)})`,
    ratio: `${ratio.toFixed(2)} of its speed (${milliseconds(medianSummary(side(1)).p50_ms)})`,
    target: `at least ${target}`,
    isMet: ratio >= target,
  };
}
