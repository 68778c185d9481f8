/** Ordered multicasts of 1 KiB on three nodes: the product's group layer over its sealed UDP, against a bare ring. */
import { corosyncConf } from '../real-cluster/cluster-files.ts';
import { startBareRing } from './bare-ring-side.ts';
import type { BenchWorld } from './bench-world.ts';
import { TOTEM_LINES } from './product-node.ts';
import { type Finding, milliseconds, perSecond } from './report.ts';
import { median, medianRatio, medianSummary, type Summary } from './statistics.ts';
import { Worker } from './worker.ts';

interface Variant {
  readonly name: string;
  /** Lines of the section `totem`. */
  readonly totem: readonly string[];
  readonly ports: readonly [product: number, bare: number];
  readonly maxPayload: number;
  /** Datagrams that the bare ring sends per visit: the product's flow control allows 68 KiB. */
  readonly window: number;
  readonly target_per_s: number;
}

const VARIANTS: readonly Variant[] = [
  { name: 'datagrams of 8 KiB', totem: [], ports: [5495, 5497], maxPayload: 8192, window: 8, target_per_s: 60_000 },
  // 1500 is the default, which loopback may exceed.
  {
    name: 'netmtu 1499',
    totem: ['netmtu: 1499'],
    ports: [5499, 5501],
    maxPayload: 1403,
    window: 34,
    target_per_s: 25_000,
  },
];
const MEMBERS = 3;
const FIRST_HOST = 61;
const ROUNDS = 5;
const DURATION_MS = 800;
const OUTSTANDING = 512;
const LATENCY_COUNT = 300;

export async function multicasts(world: BenchWorld): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const variant of VARIANTS) findings.push(...(await measure(world, variant)));
  return findings;
}

async function measure(world: BenchWorld, variant: Variant): Promise<readonly Finding[]> {
  const { name, totem, ports, maxPayload, window, target_per_s } = variant;
  const listed = Array.from({ length: MEMBERS }, (_, at) => ({
    name: `m${at + 1}`,
    addresses: [`127.0.2.${FIRST_HOST + at}`],
  }));
  const config = corosyncConf(listed, { clusterName: 'bench', totem: [...totem, ...TOTEM_LINES], port: ports[0] });
  const members = listed.map((_, at) => new Worker(world, 'ring-member', { nodeid: at + 1, config }));
  const bare = startBareRing(world, { port: ports[1], maxPayload });
  await Promise.all(members.map((member) => member.ask({ kind: 'await-members', count: MEMBERS })));

  const product_per_s: number[] = [];
  const bare_per_s: number[] = [];
  const latencies: Summary[] = [];
  const bareLatencies: Summary[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const rate = { kind: 'rate', duration_ms: DURATION_MS };
    const found = await Promise.all(members.map((member) => member.ask<number>({ ...rate, outstanding: OUTSTANDING })));
    const reference = await Promise.all(bare.map((member) => member.ask<number>({ ...rate, window })));
    const latency = await members[0]!.ask<Summary>({ kind: 'latency', count: LATENCY_COUNT });
    const bareLatency = await bare[0].ask<Summary>({ kind: 'latency', count: LATENCY_COUNT });
    if (round === 0) continue;
    product_per_s.push(Math.min(...found));
    bare_per_s.push(Math.min(...reference));
    latencies.push(latency);
    bareLatencies.push(bareLatency);
  }
  if (process.env.BENCH_DEBUG !== undefined) console.log(JSON.stringify(await members[1]!.ask({ kind: 'status' })));
  await Promise.all([...members, ...bare].map((worker) => worker.stop()));
  const per_s = median(product_per_s);
  const latency_ms = medianSummary(latencies);
  const bareLatency_ms = medianSummary(bareLatencies).p50_ms;
  const latencyRatio = medianRatio(
    latencies.map(({ p50_ms }) => p50_ms),
    bareLatencies.map(({ p50_ms }) => p50_ms),
  );
  return [
    {
      what: `ordered multicasts, ${name}`,
      figure: perSecond(per_s),
      ratio: `${medianRatio(product_per_s, bare_per_s).toFixed(2)} of the bare ring (${perSecond(median(bare_per_s))})`,
      target: `at least ${perSecond(target_per_s)}`,
      isMet: per_s >= target_per_s,
    },
    {
      what: `one after the other, ${name}, p50 (p99)`,
      figure: `${milliseconds(latency_ms.p50_ms)} (${milliseconds(latency_ms.p99_ms)})`,
      ratio: `${latencyRatio.toFixed(2)} × the bare ring (${milliseconds(bareLatency_ms)})`,
    },
  ];
}
