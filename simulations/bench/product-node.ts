/** A node of the product as a bench needs it: the built program in processes of its own, bound to processors if asked. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { connectControl } from '../../runtime/ipc/control-client.ts';
import { type NodeLayout, nodeLayout } from '../../runtime/node/layout.ts';
import { corosyncConf, installClusterFiles, newAuthkey } from '../real-cluster/cluster-files.ts';
import { until } from '../real-cluster/until.ts';
import { type BenchWorld, programPath, type StartOptions } from './bench-world.ts';

/** The part of `describe` that benches look at. */
export interface ProductState {
  readonly pid: number;
  readonly ready: boolean;
  readonly quorum?: { readonly members: readonly number[]; readonly ring: { readonly seq: number } };
  readonly cluster?: { readonly timers: { readonly token_ms: number; readonly consensus_ms: number } };
  readonly dcdb?: { readonly lastRound_ms?: number };
  readonly totem?: object;
}

const READY_BOUND_MS = 40_000;
const END_BOUND_MS = 10_000;
/** Benches use addresses and a port of their own: tests and the demo may run beside. */
const FIRST_HOST = 31;
const PORT = 5475;
/** BENCH_TOTEM holds further lines of the section `totem`, separated by commas, to try settings. */
export const TOTEM_LINES: readonly string[] = (process.env.BENCH_TOTEM ?? '').split(',').filter(Boolean);

/** What the original's figures were measured with: no daemon but the replicated file system and its group communication. */
const CLUSTER_PROCESS_ALONE = ['--only', 'cluster'];

export class ProductNode {
  readonly name: string;
  readonly layout: NodeLayout;
  readonly #world: BenchWorld;
  #boot: ChildProcess | undefined;

  constructor(world: BenchWorld, name: string) {
    this.name = name;
    this.layout = nodeLayout(join(world.folder, name));
    this.#world = world;
    world.noteMount(this.layout.mountPoint);
  }

  get bootPid(): number {
    return this.#boot?.pid ?? 0;
  }

  start(flags: readonly string[] = CLUSTER_PROCESS_ALONE, options: StartOptions = {}): this {
    const parameters = ['boot', '--node', this.name, '--root', this.layout.root, '--until-stdin-ends', ...flags];
    this.#boot = this.#world.start(programPath('bin/pve-actors'), parameters, options, 'ignore');
    return this;
  }

  /** Resolves when the tree is up to date and may be written to. */
  ready(): Promise<ProductState> {
    return this.until('it is ready', (state) => state.ready);
  }

  until(what: string, condition: (state: ProductState) => boolean): Promise<ProductState> {
    return until(`${this.name}: ${what}`, READY_BOUND_MS, async () => {
      if (this.#hasEnded) throw new Error(`${this.name} has ended before ${what}; see ${this.layout.logFile}`);
      const state = await this.describe();
      return state !== undefined && condition(state) ? state : undefined;
    });
  }

  async describe(): Promise<ProductState | undefined> {
    const client = await connectControl('the cluster process', this.layout.controlSocket);
    if ('failure' in client) return undefined;
    const outcome = await client.call('describe', {});
    client.close();
    return 'result' in outcome ? (outcome.result as ProductState) : undefined;
  }

  /** Ends it in order; resolves with the time from SIGTERM to the exit of the boot process. */
  async stop(): Promise<number> {
    const boot = this.#boot;
    if (boot === undefined || this.#hasEnded) return 0;
    const ended = new Promise<void>((done) => boot.once('exit', () => done()));
    const started_ms = performance.now();
    boot.kill('SIGTERM');
    const bound = setTimeout(() => boot.kill('SIGKILL'), END_BOUND_MS);
    await ended;
    clearTimeout(bound);
    return performance.now() - started_ms;
  }

  get #hasEnded(): boolean {
    return this.#boot !== undefined && (this.#boot.exitCode !== null || this.#boot.signalCode !== null);
  }
}

/** `count` nodes with one configuration and one key; none is started. */
export function prepareCluster(world: BenchWorld, count: number): readonly ProductNode[] {
  const nodes = Array.from({ length: count }, (_, at) => new ProductNode(world, `n${at + 1}`));
  const addresses = nodes.map(({ name }, at) => ({ name, addresses: [`127.0.2.${FIRST_HOST + at}`] }));
  const text = corosyncConf(addresses, { clusterName: 'bench', totem: TOTEM_LINES, port: PORT });
  const authkey = newAuthkey();
  for (const { layout } of nodes) installClusterFiles(layout, text, authkey);
  return nodes;
}

/** Starts all, and waits until each of them sees all and is ready. */
export async function startCluster(nodes: readonly ProductNode[], flags?: readonly string[]): Promise<void> {
  for (const node of nodes) node.start(flags);
  await allTogether(nodes, nodes.length);
}

export async function allTogether(nodes: readonly ProductNode[], members: number): Promise<void> {
  const isComplete = (state: ProductState) => state.ready && state.quorum?.members.length === members;
  await Promise.all(nodes.map((node) => node.until(`all ${members} nodes are ready`, isComplete)));
}
