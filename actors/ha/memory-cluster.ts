/**
 * The test twin of the cluster file system as HA sees it: one tree that the connected majority shares, with the lock rules of pmxcfs
 * (machines/pmxcfs/lock). A node that is cut off reads what it saw last, and changes nothing. Deterministic; time is the clock's.
 */
import type { Next } from '../../machines/ha/dialogue.ts';
import { LockTable } from '../../machines/pmxcfs/lock/lock-table.ts';
import type { Clock } from '../../runtime/clock/clock.ts';
import { EACCES, EEXIST, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPERM } from '../../runtime/file-system/errno.ts';
import type { Errno } from '../../runtime/file-system/file-system.ts';
import type { Answer, ClusterFiles } from './ports.ts';

interface Entry {
  /** undefined: a directory. */
  content: Buffer | undefined;
  mtime_s: number;
  /** Node that wrote it last, by its place in the list of nodes. */
  writer: number;
  /** Changes with each change. */
  version: number;
}

type Tree = Map<string, Entry>;

export interface MemoryClusterOptions {
  readonly clock: Clock;
  readonly nodes: readonly string[];
  /** From a call to its answer; a change happens in the middle. 0: at once, within the call. */
  readonly latency_ms?: number;
}

const GUEST = /^nodes\/([^/]+)\/(qemu-server|lxc)\/([1-9][0-9]*)\.conf$/;
const LOCK = /^priv\/lock\/[^/]+$/;

export class MemoryCluster {
  readonly nodes: readonly string[];
  readonly #clock: Clock;
  readonly #latency_ms: number;
  readonly #shared: Tree = new Map();
  /** What nodes that are cut off still see. */
  readonly #stale = new Map<string, Tree>();
  readonly #locks = new LockTable();
  readonly #published = new Map<string, Record<string, string>>();
  #versions = 0;

  constructor({ clock, latency_ms = 0, nodes }: MemoryClusterOptions) {
    this.nodes = nodes;
    this.#clock = clock;
    this.#latency_ms = latency_ms;
    for (const path of ['ha', 'nodes', 'priv', 'priv/lock', ...nodes.map((node) => `nodes/${node}`)]) {
      this.#put(this.#shared, path, undefined, 0);
    }
  }

  /** Takes a node out of the cluster, or back into it. */
  connect(node: string, isConnected: boolean): void {
    if (isConnected) this.#stale.delete(node);
    else if (!this.#stale.has(node)) {
      this.#stale.set(node, new Map([...this.#shared].map(([path, entry]) => [path, { ...entry }])));
    }
  }

  isConnected(node: string): boolean {
    return !this.#stale.has(node);
  }

