import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { FileOperation } from '../../machines/pmxcfs/file-operation.ts';
import { LOCK_REMOVED } from '../../machines/pmxcfs/file-operation.ts';
import { Memdb, type TreeMode } from '../../machines/pmxcfs/tree/memdb.ts';
import { EACCES, EFBIG, EIO, ENOENT, ENOTEMPTY, EPERM } from '../../runtime/file-system/errno.ts';
import type { Done, FileAttributes, FileSystem } from '../../runtime/file-system/file-system.ts';
import { createFileSystem } from './file-system.ts';

const STAMP = { writer: 1, time: 1_700_000_000, monotonic_s: 0 };

/** A file system whose changes are recorded and answered with 0, over a tree that the test fills. */
function world(treeMode: TreeMode = 'solo') {
  const memdb = new Memdb({ mode: treeMode });
  const sent: FileOperation[] = [];
  const lines: string[] = [];
  const state = { isQuorate: true, isDebug: false, vmlist: 'one', answer: 0, time: undefined as number | undefined };
  const fileSystem = createFileSystem({
    memdb,
    treeMode,
    hostName: 'n1',
    uid: 0,
    gid: 33,
    log: { write: (domain, level, message) => lines.push(`[${domain}] ${level}: ${message} (debug ${state.isDebug})`) },
    plugs: {
      version: () => '{"v"}',
      members: () => '',
      vmlist: () => state.vmlist,
      rrd: () => '',
      clusterlog: () => '',
      debug: {
        get: () => state.isDebug,
        set: (enabled) => {
          state.isDebug = enabled;
        },
      },
    },
    isQuorate: () => state.isQuorate,
    promptTime: () => state.time,
    submit: (operation, done) => {
      sent.push(operation);
      done(state.answer);
    },
  });
  return { memdb, fileSystem, sent, lines, state };
}

function resultOf(start: (done: Done) => void): number {
  let result = Number.NaN;
  start((value) => {
    result = value;
  });
  return result;
}

function attributesOf(fileSystem: FileSystem, path: string): FileAttributes {
  const attributes = fileSystem.getattr(path);
  if (typeof attributes === 'number') throw new Error(`${path}: ${attributes}`);
  return attributes;
}

test('§1.2: modes of every kind of entry, with and without quorum', () => {
  const { memdb, fileSystem, state } = world();
  for (const path of ['priv', 'nodes', 'nodes/n1', 'nodes/n1/priv', 'd']) memdb.mkdir(path, STAMP);
  for (const path of ['f', 'priv/f', 'nodes/n1/priv/f', 'd/100.mount']) memdb.create(path, STAMP);
  const table: readonly [path: string, quorate: number, not: number][] = [
    ['/', 0o40755, 0o40755],
    ['/d', 0o40755, 0o40555],
    ['/f', 0o100640, 0o100440],
    ['/priv', 0o40700, 0o40500],
    ['/priv/f', 0o100600, 0o100400],
    ['/nodes/n1/priv/f', 0o100600, 0o100400],
    ['/d/100.mount', 0o100740, 0o100540],
    ['/local', 0o120755, 0o120555],
    ['/.version', 0o100440, 0o100440],
    ['/.debug', 0o100640, 0o100640],
  ];
  for (const isQuorate of [true, false]) {
    state.isQuorate = isQuorate;
    for (const [path, quorate, not] of table) {
      assert.is(attributesOf(fileSystem, path).mode.toString(8), (isQuorate ? quorate : not).toString(8), path);
    }
  }
});

test('§1.1: plugs come first in the root, shadow the tree, and nothing is below them', () => {
  const { memdb, fileSystem } = world();
  memdb.mkdir('d', STAMP);
  memdb.create('.vmlist', STAMP);
  const names = fileSystem.readdir('/').map(({ name, kind }) => `${name} ${kind}`);
  assert.equal(names, [
    'local symlink',
    'qemu-server symlink',
    'lxc symlink',
    'openvz symlink',
    '.version file',
    '.members file',
    '.vmlist file',
    '.rrd file',
    '.clusterlog file',
    '.debug file',
    'd directory',
  ]);
  assert.is(fileSystem.readlink('/qemu-server'), 'nodes/n1/qemu-server');
  assert.is(fileSystem.getattr('/local/x'), -EACCES);
  assert.is(fileSystem.open('//.version/x'), -EACCES);
  assert.is(
    resultOf((done) => fileSystem.mkdir('.version/x', done)),
    -EACCES,
  );
  assert.equal(fileSystem.readdir('/local'), []);
  assert.equal(fileSystem.readdir('/missing'), []);
  assert.is(fileSystem.getattr('/d/.version'), -ENOENT, 'plugs are in the root only');
});

