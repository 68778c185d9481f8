/** Part `database/` of the corpus pmxcfs: schema, rows and STATE message of a database that the original wrote. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Memdb } from '../../../machines/pmxcfs/tree/memdb.ts';
import { openSqliteStore } from '../../../runtime/store/sqlite.ts';
import type { Store, StoreRow } from '../../../runtime/store/store.ts';
import { type CorpusCase, differenceOf, judged } from '../corpus.ts';

const STATE_HEADER_BYTES = 32;

/** Runs the three cases; `directory` is the folder of the corpus pmxcfs. */
export async function run(directory: string): Promise<readonly CorpusCase[]> {
  const folder = join(directory, 'database');
  const scratch = mkdtempSync(join(tmpdir(), 'config-db-'));
  try {
    return [
      judged(
        'database/ schema',
        attempt(() => judgeSchema(folder, scratch)),
      ),
      judged(
        'database/ rows',
        attempt(() => judgeRows(folder, scratch)),
      ),
      judged(
        'database/ STATE message',
        attempt(() => judgeState(folder, scratch)),
      ),
    ];
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function attempt(judge: () => string | undefined): string | undefined {
  try {
    return judge();
  } catch (error) {
    return `can't be judged: ${(error as Error).message}`;
  }
}

function judgeSchema(folder: string, scratch: string): string | undefined {
  const path = join(scratch, 'new.db');
  open(path).close();
  const database = new Database(path, { readonly: true });
  try {
    const schema = database
      .prepare("SELECT sql || ';' FROM sqlite_master WHERE sql IS NOT NULL")
      .pluck()
      .all()
      .join('\n');
    const difference = differenceOf(schema, readFileSync(join(folder, 'schema.sql'), 'utf8').trim());
    if (difference !== undefined) return difference;
    const pragmas = pragmasIn(readFileSync(join(folder, 'rows.txt'), 'utf8'));
    if (pragmas.length === 0) return 'rows.txt names no pragmas';
    const actual = pragmas.map(([name]) => [name, String(database.pragma(name, { simple: true })).toLowerCase()]);
    return differenceOf(actual, pragmas);
  } finally {
    database.close();
  }
}

/** `-- pragmas: name=value …` at the head of the rows. */
function pragmasIn(rows: string): readonly (readonly [name: string, value: string])[] {
  const words = /^-- pragmas: (.*)$/m.exec(rows)?.[1]?.split(' ') ?? [];
  return words.map((word) => {
    const [name = '', value = ''] = word.split('=');
    return [name, value.toLowerCase()];
  });
}

function judgeRows(folder: string, scratch: string): string | undefined {
  const lines = readFileSync(join(folder, 'rows.txt')).toString('latin1').split('\n');
  const expected = lines.filter((line) => /^\d+\|/.test(line)).sort();
  return differenceOf(originalRows(folder, scratch).map(lineOf).sort(), expected);
}

function judgeState(folder: string, scratch: string): string | undefined {
  const tree = new Memdb({ mode: 'upstream' });
  const opened = tree.open(originalRows(folder, scratch), { wall_s: 0, monotonic_s: 0 });
  if ('failure' in opened) return opened.failure;
  const message = readFileSync(join(folder, 'state-message.bin'));
  return differenceOf(tree.encodeIndex().toString('hex'), message.subarray(STATE_HEADER_BYTES).toString('hex'));
}

function originalRows(folder: string, scratch: string): readonly StoreRow[] {
  const path = join(scratch, 'original.db');
  copyFileSync(join(folder, 'config.db'), path);
  const store = open(path);
  const loaded = store.load();
  store.close();
  if ('failure' in loaded) throw new Error(loaded.failure.message);
  return loaded.rows;
}

function open(path: string): Store {
  const store = openSqliteStore(path);
  if ('code' in store) throw new Error(store.message);
  return store;
}

/** A row as `rows.txt` has it; the quoted data is cut at 200 characters. */
function lineOf(row: StoreRow): string {
  const { inode, parent, version, writer, mtime, type, name, data } = row;
  const quoted = data === null ? 'NULL' : `X'${data.toString('hex').toUpperCase()}'`;
  const kind = data === null ? ['null', ''] : ['blob', data.length];
  return [inode, parent, version, writer, mtime, type, name, ...kind, quoted.slice(0, 200)].join('|');
}
