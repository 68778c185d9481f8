/**
 * What-if: `/etc/pve` as one part of a cluster has it, with the lock rules of pmxcfs (machines/pmxcfs/lock). How it is replicated is
 * the full simulator's matter; here a part that keeps together shares one.
 */
import { LockTable } from '../../machines/pmxcfs/lock/lock-table.ts';
import { LOCK_LIFETIME_S } from '../../machines/pmxcfs/lock/machine.ts';
import { EACCES, EEXIST, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY } from '../../runtime/file-system/errno.ts';
import type { Errno } from '../../runtime/file-system/file-system.ts';

interface Entry {
  /** undefined: a directory. */
  readonly content: Buffer | undefined;
  readonly mtime_s: number;
  readonly writer: number;
  readonly version: number;
}

const lockPath = /^priv\/lock\/[^/]+$/;
const guestPath = /^nodes\/([^/]+)\/(qemu-server|lxc)\/([1-9][0-9]*)\.conf$/;

export interface Instant {
  readonly monotonic_s: number;
  readonly wall_s: number;
}

export class Replica {
  readonly #entries: Map<string, Entry>;
  readonly #locks = new LockTable();
  #version: number;
  #guests: Buffer | undefined;

  private constructor(entries: Map<string, Entry>, version: number) {
    this.#entries = entries;
    this.#version = version;
  }

  /** @param files by path; directories end with a slash */
  static of(files: ReadonlyMap<string, string>, now: Instant): Replica {
    const replica = new Replica(new Map(), 0);
    for (const path of ['ha', 'nodes', 'priv', 'priv/lock']) replica.#put(path, undefined, 0, now);
    for (const [path, text] of files) {
      const name = path.replace(/\/$/, '');
      replica.#makeParents(name, now);
      replica.#put(name, path.endsWith('/') ? undefined : Buffer.from(text, 'latin1'), 0, now);
    }
    return replica;
  }

  /** For a part that goes its own way from now on; the ages of locks begin anew there. */
  copy(now: Instant): Replica {
    const copy = new Replica(new Map(this.#entries), this.#version);
    copy.#rememberLocks(now);
    return copy;
  }

  read(path: string): Buffer | Errno {
    if (path === '.vmlist') return this.#guestList();
    if (path === '.version') return Buffer.from('{}');
    const entry = this.#entries.get(path);
    if (entry === undefined) return -ENOENT;
    return entry.content ?? -EISDIR;
  }

  text(path: string): string | undefined {
    return this.#entries.get(path)?.content?.toString('latin1');
  }

  list(path: string): readonly string[] {
    const prefix = path === '' ? '' : `${path}/`;
    const names: string[] = [];
    for (const name of this.#entries.keys()) {
      if (name.startsWith(prefix) && !name.includes('/', prefix.length)) names.push(name.slice(prefix.length));
    }
    return names.sort();
  }

  /** Where a guest's configuration is. */
  guestNode(vmid: string): string | undefined {
    for (const path of this.#entries.keys()) {
      const match = guestPath.exec(path);
      if (match?.[3] === vmid) return match[1];
    }
    return undefined;
  }

  replace(path: string, content: Buffer, writer: number, now: Instant): Errno {
    const before = this.#entries.get(path);
    if (before !== undefined && before.content === undefined) return -EISDIR;
    if (!this.#isDirectory(parentOf(path))) return -ENOENT;
    return this.#put(path, Buffer.from(content), writer, now);
  }

  mkdir(path: string, writer: number, now: Instant): Errno {
    if (this.#entries.has(path)) return -EEXIST;
    if (!this.#isDirectory(parentOf(path))) return -ENOENT;
    this.#put(path, undefined, writer, now);
    if (lockPath.test(path)) this.#locks.note(path, this.#checksum(path), now.monotonic_s, writer);
    return 0;
  }

  rmdir(path: string): Errno {
    if (!this.#entries.has(path)) return -ENOENT;
    if (!this.#isDirectory(path)) return -ENOTDIR;
    if (this.list(path).length > 0) return -ENOTEMPTY;
    this.#remove(path);
    return 0;
  }

  unlink(path: string): Errno {
    if (!this.#entries.has(path)) return -ENOENT;
    if (this.#isDirectory(path)) return -EISDIR;
    this.#remove(path);
    return 0;
  }

  rename(from: string, to: string, writer: number, now: Instant): Errno {
    const content = this.#entries.get(from)?.content;
    if (content === undefined || !this.#isDirectory(parentOf(to))) return -ENOENT;
    this.#remove(from);
    return this.#put(to, content, writer, now);
  }

  setTime(path: string, mtime_s: number, writer: number, { monotonic_s }: Instant): Errno {
    const entry = this.#entries.get(path);
    if (entry === undefined) return -ENOENT;
    const isLock = lockPath.test(path);
    // Slaves ask every second; of a young lock the answer is known.
    const isOld = (this.#locks.age_s(path, monotonic_s) ?? 0) >= LOCK_LIFETIME_S;
    if (isLock && mtime_s === 0 && isOld && this.#locks.testExpiry(path, this.#checksum(path), monotonic_s).expired) {
      this.#remove(path);
      return 0;
    }
    if (isLock && !this.#locks.mayRenew(path, writer, mtime_s, { writer: entry.writer, mtime: entry.mtime_s }))
      return -EACCES;
    this.#version += 1;
    this.#entries.set(path, { ...entry, mtime_s, version: this.#version });
    if (isLock) this.#locks.renewed(path, this.#checksum(path), monotonic_s, writer);
    return 0;
  }

  #put(path: string, content: Buffer | undefined, writer: number, { wall_s }: Instant): 0 {
    this.#version += 1;
    if (!this.#entries.has(path) && guestPath.test(path)) this.#guests = undefined;
    this.#entries.set(path, { content, mtime_s: Math.floor(wall_s), writer, version: this.#version });
    return 0;
  }

  #remove(path: string): void {
    this.#entries.delete(path);
    if (lockPath.test(path)) this.#locks.forget(path);
    if (guestPath.test(path)) this.#guests = undefined;
  }

  #makeParents(path: string, now: Instant): void {
    const parent = parentOf(path);
    if (parent === '' || this.#entries.has(parent)) return;
    this.#makeParents(parent, now);
    this.#put(parent, undefined, 0, now);
  }

  #isDirectory(path: string): boolean {
    return path === '' || (this.#entries.has(path) && this.#entries.get(path)!.content === undefined);
  }

  #checksum(path: string): Buffer {
    const { version, writer } = this.#entries.get(path)!;
    return Buffer.from(`${version} ${writer}`);
  }

  #rememberLocks({ monotonic_s }: Instant): void {
    const locks = [...this.#entries].filter(([path]) => lockPath.test(path));
    this.#locks.rebuild(
      locks.map(([path, { writer }]) => ({ path, checksum: this.#checksum(path), holder: writer })),
      monotonic_s,
    );
  }

  #guestList(): Buffer {
    if (this.#guests !== undefined) return this.#guests;
    const ids: Record<string, object> = {};
    for (const path of this.#entries.keys()) {
      const match = guestPath.exec(path);
      if (match !== null) ids[match[3]!] = { node: match[1], type: match[2] === 'lxc' ? 'lxc' : 'qemu', version: 1 };
    }
    this.#guests = Buffer.from(JSON.stringify({ version: 1, ids }));
    return this.#guests;
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
