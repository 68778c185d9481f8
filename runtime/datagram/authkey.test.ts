import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readAuthkey } from './authkey.ts';

const folder = mkdtempSync(join(tmpdir(), 'authkey-'));
test.after(() => rmSync(folder, { recursive: true }));

function read(bytes: number, mode = 0o400) {
  const path = join(folder, `key-${bytes}-${mode}`);
  writeFileSync(path, Buffer.alloc(bytes, 1));
  chmodSync(path, mode);
  return readAuthkey(path);
}

function errorOf(result: ReturnType<typeof readAuthkey>): string {
  return 'error' in result ? result.error : '';
}

test('a key of 128 to 4096 bytes', () => {
  for (const bytes of [128, 256, 4096]) {
    const result = read(bytes);
    assert.ok('authkey' in result && result.authkey.length === bytes && result.warning === undefined);
  }
});

test('what is no key is told in a sentence', () => {
  assert.match(errorOf(read(0)), 'is empty; copy the key of another node');
  assert.match(errorOf(read(127)), 'holds 127 bytes, a key has at least 128');
  assert.match(errorOf(read(4097)), 'holds 4097 bytes, a key has at most 4096');
  assert.match(errorOf(readAuthkey(join(folder, 'nothing'))), "nothing doesn't exist");
  assert.ok(errorOf(readAuthkey(folder)).startsWith(folder));
});

test('a key that others may read gives a warning', () => {
  const result = read(128, 0o644);
  assert.ok('authkey' in result && result.warning?.includes('chmod 400'));
});

test.run();
