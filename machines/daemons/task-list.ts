/**
 * The lists of tasks of a node: `active`, with running and lately finished tasks, and the archive `index` (spec/api.md §7.2). Texts in,
 * texts out; which task runs and how one ended is told by who looks.
 *
 *  T1 A finished task comes into the archive once: when it is first seen to have ended.
 *  T2 `active` keeps every running task, and of the finished ones the newest that make 25 entries together.
 */

export interface ListedTask {
  readonly upid: string;
  /** In the archive already. */
  readonly isSaved: boolean;
  /** Seconds since 1970; undefined: running. */
  readonly endtime?: number;
  readonly status?: string;
}

export interface TaskEnd {
  readonly endtime: number;
  readonly status: string;
}

const KEPT_ENTRIES = 25;

/** Lines `<UPID> <0|1>[ <ENDTIME>[ <status>]]`; others are dropped. */
export function readActiveTasks(text: string): readonly ListedTask[] {
  const tasks: ListedTask[] = [];
  for (const line of text.split('\n')) {
    const [, upid, saved, endtime, status] = /^(UPID:\S+) ([01])(?: ([0-9A-Fa-f]{8})(?: (.*))?)?$/.exec(line) ?? [];
    if (upid === undefined) continue;
    const end = endtime === undefined ? {} : { endtime: Number.parseInt(endtime, 16), status: status ?? '' };
    tasks.push({ upid, isSaved: saved === '1', ...end });
  }
  return tasks;
}

export function writeActiveTasks(tasks: readonly ListedTask[]): string {
  return tasks.map((task) => `${task.upid} ${task.isSaved ? 1 : 0}${endText(task)}\n`).join('');
}

function endText({ endtime, status }: ListedTask): string {
  return endtime === undefined ? '' : ` ${hex(endtime)}${status === undefined || status === '' ? '' : ` ${status}`}`;
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}

/** Lines `<UPID> <ENDTIME> <status>`, oldest first. */
export function readArchivedTasks(text: string): readonly (TaskEnd & { readonly upid: string })[] {
  const tasks: (TaskEnd & { readonly upid: string })[] = [];
  for (const line of text.split('\n')) {
    const [, upid, endtime, status] = /^(UPID:\S+) ([0-9A-Fa-f]{8})(?: (.*))?$/.exec(line) ?? [];
    if (upid !== undefined) tasks.push({ upid, endtime: Number.parseInt(endtime!, 16), status: status ?? '' });
  }
  return tasks;
}

export interface Refreshed {
  /** Running first, then finished; each newest first. */
  readonly active: readonly ListedTask[];
  /** To be appended to the archive. */
  readonly archived: string;
}

/**
 * @param isRunning whether the process of a task lives
 * @param endOf how a task that has ended did so
 */
export function refreshTasks(
  tasks: readonly ListedTask[],
  isRunning: (upid: string) => boolean,
  endOf: (upid: string) => TaskEnd,
): Refreshed {
  const running: ListedTask[] = [];
  const finished: ListedTask[] = [];
  const archived: string[] = [];
  for (const task of tasks) {
    if (task.endtime === undefined && isRunning(task.upid)) {
      running.push(task);
      continue;
    }
    const ended: ListedTask = task.endtime === undefined ? { ...task, ...endOf(task.upid) } : task;
    if (!ended.isSaved) archived.push(`${ended.upid}${endText(ended)}\n`);
    finished.push({ ...ended, isSaved: true });
  }
  const starttime = ({ upid }: ListedTask) => Number.parseInt(upid.split(':')[4] ?? '0', 16);
  const newestFirst = (one: ListedTask, other: ListedTask) => starttime(other) - starttime(one);
  const room = Math.max(0, KEPT_ENTRIES - running.length);
  const kept = finished.sort((one, other) => (other.endtime ?? 0) - (one.endtime ?? 0)).slice(0, room);
  return { active: [...running.sort(newestFirst), ...kept], archived: archived.join('') };
}

/** Above this the archive becomes `index.1`. */
export const ARCHIVE_LIMIT_BYTES = 50_000;
