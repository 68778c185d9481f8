#!/usr/bin/env node
/** `pmxcfs`: the file system of the cluster as a daemon of its own, with the original's options (spec/pmxcfs.md §1.9). */
import { Command, CommanderError, Option } from 'commander';
import { type PmxcfsFlags, pmxcfs } from './commands/pmxcfs.ts';
import { runCommand } from './commands/project.ts';

const program = new Command('pmxcfs')
  .description('the replicated configuration file system of a Proxmox VE cluster')
  .option('-d, --debug', 'turn on debug messages')
  .option('-f, --foreground', 'do not daemonise')
  .option('-l, --local', 'force local mode: ignore corosync.conf, force quorum')
  .addOption(new Option('--root <dir>', 'the node whose files lie below DIR').env('PVE_ACTORS_ROOT').default('/'))
  .option('--node <name>', 'name of the node instead of the host name')
  .option('--no-mount', 'do without the mount')
  .addOption(new Option('--report-start').hideHelp())
  .allowExcessArguments(false)
  .exitOverride()
  .configureOutput({ outputError: () => {} });

program.action((flags: PmxcfsFlags) =>
  runCommand(async () => {
    process.exit(await pmxcfs(flags));
  }),
);

/** The original's words for what is wrong with the arguments. */
function refuse({ code, message }: CommanderError): void {
  if (code === 'commander.excessArguments') {
    console.error('too many arguments');
    process.exitCode = 255;
    return;
  }
  const text = message.replace(/^error: /, '').split('\n')[0] ?? '';
  const option = /^unknown option '([^']*)'/.exec(text)?.[1];
  console.error(`option parsing failed: ${option === undefined ? text : `Unknown option ${option}`}`);
  process.exitCode = 1;
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  if (error.exitCode !== 0) refuse(error);
}
