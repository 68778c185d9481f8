/** One run of `ha-manager`: its arguments, the node that they name, and the exit code. */
import { resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { normaliseCommandLine } from '../../actors/command-line/arguments.ts';
import { ToolFailure } from '../../actors/command-line/failure.ts';
import type { Terminal } from '../../actors/command-line/output-format.ts';
import { ask, change } from '../../actors/ha-manager/node-state.ts';
import { PvecmFailure } from '../../actors/pvecm/failure.ts';
import { NodeClient } from '../../actors/pvecm/node-client.ts';
import type { PvecmPorts } from '../../actors/pvecm/ports.ts';
import { createRealClock } from '../../runtime/clock/real.ts';
import { shortHostName } from '../../runtime/node/host-identity.ts';
import { nodeLayout } from '../../runtime/node/layout.ts';
import { ownUid } from '../../runtime/node/node-directories.ts';
import { createSystemRandom } from '../../runtime/random/system.ts';
import { addHaCommands, type HaManagement } from './ha-manager.ts';
import { shortUsage, treeOf, usageError, usageListing } from './usage.ts';

export interface Output {
  /** Writes to standard output as it is. */
  readonly print: (text: string) => void;
  /** Writes a line to standard error. */
  readonly warn: (line: string) => void;
  readonly terminal: Terminal;
}

interface ProgramFlags {
  readonly root: string;
  readonly node?: string;
  readonly debug?: boolean;
}

/** The original's code of all failures (spec/cli.md §1.1). */
const FAILED = 255;

/** Resolves to the exit code. */
export async function runHaManager(args: readonly string[], output: Output): Promise<number> {
  const { print, warn, terminal } = output;
  const program = new Command('ha-manager')
    .description('highly available guests of the cluster')
    .addOption(new Option('--root <dir>', 'the node whose files lie below DIR').env('PVE_ACTORS_ROOT').default('/'))
    .option('--node <name>', 'name of this node instead of the host name')
    .option('--debug', 'show stack traces')
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: print, outputError: () => {} });
  addHaCommands(
    program,
    managementOn(output, () => program.opts<ProgramFlags>()),
    terminal,
  );

  const normalised = normaliseCommandLine(treeOf(program, ['migrate', 'relocate']), args);
  if ('error' in normalised) {
    warn(normalised.error.startsWith('ERROR: ') ? `${normalised.error}\n${usageListing(program)}` : normalised.error);
    return FAILED;
  }
  try {
    await program.parseAsync([...normalised.args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help that was asked for.
      if (error.exitCode === 0) return 0;
      warn(`${usageError(error)}\n${shortUsage(program, normalised.path)}`);
      return FAILED;
    }
    const { message, stack } = error as Error;
    warn(program.opts<ProgramFlags>().debug ? (stack ?? message) : message);
    if (error instanceof ToolFailure && error.isAboutUsage) warn(shortUsage(program, normalised.path));
    return error instanceof PvecmFailure ? error.exitCode : FAILED;
  }
}

function managementOn({ print, warn }: Output, flags: () => ProgramFlags): HaManagement {
  const onNode = async (run: (ports: PvecmPorts, nodeName: string) => Promise<string>): Promise<void> => {
    const { root, node } = flags();
    if (resolve(root) === '/' && ownUid() !== 0) throw new ToolFailure('please run as root');
    const layout = nodeLayout(resolve(root));
    const client = new NodeClient(layout);
    try {
      const name = node ?? (await client.describeIfRunning())?.node ?? shortHostName();
      print(await run({ layout, client, clock: createRealClock(), random: createSystemRandom(), print, warn }, name));
    } finally {
      client.close();
    }
  };
  return {
    change: (operation, given, report = () => '') =>
      onNode(async (ports, node) => report(await change(ports, node, (state) => operation(state, given)))),
    show: (operation, given, report) =>
      onNode(async (ports, node) => report(await ask(ports, node, (state) => operation(state, given)))),
  };
}
