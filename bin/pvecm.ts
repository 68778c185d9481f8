#!/usr/bin/env node
import { resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { normaliseCommandLine } from '../actors/command-line/arguments.ts';
import { admitNode, dismissNode, JOIN_API_VERSION } from '../actors/pvecm/admit-node.ts';
import { createCluster, generateKey } from '../actors/pvecm/create-cluster.ts';
import { PvecmFailure } from '../actors/pvecm/failure.ts';
import { joinCluster } from '../actors/pvecm/join-cluster.ts';
import type { LinkTexts } from '../actors/pvecm/links.ts';
import { memberCommand } from '../actors/pvecm/member-command.ts';
import { answerTunnel } from '../actors/pvecm/migration-tunnel.ts';
import { NodeClient } from '../actors/pvecm/node-client.ts';
import { type PvecmPorts, printLine } from '../actors/pvecm/ports.ts';
import { setExpectedVotes, showNodes, showStatus } from '../actors/pvecm/status.ts';
import { updateCertificates } from '../actors/pvecm/update-certs.ts';
import { createRealClock } from '../runtime/clock/real.ts';
import { shortHostName } from '../runtime/node/host-identity.ts';
import { nodeLayout } from '../runtime/node/layout.ts';
import { ownUid } from '../runtime/node/node-directories.ts';
import { createSystemRandom } from '../runtime/random/system.ts';
import { treeOf, usageError } from './commands/usage.ts';

interface ProgramFlags {
  readonly root: string;
  readonly node?: string;
  readonly debug?: boolean;
}

type Flags = Readonly<Record<string, string | number | boolean | undefined>>;

const warn = (line: string) => process.stderr.write(`${line}\n`);
const LINKS = [0, 1, 2, 3, 4, 5, 6, 7] as const;

const program = new Command('pvecm')
  .description('the cluster that this node belongs to')
  .addOption(new Option('--root <dir>', 'the node whose files lie below DIR').env('PVE_ACTORS_ROOT').default('/'))
  .option('--node <name>', 'name of this node instead of the host name')
  .option('--debug', 'show stack traces')
  .exitOverride()
  .configureOutput({ outputError: () => {} });

/** Runs a command on the node that the options name; its result, where it has one, is the exit code. */
async function onNode(run: (ports: PvecmPorts, nodeName: string) => Promise<unknown>): Promise<void> {
  const { root, node } = program.opts<ProgramFlags>();
  if (resolve(root) === '/' && ownUid() !== 0) throw new PvecmFailure('please run as root');
  const layout = nodeLayout(resolve(root));
  const client = new NodeClient(layout);
  const ports: PvecmPorts = {
    layout,
    client,
    clock: createRealClock(),
    random: createSystemRandom(),
    print: (text) => process.stdout.write(text),
    warn,
  };
  try {
    const name = node ?? (await client.describeIfRunning())?.node ?? shortHostName();
    const code = await run(ports, name);
    process.exitCode = typeof code === 'number' ? code : 0;
  } finally {
    client.close();
  }
}

/** A command of pvecm; commander checks the arguments, `whole` the numbers. */
function command(usage: string, description: string): Command {
  return program.command(usage).description(description).allowExcessArguments(false);
}

function whole(name: string, least: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least) return value;
    const why = Number.isNaN(value)
      ? `type check ('integer') failed - got '${text}'`
      : `value must be at least ${least}`;
    throw new PvecmFailure(`400 Parameter verification failed.\n${name}: ${why}`);
  };
}

function withLinks(into: Command): Command {
  for (const link of LINKS) into.option(`--link${link} <addr>`, 'address[,priority=0..255] of this node on that link');
  return into;
}

function linksOf(flags: Flags): LinkTexts {
  return new Map(
    LINKS.flatMap((link) => {
      const text = flags[`link${link}`];
      return typeof text === 'string' ? [[link, text] as const] : [];
    }),
  );
}

withLinks(command('create <clustername>', 'make a cluster of this node'))
  .option('--nodeid <n>', 'of this node (default: 1)', whole('nodeid', 1))
  .option('--votes <n>', 'of this node (default: 1)', whole('votes', 1))
  .option('--token-coefficient <ms>', 'per node beyond two (default: 125)', whole('token-coefficient', 0))
  .action((clusterName: string, flags) =>
    onNode((ports, nodeName) => createCluster(ports, { ...flags, clusterName, nodeName, links: linksOf(flags) })),
  );

