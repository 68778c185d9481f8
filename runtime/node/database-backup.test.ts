import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openSqliteStore } from '../store/sqlite.ts';
import type { StoreRow } from '../store/store.ts';
import { reportSkip, sharedPath } from '../test-support/shared-corpus.ts';
import {
  backUpDatabase,
  backupPath,
  deleteDatabase,
  dumpSql,
  holdsGuests,
  setDatabaseAside,
} from './database-backup.ts';

const folder = mkdtempSync(join(tmpdir(), 'database-backup-'));

function row(inode: number, parent: number, name: string, type: number, data: Buffer | null = null): StoreRow {
  return { inode, parent, version: inode, writer: 1, mtime: 1_700_000_000, type, name, data };
}

function makeDatabase(name: string, rows: readonly StoreRow[]): string {
  const path = join(folder, name);
  const store = openSqliteStore(path);
  if ('message' in store) throw new Error(store.message);
  const failure = store.commit(rows.map((each) => ({ kind: 'replace', row: each })));
  if (failure !== undefined) throw new Error(failure.message);
  store.close();
  return path;
}

/** All rows, names and data as bytes. */
function rowsOf(path: string): unknown[] {
  const database = new Database(path, { readonly: true });
  const rows = database.prepare('SELECT *, CAST(name AS BLOB) AS name_bytes FROM tree ORDER BY inode').raw().all();
  database.close();
  return rows;
}

function restored(name: string, sql: Buffer): string {
  const path = join(folder, name);
  const database = new Database(path);
  database.exec(sql.toString());
  database.close();
  return path;
}

const ROWS = [
  row(0, 0, '__version__', 8),
  row(2, 0, 'qemu-server', 4),
  row(3, 2, '100.conf', 8, Buffer.from([0, 39, 255, 10])),
  row(4, 0, "it's", 8, Buffer.alloc(0)),
];

test('the dump makes the same database again', () => {
  const path = makeDatabase('a.db', ROWS);
  const again = restored('a-again.db', dumpSql(path));
  assert.equal(rowsOf(again), rowsOf(path));
  const store = openSqliteStore(again);
  assert.ok('load' in store);
  if ('load' in store) store.close();
});

test('a name that is not UTF-8 stands in the dump byte for byte', () => {
  const sql = dumpSql(makeDatabase('bytes.db', [row(0, 0, '__version__', 8), row(2, 0, 'a\xff\xfeb', 8)]));
  assert.ok(sql.includes(Buffer.from("'a\xff\xfeb'", 'latin1')));
});

test("the dump of the original's database", () => {
  const original = sharedPath('pmxcfs', 'database');
  const name =
    original &&
    readdirSync(original)
      .sort()
      .find((each) => each.endsWith('.db'));
  if (original === undefined || name === undefined) {
    reportSkip("the original's database", '../shared/conformance/pmxcfs/database is not there');
    return;
  }
  const path = join(folder, 'original.db');
  writeFileSync(path, readFileSync(join(original, name)));
  assert.equal(rowsOf(restored('original-again.db', dumpSql(path))), rowsOf(path));
});

test('the ten newest backups are kept, readable by their owner alone', () => {
  const path = makeDatabase('b.db', ROWS);
  const directory = join(folder, 'backup');
  mkdirSync(directory);
  writeFileSync(join(directory, 'other'), '');
  for (let second = 1_700_000_000; second < 1_700_000_012; second++)
    backUpDatabase(path, backupPath(directory, second));
  const names = readdirSync(directory).sort();
  assert.is(names.length, 11);
  assert.is(names[0], 'config-1700000002.sql.gz');
  assert.is(names.at(-1), 'other');
  assert.is(statSync(directory).mode & 0o777, 0o700);
  assert.is(statSync(join(directory, names[0]!)).mode & 0o777, 0o600);
  assert.equal(gunzipSync(readFileSync(join(directory, names[9]!))), dumpSql(path));
});

test('what is no database is not dumped, but can be set aside with its companions', () => {
  const path = join(folder, 'c.db');
  writeFileSync(path, 'no database '.repeat(100));
  writeFileSync(`${path}-wal`, 'x');
  assert.throws(() => backUpDatabase(path, backupPath(join(folder, 'none'), 1)));
  assert.is(existsSync(join(folder, 'none')), false);
  assert.is(setDatabaseAside(path, 1_700_000_000), `${path}.1700000000.bak`);
  assert.is(existsSync(path), false);
  assert.is(readFileSync(`${path}.1700000000.bak-wal`, 'utf8'), 'x');
});

test('deleting takes the companions too', () => {
  const path = makeDatabase('d.db', ROWS);
  writeFileSync(`${path}-wal`, '');
  deleteDatabase(path);
  assert.equal(
    readdirSync(folder).filter((name) => name.startsWith('d.db')),
    [],
  );
});

test('guests are configurations of a VMID in a folder of guests', () => {
  assert.is(holdsGuests(join(folder, 'absent.db')), false);
  assert.is(holdsGuests(makeDatabase('e.db', ROWS)), true);
  const none = [row(0, 0, '__version__', 8), row(2, 0, 'lxc', 4), row(3, 2, 'x.conf', 8), row(4, 0, '100.conf', 8)];
  assert.is(holdsGuests(makeDatabase('f.db', none)), false);
  assert.is(existsSync(join(folder, 'absent.db')), false);
  writeFileSync(join(folder, 'g.db'), 'no database '.repeat(100));
  assert.throws(() => holdsGuests(join(folder, 'g.db')), /unable to look for guests in '.*g\.db': /);
});

test.after(() => rmSync(folder, { recursive: true }));

test.run();
