/** The files of a node's tasks below `/var/log/pve/tasks` (spec/api.md §7.2): logs, the lists and their lock. */
import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { taskLogFolder, taskLogName } from '../formats/upid.ts';
import { takeInstanceLock } from './instance-lock.ts';
import { processStart, signalGroup, startTaskProcess, type TaskProcessOrder } from './task-process.ts';

export interface TaskFiles {
  logPath(upid: string): string;
  /** Text and time of the last change in seconds since 1970; undefined where there is no such log. */
  log(upid: string): { readonly text: string; readonly mtime_s: number } | undefined;
  /** Texts of the lists; empty where they are missing. */
  active(): string;
  archive(which: 'index' | 'index.1'): string;
  /** Runs `change` while this process alone may write the lists. */
  locked<T>(change: () => T): Promise<T>;
  writeActive(text: string): void;
  appendArchive(text: string, limit_bytes: number): void;
  start(order: Omit<TaskProcessOrder, 'logOf'>): ReturnType<typeof startTaskProcess>;
  isRunning(pid: number, pstart: number): boolean;
  signal(pid: number, signal: 'SIGTERM' | 'SIGKILL'): boolean;
}

const LOCK_WITHIN_MS = 10_000;
const LOCK_RETRY_MS = 20;

export function taskFiles(root: string): TaskFiles {
  const folder = join(root, taskLogFolder);
  const at = (name: string) => join(folder, name);
  const textOf = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  };
  return {
    logPath: (upid) => at(taskLogName(upid)),
    log: (upid) => {
      try {
        const path = at(taskLogName(upid));
        return { text: readFileSync(path, 'utf8'), mtime_s: Math.floor(statSync(path).mtimeMs / 1000) };
      } catch {
        return undefined;
      }
    },
    active: () => textOf(at('active')),
    archive: (which) => textOf(at(which)),
    locked: async (change) => {
      mkdirSync(folder, { recursive: true });
      const path = at('.active.lock');
      for (const end = Date.now() + LOCK_WITHIN_MS; ; ) {
        const lock = takeInstanceLock(path);
        if ('release' in lock) {
          try {
            return change();
          } finally {
            lock.release();
          }
        }
        if (lock.failure === 'unusable') throw new Error(lock.message);
        if (Date.now() >= end) throw new Error(`can't lock file '${path}' - got timeout`);
        await delay(LOCK_RETRY_MS);
      }
    },
    writeActive: (text) => {
      const temporary = at(`.active.tmp.${process.pid}`);
      writeFileSync(temporary, text, { mode: 0o644 });
      renameSync(temporary, at('active'));
    },
    appendArchive: (text, limit_bytes) => {
      if (text === '') return;
      const path = at('index');
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > limit_bytes) renameSync(path, at('index.1'));
      appendFileSync(path, text, { mode: 0o644 });
    },
    start: (order) => startTaskProcess({ ...order, logOf: (upid) => at(taskLogName(upid)) }),
    isRunning: (pid, pstart) => processStart(pid) === pstart,
    signal: signalGroup,
  };
}
