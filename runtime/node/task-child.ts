/** The inside of a task's process: runs the task's module and writes the last line of its log. */

import type { Clock } from '../clock/clock.ts';
import { createRealClock } from '../clock/real.ts';
import type { Log } from '../log/log.ts';
import type { Random } from '../random/random.ts';
import { createSystemRandom } from '../random/system.ts';

export interface TaskBase {
  readonly upid: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Lines of the task's log; warnings are counted. */
  readonly log: Log;
  /** A line of the task's log. */
  print(line: string): void;
}

export interface RunTask {
  /** A failure is thrown. */
  runTask(base: TaskBase, settings: unknown): Promise<void>;
  /** Called with the end status, before the process ends. */
  taskEnded(base: TaskBase, settings: unknown, status: string): Promise<void>;
}

const [, , url = '', settings = '{}', upid = ''] = process.argv;
process.title = `task ${upid}`;
let warnings = 0;
const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const log: Log = {
  write: (_domain, level, message) => {
    if (level === 'debug') return;
    if (level === 'warning') warnings += 1;
    print(level === 'warning' ? `WARN: ${message}` : message);
  },
};
const base: TaskBase = { upid, clock: createRealClock(), random: createSystemRandom(), log, print };
const task = (await import(url)) as RunTask;
const given: unknown = JSON.parse(settings);
let isOver = false;

async function end(status: string): Promise<void> {
  if (isOver) return;
  isOver = true;
  const isError = status !== 'OK' && !/^WARNINGS: \d+$/.test(status);
  print(`TASK ${isError ? `ERROR: ${status}` : status}`);
  await task.taskEnded(base, given, status).catch(() => {});
  process.exit(isError ? 255 : 0);
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)
  process.on(signal, () => void end('received interrupt'));
task.runTask(base, given).then(
  () => end(warnings > 0 ? `WARNINGS: ${warnings}` : 'OK'),
  (error: Error) => end(error.message.trim().replace(/\n/g, ' ')),
);
