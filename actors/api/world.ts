/** What the methods of the API stand on: ports, so that they run in pveproxy, pvedaemon, a command and a test alike. */
import type { Buffer } from 'node:buffer';
import type { PamQuestion } from '../../runtime/access/pam.ts';
import type { Clock } from '../../runtime/clock/clock.ts';
import type { UserConfig } from '../../runtime/formats/access/user-config.ts';
import type { Log } from '../../runtime/log/log.ts';
import type { HostView } from '../../runtime/node/host-view.ts';
import type { TaskFiles } from '../../runtime/node/task-files.ts';
import type { Random } from '../../runtime/random/random.ts';
import type { MethodFacts } from './inventory/registry.ts';
import type { Parameters } from './parameters.ts';

/** As in `.members` (spec/pmxcfs.md §4.3). */
export interface ClusterMembers {
  readonly nodename: string;
  readonly version: number;
  readonly cluster?: {
    readonly name: string;
    readonly version: number;
    readonly nodes: number;
    readonly quorate: 0 | 1;
  };
  readonly nodelist?: Readonly<Record<string, { readonly id: number; readonly online: 0 | 1; readonly ip?: string }>>;
}

export interface ListedGuest {
  readonly node: string;
  readonly type: 'qemu' | 'lxc';
  readonly version: number;
}

/** What www-data may see of the cluster. Paths are relative to `/etc/pve`; `priv` is refused. */
export interface ClusterView {
  /** Undefined where there is no such file. Rejects with a sentence where the cluster process doesn't answer. */
  read(path: string): Promise<Buffer | undefined>;
  /** Seconds since 1970; undefined where it can't be known. */
  modified(path: string): Promise<number | undefined>;
  members(): Promise<ClusterMembers>;
  guests(): Promise<ReadonlyMap<string, ListedGuest>>;
  /** A value that a node has published, e.g. `tasklist`. */
  nodeStatus(key: string, node: string): Promise<Buffer | undefined>;
  /** Figures that the nodes have broadcast, a line per object (spec/status.md §2). */
  rrd(): Promise<string>;
  /** The cluster log as JSON text, newest first. `user` undefined: of all. */
  log(max: number, user?: string): Promise<string>;
  /** True for the line of a token and its secret (spec/api.md §4.8). */
  hasToken(line: string): Promise<boolean>;
}

/** Changes of the tree: only where the process is privileged. */
export interface ClusterChanges {
  read(path: string): Promise<Buffer | undefined>;
  replace(path: string, content: Buffer): Promise<void>;
  remove(path: string): Promise<void>;
  /** Runs `change` while this call alone holds the cluster lock; rejects with the original's sentences. */
  withLock<T>(id: string, change: () => Promise<T>): Promise<T>;
  setStatus(key: string, value: Buffer): Promise<void>;
  /** An entry of the cluster log. */
  log(priority: number, ident: string, tag: string, message: string): Promise<void>;
}

export interface ApiWorld {
  readonly nodeName: string;
  /** Where the node's files are; `/` on a real node. */
  readonly root: string;
  readonly tasks: TaskFiles;
  /** Whose the logs of tasks are; undefined: ours. */
  readonly logOwner: { readonly uid: number; readonly gid: number } | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly cluster: ClusterView;
  /** Undefined in pveproxy. */
  readonly changes: ClusterChanges | undefined;
  readonly host: HostView;
  /** Why PAM refuses the password, or undefined. */
  askPam(question: PamQuestion): Promise<string | undefined>;
  /** user.cfg as it is now. */
  userConfig(): Promise<UserConfig>;
}

export interface Caller {
  /** A user id or the full id of a token; undefined without credentials. */
  readonly identity: string | undefined;
  readonly isToken: boolean;
  readonly address?: string;
}

export interface Call {
  readonly facts: MethodFacts;
  readonly params: Parameters;
  readonly caller: Caller;
  readonly world: ApiWorld;
  /** Siblings of `data` in the answer (spec/api.md §2.5). */
  readonly extras: Extras;
}

export interface Extras {
  total?: number;
  changes?: string;
}
