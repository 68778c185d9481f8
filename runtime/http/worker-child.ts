/**
 * The inside of a worker process: loads the module that it is told, gives it the listening socket, and ends in order. A parent that is
 * gone means the end, too.
 */

import type { Clock } from '../clock/clock.ts';
import { createRealClock } from '../clock/real.ts';
import type { Log, LogLevel } from '../log/log.ts';
import type { Random } from '../random/random.ts';
import { createSystemRandom } from '../random/system.ts';
import { type FromWorker, LISTENING_FD } from './worker-process.ts';

export interface WorkerBase {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly fd: number;
  /** Asks to be replaced: the worker drains and ends. */
  giveWay(): void;
}

export interface Worker {
  /** Accepts no more; resolves when the last connection has ended. */
  drain(): Promise<void>;
}

export type StartWorker = (base: WorkerBase, settings: unknown) => Promise<Worker>;

const [, , url = '', settings = '{}', title = 'worker'] = process.argv;
process.title = title;
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});

const send = (message: FromWorker): void => {
  if (process.connected) process.send?.(message, undefined, {}, () => {});
};
const levels: Readonly<Partial<Record<LogLevel, 'error' | 'warning' | 'notice' | 'info'>>> = {
  crit: 'error',
  error: 'error',
  warning: 'warning',
  notice: 'notice',
  info: 'info',
};
const log: Log = {
  write: (domain, level, message) => {
    const told = levels[level];
    if (told !== undefined) send({ kind: 'log', level: told, domain, message });
  },
};

const { startWorker } = (await import(url)) as { startWorker: StartWorker };
try {
  const base = { clock: createRealClock(), random: createSystemRandom(), log, fd: LISTENING_FD, giveWay: () => end() };
  let isEnding = false;
  const end = () => {
    if (isEnding) return;
    isEnding = true;
    process.title = `${title} (shutdown)`;
    worker.drain().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  const worker = await startWorker(base, JSON.parse(settings));
  process.on('SIGTERM', end);
  process.on('SIGQUIT', end);
  process.on('disconnect', end);
  send({ kind: 'ready' });
} catch (error) {
  send({ kind: 'log', level: 'error', domain: title, message: (error as Error).message });
  setTimeout(() => process.exit(1), 100);
}
