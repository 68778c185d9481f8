import { Command } from 'commander';
import { examinationCode, examinationText, examine } from '../../actors/doctor/doctor.ts';
import { runCommand } from './project.ts';
import { describedBy, describedByNode, machineAt } from './tree-source.ts';

interface Flags {
  readonly from?: string;
  readonly root: string;
  readonly json?: boolean;
}

/** `pve-actors doctor`: exit code 0 where nothing is to be done, 2 where something is, 1 where it can't be examined. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('what in a cluster would let it down, before it does; changes nothing')
    .option('--from <dir>', 'a copy of /etc/pve instead of the node of this machine')
    .option('--root <dir>', 'the node whose files lie below this folder', '/')
    .option('--json', 'for programs')
    .option('--debug', 'show stack traces')
    .addHelpText('after', '\nexit codes: 0 nothing to do, 2 warnings or errors, 1 bad input')
    .action(({ from, json = false, root }: Flags) =>
      runCommand(async () => {
        const cluster = from === undefined ? await describedByNode(root) : await describedBy(from);
        const machine = from === undefined ? machineAt(root) : undefined;
        const examination = examine(cluster, machine);
        console.log(json ? JSON.stringify(examination, undefined, 2) : examinationText(examination));
        process.exitCode = examinationCode(examination);
      }),
    );
}
