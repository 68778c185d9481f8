/** A line of the shell that can be ended while it runs. */
import { spawn } from 'node:child_process';

/** -1 where it could not be executed, or was killed. Returns what kills it, and all that it has started. */
export function startShellLine(line: string, ended: (code: number) => void): () => void {
  const child = spawn('/bin/sh', ['-c', line], { detached: true, stdio: 'ignore' });
  let isOver = false;
  const settle = (code: number): void => {
    if (isOver) return;
    isOver = true;
    ended(code);
  };
  child.once('error', () => settle(-1));
  child.once('exit', (code) => settle(code ?? -1));
  return () => {
    if (isOver || child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  };
}
