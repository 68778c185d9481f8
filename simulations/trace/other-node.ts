/** Another version of Node, from the registry's package of its binary, kept beside the installed packages. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const OTHER_VERSION = '22.23.3';

const install_limit_ms = 300_000;
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Path of its program; a reason where this machine can't have it. Downloads it at the first call. */
export function otherNode(): { readonly program: string } | { readonly reason: string } {
  if (process.platform !== 'linux') return { reason: `no binary for ${process.platform} is known` };
  const name = `node-linux-${process.arch}`;
  const folder = join(root, 'node_modules', '.cache', 'pve-actors', `${name}-${OTHER_VERSION}`);
  const program = join(folder, 'node_modules', name, 'bin', 'node');
  if (existsSync(program)) return { program };
  // Two tests that install at once must not see half of it.
  const making = `${folder}.${process.pid}`;
  try {
    mkdirSync(making, { recursive: true });
    const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    execFileSync('npm', ['install', '--prefix', making, ...flags, `${name}@${OTHER_VERSION}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: install_limit_ms,
    });
    if (!existsSync(folder)) renameSync(making, folder);
    return existsSync(program) ? { program } : { reason: `the package ${name} has no bin/node` };
  } catch (error) {
    return { reason: `${name}@${OTHER_VERSION} can't be installed: ${(error as Error).message.split('\n', 1)[0]}` };
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}
