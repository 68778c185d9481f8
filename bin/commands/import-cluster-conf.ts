import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Command } from 'commander';
import { importClusterConf } from '../../machines/ha/legacy/cluster-conf.ts';
import type { GuestKinds } from '../../machines/ha/legacy/guest-services.ts';
import { CommandFailure, runCommand } from './project.ts';

interface Flags {
  readonly guests?: string;
  readonly output?: string;
}

/** `pve-actors import`: what a cluster.conf of Proxmox VE 3.x comes to. Nothing of a cluster is changed. */
export function importCommand(): Command {
  return new Command('import')
    .description('files and report for a cluster.conf of Proxmox VE 3.x; changes nothing in a cluster')
    .argument('<file>', 'cluster.conf')
    .option('--guests <file>', 'JSON object of guest ids and their kinds, {"100": "ct"}; guests not in it are VMs')
    .option('--output <dir>', 'write resources.cfg, rules.cfg, fence.cfg and report there instead of printing them')
    .action((file: string, flags: Flags) => runCommand(async () => importFile(file, flags)));
}

function importFile(file: string, { guests, output }: Flags): void {
  const imported = importClusterConf(readText(file), guests === undefined ? {} : readGuests(guests));
  if ('failure' in imported) throw new CommandFailure(`${file}: ${imported.failure}`);
  const texts = Object.entries(imported.files).map(([path, text]): [string, string] => [basename(path), text]);
  texts.push(['report', imported.report]);
  if (output === undefined) {
    for (const [name, text] of texts) process.stdout.write(`# ${name}\n${text}\n`);
    return;
  }
  writeNew(resolve(output), texts);
}

/** Never overwrites: somebody may have edited the result of an earlier import. Fence devices have passwords. */
function writeNew(directory: string, texts: readonly (readonly [name: string, text: string])[]): void {
  try {
    mkdirSync(directory, { recursive: true });
    for (const [name, text] of texts) writeFileSync(join(directory, name), text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw new CommandFailure(`cannot write to ${directory}: ${(error as Error).message}`);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailure(`cannot read ${file}: ${(error as Error).message}`);
  }
}

function readGuests(file: string): GuestKinds {
  const text = readText(file);
  try {
    const guests: unknown = JSON.parse(text);
    if (isGuestKinds(guests)) return guests;
  } catch {
    // The sentence below says what is wanted.
  }
  throw new CommandFailure(`${file} is no JSON object of guest ids and "vm" or "ct"`);
}

function isGuestKinds(value: unknown): value is GuestKinds {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((kind) => kind === 'vm' || kind === 'ct');
}