test('§1.4: a computed file keeps the bytes of its last getattr, for all readers', () => {
  const { fileSystem, state } = world();
  assert.is(attributesOf(fileSystem, '/.vmlist').size, 3);
  state.vmlist = 'another';
  assert.is(String(fileSystem.read('/.vmlist', 0, 100)), 'one');
  assert.is(attributesOf(fileSystem, '/.vmlist').size, 7);
  assert.is(String(fileSystem.read('/.vmlist', 2, 100)), 'other');
});

test('§1.8: .debug', () => {
  const { fileSystem, state, lines } = world();
  const write = (text: string, offset = 0) =>
    resultOf((done) => fileSystem.write('/.debug', Buffer.from(text), offset, done));
  assert.is(write('1\n'), 2);
  assert.ok(state.isDebug);
  assert.is(write('0\nabc'), 2);
  assert.not(state.isDebug);
  for (const text of ['x\n', '1', '', '10', '1 \n']) assert.is(write(text), -EIO, text);
  assert.is(write('1\n', 1), -EIO);
  assert.equal(lines, [
    '[main] debug: enable debug mode (debug true)',
    '[main] debug: disable debug mode (debug true)',
  ]);
  assert.is(
    resultOf((done) => fileSystem.truncate('/.debug', 0, done)),
    0,
  );
});

test('I1: no change of a plug or of the root is sent', () => {
  const { memdb, fileSystem, sent } = world();
  memdb.create('f', STAMP);
  for (const plug of ['/.version', '/.members', '/.rrd']) {
    assert.is(
      resultOf((done) => fileSystem.write(plug, Buffer.from('x'), 0, done)),
      -EIO,
    );
    assert.is(
      resultOf((done) => fileSystem.truncate(plug, 0, done)),
      -EIO,
    );
  }
  for (const path of ['/', '/local', '/.version', '/.debug', '/local/a']) {
    for (const change of [
      (done: Done) => fileSystem.create(path, done),
      (done: Done) => fileSystem.mkdir(path, done),
      (done: Done) => fileSystem.unlink(path, done),
      (done: Done) => fileSystem.rmdir(path, done),
      (done: Done) => fileSystem.utimens(path, 5, done),
      (done: Done) => fileSystem.rename(path, '/x', done),
      (done: Done) => fileSystem.rename('/f', path, done),
    ]) {
      assert.is(resultOf(change), -EACCES, path);
    }
  }
  assert.equal(sent, []);
});

test('I2: without quorum nothing is sent, and reads go on', () => {
  const { memdb, fileSystem, sent, state } = world();
  memdb.create('f', STAMP);
  memdb.write('f', Buffer.from('abc'), 0, false, STAMP);
  state.isQuorate = false;
  for (const change of [
    (done: Done) => fileSystem.write('/f', Buffer.from('x'), 0, done),
    (done: Done) => fileSystem.truncate('/f', 0, done),
    (done: Done) => fileSystem.create('/g', done),
    (done: Done) => fileSystem.mkdir('/g', done),
    (done: Done) => fileSystem.unlink('/f', done),
    (done: Done) => fileSystem.rename('/f', '/g', done),
    (done: Done) => fileSystem.utimens('/f', 5, done),
    (done: Done) => fileSystem.truncate('/f', 2 ** 33, done),
  ]) {
    assert.is(resultOf(change), -EACCES);
  }
  assert.equal(sent, []);
  assert.is(fileSystem.open('/f'), 0);
  assert.is(String(fileSystem.read('/f', 1, 10)), 'bc');
  assert.is(fileSystem.chmod('/f', 0o100640), 0);
  assert.is(
    resultOf((done) => fileSystem.write('/.debug', Buffer.from('1\n'), 0, done)),
    2,
  );
});

test('I3 (Q4): what does not fit 32 bits is EFBIG, what fits is the tree’s to judge', () => {
  const { fileSystem, sent } = world();
  assert.is(
    resultOf((done) => fileSystem.truncate('/f', 2 ** 32, done)),
    -EFBIG,
  );
  assert.is(
    resultOf((done) => fileSystem.write('/f', Buffer.alloc(2), 2 ** 32 - 2, done)),
    -EFBIG,
  );
  assert.is(
    resultOf((done) => fileSystem.write('/f', Buffer.alloc(2), 2 ** 32 - 3, done)),
    0,
  );
  assert.is(sent.length, 1);
});

