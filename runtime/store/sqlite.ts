/**
 * The real adapter of the Store port: `config.db` in SQLite, readable and writable by the original (spec/pmxcfs.md
 * §3.1, §3.2). Names are bytes, which SQLite keeps as text: they are read and bound as blobs and cast (§13.1.5).
 */
import { Buffer } from 'node:buffer';
import { accessSync, chmodSync, closeSync, constants, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { changesProblem, rowProblem } from './row-check.ts';
import type { Store, StoreChange, StoreFailure, StoreRow } from './store.ts';

/** The text matters in that the original and its tools compare nothing but must find these columns. */
const SCHEMA =
  'CREATE TABLE IF NOT EXISTS tree (' +
  '  inode INTEGER PRIMARY KEY NOT NULL,' +
  ['parent', 'version', 'writer', 'mtime', 'type']
    .map((column) => `  ${column} INTEGER NOT NULL CHECK(typeof(${column})=='integer'),`)
    .join('') +
  '  name TEXT NOT NULL,' +
  '  data BLOB);';

const COLUMNS = ['inode', 'parent', 'version', 'writer', 'mtime', 'type', 'name', 'data'] as const;
const SELECT =
  'SELECT inode, parent, version, writer, mtime, type, CAST(name AS BLOB) AS name, CAST(data AS BLOB) AS data FROM tree';
const REPLACE =
  'REPLACE INTO tree (inode, parent, version, writer, mtime, type, name, data) VALUES (?, ?, ?, ?, ?, ?, CAST(? AS TEXT), ?)';

const FILE_MODE = 0o600;
/** A checkpoint waits for the disk, and the token waits for it. Pages that were written often cost it once: 16 MiB of log. */
const CHECKPOINT_PAGES = 4096;
const DIRECTORY_MODE = 0o700;

export interface SqliteStoreOptions {
  /** `normal` may lose the last commits at a power failure; `full` does not (§13.2.1). */
  readonly synchronous?: 'normal' | 'full';
  /** How long to wait for another process's lock. */
  readonly busy_timeout_ms?: number;
}

/** Opens the database at `path`, or creates it; a failure is a sentence that names the file. */
export function openSqliteStore(path: string, options: SqliteStoreOptions = {}): Store | StoreFailure {
  const problem = prepareFile(path);
  if (problem !== undefined) return problem;
  let database: Database.Database | undefined;
  try {
    database = new Database(path, { timeout: options.busy_timeout_ms ?? 10_000 });
    const foreign = foreignContent(database, path);
    if (foreign !== undefined) {
      database.close();
      return foreign;
    }
    database.pragma('journal_mode = WAL');
    database.pragma(`synchronous = ${options.synchronous ?? 'normal'}`);
    database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.exec(SCHEMA);
    return new SqliteStore(database, path);
  } catch (error) {
    database?.close();
    return failureOf(error, path);
  }
}

/** Creates the file with its mode before SQLite would with the umask's, and sets the mode of an old one. */
function prepareFile(path: string): StoreFailure | undefined {
  try {
    if (existsSync(path)) {
      if (!statSync(path).isFile()) return { code: 'EISDIR', message: `${path} is not a file` };
      accessSync(path, constants.R_OK | constants.W_OK);
    } else {
      closeSync(openSync(path, 'wx', FILE_MODE));
    }
    chmodSync(path, FILE_MODE);
    return undefined;
  } catch (error) {
    return failureOf(error, path);
  }
}

/** A database of something else must not get a table of ours. */
function foreignContent(database: Database.Database, path: string): StoreFailure | undefined {
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all() as string[];
  const others = tables.filter((name) => !name.startsWith('sqlite_'));
  if (!others.includes('tree')) {
    if (others.length === 0) return undefined;
    const message = `${path} is a database of something else: it has no table "tree" but ${others.slice(0, 3).join(', ')}`;
    return { code: 'FOREIGN_DATABASE', message };
  }
  const columns = database.prepare("SELECT name FROM pragma_table_info('tree')").pluck().all() as string[];
  const missing = COLUMNS.filter((column) => !columns.includes(column));
  if (missing.length === 0) return undefined;
  return { code: 'FOREIGN_DATABASE', message: `the table "tree" of ${path} lacks the column ${missing.join(', ')}` };
}

const SENTENCES: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: (path) => `the directory of ${path} does not exist`,
  ENOTDIR: (path) => `the directory of ${path} is not a directory`,
  EACCES: (path) => `no permission to read and write ${path}`,
  EROFS: (path) => `${path} is on a read-only file system`,
  ENOSPC: (path) => `no space left for ${path}`,
  SQLITE_NOTADB: (path) => `${path} is not a database`,
  SQLITE_CORRUPT: (path) => `${path} is damaged`,
  SQLITE_BUSY: (path) => `${path} is locked by another process`,
  SQLITE_LOCKED: (path) => `${path} is locked by another process`,
  SQLITE_CANTOPEN: (path) => `${path} cannot be opened`,
  SQLITE_READONLY: (path) => `${path} is read-only`,
  SQLITE_FULL: (path) => `no space left for ${path}`,
  SQLITE_IOERR: (path) => `input/output error on ${path}`,
};

