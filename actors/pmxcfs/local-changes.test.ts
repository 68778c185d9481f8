import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type FileOperation, LOCK_REMOVED } from '../../machines/pmxcfs/file-operation.ts';
import { Memdb } from '../../machines/pmxcfs/tree/memdb.ts';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { EEXIST, EIO, ENOENT } from '../../runtime/file-system/errno.ts';
import { MemoryDisk } from '../../runtime/store/memory.ts';
import { createLocalSubmit } from './local-changes.ts';

/** A daemon's tree in local mode, over a disk that may fail. */
function world() {
  const clock = new VirtualClock({ wallOrigin_ms: 1_700_000_000_000 });
  const disk = new MemoryDisk();
  const store = disk.open();
  const memdb = new Memdb({ mode: 'solo' });
  const opened = memdb.open([], { wall_s: 1_700_000_000, monotonic_s: 0 });
  if ('failure' in opened) throw new Error(opened.failure);
  store.commit(opened.changes);
  const lines: string[] = [];
  const log = {
    write: (domain: string, level: string, message: string) => lines.push(`[${domain}] ${level}: ${message}`),
  };
  const submit = createLocalSubmit({ memdb, store, clock, log });
  const run = (operation: FileOperation): number => {
    let result = Number.NaN;
    submit(operation, (value) => {
      result = value;
    });
    return result;
  };
  return { clock, disk, memdb, run, lines };
}

test('§1.7: changes have writer 0 and the local clock, and are on the disk before the result', () => {
  const { disk, memdb, run } = world();
  assert.is(run({ kind: 'mkdir', path: 'd' }), 0);
  assert.is(run({ kind: 'create', path: 'd/f' }), 0);
  assert.is(run({ kind: 'write', path: 'd/f', data: Buffer.from('hello'), offset: 0, isEnd: false }), 5);
  assert.is(run({ kind: 'truncate', path: 'd/f', size: 2 }), 0);
  assert.is(run({ kind: 'rename', path: 'd/f', to: 'd/g' }), 0);
  assert.is(run({ kind: 'mtime', path: 'd/g', mtime: 7 }), 0);
  const { inode, parent, version, writer, mtime, type, name, data } = disk.rows.at(-1) ?? {};
  assert.equal([inode, parent, version, writer, mtime, type, name, String(data)], [3, 2, 7, 0, 7, 8, 'g', 'he']);
  assert.is(memdb.lookup('d')?.mtime, 1_700_000_000);
  assert.is(run({ kind: 'delete', path: 'd/g' }), 0);
  assert.equal(
    disk.rows.map((row) => row.name),
    ['__version__', 'd'],
  );
});

test('what the tree refuses is not committed', () => {
  const { disk, run } = world();
  run({ kind: 'mkdir', path: 'd' });
  const before = disk.rows;
  assert.is(run({ kind: 'mkdir', path: 'd' }), -EEXIST);
  assert.is(run({ kind: 'delete', path: 'x' }), -ENOENT);
  assert.equal(disk.rows, before);
});

test('§2.6: an unlock request removes a lock that is older than 120 s, and no younger one', () => {
  const { clock, memdb, run } = world();
  for (const path of ['priv', 'priv/lock', 'priv/lock/l']) run({ kind: 'mkdir', path });
  const lock = memdb.lookup('priv/lock/l');
  assert.ok(lock);
  const request = { kind: 'unlock-request', path: 'priv/lock/l', checksum: memdb.lockChecksum(lock) } as const;
  clock.advance(120_000);
  assert.is(run(request), 0);
  assert.ok(memdb.lookup('priv/lock/l'));
  clock.advance(1000);
  assert.is(run(request), LOCK_REMOVED);
  assert.is(memdb.lookup('priv/lock/l'), undefined);
});

test('an unlock request for another incarnation restarts the age', () => {
  const { clock, memdb, run, lines } = world();
  for (const path of ['priv', 'priv/lock', 'priv/lock/l']) run({ kind: 'mkdir', path });
  clock.advance(300_000);
  assert.is(run({ kind: 'unlock-request', path: 'priv/lock/l', checksum: Buffer.alloc(32) }), 0);
  assert.ok(memdb.lookup('priv/lock/l'));
  assert.equal(lines, ['[main] crit: wrong lock csum - reset timeout']);
});

test('§13.2.9: a failed commit is EIO until the disk works again; then the tree is that of the disk', () => {
  const { clock, disk, memdb, run, lines } = world();
  run({ kind: 'mkdir', path: 'kept' });
  disk.failNextCommits('SQLITE_FULL', 2);
  assert.is(run({ kind: 'mkdir', path: 'lost' }), -EIO);
  assert.is(run({ kind: 'mkdir', path: 'refused' }), -EIO);
  assert.ok(memdb.lookup('kept'), 'reads go on');
  clock.advance(5000);
  assert.is(run({ kind: 'mkdir', path: 'refused' }), -EIO, 'the first probe fails');
  clock.advance(5000);
  assert.is(memdb.lookup('lost'), undefined);
  assert.is(run({ kind: 'mkdir', path: 'again' }), 0);
  assert.equal(
    disk.rows.map((row) => row.name),
    ['__version__', 'kept', 'again'],
  );
  assert.equal(lines, [
    '[database] crit: commit transaction failed: database or disk is full',
    '[database] notice: the database works again: the tree was loaded anew',
  ]);
});

test.run();