test('operations are sent with bare paths', () => {
  const { fileSystem, sent } = world();
  fileSystem.write('/d/f', Buffer.from('x'), 3, () => undefined);
  fileSystem.truncate('//d/f', 4, () => undefined);
  fileSystem.create('d/f', () => undefined);
  fileSystem.mkdir('/d', () => undefined);
  fileSystem.unlink('/d/f', () => undefined);
  fileSystem.rename('/a', '/b', () => undefined);
  assert.equal(sent, [
    { kind: 'write', path: 'd/f', data: Buffer.from('x'), offset: 3, isEnd: false },
    { kind: 'truncate', path: 'd/f', size: 4 },
    { kind: 'create', path: 'd/f' },
    { kind: 'mkdir', path: 'd' },
    { kind: 'delete', path: 'd/f' },
    { kind: 'rename', path: 'a', to: 'b' },
  ]);
});

test('times become u32 seconds', () => {
  const { fileSystem, sent } = world();
  const property = fc.property(fc.double({ min: -1e10, max: 1e12, noNaN: true }), (seconds) => {
    sent.length = 0;
    fileSystem.utimens('/f', seconds, () => undefined);
    const expected = Number(BigInt.asUintN(32, BigInt(Math.floor(seconds))));
    assert.equal(sent, [{ kind: 'mtime', path: 'f', mtime: expected }]);
  });
  fc.assert(property);
});

test('§2.6, §5.7: zero times on a lock directory ask for its removal, then set the time', () => {
  const { memdb, fileSystem, sent, state } = world();
  for (const path of ['priv', 'priv/lock', 'priv/lock/l', 'priv/lock/l/deep', 'd']) memdb.mkdir(path, STAMP);
  memdb.create('priv/lock/f', STAMP);
  const kindsAfter = (path: string, mtime: number) => {
    sent.length = 0;
    fileSystem.utimens(path, mtime, () => undefined);
    return sent.map(({ kind }) => kind).join(' ');
  };
  assert.is(kindsAfter('/priv/lock/l', 0), 'unlock-request mtime');
  assert.is(kindsAfter('/priv/lock/l/deep', 0.9), 'unlock-request mtime');
  assert.is(kindsAfter('/priv/lock/l', 5), 'mtime');
  for (const path of ['/priv/lock', '/priv/lock/f', '/priv/lock/none', '/d'])
    assert.is(kindsAfter(path, 0), 'mtime', path);
  const lock = memdb.lookup('priv/lock/l');
  assert.ok(lock);
  fileSystem.utimens('/priv/lock/l', 0, () => undefined);
  assert.equal(sent.at(-2), { kind: 'unlock-request', path: 'priv/lock/l', checksum: memdb.lockChecksum(lock) });

  state.answer = LOCK_REMOVED;
  assert.is(kindsAfter('/priv/lock/l', 0), 'unlock-request');
});

test('Q5: a filled directory is not sent to an upstream tree, except a lock, which the tree refuses', () => {
  for (const treeMode of ['upstream', 'solo'] as const) {
    const { memdb, fileSystem, sent } = world(treeMode);
    for (const path of ['d', 'd/x', 'e', 'priv', 'priv/lock', 'priv/lock/l', 'priv/lock/l/x']) memdb.mkdir(path, STAMP);
    const result = resultOf((done) => fileSystem.rename('/d', '/e', done));
    assert.is(result, treeMode === 'upstream' ? -ENOTEMPTY : 0);
    assert.is(sent.length, treeMode === 'upstream' ? 0 : 1);
    assert.is(
      resultOf((done) => fileSystem.rename('/e', '/g', done)),
      0,
    );
    assert.is(
      resultOf((done) => fileSystem.rename('/priv/lock/l', '/g', done)),
      0,
    );
  }
});

