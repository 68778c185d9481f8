/** What only the real adapter has: files, modes, pragmas, and what it says about files that are not its own. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openSqliteStore } from './sqlite.ts';
import type { Store, StoreFailure, StoreRow } from './store.ts';

const ROW: StoreRow = {
  inode: 2,
  parent: 0,
  version: 2,
  writer: 1,
  mtime: 7,
  type: 8,
  name: 'x',
  data: Buffer.from('abc'),
};

/** Runs `body` with a path in a folder of its own. */
function inFolder(name: string, body: (path: string, folder: string) => void): void {
  test(name, () => {
    const folder = mkdtempSync(join(tmpdir(), 'sqlite-'));
    try {
      body(join(folder, 'config.db'), folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

function opened(path: string, synchronous: 'normal' | 'full' = 'normal'): Store {
  const store = openSqliteStore(path, { synchronous });
  if ('code' in store) throw new Error(store.message);
  return store;
}

/** A page limit makes a disk full, and is a property of the connection, which the adapter keeps to itself. */
function openedWithConnection(path: string): readonly [Store, Database.Database] {
  const { exec } = Database.prototype;
  let connection: Database.Database | undefined;
  Database.prototype.exec = function (this: Database.Database, source: string) {
    connection = this;
    return exec.call(this, source);
  };
  try {
    const store = opened(path);
    assert.ok(connection);
    return [store, connection];
  } finally {
    Database.prototype.exec = exec;
  }
}

function refused(path: string): StoreFailure {
  const store = openSqliteStore(path, { busy_timeout_ms: 1 });
  if ('code' in store) return store;
  store.close();
  throw new Error('the database was opened');
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o7777;
}

inFolder('a new database has mode 0600 with its companions, and an old one gets it (§3.2)', (path) => {
  const store = opened(path);
  store.commit([{ kind: 'replace', row: ROW }]);
  for (const suffix of ['', '-wal', '-shm']) assert.is(modeOf(path + suffix), 0o600, suffix);
  store.close();
  chmodSync(path, 0o644);
  opened(path).close();
  assert.is(modeOf(path), 0o600);
});

inFolder('the original opens it: WAL, the table and its checks (§3.1)', (path) => {
  opened(path).close();
  const database = new Database(path);
  assert.is(database.pragma('journal_mode', { simple: true }), 'wal');
  assert.is(database.prepare("SELECT count(*) FROM sqlite_master WHERE type = 'table'").pluck().get(), 1);
  const insert = "INSERT INTO tree VALUES (1, 0, 'x', 0, 0, 8, 'n', NULL)";
  assert.throws(() => database.exec(insert), /CHECK/);
  database.close();
});

inFolder('a name is stored as text, data as blob or null', (path) => {
  const store = opened(path);
  store.commit([
    { kind: 'replace', row: ROW },
    { kind: 'replace', row: { ...ROW, inode: 3, data: null } },
  ]);
  store.close();
  const database = new Database(path);
  const kinds = database
    .prepare('SELECT typeof(name), typeof(data), typeof(version) FROM tree ORDER BY inode')
    .raw()
    .all();
  assert.equal(kinds, [
    ['text', 'blob', 'integer'],
    ['text', 'null', 'integer'],
  ]);
  database.close();
});

inFolder('a number beyond 2^53 - 1 is refused on load, not rounded', (path) => {
  opened(path).close();
  const database = new Database(path);
  database.exec("INSERT INTO tree VALUES (5, 0, 9007199254740993, 0, 0, 8, 'n', NULL)");
  database.close();
  const loaded = opened(path).load();
  assert.is('failure' in loaded && loaded.failure.code, 'MALFORMED_ROW');
  assert.match('failure' in loaded ? loaded.failure.message : '', /version of inode 5/);
});

inFolder('a file that is no database', (path) => {
  writeFileSync(path, 'this is a text file, and long enough to be read as a header of a database file. '.repeat(30));
  const failure = refused(path);
  assert.is(failure.code, 'SQLITE_NOTADB');
  assert.match(failure.message, /config\.db is not a database/);
});

inFolder('a damaged database is refused by open or load, never half read', (path) => {
  const store = opened(path);
  const rows = Array.from({ length: 200 }, (_, at) => ({
    ...ROW,
    inode: at + 2,
    name: `f${at}`,
    data: Buffer.alloc(500),
  }));
  store.commit(rows.map((row) => ({ kind: 'replace', row })));
  store.close();
  const bytes = readFileSync(path);
  bytes.fill(0xee, 8192, 40_960);
  writeFileSync(path, bytes);
  const again = openSqliteStore(path);
  if ('code' in again) return assert.match(again.message, /is damaged/);
  const loaded = again.load();
  again.close();
  assert.match('failure' in loaded ? loaded.failure.message : 'it was loaded', /is damaged/);
});

inFolder('a database of something else stays as it is', (path) => {
  const database = new Database(path);
  database.exec('CREATE TABLE songs (title TEXT)');
  database.close();
  const failure = refused(path);
  assert.is(failure.code, 'FOREIGN_DATABASE');
  assert.match(failure.message, /no table "tree" but songs/);
  const after = new Database(path);
  assert.equal(after.prepare('SELECT name FROM sqlite_master').pluck().all(), ['songs']);
  assert.is(after.pragma('journal_mode', { simple: true }), 'delete');
  after.close();
});

inFolder('a table of our name without our columns', (path) => {
  const database = new Database(path);
  database.exec('CREATE TABLE tree (inode INTEGER PRIMARY KEY, name TEXT)');
  database.close();
  assert.match(refused(path).message, /lacks the column parent, version, writer, mtime, type, data/);
});

inFolder('a database that another process keeps locked', (path) => {
  opened(path).close();
  const other = new Database(path);
  other.pragma('locking_mode = EXCLUSIVE');
  other.exec('BEGIN EXCLUSIVE');
  assert.match(refused(path).message, /is locked by another process/);
  other.close();
});

inFolder('a directory that is missing, and a directory in place of the file', (path, folder) => {
  const missing = refused(join(folder, 'no', 'config.db'));
  assert.equal([missing.code, existsSync(join(folder, 'no'))], ['ENOENT', false]);
  assert.match(missing.message, /the directory of .* does not exist/);
  mkdirSync(path);
  assert.is(refused(path).code, 'EISDIR');
});

inFolder('a full disk is a value, the transaction is undone, and the store works again (§13.2.9)', (path) => {
  const [store, database] = openedWithConnection(path);
  store.commit([{ kind: 'replace', row: ROW }]);
  database.pragma('max_page_count = 3');
  const big = { ...ROW, inode: 3, name: 'big', data: Buffer.alloc(100_000) };
  const failure = store.commit([
    { kind: 'delete', inode: 2 },
    { kind: 'replace', row: big },
  ]);
  assert.is(failure?.code, 'SQLITE_FULL');
  assert.match(failure?.message ?? '', /no space left/);
  database.pragma('max_page_count = 1000000');
  assert.ok(store.probe());
  const loaded = store.load();
  assert.equal('failure' in loaded ? [] : loaded.rows.map(({ inode }) => inode), [2]);
  assert.is(store.commit([{ kind: 'replace', row: big }]), undefined);
  store.close();
});

inFolder('a backup is a database of its own with mode 0600 in a directory of mode 0700', (path, folder) => {
  const store = opened(path);
  store.commit([{ kind: 'replace', row: ROW }]);
  const kept = join(folder, 'backup', 'kept.db');
  assert.is(store.backup(kept), undefined);
  store.commit([{ kind: 'delete', inode: 2 }]);
  assert.equal([modeOf(kept), modeOf(join(folder, 'backup'))], [0o600, 0o700]);
  const loaded = opened(kept).load();
  assert.equal('failure' in loaded ? [] : loaded.rows, [ROW]);
  assert.is(store.backup(kept)?.code, 'EEXIST');
  store.close();
});

inFolder('NULL where the schema allows none, as a damaged page has it, is neither a number nor a crash', (path) => {
  const database = new Database(path);
  database.exec('CREATE TABLE tree (inode INTEGER PRIMARY KEY, parent, version, writer, mtime, type, name, data)');
  database.exec("INSERT INTO tree VALUES (0, 0, 9, 0, 9, 8, '__version__', NULL), (2, 0, NULL, 0, 9, 8, 'a', NULL)");
  database.close();
  const store = opened(path);
  const loaded = store.load();
  assert.match('failure' in loaded ? loaded.failure.message : '', /version of inode 2 is not within/);
  store.close();
  const other = new Database(path);
  other.exec('UPDATE tree SET version = 1, name = NULL WHERE inode = 2');
  other.close();
  const again = opened(path);
  const rows = again.load();
  assert.equal('failure' in rows ? [] : rows.rows.map(({ name }) => name), ['__version__', '']);
  again.close();
});

test.run();