function failureOf(error: unknown, path: string): StoreFailure {
  const text = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  // Extended codes of SQLite have the primary code as a prefix (SQLITE_IOERR_WRITE).
  const primary = code.split('_').slice(0, 2).join('_');
  const sentence = SENTENCES[code] ?? SENTENCES[primary];
  return { code, message: sentence === undefined ? `${path}: ${text}` : `${sentence(path)} (${text})` };
}

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : 'UNKNOWN';
}

/** What the schema promises; a damaged database breaks any of it. Numbers beyond 2^53 come rounded, still beyond. */
type StoredRow = readonly [number, number, number, number, number, number, Buffer | null, Buffer | null];

class SqliteStore implements Store {
  readonly isNew: boolean;
  readonly #database: Database.Database;
  readonly #path: string;
  readonly #replace: Database.Statement;
  readonly #delete: Database.Statement;
  readonly #touch: Database.Statement;
  readonly #apply: (changes: readonly StoreChange[]) => void;
  readonly #probe: () => void;

  constructor(database: Database.Database, path: string) {
    this.#database = database;
    this.#path = path;
    this.#replace = database.prepare(REPLACE);
    this.#delete = database.prepare('DELETE FROM tree WHERE inode = ?');
    // Writes a page without changing anything.
    this.#touch = database.prepare('UPDATE tree SET version = version WHERE inode = 0');
    this.#apply = database.transaction((changes: readonly StoreChange[]) => {
      for (const change of changes) this.#applyOne(change);
    });
    this.#probe = database.transaction(() => {
      this.#touch.run();
    });
    this.isNew = database.prepare('SELECT 1 FROM tree LIMIT 1').get() === undefined;
  }

  load(): { readonly rows: readonly StoreRow[] } | { readonly failure: StoreFailure } {
    const rows: StoreRow[] = [];
    try {
      const stored = this.#database.prepare(SELECT).raw(true).iterate() as Iterable<StoredRow>;
      for (const [inode, parent, version, writer, mtime, type, name, data] of stored) {
        // NULL where a torn page or a foreign tool has put it: no name, which the tree refuses (§3.5).
        const row = { inode, parent, version, writer, mtime, type, name: name?.toString('latin1') ?? '', data };
        const problem = rowProblem(row);
        if (problem !== undefined) return { failure: { code: 'MALFORMED_ROW', message: `${this.#path}: ${problem}` } };
        rows.push(row);
      }
      return { rows };
    } catch (error) {
      return { failure: failureOf(error, this.#path) };
    }
  }

  commit(changes: readonly StoreChange[]): StoreFailure | undefined {
    const problem = changesProblem(changes);
    return problem ?? this.#attempt(() => this.#apply(changes));
  }

  probe(): boolean {
    return this.#attempt(this.#probe) === undefined;
  }

  backup(path: string): StoreFailure | undefined {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
      // The target of VACUUM INTO may exist when it is empty; so it never has a mode but this one.
      closeSync(openSync(path, 'wx', FILE_MODE));
      this.#database.prepare('VACUUM INTO ?').run(path);
      return undefined;
    } catch (error) {
      return failureOf(error, path);
    }
  }

  close(): void {
    this.#database.close();
  }

  #applyOne(change: StoreChange): void {
    if (change.kind === 'delete') {
      this.#delete.run(change.inode);
      return;
    }
    const { inode, parent, version, writer, mtime, type, name, data } = change.row;
    this.#replace.run(inode, parent, version, writer, mtime, type, Buffer.from(name, 'latin1'), data);
  }

  #attempt(work: () => void): StoreFailure | undefined {
    try {
      work();
      return undefined;
    } catch (error) {
      return failureOf(error, this.#path);
    }
  }
}
