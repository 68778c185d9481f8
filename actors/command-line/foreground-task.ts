/** A task that a command has started: its output while it runs, and what the command's exit code makes of its end (spec/cli.md §1.2). */
import { decodeUpid, taskStatus } from '../../runtime/formats/upid.ts';
import type { ApiWorld } from '../api/world.ts';

export interface TaskOutput {
  readonly print: (text: string) => void;
  readonly warn: (line: string) => void;
}

const LOOK_EVERY_MS = 50;
const FAILED = 255;

/** Undefined where the result of a method is no task that runs here; otherwise its status, when it has ended. */
export async function followTask(
  world: Pick<ApiWorld, 'clock' | 'nodeName' | 'tasks'>,
  result: unknown,
  print: (text: string) => void,
): Promise<string | undefined> {
  const upid = typeof result === 'string' && result.startsWith('UPID:') ? result : undefined;
  const decoded = upid === undefined ? undefined : decodeUpid(upid);
  if (upid === undefined || decoded === undefined || 'error' in decoded) return undefined;
  const { node, pid, pstart } = decoded.upid;
  if (node !== world.nodeName) return undefined;
  let shown = 0;
  for (;;) {
    const runs = world.tasks.isRunning(pid, pstart);
    const text = world.tasks.log(upid)?.text ?? '';
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    print(whole.slice(shown).replace(/^TASK (?:OK|WARNINGS: \d+|ERROR: .*)\n/gm, ''));
    shown = whole.length;
    if (!runs) return taskStatus(text);
    await new Promise<void>((resolve) => {
      world.clock.setTimeout(resolve, LOOK_EVERY_MS);
    });
  }
}

/** @param status of a task, or undefined where there was none */
export function taskExitCode(status: string | undefined, warn: (line: string) => void): number {
  if (status === undefined || status === 'OK') return 0;
  const warnings = /^WARNINGS: (\d+)$/.exec(status)?.[1];
  warn(warnings === undefined ? status : `Task finished with ${warnings} warning(s)!`);
  return warnings === undefined ? FAILED : 0;
}
