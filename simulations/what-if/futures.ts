/** What-if: as many futures as there are phases, on as many processors as there are. */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type ClusterDescription, describeCluster } from '../../actors/doctor/cluster-description.ts';
import type { TimedAct } from './acts.ts';
import type { Assumptions } from './assumptions.ts';
import type { Future } from './happening.ts';
import { World } from './world.ts';

export interface FuturesOptions {
  readonly cluster: ClusterDescription;
  readonly acts: readonly TimedAct[];
  readonly assumptions: Assumptions;
  readonly phases: number;
}

/** What another process is asked for; it reads the cluster from its files, as this one did. */
export interface FuturesOrder {
  readonly files: readonly (readonly [path: string, text: string])[];
  readonly acts: readonly TimedAct[];
  readonly assumptions: Assumptions;
  readonly phases: number;
  /** Those that it is to run. */
  readonly share: readonly number[];
}

/** Beside this file, in the sources as in what was built from them. */
const here = fileURLToPath(import.meta.url);
const WORKER = here.replace(/futures(\.[jt]s)$/, 'future-worker$1');
const most_processes = 4;
/** A process takes as long to start as so many futures. */
const worthwhile = 6;

/** Runs futures; processes that help live until `close`. */
export class Futures {
  readonly #helpers: ChildProcess[] = [];
  readonly #jobs: number;

  constructor(jobs = Math.min(availableParallelism(), most_processes)) {
    this.#jobs = jobs;
  }

  /** In the order of their phases. */
  async run(options: FuturesOptions): Promise<readonly Future[]> {
    const { phases } = options;
    const jobs = phases < worthwhile ? 1 : this.#jobs;
    while (this.#helpers.length < jobs - 1) this.#helpers.push(fork(WORKER));
    const shares = Array.from({ length: jobs }, (_, job) => range(phases).filter((phase) => phase % jobs === job));
    const helped = shares.slice(1).map((share, index) => askHelper(this.#helpers[index]!, orderOf(options, share)));
    // What was ordered leaves before this process is busy.
    await new Promise((resolve) => setImmediate(resolve));
    const own = runShare(options, shares[0]!);
    const all = [own, ...(await Promise.all(helped))];
    return range(phases).map((phase) => all[phase % jobs]![Math.floor(phase / jobs)]!);
  }

  close(): void {
    for (const helper of this.#helpers) if (helper.connected) helper.disconnect();
  }
}

/** Runs some of the phases here. */
export function runShare(options: FuturesOptions, share: readonly number[]): readonly Future[] {
  return share.map((phase) => new World({ ...options, phase }).run());
}

/** The same for an order from another process. */
export function runOrder({ files, share, ...options }: FuturesOrder): readonly Future[] {
  const cluster = describeCluster(new Map(files));
  if ('failure' in cluster) throw new Error(cluster.failure);
  return runShare({ ...options, cluster }, share);
}

function orderOf({ acts, assumptions, cluster, phases }: FuturesOptions, share: readonly number[]): FuturesOrder {
  return { files: [...cluster.files], acts, assumptions, phases, share };
}

function askHelper(helper: ChildProcess, order: FuturesOrder): Promise<readonly Future[]> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null, signal: string | null): void =>
      reject(new Error(`a process that ran futures ended with ${signal ?? code}`));
    helper.once('exit', ended);
    helper.once('message', (futures) => {
      helper.off('exit', ended);
      resolve(futures as readonly Future[]);
    });
    helper.send(order);
  });
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index);
}
