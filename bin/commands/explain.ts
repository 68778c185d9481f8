import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { nodeLayout } from '../../runtime/node/layout.ts';
import { explainFence } from '../../simulations/explain/fence/explain-fence.ts';
import { runCommand } from './project.ts';

interface Flags {
  readonly blackBox?: readonly string[];
  readonly fromJournal?: readonly string[];
  readonly json?: boolean;
}

/** `pve-actors explain`: what happened in a real cluster, and why. Reads files, touches nothing. */
export function explainCommand(): Command {
  const explain = new Command('explain').description('what happened in a cluster, and why');
  explain
    .command('fence <node>')
    .description('why a node was fenced: from black boxes and logs of this software, or of stock Proxmox VE nodes')
    .option('--black-box <file...>', "files, or nodes' directories; default: the cluster below ./var, or this node")
    .option('--from-journal <file...>', 'output of journalctl, or syslog files, of any nodes in any mixture')
    .option('--json', 'for programs')
    .option('--debug', 'show stack traces')
    .addHelpText('after', '\nexit codes: 0 explained, 1 nothing found')
    .action((node: string, { blackBox = [], fromJournal = [], json = false }: Flags) =>
      runCommand(async () => {
        const given = [...blackBox, ...fromJournal];
        const paths = given.length > 0 ? given : localNodes('.');
        const print = (text: string): void => console.log(text);
        const complain = (text: string): void => console.error(text);
        process.exitCode = await explainFence({ node, paths, isJson: json, now_ms: Date.now(), print, complain });
      }),
    );
  return explain;
}

/** Nodes that `npm start` has made below `folder`, or the machine itself. */
function localNodes(folder: string): readonly string[] {
  const cluster = join(folder, 'var');
  const names = existsSync(cluster) ? readdirSync(cluster).sort() : [];
  const roots = names.map((name) => join(cluster, name)).filter((root) => existsSync(nodeLayout(root).logDirectory));
  return roots.length > 0 ? roots : [nodeLayout('/').logDirectory];
}
