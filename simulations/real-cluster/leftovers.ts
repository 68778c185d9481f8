/** What a node that has ended must not leave behind on the machine. */
import { readdirSync, readFileSync } from 'node:fs';
import { readMounts } from '../../runtime/file-system/mount-table.ts';
import type { NodeLayout } from '../../runtime/node/layout.ts';

/** Processes of a process group, dead ones that nobody has waited for left out. */
export function processesOf(group: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // The program's name, in parentheses, may hold blanks: fields count from its end.
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(pgrp) === group && state !== 'Z' ? [Number(name)] : [];
      } catch {
        return [];
      }
    });
}

/** Mount points at or below a path. */
export async function mountsBelow(path: string): Promise<readonly string[]> {
  const mounts = await readMounts();
  return mounts.map(({ mountPoint }) => mountPoint).filter((point) => point === path || point.startsWith(`${path}/`));
}

/** Sockets below a folder that some process listens on, or has left there. */
function socketsBelow(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isSocket())
      .map(({ parentPath, name }) => `${parentPath}/${name}`);
  } catch {
    return [];
  }
}

/** Sentences about what is left of a node; `mounts`, processes of its group and sockets. Never touches a mount. */
export async function leftoversOf(layout: NodeLayout, group: number): Promise<readonly string[]> {
  return [
    ...(await mountsBelow(layout.mountPoint)).map((point) => `a mount at ${point}`),
    ...processesOf(group).map((pid) => `process ${pid}`),
    ...[`${layout.root}/run`, `${layout.root}/var/run`].flatMap(socketsBelow).map((path) => `the socket ${path}`),
  ];
}
