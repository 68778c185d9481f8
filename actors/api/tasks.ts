/** Tasks of this node: started, listed, refreshed, told to the others (spec/api.md §7). */
import { Buffer } from 'node:buffer';
import {
  ARCHIVE_LIMIT_BYTES,
  type ListedTask,
  readActiveTasks,
  refreshTasks,
  writeActiveTasks,
} from '../../machines/daemons/task-list.ts';
import { decodeUpid, encodeUpid, taskStatus, type Upid } from '../../runtime/formats/upid.ts';
import type { TaskFiles } from '../../runtime/node/task-files.ts';
import { ApiFailure, parameterFailure } from './failure.ts';
import { changesOf, identityOf, requiredText } from './method.ts';
import type { ApiWorld, Call, ClusterChanges } from './world.ts';

export interface TaskWork {
  readonly type: string;
  /** What it is about: a guest's number, a service, or nothing. */
  readonly id: string;
  /** What `task-works.ts` does. */
  readonly work: { readonly name: string; readonly params: Readonly<Record<string, unknown>> };
}

/** What the process of a task is told. */
export interface TaskSettings {
  readonly root: string;
  readonly nodeName: string;
  readonly work: TaskWork['work'];
}

/** The identifier, as soon as the process runs. */
export async function startTask(call: Call, { type, id, work }: TaskWork): Promise<string> {
  const { world } = call;
  const changes = changesOf(call);
  const user = identityOf(call);
  const starttime = Math.floor(world.clock.wall_ms() / 1000);
  const settings: TaskSettings = { root: world.root, nodeName: world.nodeName, work };
  const started = world.tasks.start({
    module: 'actors/api/task-works.ts',
    settings,
    upidOf: (pid, pstart) => encodeUpid({ node: world.nodeName, pid, pstart, starttime, type, id, user }),
    logOwner: world.logOwner,
  });
  if ('failure' in started) throw new ApiFailure(started.failure);
  const { upid } = started;
  await refreshLists(world, changes, [{ upid, isSaved: false }]);
  await changes.log(6, user, 'pvedaemon', `starting task ${upid}`);
  return upid;
}

/** A task that has written its last line and is about to leave. */
export interface EndingTask {
  readonly upid: string;
  readonly endtime: number;
  readonly status: string;
}

/** Brings the lists up to date, with tasks that are new, and tells the other nodes. */
export async function refreshLists(
  world: Pick<ApiWorld, 'tasks'>,
  changes: ClusterChanges,
  added: readonly ListedTask[] = [],
  ending?: EndingTask,
): Promise<void> {
  const active = await world.tasks.locked(() => {
    const refreshed = refreshTasks(
      [...added, ...readActiveTasks(world.tasks.active())],
      (upid) => upid !== ending?.upid && isRunning(world.tasks, upid),
      (upid) => (upid === ending?.upid ? ending : endOf(world.tasks, upid)),
    );
    world.tasks.appendArchive(refreshed.archived, ARCHIVE_LIMIT_BYTES);
    world.tasks.writeActive(writeActiveTasks(refreshed.active));
    return refreshed.active;
  });
  await changes.setStatus('tasklist', Buffer.from(broadcastText(active)));
}

const BROADCAST_BYTES = 32_768;

/** The oldest are dropped until the text fits. */
function broadcastText(tasks: readonly ListedTask[]): string {
  for (let count = tasks.length; ; count--) {
    const text = JSON.stringify(tasks.slice(0, count).map(broadcastEntry));
    if (text.length < BROADCAST_BYTES || count === 0) return text;
  }
}

function broadcastEntry(task: ListedTask): object {
  return { ...taskEntry(task), saved: task.isSaved ? '1' : '0' };
}

export function isRunning(tasks: TaskFiles, upid: string): boolean {
  const decoded = decodeUpid(upid);
  return 'upid' in decoded && tasks.isRunning(decoded.upid.pid, decoded.upid.pstart);
}

function endOf(tasks: TaskFiles, upid: string) {
  const log = tasks.log(upid);
  return { endtime: log?.mtime_s ?? 0, status: taskStatus(log?.text) };
}

/** The entry of a list; a token's task belongs to its owner. */
export function taskEntry({ upid, endtime, status }: Pick<ListedTask, 'upid' | 'endtime' | 'status'>) {
  const decoded = decodeUpid(upid);
  if ('error' in decoded) throw new ApiFailure(decoded.error);
  return {
    upid,
    ...fieldsOf(decoded.upid),
    ...(endtime !== undefined && { endtime, status: status ?? '' }),
  };
}

export function fieldsOf({ user, ...fields }: Upid) {
  const [owner = '', tokenid] = user.split('!');
  return { ...fields, user: owner, ...(tokenid !== undefined && { tokenid }) };
}

/** The task that a path names, of this node. */
export function taskOf(call: Call): { readonly upid: string; readonly task: Upid } {
  const upid = requiredText(call, 'upid');
  const decoded = decodeUpid(upid);
  if ('error' in decoded) throw parameterFailure({ upid: decoded.error });
  return { upid, task: decoded.upid };
}
