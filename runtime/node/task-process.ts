/**
 * Processes of tasks (spec/api.md §7.3): each in a session of its own, so that stopping reaches all that it has started, and a crash
 * of the daemon that started it doesn't. The process waits for its identifier, which holds its own number and start time.
 */
import { spawn } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { moduleUrl } from '../comedy/actor-module.ts';

export interface TaskProcessOrder {
  /** Path from the root of the repository; exports `runTask`. */
  readonly module: string;
  /** JSON; given to `runTask`. */
  readonly settings: unknown;
  /** Names the task by its process. */
  readonly upidOf: (pid: number, pstart: number) => string;
  readonly logOf: (upid: string) => string;
  /** Whose the log is. */
  readonly logOwner: { readonly uid: number; readonly gid: number } | undefined;
}

/** It becomes the task when it has been told log and identifier, with the process number that it has now. */
const WAIT_FOR_NAME = 'read -r log && read -r upid && exec "$@" "$upid" >>"$log" 2>&1 </dev/null';

/** The identifier, or a sentence. */
export function startTaskProcess(order: TaskProcessOrder): { readonly upid: string } | { readonly failure: string } {
  const entry = fileURLToPath(moduleUrl('runtime/node/task-child.ts'));
  const command = [
    process.execPath,
    ...process.execArgv,
    entry,
    moduleUrl(order.module),
    JSON.stringify(order.settings),
  ];
  const child = spawn('/bin/sh', ['-c', WAIT_FOR_NAME, 'task', ...command], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.on('error', () => {});
  const { pid } = child;
  const pstart = pid === undefined ? undefined : processStart(pid);
  if (pid === undefined || pstart === undefined) return { failure: 'starting worker failed: no process' };
  const upid = order.upidOf(pid, pstart);
  const log = order.logOf(upid);
  try {
    mkdirSync(dirname(log), { recursive: true });
    writeFileSync(log, '', { mode: 0o640 });
    if (order.logOwner !== undefined) chownSync(log, order.logOwner.uid, order.logOwner.gid);
  } catch (error) {
    child.kill('SIGKILL');
    return { failure: `starting worker failed: ${(error as Error).message}` };
  }
  child.stdin.on('error', () => {});
  child.stdin.end(`${log}\n${upid}\n`);
  child.unref();
  return { upid };
}

/** Start time of a process in clock ticks since the machine's start; undefined where it is gone. */
export function processStart(pid: number): number | undefined {
  const fields = statFields(pid);
  return fields === undefined || fields[0] === 'Z' ? undefined : Number(fields[19]);
}

/** Fields of `/proc/<pid>/stat` behind the name, which may hold anything. */
function statFields(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** To the whole group of the task; false where it is gone. */
export function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}
