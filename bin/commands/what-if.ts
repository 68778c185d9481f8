import { Command } from 'commander';
import type { ClusterDescription } from '../../actors/doctor/cluster-description.ts';
import { forms, readActs } from '../../simulations/what-if/acts.ts';
import { type Assumptions, assumed } from '../../simulations/what-if/assumptions.ts';
import { eachNodeCode, eachNodeText, reportEachNode } from '../../simulations/what-if/each-node.ts';
import { forecastText } from '../../simulations/what-if/forecast-text.ts';
import { Futures } from '../../simulations/what-if/futures.ts';
import { planCode, planRollingReboot, planText } from '../../simulations/what-if/rolling-reboot.ts';
import { exitCode, forecast } from '../../simulations/what-if/timeline.ts';
import { CommandFailure, runCommand } from './project.ts';
import { describedBy, describedByNode } from './tree-source.ts';

interface Flags {
  readonly from?: string;
  readonly now?: boolean;
  readonly root: string;
  readonly json?: boolean;
  readonly eachNode?: boolean;
  readonly rollingReboot?: boolean;
  readonly phases?: string;
  readonly boot: string;
  readonly start: string;
  readonly stop: string;
  readonly migration: string;
  readonly nodeMemory?: string;
}

const EXIT_CODES =
  '\nexit codes: 0 all recovers, 2 something stays down, 3 the outcome differs between futures, 1 bad input';
const BAD_INPUT = 1;
const enough = 32;
/** Of each of several questions. */
const enoughOfMany = 8;

/** `sim what-if`: exit code 0 all recovers, 2 something stays down, 3 it depends on chance, 1 bad input. */
export function whatIfCommand(): Command {
  return new Command('what-if')
    .description('what a cluster would do if …: quorum, fencing, where each guest goes and why; changes nothing')
    .argument('[acts...]', "'power n2 off', 'network n3 off at 30s', 'reboot n1', 'service vm:101 stopped', …")
    .option('--from <dir>', 'a copy of /etc/pve')
    .option('--now', 'the cluster of this machine’s node, as it is')
    .option('--root <dir>', 'with --now: the node whose files lie below this folder', '/')
    .option('--each-node', 'the loss of each node in turn')
    .option('--rolling-reboot', 'a plan to reboot all nodes')
    .option('--phases <N>', `so many futures (${enough}; ${enoughOfMany} of each node)`)
    .option('--boot <seconds>', 'a node takes to start', String(assumed.boot_s))
    .option('--start <seconds>', 'a guest takes to start', String(assumed.start_s))
    .option('--stop <seconds>', 'a guest takes to stop', String(assumed.stop_s))
    .option('--migration <MiB/s>', 'memory migrates at', String(assumed.migration_bytes_per_s / 1024 / 1024))
    .option('--node-memory <GiB>', 'of all nodes that have not told theirs, or n1=64,n2=128')
    .option('--json', 'for programs')
    .option('--debug', 'show stack traces')
    .addHelpText(
      'after',
      `\nacts, each with 'at 30s' or 'at 2m' behind it, at once without:\n  ${Object.values(forms).join('\n  ')}\n${EXIT_CODES}`,
    )
    .action((texts: string[], flags: Flags) => runCommand(() => answer(texts, flags)));
}

async function answer(texts: readonly string[], flags: Flags): Promise<void> {
  const isMany = flags.eachNode === true || flags.rollingReboot === true;
  if (isMany && texts.length > 0) throw new CommandFailure('--each-node and --rolling-reboot take no acts', BAD_INPUT);
  if (flags.eachNode && flags.rollingReboot)
    throw new CommandFailure('either --each-node or --rolling-reboot', BAD_INPUT);
  const phases = numberOf(flags.phases ?? String(isMany ? enoughOfMany : enough), '--phases', 1, 1024);
  const cluster = await clusterOf(flags);
  const assumptions = assumptionsOf(flags, cluster);
  const futures = new Futures();
  try {
    await answerWith(futures, { cluster, assumptions, phases }, texts, flags);
  } finally {
    futures.close();
  }
}

interface Question {
  readonly cluster: ClusterDescription;
  readonly assumptions: Assumptions;
  readonly phases: number;
}

async function answerWith(futures: Futures, question: Question, texts: readonly string[], flags: Flags): Promise<void> {
  const { assumptions, cluster, phases } = question;
  const tell = (result: object, text: string, code: number): void => {
    console.log(flags.json ? JSON.stringify(result, withMaps, 2) : text);
    process.exitCode = code;
  };
  if (flags.eachNode) {
    const report = await reportEachNode({ ...question, futures });
    return tell(report, eachNodeText(report), eachNodeCode(report));
  }
  if (flags.rollingReboot) {
    const plan = await planRollingReboot({ ...question, futures });
    return tell(plan, planText(plan), planCode(plan));
  }
  if (texts.length === 0)
    throw new CommandFailure("say what happens: 'power n2 off', 'network n3 off at 30s', …", BAD_INPUT);
  const sids = [...cluster.resources.ids.keys()];
  const acts = readActs(texts, { nodes: cluster.nodes, sids });
  if ('problem' in acts) throw new CommandFailure(acts.problem, BAD_INPUT);
  const told = forecast(await futures.run({ cluster, acts, assumptions, phases }));
  tell(told, forecastText({ cluster, acts, assumptions }, told), exitCode(told));
}

function clusterOf({ from, now = false, root }: Flags): Promise<ClusterDescription> {
  if (from !== undefined && now) throw new CommandFailure('either --from DIR or --now', BAD_INPUT);
  if (from === undefined && !now)
    throw new CommandFailure('which cluster? --from DIR, a copy of /etc/pve, or --now', BAD_INPUT);
  return from === undefined ? describedByNode(root) : describedBy(from);
}

function assumptionsOf(flags: Flags, cluster: ClusterDescription): Assumptions {
  return {
    boot_s: numberOf(flags.boot, '--boot', 1, 3600),
    start_s: numberOf(flags.start, '--start', 0, 3600),
    stop_s: numberOf(flags.stop, '--stop', 0, 3600),
    migration_bytes_per_s: numberOf(flags.migration, '--migration', 1, 1_000_000) * 1024 * 1024,
    memory_bytes: nodeMemory(flags.nodeMemory, cluster.nodes),
    // A node of this software decides without the device.
    countsDevice: flags.from !== undefined,
  };
}

/** Bytes by node; of all others under the empty name. */
function nodeMemory(text: string | undefined, nodes: readonly string[]): Assumptions['memory_bytes'] {
  const memory: Record<string, number> = {};
  for (const part of text?.split(',') ?? []) {
    const [node, size] = part.includes('=') ? (part.split('=') as [string, string]) : ['', part];
    if (node !== '' && !nodes.includes(node))
      throw new CommandFailure(`--node-memory: there is no node '${node}'`, BAD_INPUT);
    memory[node] = numberOf(size, '--node-memory', 0.001, 1_000_000) * 1024 ** 3;
  }
  return memory;
}

function numberOf(text: string, option: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return option === '--phases' ? Math.floor(value) : value;
  throw new CommandFailure(`${option}: '${text}' is no number from ${least} to ${most}`, BAD_INPUT);
}

function withMaps(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}
