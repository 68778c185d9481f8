/**
 * Backups of `config.db` before it is given up (spec/pmxcfs.md §3.7): SQL text, gzip-compressed, the newest ones kept. No process
 * may have the database open.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import Database from 'better-sqlite3';

const KEPT_BACKUPS = 10;
/** Beside the database, by SQLite. */
const COMPANIONS = ['', '-wal', '-shm'] as const;
const BACKUP_NAME = /^config-\d+\.sql\.gz$/;

/** Where the backup of a moment goes. */
export function backupPath(directory: string, wall_s: number): string {
  return join(directory, `config-${wall_s}.sql.gz`);
}

/** Writes the backup and drops the oldest; throws where the database can't be dumped. */
export function backUpDatabase(database: string, path: string): void {
  const text = dumpSql(database);
  const directory = join(path, '..');
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o700);
  writeFileSync(path, gzipSync(text), { mode: 0o600 });
  const backups = readdirSync(directory)
    .sort()
    .filter((name) => BACKUP_NAME.test(name));
  for (const name of backups.slice(0, -KEPT_BACKUPS)) rmSync(join(directory, name));
}

/** The database as SQL statements that make it again. */
export function dumpSql(path: string): Buffer {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    const parts: (string | Buffer)[] = ['PRAGMA foreign_keys=OFF;\n', 'BEGIN TRANSACTION;\n'];
    const tables = database
      .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid")
      .all() as { name: string; sql: string }[];
    for (const { name, sql } of tables) {
      parts.push(`${sql};\n`);
      const columns = database.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(name) as string[];
      const quoted = columns.map((column) => `quote(${identifier(column)})`).join(` || ',' || `);
      // As bytes: a name need not be UTF-8.
      const rows = database.prepare(`SELECT CAST(${quoted} AS BLOB) FROM ${identifier(name)} ORDER BY rowid`).pluck();
      for (const row of rows.iterate() as IterableIterator<Buffer>) {
        parts.push(`INSERT INTO ${identifier(name)} VALUES(`, row, ');\n');
      }
    }
    parts.push('COMMIT;\n');
    return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  } finally {
    database.close();
  }
}

/** Deletes the database with what SQLite keeps beside it. */
export function deleteDatabase(path: string): void {
  for (const companion of COMPANIONS) rmSync(`${path}${companion}`, { force: true });
}

/** Puts a database that can't be dumped aside, as `<path>.<seconds>.bak`; the result is its new path. */
export function setDatabaseAside(path: string, wall_s: number): string {
  const aside = `${path}.${wall_s}.bak`;
  for (const companion of COMPANIONS) {
    if (existsSync(`${path}${companion}`)) renameSync(`${path}${companion}`, `${aside}${companion}`);
  }
  return aside;
}

/**
 * True where the database holds a guest's configuration, `<vmid>.conf` in a folder of guests. False without a database; throws a
 * sentence where it can't be read.
 */
export function holdsGuests(path: string): boolean {
  if (!existsSync(path)) return false;
  const database = new Database(path, { readonly: true });
  try {
    const names = database
      .prepare(
        `SELECT file.name FROM tree file JOIN tree folder ON file.parent = folder.inode
         WHERE folder.name IN ('qemu-server', 'lxc') AND file.name LIKE '%.conf'`,
      )
      .pluck()
      .all() as string[];
    return names.some((name) => /^[1-9]\d{2,}\.conf$/.test(name));
  } catch (error) {
    throw new Error(`unable to look for guests in '${path}': ${(error as Error).message}`);
  } finally {
    database.close();
  }
}

function identifier(name: string): string {
  return `"${name.replace(/"/g, '""')}"`;
}
