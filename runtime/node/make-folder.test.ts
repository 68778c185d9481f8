import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makeFolder } from './make-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'pva-folder-'));
test.after(() => rmSync(folder, { recursive: true }));

test('missing parents are made, and what is there is left alone', () => {
  makeFolder(join(folder, 'a/b/c'), 0o700);
  assert.is(statSync(join(folder, 'a/b/c')).mode & 0o777, 0o700);
  makeFolder(join(folder, 'a/b/c'));
  assert.is(statSync(join(folder, 'a/b/c')).mode & 0o777, 0o700);
});

test('a file in the way is refused', () => {
  writeFileSync(join(folder, 'file'), '');
  assert.throws(() => makeFolder(join(folder, 'file')), /EEXIST/);
  assert.throws(() => makeFolder(join(folder, 'file/below')), /ENOTDIR/);
});

test('it ends where the kernel makes no folders', () => {
  if (!existsSync('/proc/self')) return;
  assert.throws(() => makeFolder('/proc/nowhere/at/all'), /ENOENT/);
});

test.run();
