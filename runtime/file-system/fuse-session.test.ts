import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EEXIST, EILSEQ, EIO, ENOENT, ENOSYS, EPERM } from './errno.ts';
import type { Done } from './file-system.ts';
import { ROOT_ID as ROOT } from './fuse-nodes.ts';
import { OPCODE } from './fuse-protocol.ts';
import { createIn, FILE, numbers, openIn, renameIn, transfer, world } from './test-kernel.ts';

test('the greeting is answered with a version, the size of writes and what is understood of the offered', () => {
  const { ask, greetings } = world({});
  const answer = ask(OPCODE.init, 0, numbers(7, 40, 131_072, -1), Buffer.alloc(48));
  assert.is(answer?.error, 0);
  const found = [0, 4, 8, 12, 20].map((at) => answer!.body.readUInt32LE(at));
  assert.equal(found, [7, 31, 131_072, 0x40029, 131_072]);
  assert.is(answer?.body.length, 64);
  assert.is(ask(OPCODE.init, 0, numbers(7, 19, 0, 0))?.body.length, 24, 'an older kernel takes less');
  assert.is(greetings(), 2);
});

test('a lookup tells number and attributes, or the errno; names are bytes (I5)', () => {
  const asked: string[] = [];
  const { ask } = world({
    getattr: (path) => {
      asked.push(path);
      return path === '/d\xc3\xa4' ? FILE : -ENOENT;
    },
  });
  const answer = ask(OPCODE.lookup, ROOT, 'd\xc3\xa4');
  const at = (offset: number) => answer!.body.readUInt32LE(offset);
  assert.equal([at(16), at(24)], [1, 1], 'kept for a second');
  assert.equal([at(40 + 8), at(40 + 32), at(40 + 60), at(40 + 68), at(40 + 72)], [5, 7, 0o100640, 3, 33]);
  assert.is(ask(OPCODE.lookup, ROOT, 'no')?.error, -ENOENT);
  for (const name of ['\xff\xfe', '\xef\xbf\xbd']) assert.is(ask(OPCODE.lookup, ROOT, name)?.error, -EILSEQ, name);
  assert.equal(asked, ['/d\xc3\xa4', '/no']);
});

test('create, write, release; open with O_TRUNC empties', () => {
  const calls: unknown[] = [];
  const { ask, nodeOf } = world({
    getattr: () => FILE,
    create: (path, done) => {
      calls.push(['create', path]);
      done(0);
    },
    open: () => 0,
    write: (path, data, offset, done) => {
      calls.push(['write', path, data.toString(), offset]);
      done(data.length);
    },
    truncate: (path, size, done) => {
      calls.push(['truncate', path, size]);
      done(0);
    },
  });
  const created = ask(OPCODE.create, ROOT, createIn(), 'f');
  const node = nodeOf(created);
  assert.is(created?.body.readUInt32LE(128 + 8), 1 | 32, 'direct_io, no flush');
  assert.is(ask(OPCODE.write, node, transfer(2, 5), Buffer.from('hello'))?.body.readUInt32LE(0), 5);
  assert.is(ask(OPCODE.release, node, Buffer.alloc(24))?.error, 0);
  assert.is(ask(OPCODE.open, node, openIn(0o1001))?.error, 0);
  assert.equal(calls, [
    ['create', '/f'],
    ['write', '/f', 'hello', 2],
    ['truncate', '/f', 0],
  ]);
});

test('a refusal of create reaches the caller, and leaves no name behind', () => {
  const { ask } = world({ create: (_path, done) => done(-EEXIST) });
  assert.is(ask(OPCODE.create, ROOT, createIn(), 'f')?.error, -EEXIST);
});

test('a large listing is read in pieces, and stays as it was when it was begun', () => {
  let names = Array.from({ length: 100 }, (_, at) => ({ name: `name-${at}`, kind: 'file' as const }));
  const { ask } = world({ readdir: () => names });
  const handle = ask(OPCODE.opendir, ROOT, openIn(0))!.body.readUInt32LE(0);
  const found: string[] = [];
  let from = 0;
  for (;;) {
    const { body } = ask(OPCODE.readdir, ROOT, numbers(handle, 0, from, 0, 512, 0, 0, 0, 0, 0))!;
    names = [];
    if (body.length === 0) break;
    assert.ok(body.length <= 512);
    for (let at = 0; at < body.length; ) {
      const length = body.readUInt32LE(at + 16);
      from = body.readUInt32LE(at + 8);
      found.push(body.toString('latin1', at + 24, at + 24 + length));
      at += (24 + length + 7) & ~7;
    }
  }
  assert.equal([found.length, found[0], found[1], found[101]], [102, '.', '..', 'name-99']);
});

test('a file that is removed while it is open lives on until the last close (I3)', () => {
  const { ask, lookup } = world({
    getattr: () => FILE,
    open: () => 0,
    read: () => Buffer.from('hello'),
    unlink: (_path, done) => done(0),
  });
  const node = lookup('f');
  ask(OPCODE.open, node, openIn(0));
  assert.is(ask(OPCODE.unlink, ROOT, 'f')?.error, 0);
  assert.is(ask(OPCODE.read, node, transfer(1, 100))?.body.toString(), 'ello');
  assert.is(ask(OPCODE.write, node, transfer(5, 1), Buffer.from('!'))?.error, 0);
  assert.is(ask(OPCODE.getattr, node, Buffer.alloc(16))?.body.readUInt32LE(16 + 8), 6);
  assert.is.not(lookup('f'), node, 'the name is free');
  ask(OPCODE.release, node, Buffer.alloc(24));
  assert.is(ask(OPCODE.read, node, transfer(0, 1))?.error, -ENOENT);
});

