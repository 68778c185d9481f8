/** Starts `daemon.ts` as a child process and waits until it serves. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { DaemonAnswer, DaemonOptions } from './daemon.ts';

export interface MountedDaemon {
  readonly mountPoint: string;
  readonly database: string;
  readonly pid: number;
  /** All that the daemon has logged so far. */
  log(): string;
  /** Ends the daemon, by SIGKILL where it does not end by itself, and removes a temporary folder. Its exit code. */
  stop(): Promise<number | null>;
  /** Kills the daemon at once; the dead mount and the folder stay. */
  kill(): Promise<void>;
}

const START_BOUND_MS = 30_000;
const STOP_BOUND_MS = 5000;

export type DaemonRequest = Omit<DaemonOptions, 'mountPoint' | 'database'> & {
  /** Folder of mount point and database, which then outlives the daemon; a temporary one where absent. */
  readonly folder?: string;
};

/** A daemon that serves, or the reason why no mount can be made here. */
export async function startDaemon(request: DaemonRequest): Promise<MountedDaemon | { readonly reason: string }> {
  const folder = request.folder ?? (await mkdtemp(join(tmpdir(), 'pve-actors-mount-')));
  // Other users are to get as far as the mount point.
  await chmod(folder, 0o755);
  const options: DaemonOptions = { ...request, mountPoint: join(folder, 'pve'), database: join(folder, 'config.db') };
  const program = fileURLToPath(new URL('./daemon.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-100_000);
  });
  const cleanUp = async () => {
    if (request.folder === undefined) await rm(folder, { recursive: true, force: true });
  };
  const first = await firstLine(child);
  if (first === undefined || 'failure' in first) {
    await end(child, 'SIGKILL');
    await cleanUp();
    return { reason: first?.failure ?? `the daemon did not start: ${text.trim() || 'no message'}` };
  }
  return {
    mountPoint: options.mountPoint,
    database: options.database,
    pid: child.pid ?? 0,
    log: () => text,
    stop: async () => {
      await end(child, 'SIGTERM');
      await cleanUp();
      return child.exitCode;
    },
    kill: () => end(child, 'SIGKILL'),
  };
}

async function firstLine(child: ChildProcess): Promise<DaemonAnswer | undefined> {
  if (child.stdout === null) return undefined;
  const lines = createInterface(child.stdout);
  return new Promise((resolve) => {
    const bound = setTimeout(resolve, START_BOUND_MS, undefined);
    lines.once('line', (line) => {
      clearTimeout(bound);
      resolve(JSON.parse(line) as DaemonAnswer);
    });
    lines.once('close', () => {
      clearTimeout(bound);
      resolve(undefined);
    });
  });
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const bound = setTimeout(() => child.kill('SIGKILL'), STOP_BOUND_MS);
  await ended;
  clearTimeout(bound);
}
