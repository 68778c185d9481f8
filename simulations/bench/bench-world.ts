/**
 * What a bench starts and must not leave behind: processes, mounts and one folder.
 *
 * I1 Whatever ends the bench (its end, a failure, a signal), its processes are killed, its mounts detached, its folder removed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasProgram, runProgram } from '../mount/run-program.ts';

export interface StartOptions {
  /** Processor that the process and its children are bound to; undefined: any. */
  readonly cpu?: number | undefined;
}

/** `.ts` in development, `.js` when compiled; the product's programs are of the same kind. */
const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

/** BENCH_PROFILE names a folder: every process, those that a node forks too, leaves a CPU profile there when it ends. */
const { BENCH_PROFILE, BENCH_DEBUG } = process.env;
const PROFILE_OPTIONS = BENCH_PROFILE === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(BENCH_PROFILE)}`];

/** Path of a program of this project, named from its root without extension. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(`../../${name}${EXTENSION}`, import.meta.url));
}

/** False where processes can't be bound to a processor: latencies then depend on the scheduler's mood. */
export const canPin: boolean = hasProgram('taskset');

export class BenchWorld {
  readonly folder: string;
  readonly #children = new Set<ChildProcess>();
  readonly #mountPoints = new Set<string>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<BenchWorld> {
    return new BenchWorld(await mkdtemp(join(tmpdir(), 'pve-actors-bench-')));
  }

  /** Starts a program of this project. What it complains of is shown where BENCH_DEBUG is set. */
  start(
    program: string,
    parameters: readonly string[],
    { cpu }: StartOptions = {},
    stdout: 'pipe' | 'ignore' = 'pipe',
  ): ChildProcess {
    const node = [process.execPath, ...process.execArgv, ...PROFILE_OPTIONS, program, ...parameters];
    const [command, ...rest] = cpu === undefined || !canPin ? node : ['taskset', '-c', String(cpu), ...node];
    const child = spawn(command!, rest, {
      stdio: ['pipe', stdout, BENCH_DEBUG === undefined ? 'ignore' : 'inherit'],
      cwd: this.folder,
    });
    child.stdin?.on('error', () => undefined);
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** A mount point that is to be detached at the end. */
  noteMount(path: string): void {
    this.#mountPoints.add(path);
  }

  async close(): Promise<void> {
    const ended = [...this.#children].map((child) => new Promise((done) => child.once('exit', done)));
    for (const child of this.#children) {
      const bound = setTimeout(() => child.kill('SIGKILL'), 3000);
      child.once('exit', () => clearTimeout(bound));
      child.kill('SIGCONT');
      child.stdin?.destroy();
    }
    await Promise.all(ended);
    // A supervisor that was killed takes its children along a moment later, and a mount may only then be dead.
    const mounts = await readFile('/proc/self/mounts', 'latin1');
    for (const path of this.#mountPoints) {
      if (mounts.includes(` ${path} `)) await runProgram('umount', ['-l', path]);
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
