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

const SOURCE = 'FUSE_UINT64_TO_INTS_ARGV(l->atime, 5)\nNAPI_INIT() {\nNAPI_EXPORT_SIZEOF(fuse_thread_t)\n';
const PATCHED = `FUSE_UINT64_TO_INTS_ARGV(l->mtime, 5)
#include "request-pipe.c"

NAPI_INIT() {
NAPI_EXPORT_SIZEOF(fuse_thread_t)
  FUSE_REQUEST_PIPE_EXPORTS
`;

test('a binary that was built from the same source is left alone, without a word', () => {
  withRoot((root, directory) => {
    const digest = (text: string) => createHash('sha256').update(text).digest('hex');
    const binary = join(directory, 'build/Release/fuse.node');
    const addition = join(root, 'runtime/file-system/request-pipe.c');
    mkdirSync(join(root, 'runtime/file-system'), { recursive: true });
    writeFileSync(join(directory, 'fuse-native.c'), SOURCE);
    writeFileSync(addition, 'addition');
    writeFileSync(binary, 'binary');
    writeFileSync(`${binary}.built-from`, `${digest('binary')} ${digest(`${PATCHED}addition`)}\n`);
    const { PATH } = process.env;
    process.env.PATH = '';
    try {
      assert.equal(patchFuseNative(root), { done: true, line: undefined });
      writeFileSync(addition, 'another');
      assert.match(patchFuseNative(root).line ?? '', /not patched \(make and g\+\+ and python3 would be needed/);
      writeFileSync(addition, 'addition');
      writeFileSync(binary, 'another');
      assert.not(patchFuseNative(root).done);
    } finally {
      process.env.PATH = PATH;
    }
  });
});

test('a source that is not the known one, or not there, is not touched', () => {
  withRoot((root, directory) => {
    assert.match(patchFuseNative(root).line ?? '', /not patched \(the package is not installed\)/);
    for (const source of ['int main;', SOURCE + SOURCE]) {
      writeFileSync(join(directory, 'fuse-native.c'), source);
      assert.match(patchFuseNative(root).line ?? '', /not patched \(its source is not the one that this patch knows\)/);
    }
  });
});

test.run();
