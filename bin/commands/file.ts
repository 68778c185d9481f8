import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { Command, type Option } from 'commander';
import { nodeLayout } from '../../runtime/node/layout.ts';
import { CommandFailure, runCommand } from './project.ts';
import { callCluster } from './sockets.ts';

interface Flags {
  readonly root: string;
}

async function call(flags: Flags, path: string, method: string, params: object = {}): Promise<unknown> {
  const result = await callCluster(nodeLayout(resolve(flags.root)), method, { path, ...params });
  const errno = (result as { errno?: number } | null)?.errno;
  if (errno === undefined) return result;
  const [code, text] = getSystemErrorMap().get(errno) ?? [`errno ${-errno}`, 'unknown error'];
  throw new CommandFailure(`${path}: ${text} (${code})`);
}

const cat = async (path: string, flags: Flags) => {
  process.stdout.write(Buffer.from((await call(flags, path, 'file-read')) as string, 'base64'));
};

const ls = async (path: string, flags: Flags) => {
  await call(flags, path, 'file-attributes');
  const entries = (await call(flags, path, 'file-list')) as { name: string; kind: string }[];
  for (const { name, kind } of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    console.log(kind === 'directory' ? `${name}/` : name);
  }
};

const put = async (path: string, source: string | undefined, flags: Flags) => {
  let data: Buffer;
  try {
    data = readFileSync(source ?? 0);
  } catch (error) {
    throw new CommandFailure(`cannot read ${source ?? 'standard input'}: ${(error as Error).message}`);
  }
  await call(flags, path, 'file-write', { data: data.toString('base64') });
};

/** `pve-actors file …`: the files of `/etc/pve` without a mount. */
export function fileCommand(root: () => Option): Command {
  const file = new Command('file').description('files of the cluster, without the mount');
  const add = (usage: string, description: string) => file.command(usage).description(description).addOption(root());
  add('cat <path>', 'print a file').action((path, flags) => runCommand(() => cat(path, flags)));
  add('ls [path]', 'list a directory').action((path = '', flags) => runCommand(() => ls(path, flags)));
  add('put <path> [source]', 'create or replace a file from a file or standard input').action((path, source, flags) =>
    runCommand(() => put(path, source, flags)),
  );
  add('mkdir <path>', 'make a directory').action((path, flags) =>
    runCommand(() => call(flags, path, 'file-make-directory')),
  );
  add('rm <path>', 'remove a file').action((path, flags) => runCommand(() => call(flags, path, 'file-remove')));
  add('rmdir <path>', 'remove an empty directory').action((path, flags) =>
    runCommand(() => call(flags, path, 'file-remove-directory')),
  );
  add('mv <path> <to>', 'rename').action((path, to, flags) =>
    runCommand(() => call(flags, path, 'file-rename', { to })),
  );
  return file;
}