  isQuorate(node: string): boolean {
    return this.isConnected(node) && (this.nodes.length - this.#stale.size) * 2 > this.nodes.length;
  }

  /** Writes a file from outside, with the directories above it. */
  put(path: string, text: string): void {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      const parent = parts.slice(0, depth).join('/');
      if (!this.#shared.has(parent)) this.#put(this.#shared, parent, undefined, 0);
    }
    this.#put(this.#shared, path, Buffer.from(text, 'latin1'), 0);
  }

  remove(path: string): void {
    this.#shared.delete(path);
  }

  /** Text of a file as the majority has it. */
  text(path: string): string | undefined {
    return this.#shared.get(path)?.content?.toString('latin1');
  }

  paths(): readonly string[] {
    return [...this.#shared.keys()].sort();
  }

  /** Node of a lock's holder. */
  lockHolder(name: string): string | undefined {
    const lock = this.#shared.get(`priv/lock/${name}`);
    return lock === undefined ? undefined : this.nodes[lock.writer];
  }

  /** Node on which a guest's configuration is. */
  guestNode(vmid: string): string | undefined {
    for (const path of this.#shared.keys()) {
      const match = GUEST.exec(path);
      if (match?.[3] === vmid) return match[1];
    }
    return undefined;
  }

  publish(node: string, key: string, value: string): void {
    this.#published.set(key, { ...this.#published.get(key), [node]: value });
  }

  /** `/etc/pve` of one node. */
  files(node: string): ClusterFiles {
    const view = (): Tree => this.#stale.get(node) ?? this.#shared;
    const read = <Value>(look: () => Value, done: Answer<Value>): void => this.#later(() => done(look()));
    const change = (run: (tree: Tree, by: number) => Errno, done: Answer<Errno>): Next => {
      if (this.#latency_ms === 0) return done(this.#change(node, run));
      this.#clock.setTimeout(() => {
        const errno = this.#change(node, run);
        this.#clock.setTimeout(() => done(errno), this.#latency_ms / 2);
      }, this.#latency_ms / 2);
    };
    return {
      read: (path, done) => read(() => this.#read(view(), node, path), done),
      list: (path, done) => read(() => namesIn(view(), path), done),
      replace: (path, content, done) =>
        change((tree, by) => {
          if (tree.get(path)?.content === undefined && tree.has(path)) return -EISDIR;
          if (!isDirectory(tree, parentOf(path))) return -ENOENT;
          return this.#put(tree, path, Buffer.from(content), by);
        }, done),
      mkdir: (path, done) => change((tree, by) => this.#mkdir(tree, path, by), done),
      rmdir: (path, done) => change((tree) => this.#rmdir(tree, path), done),
      unlink: (path, done) =>
        change((tree) => {
          if (!tree.has(path)) return -ENOENT;
          if (isDirectory(tree, path)) return -EISDIR;
          tree.delete(path);
          return 0;
        }, done),
      rename: (from, to, done) => change((tree, by) => this.#rename(tree, from, to, by), done),
      setTime: (path, mtime_s, done) => change((tree, by) => this.#setTime(tree, path, mtime_s, by), done),
      published: (key, done) => read(() => this.#published.get(key) ?? {}, done),
    };
  }

  #later(run: () => void): void {
    if (this.#latency_ms === 0) run();
    else this.#clock.setTimeout(run, this.#latency_ms);
  }

  get #now_s(): number {
    return this.#clock.monotonic_ms() / 1000;
  }

  #change(node: string, run: (tree: Tree, by: number) => Errno): Errno {
    return this.isQuorate(node) ? run(this.#shared, this.nodes.indexOf(node)) : -EACCES;
  }

  #put(tree: Tree, path: string, content: Buffer | undefined, writer: number): 0 {
    this.#versions++;
    const mtime_s = Math.floor(this.#clock.wall_ms() / 1000);
    tree.set(path, { content, mtime_s, writer, version: this.#versions });
    return 0;
  }

  #read(tree: Tree, node: string, path: string): Buffer | Errno {
    if (path === '.members') return Buffer.from(this.#members(node));
    if (path === '.vmlist') return Buffer.from(guestList(tree));
    if (path === '.version') return Buffer.from('{}');
    const entry = tree.get(path);
    if (entry === undefined) return -ENOENT;
    return entry.content ?? -EISDIR;
  }

  #members(node: string): string {
    const nodelist = Object.fromEntries(
      this.nodes.map((name, index) => {
        const isSeen = name === node || (this.isConnected(node) && this.isConnected(name));
        return [name, { id: index + 1, online: isSeen ? 1 : 0 }];
      }),
    );
    const cluster = { name: 'memory', version: 1, nodes: this.nodes.length, quorate: this.isQuorate(node) ? 1 : 0 };
    return JSON.stringify({ nodename: node, version: 1, cluster, nodelist });
  }

  #mkdir(tree: Tree, path: string, by: number): Errno {
    if (tree.has(path)) return -EEXIST;
    if (!isDirectory(tree, parentOf(path))) return -ENOENT;
    this.#put(tree, path, undefined, by);
    if (LOCK.test(path)) this.#locks.note(path, checksumOf(tree.get(path)!), this.#now_s, by);
    return 0;
  }

  #rmdir(tree: Tree, path: string): Errno {
    if (!tree.has(path)) return -ENOENT;
    if (!isDirectory(tree, path)) return -ENOTDIR;
    if (namesIn(tree, path).length > 0) return -ENOTEMPTY;
    tree.delete(path);
    this.#locks.forget(path);
    return 0;
  }

  #rename(tree: Tree, from: string, to: string, by: number): Errno {
    const entry = tree.get(from);
    if (entry === undefined || !isDirectory(tree, parentOf(to))) return -ENOENT;
    if (entry.content === undefined) return -EPERM;
    tree.delete(from);
    return this.#put(tree, to, entry.content, by);
  }

  #setTime(tree: Tree, path: string, mtime_s: number, by: number): Errno {
    const entry = tree.get(path);
    if (entry === undefined) return -ENOENT;
    if (LOCK.test(path)) {
      if (mtime_s === 0 && this.#locks.testExpiry(path, checksumOf(entry), this.#now_s).expired) {
        tree.delete(path);
        this.#locks.forget(path);
        return 0;
      }
      if (!this.#locks.mayRenew(path, by, mtime_s, { writer: entry.writer, mtime: entry.mtime_s })) return -EACCES;
    }
    this.#versions++;
    const renewed: Entry = { ...entry, mtime_s, version: this.#versions };
    tree.set(path, renewed);
    if (LOCK.test(path)) this.#locks.renewed(path, checksumOf(renewed), this.#now_s, by);
    return 0;
  }
}

function checksumOf({ version, writer }: Entry): Buffer {
  return Buffer.from(`${version} ${writer}`);
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function isDirectory(tree: Tree, path: string): boolean {
  return path === '' || (tree.has(path) && tree.get(path)!.content === undefined);
}

function namesIn(tree: Tree, path: string): readonly string[] {
  const prefix = path === '' ? '' : `${path}/`;
  const names = [...tree.keys()].filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length));
  return names.filter((name) => name !== '' && !name.includes('/')).sort();
}

function guestList(tree: Tree): string {
  const ids: Record<string, object> = {};
  for (const path of tree.keys()) {
    const match = GUEST.exec(path);
    if (match !== null) ids[match[3]!] = { node: match[1], type: match[2] === 'lxc' ? 'lxc' : 'qemu', version: 1 };
  }
  return JSON.stringify({ version: 1, ids });
}