test('a file that is replaced while it is open lives on, and the change is one rename', () => {
  const renames: string[] = [];
  const { ask, lookup } = world({
    getattr: () => FILE,
    open: () => 0,
    read: (path) => Buffer.from(path === '/old' ? 'old' : 'new'),
    rename: (from, to, done) => {
      renames.push(`${from} ${to}`);
      done(0);
    },
  });
  const old = lookup('old');
  const tmp = lookup('tmp');
  ask(OPCODE.open, old, openIn(0));
  assert.is(ask(OPCODE.rename, ROOT, renameIn(ROOT), 'tmp', 'old')?.error, 0);
  assert.equal(renames, ['/tmp /old']);
  assert.is(ask(OPCODE.read, old, transfer(0, 9))?.body.toString(), 'old');
  assert.is(lookup('old'), tmp);
});

test('while a name is being changed, who wants what lies below waits (I2)', () => {
  let renamed: Done = () => {};
  const written: string[] = [];
  const { ask, lookup, answers } = world({
    getattr: () => FILE,
    rename: (_from, _to, done) => {
      renamed = done;
    },
    write: (path, data, _offset, done) => {
      written.push(`${path} ${data}`);
      done(data.length);
    },
  });
  const folder = lookup('d');
  const file = lookup('f', folder);
  const other = lookup('o');
  assert.is(ask(OPCODE.rename, ROOT, renameIn(ROOT), 'd', 'e'), undefined);
  assert.is(ask(OPCODE.write, file, transfer(0, 1), Buffer.from('x')), undefined);
  assert.is(ask(OPCODE.write, other, transfer(0, 1), Buffer.from('y'))?.error, 0, 'others go on');
  renamed(0);
  assert.equal(written, ['/o y', '/e/f x']);
  const count = answers.length;
  renamed(0);
  assert.is(answers.length, count, 'a second answer is dropped');
});

test('attributes are set in order, up to the first refusal; times only where both are given', () => {
  const calls: string[] = [];
  const { ask, lookup } = world({
    getattr: () => FILE,
    chmod: () => -EPERM,
    chown: (_path, uid, gid) => calls.push(`chown ${uid} ${gid}`) && 0,
    truncate: (_path, size, done) => {
      calls.push(`truncate ${size}`);
      done(0);
    },
    utimens: (_path, mtime, done) => {
      calls.push(`utimens ${mtime}`);
      done(0);
    },
  });
  const node = lookup('f');
  const setattr = (valid: number) => {
    const body = Buffer.alloc(88);
    body.writeUInt32LE(valid, 0);
    body.writeUInt32LE(9, 16);
    body.writeInt32LE(-5, 40);
    body.writeInt32LE(-1, 44);
    body.writeInt32LE(-1, 76);
    body.writeInt32LE(33, 80);
    return ask(OPCODE.setattr, node, body)?.error;
  };
  assert.is(setattr(1 | 8), -EPERM);
  assert.is(setattr(4 | 8 | 16 | 32), 0);
  assert.is(setattr(32), 0);
  assert.equal(calls, ['chown -1 33', 'truncate 9', 'utimens -5']);
});

test('a throw is EIO and a line in the log, also when it comes late (I1)', () => {
  let later: Done = () => {};
  let isBroken = false;
  const { ask, answers, lines } = world({
    getattr: () => {
      if (isBroken) throw new Error('broken');
      return FILE;
    },
    mkdir: (_path, done) => {
      later = done;
    },
  });
  assert.is(ask(OPCODE.mkdir, ROOT, numbers(0, 0), 'd'), undefined);
  isBroken = true;
  later(0);
  assert.is(answers.at(-1)?.error, -EIO);
  assert.is(ask(OPCODE.statfs, ROOT)?.error, -EIO);
  assert.match(lines[0]!, /^crit mkdir failed: Error: broken/);
  assert.match(lines[1]!, /^crit statfs failed: /);
});

test('what is not understood is ENOSYS, an unknown node ENOENT, a hard link EPERM', () => {
  const { ask } = world({});
  assert.is(ask(22, ROOT, Buffer.alloc(24))?.error, -ENOSYS, 'getxattr');
  assert.is(ask(4000, ROOT)?.error, -ENOSYS);
  assert.is(ask(OPCODE.getattr, 99, Buffer.alloc(16))?.error, -ENOENT);
  assert.is(ask(OPCODE.link, ROOT, numbers(ROOT, 0), 'l')?.error, -EPERM);
  assert.is(ask(OPCODE.mknod, ROOT, numbers(0o140_000, 0, 0, 0), 'socket')?.error, -ENOSYS);
  assert.is(ask(OPCODE.interrupt, 0, numbers(2, 0)), undefined);
});

test('a caller that is gone before its answer leaves nothing open', () => {
  const { ask, lookup } = world(
    { getattr: () => FILE, open: () => 0, create: (_path, done) => done(0) },
    { isHeard: false },
  );
  const first = lookup('f');
  assert.is(ask(OPCODE.getattr, first, Buffer.alloc(16))?.error, -ENOENT, 'the kernel was never told');
  const answer = ask(OPCODE.create, ROOT, createIn(), 'g');
  assert.is(ask(OPCODE.getattr, answer!.body.readUInt32LE(0), Buffer.alloc(16))?.error, -ENOENT);
});

test.run();
