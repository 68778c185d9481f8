/**
 * Which processes belong to a node: all that its supervisor has started carry its root in their environment, whatever group or
 * session they have moved to. For who must end a node as a power failure would.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { processState } from './process-state.ts';

const MARK = 'PVE_ACTORS_NODE';

/** Marks what this process starts from now on; its own environment, as others see it, doesn't change. */
export function markChildren(root: string): void {
  process.env[MARK] = root;
}

/** An environment without the mark, for what must outlive the node. */
export function unmarkedEnvironment(): NodeJS.ProcessEnv {
  const { [MARK]: _, ...rest } = process.env;
  return rest;
}

/** Whether a process has started one that carries the mark: a pid from a file may have been given to another program since. */
export function isParentOfMarked(pid: number, root: string): boolean {
  return markedProcesses(root).some((child) => parentOf(child) === pid);
}

/** Living processes that carry the mark. */
export function markedProcesses(root: string): readonly number[] {
  const wanted = `${MARK}=${root}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && environmentOf(pid).includes(wanted) && isAlive(pid));
}

/**
 * SIGKILL to all of a node, the supervisor first so that nothing is started anew. Returns how many were hit. A process that is just
 * being forked can be missed in one look, so it looks again until there is none.
 */
export function killNode(root: string, supervisor: number | undefined): number {
  const hit = new Set<number>();
  const kill = (pid: number): void => {
    try {
      process.kill(pid, 'SIGKILL');
      hit.add(pid);
    } catch {
      // It has ended by itself.
    }
  };
  if (supervisor !== undefined && isAlive(supervisor)) kill(supervisor);
  for (let look = 0; look < LOOKS; look++) {
    const left = markedProcesses(root);
    if (left.length === 0) break;
    for (const pid of left) kill(pid);
  }
  return hit.size;
}

const LOOKS = 100;

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  const state = processState(pid);
  return state !== undefined && state !== 'Z' && state !== 'X';
}
