import { Command, Option } from 'commander';
import { PROFILES, type Profile, readSet, type Sweep, settingsOf } from '../../simulations/commands/profiles.ts';
import { replayOnce } from '../../simulations/commands/replay.ts';
import { sweep } from '../../simulations/commands/run.ts';
import { shrinkOnce } from '../../simulations/commands/shrink.ts';
import { readSource, runSource } from '../../simulations/commands/source.ts';
import {
  EXIT,
  readCount,
  readInstant,
  readRange,
  type Speech,
  UsageProblem,
} from '../../simulations/commands/usage.ts';
import { runExplain } from '../../simulations/explain/explain.ts';
import { scheduleOf } from '../../simulations/schedule/schedule.ts';
import { runDiff } from '../../simulations/trace/diff.ts';
import { CommandFailure, runCommand } from './project.ts';

interface SweepFlags {
  readonly profile: Profile;
  readonly nodes?: string;
  readonly minutes?: string;
  readonly set: string;
}

interface RunFlags extends SweepFlags {
  readonly seeds: string;
  readonly jobs: string;
  readonly twice: string;
  readonly json?: string;
  readonly junit?: string;
}

interface ReplayFlags extends SweepFlags {
  readonly trace?: string;
  readonly schedule?: string;
  readonly until?: string;
  readonly rewrite?: boolean;
}

interface ShrinkFlags extends SweepFlags {
  readonly budget: string;
  readonly output?: string;
}

const speech: Speech = { print: (text) => console.log(text), tell: (text) => console.error(text) };

function readSweep({ profile, nodes, minutes, set }: SweepFlags): Sweep {
  return {
    profile,
    nodes: nodes === undefined ? undefined : readNodes(nodes),
    minutes: minutes === undefined ? undefined : readCount(minutes, '--minutes', 1),
    set: readSet(set),
  };
}

function readNodes(text: string): Sweep['nodes'] {
  const range = readRange(text, '--nodes');
  if (range.first < 1 || range.last > 64) throw new UsageProblem(`--nodes wants 1 to 64 nodes, not '${text}'`);
  return range;
}

/** Runs a command of the simulator: the exit code is its result, 5 what people got wrong, 3 what broke. */
function simulate(run: () => number | Promise<number>): Promise<void> {
  return runCommand(async () => {
    try {
      process.exitCode = await run();
    } catch (error) {
      if (error instanceof UsageProblem) throw new CommandFailure(error.message, EXIT.usage);
      throw Object.assign(new CommandFailure((error as Error).message, EXIT.crash), { stack: (error as Error).stack });
    }
  });
}

function withSweep(command: Command): Command {
  return command
    .addOption(new Option('--profile <name>', 'what befalls the clusters').choices(PROFILES).default('swarm'))
    .option('--nodes <N..M>', 'so many nodes')
    .option('--minutes <N>', 'virtual time under faults')
    .option('--set <JSON>', 'options instead of those that a seed draws', '{}');
}

/** `pve-actors sim …`: whole clusters in one thread, under faults that a seed draws. */
export function simCommand(): Command {
  const sim = new Command('sim').description('simulate clusters under faults, deterministically');
  // Commands that are added inherit it.
  sim.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.ok : EXIT.usage));
  const add = (usage: string, description: string): Command =>
    sim.command(usage).description(description).option('--debug', 'show stack traces');

  withSweep(add('run', 'run many seeds'))
    .option('--seeds <A..B>', 'which', '1..100')
    .option('--jobs <N>', 'processes', '2')
    .option('--twice <N>', 'run every Nth seed twice and compare the traces; 0: none', '10')
    .option('--json <file>', 'write all results as JSON')
    .option('--junit <file>', 'write them as JUnit XML')
    .action(({ seeds, jobs, twice, json, junit, ...flags }: RunFlags) =>
      simulate(() =>
        sweep(
          {
            seeds: readRange(seeds, '--seeds'),
            jobs: readCount(jobs, '--jobs', 1),
            twice: readCount(twice, '--twice', 0),
            sweep: readSweep(flags),
            json,
            junit,
          },
          speech,
        ),
      ),
    );

  withSweep(add('replay <seed|schedule|scenario>', 'run one again'))
    .option('--trace <file>', 'write the trace')
    .option('--schedule <file>', 'write the schedule')
    .option('--until <time>', 'end there')
    .option('--rewrite', 'write the history into the scenario')
    .action((source: string, { trace, schedule, until, rewrite = false, ...flags }: ReplayFlags) =>
      simulate(() => {
        const settings = readSweep(flags);
        const until_ms = until === undefined ? undefined : readInstant(until, '--until');
        const set = (seed: number) => settingsOf(settings, seed);
        return replayOnce({ source: readSource(source), set, trace, schedule, until_ms, isRewritten: rewrite }, speech);
      }),
    );

  withSweep(add('shrink <seed|schedule>', 'find the least that fails in the same way'))
    .option('--budget <runs>', 'at most', '300')
    .option('-o, --output <file>', 'write the scenario')
    .action((source: string, { budget, output, ...flags }: ShrinkFlags) =>
      simulate(() => {
        const settings = readSweep(flags);
        const set = (seed: number) => settingsOf(settings, seed);
        return shrinkOnce(
          { source: readSource(source), set, budget: readCount(budget, '--budget', 1), output },
          speech,
        );
      }),
    );

  withSweep(add('explain <seed|schedule|scenario|trace>', 'tell why a rule was violated')).action(
    (text: string, flags: SweepFlags) =>
      simulate(() => {
        const settings = readSweep(flags);
        const source = readSource(text);
        if (source.kind === 'trace') return runExplain({ source: { trace: source.path } });
        const set = source.kind === 'seed' ? settingsOf(settings, source.seed) : {};
        const run = (sink: (line: string) => void): void => void runSource(source, { sink }, set);
        return runExplain({ source: { run, schedule: () => scheduleOf(runSource(source, {}, set)) } });
      }),
  );

  add('diff <trace> <trace>', 'show where two traces part').action((left: string, right: string) =>
    simulate(() => runDiff({ left, right })),
  );
  return sim;
}
