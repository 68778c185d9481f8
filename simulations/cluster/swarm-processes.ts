/** Spreads seeds over processes; each takes the next one as it gets done. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { drawOptions, formatOptions, type GivenOptions } from './options.ts';
import type { SeedReport } from './swarm-report.ts';

export interface SwarmOptions {
  readonly first: number;
  readonly last: number;
  readonly jobs: number;
  /** Every so many seeds one is run twice; 0: none. */
  readonly twice: number;
  /** Instead of what a seed draws. */
  readonly set?: (seed: number) => GivenOptions;
}

/** What a worker is asked to do. */
export interface SeedOrder {
  readonly seed: number;
  readonly isTwice: boolean;
  readonly set: GivenOptions;
}

/** Beside this file, in the sources as in what was built from them. */
const here = fileURLToPath(import.meta.url);
const WORKER = here.replace(/swarm-processes(\.[jt]s)$/, 'swarm-worker$1');

/** Runs all seeds; `done` gets each report as it comes. Rejects when a worker dies. */
export function runSwarm(
  { first, last, jobs, twice, set = () => ({}) }: SwarmOptions,
  done: (report: SeedReport) => void,
): Promise<void> {
  let next = first;
  const workers: ChildProcess[] = [];
  const nextOrder = (): SeedOrder | undefined => {
    if (next > last) return undefined;
    const seed = next;
    next += 1;
    return { seed, isTwice: twice > 0 && seed % twice === 0, set: set(seed) };
  };
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = fork(WORKER);
      workers.push(worker);
      let order: SeedOrder | undefined;
      const give = (): void => {
        order = nextOrder();
        if (order === undefined) worker.disconnect();
        else worker.send(order);
      };
      worker.on('message', (report) => {
        done(report as SeedReport);
        give();
      });
      worker.once('error', reject);
      worker.once('exit', (code, signal) => {
        if (code === 0) resolve();
        else
          reject(
            new Error(`a worker ended with ${signal ?? code}${order === undefined ? '' : ` in ${textOf(order)}`}`),
          );
      });
      give();
    });
  return Promise.all(Array.from({ length: Math.min(jobs, last - first + 1) }, work)).then(
    () => {},
    (error: unknown) => {
      for (const worker of workers) worker.kill('SIGKILL');
      throw error;
    },
  );
}

function textOf({ seed, set }: SeedOrder): string {
  return formatOptions(drawOptions(seed, set));
}
