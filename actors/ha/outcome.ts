/** What a call over the HA ports comes to, and the words for what the cluster file system refuses. */
import {
  EACCES,
  EBUSY,
  EEXIST,
  EFBIG,
  EINVAL,
  EIO,
  EISDIR,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  EPERM,
} from '../../runtime/file-system/errno.ts';
import type { Errno } from '../../runtime/file-system/file-system.ts';

export interface Failure {
  readonly ok: false;
  readonly error: string;
  /** Positive, where the cluster file system has refused something. */
  readonly errno?: number;
}

export type Outcome<Value> = { readonly ok: true; readonly value: Value } | Failure;

export function succeeded<Value>(value: Value): Outcome<Value> {
  return { ok: true, value };
}

export function failed(error: string): Failure {
  return { ok: false, error };
}

/** @param what was to be done: `unable to read '/etc/pve/ha/rules.cfg'` */
export function refused(what: string, errno: Errno): Failure {
  return { ok: false, error: `${what} - ${errnoText(errno)}`, errno: Math.abs(errno) };
}

/** Linux numbers that the cluster file system itself doesn't use: what a caller gets who can't reach it. */
export const ENOTCONN = 107;
export const ETIMEDOUT = 110;

const texts: Readonly<Record<number, string>> = {
  [EPERM]: 'Operation not permitted',
  [ENOENT]: 'No such file or directory',
  [EIO]: 'Input/output error',
  [EACCES]: 'Permission denied',
  [EBUSY]: 'Device or resource busy',
  [EEXIST]: 'File exists',
  [ENOTDIR]: 'Not a directory',
  [EISDIR]: 'Is a directory',
  [EINVAL]: 'Invalid argument',
  [EFBIG]: 'File too large',
  [ENOTEMPTY]: 'Directory not empty',
  [ENOTCONN]: 'Transport endpoint is not connected',
  [ETIMEDOUT]: 'Connection timed out',
};

/** @param errno positive or negative */
export function errnoText(errno: Errno): string {
  return texts[Math.abs(errno)] ?? `error ${Math.abs(errno)}`;
}
