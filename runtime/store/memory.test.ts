import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MemoryDisk } from './memory.ts';
import type { StoreChange } from './store.ts';

function file(inode: number): StoreChange {
  const row = { inode, parent: 0, version: inode, writer: 0, mtime: 0, type: 8, name: `f${inode}`, data: null };
  return { kind: 'replace', row };
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

test.run();
