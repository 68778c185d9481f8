/**
 * Task identifiers, where a task's log lies, and what its last line says (spec/formats.md §7, spec/api.md §7.1).
 */

export interface Upid {
  readonly node: string;
  readonly pid: number;
  /** Start time of the process in clock ticks since boot. */
  readonly pstart: number;
  /** Seconds since 1970. */
  readonly starttime: number;
  readonly type: string;
  /** What the task is about, often a guest's number; may be empty. */
  readonly id: string;
  /** A user or a token. */
  readonly user: string;
}

const upidText =
  /^UPID:([a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8}):([^:\s/]+):([^:\s/]*):([^:\s/]+):$/;

export function decodeUpid(text: string): { readonly upid: Upid } | { readonly error: string } {
  const match = upidText.exec(text);
  if (match === null) return { error: `unable to parse worker upid '${text}'` };
  const [, node = '', pid = '', pstart = '', starttime = '', type = '', id = '', user = ''] = match;
  const [pidNumber, pstartNumber, starttimeNumber] = [pid, pstart, starttime].map((digits) => parseInt(digits, 16));
  return {
    upid: { node, pid: pidNumber!, pstart: pstartNumber!, starttime: starttimeNumber!, type, id, user },
  };
}

export function encodeUpid({ node, pid, pstart, starttime, type, id, user }: Upid): string {
  return `UPID:${node}:${hex(pid)}:${hex(pstart)}:${hex(starttime)}:${type}:${id}:${user}:`;
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}

/** Below the folder of task logs: a folder for the last digit of the start time, as written. */
export function taskLogName(upid: string): string {
  const starttime = upidText.exec(upid)?.[4] ?? '0';
  return `${starttime.at(-1)}/${upid}`;
}

export const taskLogFolder = '/var/log/pve/tasks';

export type TaskClass = 'ok' | 'warning' | 'error' | 'unknown';

/** The end status by the text of the log, or of its end; undefined where there is no file. */
export function taskStatus(log: string | undefined): string {
  const lines = (log ?? '').replace(/\n$/, '').split('\n');
  const last = lines.at(-1) ?? '';
  if (last === 'TASK OK') return 'OK';
  const [, error, warnings] = /^TASK (?:ERROR: (.+)|(WARNINGS: [0-9]+))$/.exec(last) ?? [];
  return error ?? warnings ?? 'unexpected status';
}

/** The end status where the log can't be read. */
export function unreadableTaskStatus(reason: string): string {
  return `unable to get last line from task log - ${reason}`;
}

export function taskClass(status: string | undefined): TaskClass {
  if (status === undefined || status === '' || status === 'unexpected status') return 'unknown';
  if (status === 'OK') return 'ok';
  return /^WARNINGS: [0-9]+$/.test(status) ? 'warning' : 'error';
}
