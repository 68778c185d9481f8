#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Command, Option } from 'commander';
import { type BootFlags, boot } from './commands/boot.ts';
import { daemon } from './commands/daemon.ts';
import { demo } from './commands/demo.ts';
import { fileCommand } from './commands/file.ts';
import { installUnits } from './commands/install-units.ts';
import { followNodeLog } from './commands/log.ts';
import { projectRoot, runCommand } from './commands/project.ts';
import { dismiss, status } from './commands/status.ts';

const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string };
const root = () =>
  new Option('--root <dir>', 'the node whose files lie below this folder').env('PVE_ACTORS_ROOT').default('/');

const program = new Command('pve-actors')
  .description('the control plane of a Proxmox VE cluster: nodes, their state, their files')
  .version(version)
  .option('--debug', 'show stack traces');

program
  .command('boot')
  .description('run a node')
  .addOption(root())
  .option('--node <name>', 'name of the node instead of the host name; its address is then its ring0_addr')
  .option('--config <dir>', 'take corosync.conf and authkey from here where the node has none')
  .option('--only <names>', 'start only these actors of actors.json, separated by commas')
  .option('-l, --local', 'ignore the cluster configuration and force quorum')
  .option('--no-mount', 'do without the mount')
  .addOption(
    new Option('--ack <mode>', 'when a change is acknowledged').choices(['majority', 'local']).default('majority'),
  )
  .addOption(
    new Option('--tree <mode>', 'upstream: with original members').choices(['solo', 'upstream']).default('solo'),
  )
  .addOption(new Option('--synchronous <mode>', 'of the database').choices(['normal', 'full']).default('normal'))
  .option('--trace <file>', 'write all that happens in the cluster process to this file')
  .option('--until-stdin-ends', 'end when standard input does')
  .option('--time-scale <factor>', 'for tests: a part of the times of high availability')
  .addOption(
    new Option('--hypervisor <kind>', 'for tests: guests are processes that their files name')
      .choices(['none', 'process'])
      .default('none'),
  )
  .option('--debug', 'log debug lines, show stack traces')
  .action((flags: BootFlags) =>
    runCommand(async () => {
      process.exit(await boot(flags));
    }),
  );

program
  .command('demo')
  .description('run a cluster of three nodes on this machine and follow its log')
  .option('--dir <dir>', 'where the nodes live', 'var')
  .option('--nodes <count>', 'how many', '3')
  .option('--no-mount', 'do without mounts')
  .action((flags) => runCommand(() => demo(flags)));

program
  .command('status')
  .description('what a node is doing')
  .addOption(root())
  .option('--json', 'for programs')
  .action((flags) => runCommand(() => status(flags)));

program
  .command('daemon')
  .description('start or stop one daemon of a running node; for its unit')
  .addArgument(new Argument('<action>').choices(['start', 'stop', 'restart']))
  .argument('<name>', 'as `status` shows it')
  .addOption(root())
  .action((action: string, name: string, flags) => runCommand(() => daemon(action, name, flags)));

program
  .command('dismiss <id>')
  .description('stop showing a kept database of a losing side')
  .addOption(root())
  .action((id: string, flags) => runCommand(() => dismiss(id, flags)));

program
  .command('log')
  .description('the log of a node')
  .addOption(root())
  .option('-f, --follow', 'go on with new lines')
  .option('-n, --lines <count>', 'how many of the last lines', '50')
  .action((flags) => runCommand(() => followNodeLog(flags)));

program.addCommand(fileCommand(root));

// The simulator is large: what runs a node does without it.
const NODE_COMMANDS = ['boot', 'demo', 'status', 'daemon', 'dismiss', 'log', 'file', 'install-units'];
if (!NODE_COMMANDS.includes(process.argv[2] ?? '')) await addOfflineCommands();

async function addOfflineCommands(): Promise<void> {
  const [
    { simCommand },
    { simHaCommand },
    { importCommand },
    { explainCommand },
    { doctorCommand },
    { whatIfCommand },
  ] = await Promise.all([
    import('./commands/sim.ts'),
    import('./commands/sim-ha.ts'),
    import('./commands/import-cluster-conf.ts'),
    import('./commands/explain.ts'),
    import('./commands/doctor.ts'),
    import('./commands/what-if.ts'),
  ]);
  const sim = simCommand();
  program.addCommand(sim.addCommand(simHaCommand().copyInheritedSettings(sim)));
  // Its exit codes are its answer: bad usage is 1, as with bad input.
  sim.addCommand(whatIfCommand().exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 1)));
  program.addCommand(importCommand());
  program.addCommand(explainCommand());
  program.addCommand(doctorCommand());
  const { machinesCommand } = await import('./commands/machines.ts');
  program.addCommand(machinesCommand());
  const { visualizeCommand } = await import('./commands/visualize.ts');
  program.addCommand(visualizeCommand());
  const { apiCommand } = await import('./commands/api.ts');
  program.addCommand(apiCommand());
}

program
  .command('install-units')
  .description('write systemd units for this machine')
  .option('--dir <dir>', 'where', '/etc/systemd/system')
  .action((flags) => runCommand(() => installUnits(flags)));

await program.parseAsync();
