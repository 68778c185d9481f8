/** Runs a program to its end, bounded, and without waiting synchronously: the mount that it uses may be served elsewhere. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface ProgramResult {
  /** Exit code, or null where a signal ended it. */
  readonly code: number | null;
  readonly output: string;
  readonly complaint: string;
}

const BOUND_MS = 60_000;

export interface ProgramOptions {
  readonly input?: string;
  readonly uid?: number;
  readonly gid?: number;
}

export function runProgram(
  program: string,
  parameters: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const { input, ...ids } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { cwd: '/', timeout: BOUND_MS, killSignal: 'SIGKILL', ...ids });
    let output = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      complaint += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output, complaint }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });
}

export function hasProgram(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
