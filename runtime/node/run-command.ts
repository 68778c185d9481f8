/** Running a program of the machine to its end, its output collected. */
import { spawn } from 'node:child_process';

export interface CommandResult {
  /** undefined: it could not be started, or was ended by a signal or the limit. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Why there is no code. */
  readonly reason?: string;
}

export interface CommandOptions {
  readonly input?: string;
  /** Passed on as it comes, instead of being collected. */
  readonly onStderr?: (text: string) => void;
  readonly limit_ms?: number;
}

const LIMIT_MS = 60_000;
const MAX_OUTPUT_BYTES = 8 * 1_048_576;

/** Runs `program` without a shell. Never rejects. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return run(program, args, options);
}

/** Runs a line of the POSIX shell. Never rejects. */
export function runShellLine(line: string, options: CommandOptions = {}): Promise<CommandResult> {
  return run('/bin/sh', ['-c', line], options);
}

function run(program: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { input, onStderr, limit_ms = LIMIT_MS } = options;
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let bytes = 0;
    let reason: string | undefined;
    const end = (why: string) => {
      reason ??= why;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => end(`it did not end within ${limit_ms / 1000} s`), limit_ms);
    const take = (into: Buffer[]) => (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_OUTPUT_BYTES) end(`it wrote more than ${MAX_OUTPUT_BYTES} bytes`);
      else into.push(chunk);
    };
    const settle = (code: number | undefined) => {
      clearTimeout(timer);
      const result = { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
      resolve(code === undefined ? { ...result, reason: reason ?? 'it was ended by a signal' } : result);
    };
    child.stdout?.on('data', take(stdout));
    child.stderr?.on('data', onStderr === undefined ? take(stderr) : (chunk: Buffer) => onStderr(chunk.toString()));
    child.once('error', ({ message }) => {
      reason ??= message;
      settle(undefined);
    });
    // What a killed shell has started may hold the pipes open for as long as it likes.
    child.once('exit', () => {
      if (reason === undefined) return;
      child.stdout?.destroy();
      child.stderr?.destroy();
    });
    child.once('close', (code) => settle(reason === undefined ? (code ?? undefined) : undefined));
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