test('chmod takes exactly one mode, chown the owner that is there', () => {
  const { fileSystem } = world();
  for (const [path, mode, result] of [
    ['/f', 0o100640, 0],
    ['/f', 0o640, 0],
    ['/f', 0o600, -EPERM],
    ['/f', 0o4640, -EPERM],
    ['/nodes', 0o40755, -EPERM],
    ['/nodes', 0o40640, 0],
    ['/priv/f', 0o600, 0],
    ['/priv/f', 0o640, -EPERM],
    ['/priv', 0o40700, -EPERM],
    ['/nodes/n2/priv/x', 0o600, 0],
    ['/.version', 0o440, -EPERM],
  ] as const) {
    assert.is(fileSystem.chmod(path, mode), result, `${path} ${mode.toString(8)}`);
  }
  for (const [uid, gid, result] of [
    [0, 33, 0],
    [-1, 33, 0],
    [0, -1, 0],
    [-1, -1, 0],
    [1, -1, -EPERM],
    [-1, 0, -EPERM],
  ] as const) {
    assert.is(fileSystem.chown('/f', uid, gid), result, `${uid} ${gid}`);
  }
});

test('reading: ranges, directories, what is missing, and a hollow file (Q3)', () => {
  const { memdb, fileSystem } = world('upstream');
  memdb.mkdir('d', STAMP);
  memdb.create('f', STAMP);
  memdb.write('f', Buffer.from('0123456789'), 0, false, STAMP);
  assert.is(String(fileSystem.read('/f', 8, 100)), '89');
  assert.is(String(fileSystem.read('/f', 10, 100)), '');
  assert.is(String(fileSystem.read('/f', 2 ** 40, 100)), '');
  assert.is(fileSystem.read('/d', 0, 1), -ENOENT);
  assert.is(fileSystem.read('/none', 0, 1), -ENOENT);
  assert.is(fileSystem.read('/', 0, 1), -EACCES);
  assert.is(fileSystem.open('/'), -EACCES);
  assert.is(fileSystem.open('/none'), -ENOENT);
  memdb.create('hollow', STAMP);
  memdb.write('hollow', Buffer.alloc(0), 100, true, STAMP);
  assert.is(attributesOf(fileSystem, '/hollow').size, 100);
  assert.is((fileSystem.read('/hollow', 0, 100) as Buffer).length, 0);
});

test('§1.5, Q2: statfs counts, never goes below zero, and warns once', () => {
  const { memdb, fileSystem, lines } = world();
  assert.equal(fileSystem.statfs(), {
    bsize: 4096,
    blocks: 32_768,
    bfree: 32_768,
    files: 262_144,
    ffree: 262_143,
    namemax: 256,
  });
  memdb.create('f', STAMP);
  memdb.write('f', Buffer.from('x'), 0, false, STAMP);
  assert.is(fileSystem.statfs().bfree, 32_767);
  const bytes = Buffer.alloc(1024 * 1024);
  for (let at = 0; at < 129; at += 1) {
    memdb.create(`f${at}`, STAMP);
    memdb.write(`f${at}`, bytes, 0, false, STAMP);
  }
  assert.is(fileSystem.statfs().bfree, 0);
  fileSystem.statfs();
  assert.is(lines.length, 1);
  assert.match(lines[0] ?? '', /^\[main\] warning: the tree holds 131 entries with 135266305 bytes, more than/);
});

test('a creation is foreseen only where it goes out at once and nothing known speaks against it', () => {
  const { fileSystem, memdb, state, sent } = world();
  memdb.mkdir('d', STAMP);
  memdb.create('d/f', STAMP);
  for (const path of ['nodes', 'nodes/n1', 'nodes/n1/qemu-server', 'priv']) memdb.mkdir(path, STAMP);
  const foresee = (path: string) => fileSystem.foresee!(path);
  assert.is(foresee('/d/new'), undefined, 'local mode, or not in sync');
  state.time = 1_700_000_009;
  assert.equal(foresee('/d/new'), { mode: 0o100640, nlink: 1, size: 0, mtime: 1_700_000_009 });
  assert.is(foresee('/priv/new')?.mode, 0o100600);
  const refused = ['/', '/d', '/d/f', '/no/new', '/d/f/new', '/local', '/local/x', '/.version', '/d/..'];
  for (const path of refused) assert.is(foresee(path), undefined, path);
  assert.is(foresee('/nodes/n1/qemu-server/100.conf'), undefined, 'another creation may take the VMID');
  assert.ok(foresee('/nodes/n1/qemu-server/100.txt'));
  memdb.errorFlag = true;
  assert.is(foresee('/d/new'), undefined);
  memdb.errorFlag = false;
  state.isQuorate = false;
  assert.is(foresee('/d/new'), undefined);
  assert.equal(sent, []);
});

test.run();
