/** Changes through the mount of a cluster of three, encrypted and acknowledged by a majority, against a bare ring (reference b). */
import { join } from 'node:path';
import { BARE_RING, startBareRing } from './bare-ring-side.ts';
import type { BenchWorld } from './bench-world.ts';
import {
  type ClientRequest,
  type CreateAnswer,
  MESSAGES,
  type Operation,
  ORIGINAL_CLUSTER_P50_MS,
  ORIGINAL_FOUR_WRITERS_PER_S,
  type RoundAnswer,
} from './file-operations.ts';
import { prepareCluster, startCluster } from './product-node.ts';
import { type Finding, milliseconds, perSecond } from './report.ts';
import { median, medianRatio, medianSummary, type Summary } from './statistics.ts';
import { Worker } from './worker.ts';

const OPERATIONS: readonly Operation[] = [
  'create',
  'create without O_EXCL',
  'overwrite',
  'append',
  'rename',
  'unlink',
  'mkdir',
  'lock',
];
const ROUNDS = 5;
const COUNT = 200;
const WRITERS = 4;
const FILES_PER_WRITER = 150;
const ONE_MESSAGE_TARGET = 0.75;
const TWO_MESSAGES_TARGET = 0.5;
const WRITERS_TARGET = 3;

interface Round {
  readonly files: RoundAnswer;
  readonly ring: Summary;
  readonly writers_per_s: number;
  readonly plainWriters_per_s: number;
}

export async function replicatedFiles(world: BenchWorld): Promise<readonly Finding[]> {
  const nodes = prepareCluster(world, 3);
  const ring = startBareRing(world, BARE_RING);
  await startCluster(nodes);
  const mount = nodes[0]!.layout.mountPoint;
  const client = new Worker(world, 'file-client', { directory: join(mount, 'bench') });
  const writers = Array.from({ length: WRITERS }, () => new Worker(world, 'file-client', { directory: mount }));
  const request: ClientRequest = { kind: 'round', count: COUNT, operations: OPERATIONS };
  const rounds: Round[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const files = await client.ask<RoundAnswer>(request);
    const bare = await ring[0].ask<Summary>({ kind: 'latency', count: COUNT });
    const writers_per_s = await fourWriters(writers, join(mount, 'writers'), true);
    const plainWriters_per_s = await fourWriters(writers, join(mount, 'writers'), false);
    if (round > 0) rounds.push({ files, ring: bare, writers_per_s, plainWriters_per_s });
  }
  return [
    {
      what: 'bare ring: one message, p50 (p99)',
      figure: times(medianSummary(rounds.map((round) => round.ring))),
    },
    ...OPERATIONS.map((operation) => finding(operation, rounds)),
    writersFinding('create', rounds),
    writersFinding('create without O_EXCL', rounds),
  ];
}

/** Files per second of all writers together, in one directory. */
async function fourWriters(writers: readonly Worker[], directory: string, isExclusive: boolean): Promise<number> {
  const names = writers.map((_, at) => `w${at}-`);
  const request = { directory, count: FILES_PER_WRITER, isExclusive };
  const answers = await Promise.all(
    writers.map((writer, at) => writer.ask<CreateAnswer>({ kind: 'create', name: names[at], ...request })),
  );
  const started_ms = Math.min(...answers.map((answer) => answer.started_ms));
  const ended_ms = Math.max(...answers.map((answer) => answer.ended_ms));
  for (const [at, writer] of writers.entries()) await writer.ask({ kind: 'remove', name: names[at], ...request });
  return (writers.length * FILES_PER_WRITER) / ((ended_ms - started_ms) / 1000);
}

function finding(operation: Operation, rounds: readonly Round[]): Finding {
  const messages = MESSAGES[operation];
  const found = medianSummary(rounds.map(({ files }) => files[operation]!));
  const ratio = medianRatio(
    rounds.map(({ files }) => files[operation]!.p50_ms),
    rounds.map(({ ring }) => ring.p50_ms * messages),
  );
  const original_ms = ORIGINAL_CLUSTER_P50_MS[operation] ?? Number.NaN;
  const part = messages === 1 ? ONE_MESSAGE_TARGET : TWO_MESSAGES_TARGET;
  const ofOriginal = found.p50_ms / original_ms;
  return {
    what: `${operation}, p50 (p99)`,
    figure: times(found),
    ratio: `${ratio.toFixed(2)} × ${messages} message${messages === 1 ? '' : 's'} of the bare ring`,
    target: `at most ${part} of ${original_ms} ms*: it is ${ofOriginal.toFixed(2)}`,
    isMet: ofOriginal <= part,
  };
}

/** With O_EXCL the kernel makes one file of a directory after the other, whoever serves it. */
function writersFinding(operation: 'create' | 'create without O_EXCL', rounds: readonly Round[]): Finding {
  const rate = median(rounds.map((round) => (operation === 'create' ? round.writers_per_s : round.plainWriters_per_s)));
  const alone = median(rounds.map(({ files }) => 1000 / files[operation]!.p50_ms));
  const ofOriginal = rate / ORIGINAL_FOUR_WRITERS_PER_S;
  return {
    what: `${WRITERS} writers, ${operation}`,
    figure: perSecond(rate),
    ratio: `${(rate / alone).toFixed(2)} × one writer`,
    target: `at least ${WRITERS_TARGET} × ${ORIGINAL_FOUR_WRITERS_PER_S}/s*: it is ${ofOriginal.toFixed(2)}`,
    isMet: ofOriginal >= WRITERS_TARGET,
  };
}

function times({ p50_ms, p99_ms }: Summary): string {
  return `${milliseconds(p50_ms)} (${milliseconds(p99_ms)})`;
}
