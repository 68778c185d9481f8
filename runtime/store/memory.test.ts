import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MemoryDisk } from './memory.ts';
import type { StoreChange, StoreRow } from './store.ts';

function rowOf(inode: number): StoreRow {
  return { inode, parent: 0, version: inode, writer: 0, mtime: 0, type: 8, name: `f${inode}`, data: null };
}

function file(inode: number): StoreChange {
  return { kind: 'replace', row: rowOf(inode) };
}

function inodesOn(disk: MemoryDisk): readonly number[] {
  return disk.rows.map(({ inode }) => inode);
}

test('a refused commit changes nothing, and the disk works again after as many as were asked for', () => {
  const disk = new MemoryDisk();
  const store = disk.open();
  disk.failNextCommits('SQLITE_FULL', 2);
  assert.equal(store.commit([file(2)]), { code: 'SQLITE_FULL', message: 'database or disk is full' });
  assert.not(store.probe());
  assert.equal(inodesOn(disk), []);
  assert.ok(store.probe());
  assert.is(store.commit([file(2)]), undefined);
});

test('a crash loses the last commits that were not synced, and every open handle', () => {
  const disk = new MemoryDisk();
  const store = disk.open();
  for (const inode of [2, 3]) store.commit([file(inode)]);
  disk.sync();
  for (const inode of [4, 5, 6]) store.commit([file(inode)]);
  store.commit([{ kind: 'delete', inode: 2 }]);
  assert.is(disk.unsyncedCommits, 4);
  disk.crash(2);
  assert.equal(inodesOn(disk), [2, 3, 4, 5]);
  assert.is(store.commit([file(9)])?.code, 'SQLITE_MISUSE');
  assert.not(store.probe());
  disk.crash(0);
  assert.equal(inodesOn(disk), [2, 3, 4, 5], 'what survived a crash is safe');
});

test('synchronous full loses nothing', () => {
  const disk = new MemoryDisk({ synchronous: 'full' });
  disk.open().commit([file(2)]);
  disk.crash(0);
  assert.equal(inodesOn(disk), [2]);
});

test('the unsynced tail is bounded', () => {
  const disk = new MemoryDisk();
  const store = disk.open();
  for (let inode = 1; inode <= 1000; inode += 1) store.commit([file(inode)]);
  assert.ok(disk.unsyncedCommits < 256);
});

test('opening again takes the disk from the handle before', () => {
  const disk = new MemoryDisk();
  const first = disk.open();
  const second = disk.open();
  assert.ok(first.commit([file(2)]));
  assert.is(second.commit([file(2)]), undefined);
});

test('a backup keeps the rows of its time, and is not overwritten', () => {
  const disk = new MemoryDisk();
  const store = disk.open();
  store.commit([file(2)]);
  assert.is(store.backup('kept.db'), undefined);
  store.commit([file(3)]);
  assert.equal(
    disk.backups.get('kept.db')?.map(({ inode }) => inode),
    [2],
  );
  assert.is(store.backup('kept.db')?.code, 'EEXIST');
});

test('a lying disk loses all since it began to lie, and lies no more after that', () => {
  const disk = new MemoryDisk({ rows: [rowOf(1)], synchronous: 'full' });
  const store = disk.open();
  store.commit([file(2)]);
  disk.isLying = true;
  for (const inode of [3, 4]) store.commit([file(inode)]);
  disk.sync();
  disk.crash(0);
  assert.equal(inodesOn(disk), [1, 2]);
  disk.open().commit([file(5)]);
  disk.crash(0);
  assert.equal(inodesOn(disk), [1, 2, 5]);
});

test('reads fail until the disk is repaired', () => {
  const disk = new MemoryDisk({ rows: [rowOf(1)] });
  disk.failReads('SQLITE_IOERR');
  const loaded = disk.open().load();
  assert.is('failure' in loaded && loaded.failure.message, 'disk I/O error');
  disk.repair();
  assert.not('failure' in disk.open().load());
});

test('a row that rots is another one for good', () => {
  const disk = new MemoryDisk({ rows: [rowOf(1)] });
  assert.not(disk.rot(7, (row) => row));
  assert.ok(disk.rot(1, (row) => ({ ...row, parent: 9 })));
  disk.crash(0);
  assert.is(disk.rows[0]?.parent, 9);
});

test.run();
