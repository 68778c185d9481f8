import { resolve } from 'node:path';
import { nodeLayout } from '../../runtime/node/layout.ts';
import { CommandFailure } from './project.ts';
import { callBoot } from './sockets.ts';

export interface LogFlags {
  readonly root: string;
  readonly follow?: boolean;
  readonly lines: string;
}

/** Prints the last lines of a node's log, and new ones until the command is ended. */
export async function followNodeLog({ root, follow = false, lines }: LogFlags): Promise<void> {
  const count = Number(lines);
  if (!Number.isSafeInteger(count) || count < 0) throw new CommandFailure(`--lines: '${lines}' is not a whole number`);
  const onEvent = (event: unknown) => {
    const { wall_ms, line } = event as { wall_ms: number; line: string };
    console.log(`${new Date(wall_ms).toISOString()} ${line}`);
  };
  await callBoot(nodeLayout(resolve(root)), 'log', { lines: count, follow }, { deadline_ms: undefined, onEvent });
}
