import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { takeInstanceLock } from './instance-lock.ts';
import { numberFile } from './number-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'pva-node-'));
test.after(() => rmSync(folder, { recursive: true }));

test('a number survives, a missing file is 0, and a file with something else is refused with a sentence', () => {
  const file = numberFile(join(folder, 'ringid_1'));
  assert.is(file.load(), 0);
  assert.is(file.save(4096), undefined);
  assert.is(numberFile(join(folder, 'ringid_1')).load(), 4096);
  writeFileSync(join(folder, 'broken'), 'x');
  assert.throws(() => numberFile(join(folder, 'broken')).load(), /does not hold a number/);
});

test('a number is written over the old one in place, also where that was written shorter', () => {
  const path = join(folder, 'ringid_2');
  writeFileSync(path, '99\n');
  const inode = statSync(path).ino;
  for (const value of [100, 12_345_678, Number.MAX_SAFE_INTEGER, 7]) {
    assert.is(numberFile(path).save(value), undefined);
    assert.is(numberFile(path).load(), value);
  }
  assert.is(statSync(path).ino, inode);
});

test('what can not be stored is said; a file whose first number never came to the disk holds none', () => {
  assert.match(
    numberFile(join(folder, 'missing', 'ringid_3')).save(4)?.message ?? '',
    /ringid_3' can't be written: ENOENT/,
  );
  writeFileSync(join(folder, 'ringid_3'), '');
  assert.is(numberFile(join(folder, 'ringid_3')).load(), 0);
});

test('the instance lock excludes a second holder until it is released', () => {
  const path = join(folder, '.pmxcfs.lockfile');
  const first = takeInstanceLock(path);
  assert.ok('release' in first);
  const second = takeInstanceLock(path);
  assert.is('failure' in second ? second.failure : 'taken', 'held');
  if ('release' in first) first.release();
  const third = takeInstanceLock(path);
  assert.ok('release' in third);
  if ('release' in third) third.release();
});

test('a lock in a folder that does not exist is unusable, said in a sentence', () => {
  const lock = takeInstanceLock(join(folder, 'no', 'where'));
  assert.is('failure' in lock ? lock.failure : 'taken', 'unusable');
  assert.match('message' in lock ? lock.message : '', /unable to create lock/);
});

test.run();
