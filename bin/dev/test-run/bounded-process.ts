/** A child process with a deadline, in a process group of its own, so that whatever it leaves behind ends with it. */
import { spawn } from 'node:child_process';

export interface BoundedResult {
  /** undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly timedOut: boolean;
  /** stdout and stderr as they came; the middle is left out of very long ones. */
  readonly output: string;
  readonly duration_ms: number;
}

const outputLimit_chars = 2_000_000;
/** How long pipes may stay open after the process and its group are gone. */
const drain_ms = 2_000;

const running = new Set<number>();

/** Kills the groups of all running children; for the runner's own end by a signal. */
export function killAllGroups(): void {
  for (const pid of running) killGroup(pid);
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is empty already.
  }
}

/** Keeps head and tail of an output without bound: the head names the first trouble, the tail holds the totals. */
class ClippedText {
  #head = '';
  #tail = '';
  #clipped = false;

  append(text: string): void {
    if (this.#head.length < outputLimit_chars / 2) {
      this.#head += text;
      return;
    }
    this.#tail += text;
    if (this.#tail.length <= outputLimit_chars) return;
    this.#tail = this.#tail.slice(-outputLimit_chars / 2);
    this.#clipped = true;
  }

  toString(): string {
    return this.#head + (this.#clipped ? '\n… (output left out) …\n' : '') + this.#tail;
  }
}

/** Runs `command` and resolves when it has ended, by itself or killed at `timeout_ms`. Never rejects. */
export function runBounded(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly timeout_ms: number },
): Promise<BoundedResult> {
  const started_ms = performance.now();
  const output = new ClippedText();
  let timedOut = false;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { pid } = child;
    if (pid !== undefined) running.add(pid);
    let drain: NodeJS.Timeout | undefined;
    const deadline = setTimeout(() => {
      timedOut = true;
      if (pid !== undefined) killGroup(pid);
    }, options.timeout_ms);
    const finish = (exitCode: number | null, signal: string | null) => {
      clearTimeout(deadline);
      clearTimeout(drain);
      resolve({
        exitCode: exitCode ?? undefined,
        signal: signal ?? undefined,
        timedOut,
        output: output.toString(),
        duration_ms: performance.now() - started_ms,
      });
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => output.append(text));
    }
    child.on('error', (error) => {
      output.append(`${error.message}\n`);
      if (pid === undefined) finish(null, null);
    });
    child.on('exit', (exitCode, signal) => {
      if (pid !== undefined) {
        killGroup(pid);
        running.delete(pid);
      }
      // A grandchild that left the group may hold the pipes: don't wait for it for ever.
      drain = setTimeout(() => finish(exitCode, signal), drain_ms);
    });
    child.on('close', finish);
  });
}
