import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EACCES, EFBIG, ENOENT } from './errno.ts';
import type { Done, FileSystem } from './file-system.ts';
import { withHiddenFiles } from './hidden-files.ts';

const HIDDEN = '/d/.fuse_hidden0000001a00000003';

/** A flat file system that records what reaches it. */
function recordingFileSystem(files: Map<string, string>) {
  const calls: string[] = [];
  let refusal = 0;
  const record = (call: string, done: Done, change: () => void) => {
    calls.push(call);
    if (refusal === 0) change();
    done(refusal);
  };
  const fileSystem: FileSystem = {
    getattr: (path) => {
      const text = files.get(path);
      return text === undefined ? -ENOENT : { mode: 0o100640, nlink: 1, size: text.length, mtime: 7 };
    },
    readdir: () => Array.from(files.keys(), (path) => ({ name: path.slice(3), kind: 'file' as const })),
    readlink: () => -ENOENT,
    open: (path) => (files.has(path) ? 0 : -ENOENT),
    read: (path, offset, length) => {
      const text = files.get(path);
      return text === undefined ? -ENOENT : Buffer.from(text).subarray(offset, offset + length);
    },
    statfs: () => ({ bsize: 4096, blocks: 1, bfree: 1, files: 1, ffree: 1, namemax: 256 }),
    chmod: () => 0,
    chown: () => 0,
    write: (path, _data, _offset, done) => record(`write ${path}`, done, () => undefined),
    truncate: (path, _size, done) => record(`truncate ${path}`, done, () => undefined),
    create: (path, done) => record(`create ${path}`, done, () => files.set(path, '')),
    mkdir: (path, done) => record(`mkdir ${path}`, done, () => undefined),
    unlink: (path, done) => record(`unlink ${path}`, done, () => files.delete(path)),
    rmdir: (path, done) => record(`rmdir ${path}`, done, () => undefined),
    rename: (from, to, done) =>
      record(`rename ${from} ${to}`, done, () => {
        files.set(to, files.get(from) ?? '');
        files.delete(from);
      }),
    utimens: (path, _mtime, done) => record(`utimens ${path}`, done, () => undefined),
  };
  return { fileSystem, calls, refuse: (errno: number) => (refusal = errno) };
}

function resultOf(start: (done: Done) => void): number | undefined {
  let result: number | undefined;
  start((value) => {
    result = value;
  });
  return result;
}

test('I1: hiding a file removes it below and keeps its bytes here', () => {
  const { fileSystem, calls } = recordingFileSystem(new Map([['/d/f', 'still']]));
  const face = withHiddenFiles(fileSystem);
  assert.is(
    resultOf((done) => face.rename('/d/f', HIDDEN, done)),
    0,
  );
  assert.equal(calls, ['unlink /d/f']);
  assert.is(face.getattr('/d/f'), -ENOENT);
  assert.is(String(face.read(HIDDEN, 1, 3)), 'til');
  assert.is(face.open(HIDDEN), 0);
  assert.equal(face.readdir('/d'), []);
  assert.is(
    resultOf((done) => face.unlink(HIDDEN, done)),
    0,
  );
  assert.is(face.getattr(HIDDEN), -ENOENT);
  assert.equal(calls, ['unlink /d/f']);
});

test('a hidden file can be written, cut and touched, within the limit', () => {
  const { fileSystem, calls } = recordingFileSystem(new Map([['/d/f', 'abc']]));
  const face = withHiddenFiles(fileSystem);
  face.rename('/d/f', HIDDEN, () => undefined);
  const before = face.read(HIDDEN, 0, 10);
  assert.is(
    resultOf((done) => face.write(HIDDEN, Buffer.from('Z'), 5, done)),
    1,
  );
  assert.is(String(face.read(HIDDEN, 0, 10)), 'abc\0\0Z');
  assert.is(String(before), 'abc', 'bytes that were handed out stay');
  assert.is(
    resultOf((done) => face.truncate(HIDDEN, 2, done)),
    0,
  );
  assert.is(
    resultOf((done) => face.utimens(HIDDEN, 99, done)),
    0,
  );
  assert.equal(face.getattr(HIDDEN), { mode: 0o100640, nlink: 1, size: 2, mtime: 99 });
  assert.is(
    resultOf((done) => face.write(HIDDEN, Buffer.from('Z'), 1024 * 1024, done)),
    -EFBIG,
  );
  assert.equal(calls, ['unlink /d/f']);
});

test('a refused removal hides nothing', () => {
  const { fileSystem, refuse } = recordingFileSystem(new Map([['/d/f', 'abc']]));
  const face = withHiddenFiles(fileSystem);
  refuse(-EACCES);
  assert.is(
    resultOf((done) => face.rename('/d/f', HIDDEN, done)),
    -EACCES,
  );
  assert.is(face.getattr(HIDDEN), -ENOENT);
});

test('I2: hidden names of other daemons are ordinary files', () => {
  const { fileSystem, calls } = recordingFileSystem(new Map([[HIDDEN, 'old']]));
  const face = withHiddenFiles(fileSystem);
  assert.is(String(face.read(HIDDEN, 0, 10)), 'old');
  assert.is(face.readdir('/d').length, 1);
  face.unlink(HIDDEN, () => undefined);
  assert.equal(calls, [`unlink ${HIDDEN}`]);
});

test('other renames pass: another directory, another name, a source that is missing', () => {
  const { fileSystem, calls } = recordingFileSystem(new Map([['/d/f', 'x']]));
  const face = withHiddenFiles(fileSystem);
  face.rename('/d/f', '/e/.fuse_hidden0000001a00000003', () => undefined);
  face.rename('/d/f', '/d/.fuse_hidden', () => undefined);
  face.rename('/d/missing', HIDDEN, () => undefined);
  assert.is(calls.length, 3);
  assert.ok(calls.every((call) => call.startsWith('rename ')));
});

test.run();
