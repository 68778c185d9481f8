/** Starts the watchdog multiplexer of a node as a process that outlives its starter. */
import { spawn } from 'node:child_process';
import { unmarkedEnvironment } from '../node/marked-processes.ts';

export interface MuxProcess {
  /** Asks it to end; resolves when it has. */
  stop(): Promise<void>;
}

export interface MuxProcessOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly onLine: (line: string) => void;
  /** It has ended without being asked to; null: by a signal. */
  readonly onEnd: (code: number | null) => void;
}

const READY_WITHIN_MS = 20_000;
const END_WITHIN_MS = 5000;

/** Resolves when it serves; rejects with its complaint. */
export function startMuxProcess({ args, onEnd, onLine, program }: MuxProcessOptions): Promise<MuxProcess> {
  // Sources need the loader that this process was started with; nothing else of its flags is wanted.
  const loader = program.endsWith('.ts') ? process.execArgv : [];
  const child = spawn(process.execPath, [...loader, program, ...args], {
    // A session of its own: what ends the node's processes as a group doesn't end this one.
    detached: true,
    env: unmarkedEnvironment(),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let complaint = '';
  let isWanted = true;
  let isReady = false;
  child.stdin.on('error', () => {});
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
    for (const line of text.split('\n')) if (line !== '') onLine(line);
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  const stop = async (): Promise<void> => {
    isWanted = false;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.stdin.destroy(), END_WITHIN_MS);
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, END_WITHIN_MS).unref())]);
    clearTimeout(timer);
  };
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`watchdog-mux was not ready within ${READY_WITHIN_MS / 1000} s`));
    }, READY_WITHIN_MS);
    child.once('error', (error) => reject(new Error(`cannot start watchdog-mux: ${error.message}`)));
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(complaint.trim().split('\n')[0] || `watchdog-mux ended with code ${code}`));
      if (isReady && isWanted) onEnd(code);
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (!text.includes('serving')) return;
      isReady = true;
      clearTimeout(timer);
      resolve({ stop });
    });
  });
}