withLinks(command('add <hostname>', 'join the cluster of another node'))
  .option('--via <command>', "how to reach pvecm of a member, e.g. 'ssh root@n1 pvecm'")
  .option('--nodeid <n>', 'of this node (default: the smallest free one)', whole('nodeid', 1))
  .option('--votes <n>', 'of this node (default: 1)', whole('votes', 0))
  .option('--force', 'join in spite of what is found on this node')
  .action((hostname: string, flags) => {
    if (flags.via === undefined) {
      const how = `pvecm add ${hostname} --via 'ssh root@${hostname} pvecm'`;
      throw new PvecmFailure(`joining over HTTPS isn't there yet; reach a member by a command: ${how}`, 1);
    }
    return onNode((ports, nodeName) =>
      joinCluster(ports, {
        ...flags,
        nodeName,
        member: memberCommand(flags.via, warn),
        links: linksOf(flags),
        workingDirectory: process.cwd(),
      }),
    );
  });

withLinks(command('addnode <node>', 'add a node to the configuration (called by the node that joins)'))
  .option('--apiversion <n>', 'of the joining node', whole('apiversion', 0))
  .option('--new_node_ip <addr>', 'address of the only link where none is given')
  .option('--nodeid <n>', 'default: the smallest free one', whole('nodeid', 1))
  .option('--votes <n>', 'default: 1', whole('votes', 0))
  .option('--force', 'also where a node of that name is there')
  .option('--join-info', 'print what the joining node needs as JSON; it holds the key of the cluster')
  .action((name: string, flags) =>
    onNode(async (ports) => {
      const information = await admitNode(
        // What is printed is for the joining node alone.
        { ...ports, print: (text) => process.stderr.write(text) },
        { ...flags, name, links: linksOf(flags), newNodeAddress: flags.new_node_ip, apiVersion: flags.apiversion },
      );
      if (flags.joinInfo) printLine(ports, JSON.stringify(information));
      else for (const warning of information.warnings) warn(warning);
    }),
  );

command('delnode <node>', 'remove a node from the configuration').action((node: string) =>
  onNode((ports, nodeName) => dismissNode(ports, node, nodeName)),
);

command('status', 'the cluster, its quorum and its members').action(() => onNode(showStatus));

command('nodes', 'the members').action(() => onNode(showNodes));

command('expected <expected>', 'set the expected votes until the next restart').action((text: string) => {
  const votes = whole('expected', 1)(text);
  return onNode((ports) => setExpectedVotes(ports, votes));
});

command('keygen <filename>', 'make a key for the cluster').action((filename: string) =>
  onNode(async (ports) => generateKey(ports, resolve(filename))),
);

command('apiver', 'version of the exchange with joining nodes').action(() => console.log(JOIN_API_VERSION));

command('mtunnel', 'what a migrating node asks of its target')
  .option('--get_migration_ip', "print this node's address in the migration network")
  .option('--migration_network <cidr>', 'default: that of datacenter.cfg')
  .action((flags) =>
    onNode((ports) => answerTunnel(ports, { wantsAddress: flags.get_migration_ip, network: flags.migration_network })),
  );

command('updatecerts', 'make missing directories, keys and certificates')
  .option('--force', "renew this node's certificate")
  .option('--silent', 'say nothing, and ignore failures')
  .option('--unmerge-known-hosts', "make the host's list of known hosts its own again")
  .action((flags) =>
    onNode((ports, nodeName) =>
      updateCertificates(ports, { ...flags, nodeName }).catch((error: Error) => {
        if (!flags.silent) throw error;
      }),
    ),
  );

function report(error: unknown, name: string | undefined): void {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return;
    const used = program.commands.find((candidate) => candidate.name() === name);
    warn(used === undefined ? usageError(error) : `${usageError(error)}\npvecm ${used.name()} ${used.usage()}`);
    process.exitCode = 255;
    return;
  }
  const { message, stack } = error as Error;
  warn(process.argv.includes('--debug') ? (stack ?? message) : message);
  process.exitCode = error instanceof PvecmFailure ? error.exitCode : 255;
}

const normalised = normaliseCommandLine(treeOf(program), process.argv.slice(2));
try {
  if ('error' in normalised) {
    const isAboutCommands = normalised.error.startsWith('ERROR: ');
    throw new PvecmFailure(
      isAboutCommands ? `${normalised.error}\n${program.helpInformation().trimEnd()}` : normalised.error,
    );
  }
  await program.parseAsync(normalised.args as string[], { from: 'user' });
} catch (error) {
  report(error, 'args' in normalised ? normalised.args[0] : undefined);
}
