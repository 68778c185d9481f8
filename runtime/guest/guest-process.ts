/**
 * A guest that is a plain process, for tests of high availability: a line of the shell in a process group of its own, which outlives
 * whoever has started it. Which process it is stands in a file, with the time at which it began, since pids are used again.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Known {
  readonly pid: number;
  /** In clock ticks since the boot of the machine. */
  readonly began: string;
}

const POLL_MS = 50;

export class GuestProcesses {
  readonly #directory: string;

  /** @param directory where it is noted which processes run */
  constructor(directory: string) {
    this.#directory = directory;
  }

  isRunning(id: string): boolean {
    return this.#known(id) !== undefined;
  }

  /** Starts it; an error text, or undefined. */
  start(id: string, command: string): string | undefined {
    try {
      mkdirSync(this.#directory, { recursive: true });
      const child = spawn('/bin/sh', ['-c', command], { detached: true, stdio: 'ignore', cwd: '/' });
      child.on('error', () => {});
      const began = child.pid === undefined ? undefined : beginningOf(child.pid);
      if (child.pid === undefined || began === undefined) return 'it has ended at once';
      writeFileSync(this.#path(id), JSON.stringify({ pid: child.pid, began } satisfies Known));
      child.unref();
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** Asks it to end, and ends it after so long; `done` when it is gone. */
  stop(id: string, within_ms: number, done: () => void): void {
    const known = this.#known(id);
    if (known === undefined) return void done();
    signal(known.pid, within_ms > 0 ? 'SIGTERM' : 'SIGKILL');
    const end_ms = performance.now() + within_ms;
    const look = (): void => {
      if (this.#known(id) === undefined) {
        rmSync(this.#path(id), { force: true });
        done();
        return;
      }
      if (performance.now() >= end_ms) signal(known.pid, 'SIGKILL');
      setTimeout(look, POLL_MS);
    };
    look();
  }

  #known(id: string): Known | undefined {
    try {
      const known = JSON.parse(readFileSync(this.#path(id), 'utf8')) as Known;
      return beginningOf(known.pid) === known.began ? known : undefined;
    } catch {
      return undefined;
    }
  }

  #path(id: string): string {
    return join(this.#directory, `${id.replace(/[^A-Za-z0-9]/g, '-')}.json`);
  }
}

/** Undefined where it is no more, or dead and not waited for. */
function beginningOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch {
    // It has ended.
  }
}
