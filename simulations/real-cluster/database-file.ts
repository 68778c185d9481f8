/** A `config.db` as a node leaves it, for tests that damage it. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { openSqliteStore } from '../../runtime/store/sqlite.ts';
import type { StoreChange } from '../../runtime/store/store.ts';

const ENTRIES = 200;
const FILE = 8;
const MTIME = 1_700_000_000;

/** Makes a database of many files in its root, `f1` with inode 1 and so on. */
export function makeDatabase(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const store = openSqliteStore(path);
  if ('message' in store) throw new Error(store.message);
  const row = (inode: number, version: number, name: string, data: Buffer | null): StoreChange => ({
    kind: 'replace',
    row: { inode, parent: 0, version, writer: 0, mtime: MTIME, type: FILE, name, data },
  });
  const files = Array.from({ length: ENTRIES }, (_, at) => row(at + 1, at + 1, `f${at + 1}`, Buffer.alloc(500, 'x')));
  const failure = store.commit([row(0, ENTRIES + 1, '__version__', null), ...files]);
  store.close();
  if (failure !== undefined) throw new Error(failure.message);
}

/** Runs statements on a database, with the checks of its schema off. */
export function runSql(path: string, ...statements: readonly string[]): void {
  const database = new Database(path);
  try {
    database.pragma('ignore_check_constraints = 1');
    database.pragma('writable_schema = 1');
    for (const statement of statements) database.exec(statement);
  } finally {
    database.close();
  }
}
