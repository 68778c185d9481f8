/** What both adapters of the Store port promise (spec/pmxcfs.md §3). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MemoryDisk } from './memory.ts';
import { openSqliteStore } from './sqlite.ts';
import type { Store, StoreChange, StoreRow } from './store.ts';

/** Opens the same database every time. */
type Reopen = () => Store;

function row(fields: Partial<StoreRow>): StoreRow {
  return { inode: 2, parent: 0, version: 2, writer: 1, mtime: 7, type: 8, name: 'x', data: null, ...fields };
}

function replace(fields: Partial<StoreRow>): StoreChange {
  return { kind: 'replace', row: row(fields) };
}

function rowsOf(store: Store): readonly StoreRow[] {
  const loaded = store.load();
  assert.not('failure' in loaded);
  return 'failure' in loaded ? [] : [...loaded.rows].sort((a, b) => a.inode - b.inode);
}

/** Registers a check for both adapters. */
function promise(name: string, body: (reopen: Reopen) => void): void {
  test(`${name} (memory)`, () => {
    const disk = new MemoryDisk();
    body(() => disk.open());
  });
  test(`${name} (sqlite)`, () => {
    const directory = mkdtempSync(join(tmpdir(), 'store-'));
    try {
      body(() => {
        const store = openSqliteStore(join(directory, 'config.db'));
        if ('code' in store) throw new Error(store.message);
        return store;
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

promise('a new database is empty and says so, until a row was committed', (reopen) => {
  const store = reopen();
  assert.ok(store.isNew);
  assert.equal(rowsOf(store), []);
  assert.is(store.commit([]), undefined);
  assert.is(store.commit([replace({})]), undefined);
  store.close();
  assert.not(reopen().isNew);
});

promise('rows come back as they were committed: bytes of names and data, null, great numbers', (reopen) => {
  const store = reopen();
  const greatest = Number.MAX_SAFE_INTEGER;
  const everyByte = Array.from({ length: 255 }, (_, at) => String.fromCharCode(at + 1)).join('');
  const rows = [
    row({ inode: 0, version: greatest, name: '__version__' }),
    row({ inode: 2, name: everyByte, data: Buffer.from([0, 1, 255, 0]) }),
    row({ inode: 3, name: "Robert'); DROP TABLE tree;--", type: 4 }),
    row({ inode: 4, name: '\xc3\xbc \xff\xfe', writer: 0xffff_ffff, mtime: 0xffff_ffff }),
    row({ inode: greatest, parent: 3_000_000_000, version: 2 ** 40, data: Buffer.alloc(1_048_576, 7) }),
  ];
  const changes = rows.map((each): StoreChange => ({ kind: 'replace', row: each }));
  assert.is(store.commit(changes), undefined);
  store.close();
  assert.equal(rowsOf(reopen()), rows);
});

promise('changes apply in their order; deleting what is not there is no failure', (reopen) => {
  const store = reopen();
  assert.is(store.commit([replace({ name: 'a' }), replace({ inode: 3 }), replace({ name: 'b' })]), undefined);
  assert.is(
    store.commit([
      { kind: 'delete', inode: 3 },
      { kind: 'delete', inode: 99 },
    ]),
    undefined,
  );
  assert.equal(
    rowsOf(store).map(({ inode, name }) => [inode, name]),
    [[2, 'b']],
  );
  assert.is(store.commit([{ kind: 'delete', inode: 2 }, replace({ name: 'c' })]), undefined);
  assert.is(rowsOf(store)[0]?.name, 'c');
});

promise('a commit with a row that is none changes nothing', (reopen) => {
  const store = reopen();
  store.commit([replace({})]);
  for (const bad of [{ version: 1.5 }, { inode: -1 }, { parent: 2 ** 53 }, { writer: 2 ** 32 }, { mtime: -1 }]) {
    const failure = store.commit([{ kind: 'delete', inode: 2 }, replace({ inode: 5, ...bad })]);
    assert.is(failure?.code, 'MALFORMED_ROW', JSON.stringify(bad));
    assert.equal(rowsOf(store), [row({})]);
  }
});

promise('a probe succeeds on a sound database and changes nothing', (reopen) => {
  const store = reopen();
  assert.ok(store.probe());
  store.commit([replace({ inode: 0, name: '__version__' })]);
  assert.ok(store.probe());
  assert.is(rowsOf(store).length, 1);
});

promise('a closed store refuses with a value', (reopen) => {
  const store = reopen();
  store.close();
  assert.ok(store.commit([replace({})]));
  assert.ok('failure' in store.load());
  assert.not(store.probe());
});

test.run();
