/** What the processes of tasks do, by name. Runs in a process of its own (`runtime/node/task-child.ts`). */

import { decodeUpid } from '../../runtime/formats/upid.ts';
import { nodeLayout } from '../../runtime/node/layout.ts';
import type { TaskBase } from '../../runtime/node/task-child.ts';
import { ApiFailure } from './failure.ts';
import { createNodeWorld } from './node-world.ts';
import { changeService } from './services.ts';
import { refreshLists, type TaskSettings } from './tasks.ts';
import type { ApiWorld } from './world.ts';

type Work = (world: ApiWorld, params: Readonly<Record<string, unknown>>, base: TaskBase) => Promise<void>;

const works: Readonly<Record<string, Work>> = {
  service: (world, { service, command }, { print }) => changeService(world, String(service), String(command), print),
};

export async function runTask(base: TaskBase, given: unknown): Promise<void> {
  const { work } = given as TaskSettings;
  const run = works[work.name];
  if (run === undefined) throw new ApiFailure(`unknown work '${work.name}'`);
  const world = worldOf(base, given as TaskSettings);
  try {
    await run(world, work.params, base);
  } finally {
    world.close();
  }
}

/** The last line is written: the lists and the cluster log tell the end. */
export async function taskEnded(base: TaskBase, given: unknown, status: string): Promise<void> {
  const world = worldOf(base, given as TaskSettings);
  const decoded = decodeUpid(base.upid);
  const user = 'upid' in decoded ? decoded.upid.user : 'root@pam';
  await world.changes!.log(status === 'OK' ? 6 : 3, user, 'pvedaemon', `end task ${base.upid} ${status}`);
  const endtime = Math.floor(base.clock.wall_ms() / 1000);
  await refreshLists(world, world.changes!, [], { upid: base.upid, endtime, status });
  world.close();
}

function worldOf(base: TaskBase, { root, nodeName }: TaskSettings) {
  return createNodeWorld({ ...base, layout: nodeLayout(root), nodeName, isPrivileged: true });
}
