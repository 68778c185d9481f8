/** Worker processes that inherit a listening socket (spec/api.md §1.2): started, asked to end, killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { moduleUrl } from '../comedy/actor-module.ts';

export interface WorkerOrder {
  /** Path from the root of the repository; exports `startWorker`. */
  readonly module: string;
  /** JSON; given to `startWorker`. */
  readonly settings: unknown;
  /** The listening socket. */
  readonly fd: number;
  readonly title: string;
  /** Become this user and group; undefined: stay who we are. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

export interface WorkerEvents {
  ready(): void;
  ended(reason: string): void;
  log(level: 'error' | 'warning' | 'notice' | 'info', domain: string, message: string): void;
}

export interface WorkerProcess {
  readonly pid: number;
  terminate(): void;
  kill(): void;
}

/** Where the worker finds the socket. */
export const LISTENING_FD = 4;

/** What a worker says to its parent. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'log';
      readonly level: 'error' | 'warning' | 'notice' | 'info';
      readonly domain: string;
      readonly message: string;
    };

export function startWorkerProcess(order: WorkerOrder, events: WorkerEvents): WorkerProcess {
  const entry = fileURLToPath(moduleUrl('runtime/http/worker-child.ts'));
  const { module, settings, fd, title, owner } = order;
  const child: ChildProcess = spawn(
    process.execPath,
    [...process.execArgv, entry, moduleUrl(module), JSON.stringify(settings), title],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc', fd], ...owner },
  );
  let reason: string | undefined;
  child.on('message', (message: FromWorker) => {
    if (message.kind === 'ready') events.ready();
    else events.log(message.level, message.domain, message.message);
  });
  child.once('error', (error) => {
    if (child.pid === undefined) events.ended(error.message);
    else reason = error.message;
  });
  child.once('exit', (code, signal) => events.ended(reason ?? signal ?? `exit code ${code}`));
  return {
    pid: child.pid ?? 0,
    terminate: () => void child.kill('SIGTERM'),
    kill: () => void child.kill('SIGKILL'),
  };
}
