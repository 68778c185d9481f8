/** Runs in a process of their own, with the product as patches make it. */
import { fork } from 'node:child_process';
import type { GivenOptions } from '../cluster/options.ts';
import { bundleTrial, removeBuild } from './build.ts';
import type { Patch } from './mutant.ts';

export interface PlannedRun {
  readonly seed: number;
  /** Instead of what the seed draws. */
  readonly options: GivenOptions;
}

/** What a worker is asked to do: the runs in their order, until one violates a rule of `until`. */
export interface TrialOrder {
  readonly runs: readonly PlannedRun[];
  readonly until: readonly string[];
}

export interface RunOutcome {
  readonly seed: number;
  /** Of the violations; empty where all went well. */
  readonly rules: readonly string[];
  readonly messages: readonly string[];
  readonly wall_ms: number;
}

export interface TrialReport {
  readonly outcomes: readonly RunOutcome[];
}

/** A run takes about a second on a machine that has nothing else to do; a mutant that hangs must not hold up the rest. */
const START_LIMIT_MS = 20_000;
const RUN_LIMIT_MS = 30_000;

/** Carries out an order with the product as `patches` make it. A problem where it can't be done. Never rejects. */
export async function runPatched(
  patches: readonly Patch[],
  order: TrialOrder,
): Promise<TrialReport | { readonly problem: string }> {
  const build = await bundleTrial(patches);
  if ('problem' in build) return build;
  try {
    return await runIn(build.file, order);
  } finally {
    removeBuild(build.path);
  }
}

function runIn(file: string, order: TrialOrder): Promise<TrialReport | { readonly problem: string }> {
  return new Promise((resolve) => {
    const worker = fork(file, {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const limit_ms = START_LIMIT_MS + order.runs.length * RUN_LIMIT_MS;
    let errors = '';
    let report: TrialReport | undefined;
    const timer = setTimeout(() => {
      errors += `no answer within ${limit_ms / 1000} s`;
      worker.kill('SIGKILL');
    }, limit_ms);
    worker.stderr?.on('data', (chunk) => {
      errors += String(chunk);
    });
    worker.once('message', (message) => {
      report = message as TrialReport;
    });
    worker.once('error', (error) => {
      errors += error.message;
    });
    worker.once('close', () => {
      clearTimeout(timer);
      resolve(report ?? { problem: `the process ended without a report: ${errors.trim().slice(0, 2000)}` });
    });
    worker.send(order);
  });
}
