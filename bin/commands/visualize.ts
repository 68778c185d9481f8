import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { TraceUnreadable } from '../../runtime/trace/reader.ts';
import { UsageProblem } from '../../simulations/commands/usage.ts';
import { branchesOf } from '../../simulations/visualizer/branch/branch-server.ts';
import { builtPage } from '../../simulations/visualizer/build-page.ts';
import { liveRun } from '../../simulations/visualizer/live-run.ts';
import { withRun } from '../../simulations/visualizer/page/run-source.ts';
import { prepareRun } from '../../simulations/visualizer/run/prepare-run.ts';
import { type ServeOptions, serveRun } from '../../simulations/visualizer/serve-run.ts';
import { CommandFailure, runCommand } from './project.ts';

interface Flags {
  readonly export?: string;
  readonly port: string;
  readonly live?: true | readonly string[];
}

const BAD_INPUT = 5;
const highestPort = 65_535;

/** `pve-actors visualize`: a page over a recorded or simulated run. */
export function visualizeCommand(): Command {
  return new Command('visualize')
    .description('show a run: a trace, a seed, a schedule, a scenario, or a directory with a scenario of HA')
    .argument('[run]', 'file, directory or seed')
    .option('--live [nodes...]', 'follow running nodes: their directories, or one that holds them; default: ./var')
    .option('--export <file>', 'write a page with the run inside instead of serving one')
    .option('--port <port>', 'on this machine; 0 for any', '0')
    .option('--debug', 'show stack traces')
    .action((argument: string | undefined, flags: Flags) => runCommand(() => visualize(argument, flags)));
}

async function visualize(argument: string | undefined, { export: target, port, live }: Flags): Promise<void> {
  if (!/^\d+$/.test(port) || Number(port) > highestPort) {
    throw new CommandFailure(`--port wants a number from 0 to ${highestPort}, not '${port}'`, BAD_INPUT);
  }
  if (live !== undefined) {
    const run = liveRun(live === true ? ['var'] : live);
    await sayingSentences(run);
    await serveUntilInterrupted({ page: await builtPage(), run, port: Number(port) });
    return;
  }
  if (argument === undefined) throw new CommandFailure('which run? A file, a directory, a seed; or --live', BAD_INPUT);
  const { bytes: run, schedule } = await sayingSentences(() => prepareRun(argument));
  const page = await builtPage();
  if (target !== undefined) {
    writeFileSync(target, withRun(page, run.toString('base64')));
    console.log(`${target}: ${(run.length / 1024).toFixed(0)} KiB of run; any browser opens it`);
    return;
  }
  const branches = schedule && branchesOf(schedule);
  await serveUntilInterrupted({ page, run, branches, port: Number(port) });
}

async function serveUntilInterrupted(options: ServeOptions): Promise<void> {
  const served = await serveRun(options);
  console.log(`${served.url}   (Ctrl-C ends it)`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await served.close();
}

/** What is wrong with what people gave is said in one sentence. */
async function sayingSentences<R>(body: () => Promise<R>): Promise<R> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof UsageProblem || error instanceof TraceUnreadable)) throw error;
    throw new CommandFailure(error.message, BAD_INPUT);
  }
}
