/** The operations that are timed on a mount, what the cluster does for each, and how a client is asked for them. */
import type { Summary } from './statistics.ts';

export const OPERATIONS = [
  'create',
  'create without O_EXCL',
  'overwrite',
  'append',
  'rename',
  'mkdir',
  'read',
  'stat',
  'lock',
  'unlink',
] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface ClientOptions {
  /** Directory on the mount that this client may fill. */
  readonly directory: string;
}

export type ClientRequest =
  | { readonly kind: 'round'; readonly count: number; readonly operations: readonly Operation[] }
  /** Creates files in a directory that is shared with other clients. */
  | {
      readonly kind: 'create';
      readonly directory: string;
      readonly name: string;
      readonly count: number;
      readonly isExclusive: boolean;
    }
  | { readonly kind: 'remove'; readonly directory: string; readonly name: string; readonly count: number }
  /** Creates files one after the other for so long, whatever the results. */
  | { readonly kind: 'persist'; readonly duration_ms: number }
  /** Asks again and again until the path exists. */
  | { readonly kind: 'await'; readonly path: string };

export type RoundAnswer = Readonly<Partial<Record<Operation, Summary>>>;

export interface CreateAnswer {
  /** Of the system's monotonic clock, comparable between processes. */
  readonly started_ms: number;
  readonly ended_ms: number;
  readonly times: Summary;
}

export interface PersistAnswer {
  readonly count: number;
  readonly longest_ms: number;
  readonly errors: Readonly<Record<string, number>>;
}

/** Ordered messages that one operation needs in a cluster: a file is made and then written, or emptied and then written. */
export const MESSAGES: Readonly<Record<Operation, number>> = {
  create: 2,
  'create without O_EXCL': 2,
  overwrite: 2,
  append: 1,
  rename: 1,
  mkdir: 1,
  read: 0,
  stat: 0,
  lock: 1,
  unlink: 1,
};

/** Of pmxcfs 9.1.6 over corosync 3.1.7 with two processors, three nodes, encrypted; another machine: for orientation only. */
export const ORIGINAL_CLUSTER_P50_MS: Readonly<Partial<Record<Operation, number>>> = {
  create: 1.73,
  'create without O_EXCL': 1.73,
  overwrite: 1.7,
  append: 0.9,
  rename: 0.86,
  mkdir: 0.81,
  unlink: 0.87,
  lock: 0.83,
};
/** Four writers, files of 1 KiB, on the same machine. */
export const ORIGINAL_FOUR_WRITERS_PER_S = 882;
