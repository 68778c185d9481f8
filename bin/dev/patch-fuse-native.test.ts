import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
// @ts-expect-error: plain JavaScript, because it runs before anything is installed.
import { patchFuseNative as untyped } from './patch-fuse-native.mjs';

const patchFuseNative = untyped as (root: string) => { readonly done: boolean; readonly line: string | undefined };

function withRoot(body: (root: string, directory: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), 'pve-actors-patch-'));
  const directory = join(root, 'node_modules/fuse-native');
  mkdirSync(join(directory, 'build/Release'), { recursive: true });
  try {
    body(root, directory);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('a binary with its mark is left alone, without a word', () => {
  withRoot((root, directory) => {
    const binary = join(directory, 'build/Release/fuse.node');
    writeFileSync(binary, 'binary');
    writeFileSync(`${binary}.utimens-exact`, `${createHash('sha256').update('binary').digest('hex')}\n`);
    assert.equal(patchFuseNative(root), { done: true, line: undefined });
    writeFileSync(binary, 'another');
    assert.not(patchFuseNative(root).done);
  });
});

test('a source that is not the known one, or not there, is not touched', () => {
  withRoot((root, directory) => {
    assert.match(patchFuseNative(root).line ?? '', /not patched \(the package is not installed\)/);
    for (const source of ['int main;', 'FUSE_UINT64_TO_INTS_ARGV(l->atime, 5) FUSE_UINT64_TO_INTS_ARGV(l->atime, 5)']) {
      writeFileSync(join(directory, 'fuse-native.c'), source);
      assert.match(patchFuseNative(root).line ?? '', /not patched \(its source is not the one that this patch knows\)/);
    }
  });
});

test.run();
