/**
 * Reference (a): an empty file system in memory behind the same FUSE adapter, which executes the SQLite statements of the
 * product: per change one transaction that replaces or deletes the entry's row and replaces the version row.
 *
 * It checks nothing, knows no permission and has no tree: what the product costs more is the price of its rules.
 */

import type { Done, FileAttributes, FileSystem } from '../../runtime/file-system/file-system.ts';
import { mountFuse } from '../../runtime/file-system/fuse-mount.ts';
import { entryOwner } from '../../runtime/file-system/owner.ts';
import { openSqliteStore } from '../../runtime/store/sqlite.ts';
import type { Store, StoreRow } from '../../runtime/store/store.ts';
import { serveRequests, workerOptions } from './worker-protocol.ts';

export interface LocalReferenceOptions {
  readonly mountPoint: string;
  readonly database: string;
}

interface Entry {
  readonly inode: number;
  readonly isDirectory: boolean;
  readonly attributes: { mode: number; nlink: number; size: number; mtime: number };
  data: Buffer;
}

const ENOENT = 2;
const NO_BYTES = Buffer.alloc(0);

class MemoryFileSystem implements FileSystem {
  readonly #entries = new Map<string, Entry>();
  readonly #store: Store;
  #version = 1;

  constructor(store: Store) {
    this.#store = store;
    this.#insert('/', true);
  }

  getattr(path: string): FileAttributes | number {
    return this.#entries.get(path)?.attributes ?? -ENOENT;
  }

  readdir(): [] {
    return [];
  }

  readlink(): number {
    return -ENOENT;
  }

  open(path: string): number {
    return this.#entries.has(path) ? 0 : -ENOENT;
  }

  read(path: string, offset: number, length: number): Buffer | number {
    return this.#entries.get(path)?.data.subarray(offset, offset + length) ?? -ENOENT;
  }

  statfs() {
    return { bsize: 4096, blocks: 32_768, bfree: 32_768, files: 262_144, ffree: 262_144, namemax: 256 };
  }

  chmod(): number {
    return 0;
  }

  chown(): number {
    return 0;
  }

  write(path: string, data: Buffer, offset: number, done: Done): void {
    this.#change(path, done, data.length, (entry) => {
      const size = Math.max(entry.data.length, offset + data.length);
      const whole = Buffer.alloc(size);
      entry.data.copy(whole);
      data.copy(whole, offset);
      entry.data = whole;
    });
  }

  truncate(path: string, size: number, done: Done): void {
    this.#change(path, done, 0, (entry) => {
      const whole = Buffer.alloc(size);
      entry.data.copy(whole);
      entry.data = whole;
    });
  }

  create(path: string, done: Done): void {
    this.#insert(path, false);
    this.#change(path, done, 0);
  }

  mkdir(path: string, done: Done): void {
    this.#insert(path, true);
    this.#change(path, done, 0);
  }

  unlink(path: string, done: Done): void {
    const entry = this.#entries.get(path);
    if (entry === undefined) {
      done(-ENOENT);
      return;
    }
    this.#entries.delete(path);
    this.#version += 1;
    this.#store.commit([
      { kind: 'delete', inode: entry.inode },
      { kind: 'replace', row: this.#versionRow() },
    ]);
    done(0);
  }

  rmdir(path: string, done: Done): void {
    this.unlink(path, done);
  }

  rename(from: string, to: string, done: Done): void {
    const entry = this.#entries.get(from);
    if (entry === undefined) {
      done(-ENOENT);
      return;
    }
    this.#entries.delete(from);
    this.#entries.set(to, entry);
    this.#change(to, done, 0);
  }

  utimens(path: string, _mtime: number, done: Done): void {
    this.#change(path, done, 0);
  }

  #insert(path: string, isDirectory: boolean): void {
    const mode = isDirectory ? 0o040755 : 0o100640;
    const attributes = { mode, nlink: isDirectory ? 2 : 1, size: 0, mtime: 0 };
    this.#entries.set(path, { inode: this.#version + 1, isDirectory, attributes, data: NO_BYTES });
  }

  #change(path: string, done: Done, result: number, run: (entry: Entry) => void = () => {}): void {
    const entry = this.#entries.get(path);
    if (entry === undefined) {
      done(-ENOENT);
      return;
    }
    run(entry);
    this.#version += 1;
    entry.attributes.size = entry.data.length;
    entry.attributes.mtime = now_s();
    this.#store.commit([
      { kind: 'replace', row: this.#row(entry, path.slice(path.lastIndexOf('/') + 1)) },
      { kind: 'replace', row: this.#versionRow() },
    ]);
    done(result);
  }

  #row({ inode, isDirectory, data }: Entry, name: string): StoreRow {
    const bytes = data.length === 0 ? null : data;
    return {
      inode,
      parent: 0,
      version: this.#version,
      writer: 0,
      mtime: now_s(),
      type: isDirectory ? 4 : 8,
      name,
      data: bytes,
    };
  }

  #versionRow(): StoreRow {
    const row = { inode: 0, parent: 0, version: this.#version, writer: 0, mtime: now_s() };
    return { ...row, type: 8, name: '__version__', data: null };
  }
}

function now_s(): number {
  return Math.floor(Date.now() / 1000);
}

const { mountPoint, database } = workerOptions<LocalReferenceOptions>();
const store = openSqliteStore(database);
if ('message' in store) throw new Error(store.message);
const owner = entryOwner();
if ('failure' in owner) throw new Error(owner.failure);
const fileSystem = new MemoryFileSystem(store);
const log = { write: () => {} };
const mount = await mountFuse({ mountPoint, fileSystem, ...owner, log });

await serveRequests(
  () => (mount.ok ? 'serving' : Promise.reject(new Error(mount.message))),
  async () => {
    if (mount.ok) await mount.unmount();
    store.close();
  },
);
