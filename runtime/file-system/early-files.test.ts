import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EACCES, EEXIST, EIO, ENOENT } from './errno.ts';
import type { Done, FileAttributes, FileSystem } from './file-system.ts';
import { ROOT_ID as ROOT } from './fuse-nodes.ts';
import { O_APPEND, O_EXCL, O_TRUNC, OPCODE } from './fuse-protocol.ts';
import { createIn, openIn, renameIn, transfer, world } from './test-kernel.ts';

const EMPTY: FileAttributes = { mode: 0o100640, nlink: 1, size: 0, mtime: 7 };
const NO_FLUSH = 32;
const HANDLE = Buffer.alloc(24);
const GETATTR = Buffer.alloc(16);
const MKDIR = Buffer.alloc(8);

/** A cluster whose answers come when the test says so, in the order of the calls. */
function cluster(parts: Partial<FileSystem> = {}) {
  const sent: string[] = [];
  const outcomes: Done[] = [];
  const files = new Map<string, FileAttributes>();
  const change = (what: string, done: Done) => {
    sent.push(what);
    outcomes.push(done);
  };
  const kernel = world({
    foresee: (path) => (files.has(path) ? undefined : EMPTY),
    getattr: (path) => files.get(path) ?? -ENOENT,
    open: (path) => (files.has(path) ? 0 : -ENOENT),
    readdir: () => Array.from(files.keys(), (path) => ({ name: path.slice(1), kind: 'file' as const })),
    read: () => Buffer.alloc(0),
    create: (path, done) => change(`create ${path}`, done),
    mkdir: (path, done) => change(`mkdir ${path}`, done),
    unlink: (path, done) => change(`unlink ${path}`, done),
    rename: (from, to, done) => change(`rename ${from} ${to}`, done),
    truncate: (path, size, done) => change(`truncate ${path} ${size}`, done),
    utimens: (path, mtime, done) => change(`utimens ${path} ${mtime}`, done),
    write: (path, data, offset, done, isEnd = false) =>
      change(`write ${path} ${data} ${offset}${isEnd ? ' end' : ''}`, done),
    ...parts,
  });
  /** The next change that was sent is decided. */
  const decide = (result: number, path?: string) => {
    if (path !== undefined) files.set(path, EMPTY);
    outcomes.shift()!(result);
  };
  const errorOf = (unique: number | undefined) => kernel.answers.find((answer) => answer.unique === unique)?.error;
  const create = (name: string, flags = 0) => kernel.nodeOf(kernel.ask(OPCODE.create, ROOT, createIn(flags), name));
  /** The errno of the newest answer, to whatever waited. */
  const newest = () => kernel.answers.at(-1)?.error;
  return { ...kernel, sent, outcomes, files, decide, errorOf, create, newest };
}

test('the open is answered at once; file and first write leave together, and the write waits for both (E1)', () => {
  const { ask, create, sent, decide, answers, newest } = cluster();
  const node = create('f');
  const [answer] = answers;
  assert.is(answer!.body.readUInt32LE(16), 0, 'the name is to be asked for again');
  assert.is(answer!.body.readUInt32LE(128 + 8) & NO_FLUSH, 0, 'close asks');
  assert.equal(sent, []);
  assert.is(ask(OPCODE.write, node, transfer(0, 2), Buffer.from('hi')), undefined);
  assert.equal(sent, ['create /f', 'write /f hi 0']);
  decide(0, '/f');
  assert.is(answers.length, 1);
  decide(2);
  assert.is(newest(), 0);
  assert.is(ask(OPCODE.flush, node, HANDLE)?.error, 0);
});

test('O_EXCL and O_APPEND wait for the cluster, and so does what the file system cannot foresee', () => {
  const { ask, sent, decide, files, newest } = cluster();
  files.set('/known', EMPTY);
  for (const [name, flags] of [
    ['excl', O_EXCL],
    ['append', O_APPEND],
    ['known', 0],
  ] as const) {
    assert.is(ask(OPCODE.create, ROOT, createIn(flags), name), undefined, name);
    assert.is(sent.at(-1), `create /${name}`);
    decide(-EEXIST);
    assert.is(newest(), -EEXIST, name);
  }
});

test('without a write the creation leaves by the timer, and the close waits for it', () => {
  const { ask, create, sent, timers, decide, newest, answers } = cluster();
  const node = create('f');
  create('g');
  assert.is(timers.length, 1);
  timers[0]!();
  assert.equal(sent, ['create /f', 'create /g']);
  assert.is(ask(OPCODE.flush, node, HANDLE), undefined);
  const before = answers.length;
  decide(0, '/f');
  assert.equal([answers.length, newest()], [before + 1, 0]);
  const other = create('h');
  assert.is(ask(OPCODE.flush, other, HANDLE), undefined);
  assert.is(sent.at(-1), 'create /h', 'a close does not wait for the timer');
  timers[1]!();
  assert.is(sent.length, 3, 'sent once');
});

test('a creation is sent before any change that is asked for after it (E1)', () => {
  const changes: readonly [string, (kernel: ReturnType<typeof cluster>) => void][] = [
    ['mkdir /d', ({ ask }) => ask(OPCODE.mkdir, ROOT, MKDIR, 'd')],
    ['create /x', ({ ask }) => ask(OPCODE.create, ROOT, createIn(O_EXCL), 'x')],
    ['unlink /old', ({ ask }) => ask(OPCODE.unlink, ROOT, 'old')],
    ['rename /old /new', ({ ask }) => ask(OPCODE.rename, ROOT, renameIn(ROOT), 'old', 'new')],
    ['write /old x 0', ({ ask, lookup }) => ask(OPCODE.write, lookup('old'), transfer(0, 1), Buffer.from('x'))],
    ['truncate /old 0', ({ ask, lookup }) => ask(OPCODE.open, lookup('old'), openIn(O_TRUNC))],
  ];
  for (const [what, run] of changes) {
    const kernel = cluster();
    kernel.files.set('/old', EMPTY);
    kernel.create('f');
    run(kernel);
    assert.equal(kernel.sent, ['create /f', what]);
  }
});

test('who asks for the name, the file or the listing waits, and sees what became of it (E2)', () => {
  type Kernel = ReturnType<typeof cluster>;
  const questions: readonly [string, (kernel: Kernel, node: number) => unknown, number, number][] = [
    ['lookup', ({ ask }) => ask(OPCODE.lookup, ROOT, 'f'), 0, -ENOENT],
    ['getattr', ({ ask }, node) => ask(OPCODE.getattr, node, GETATTR), 0, -ENOENT],
    ['open', ({ ask }, node) => ask(OPCODE.open, node, openIn(0)), 0, -ENOENT],
    ['read', ({ ask }, node) => ask(OPCODE.read, node, transfer(0, 9)), 0, -ENOENT],
    ['listing', ({ ask }) => ask(OPCODE.readdir, ROOT, transfer(0, 512)), 0, 0],
    ['fsync', ({ ask }, node) => ask(OPCODE.fsync, node, HANDLE), 0, -EACCES],
  ];
  for (const [what, run, made, refused] of questions) {
    for (const result of [0, -EACCES]) {
      const kernel = cluster();
      const node = kernel.create('f');
      assert.is(run(kernel, node), undefined, what);
      assert.equal(kernel.sent, ['create /f'], `${what} makes the creation leave`);
      kernel.decide(result, result === 0 ? '/f' : undefined);
      assert.is(kernel.newest(), result === 0 ? made : refused, `${what} after ${result}`);
      if (what === 'listing') assert.is(kernel.answers.at(-1)!.body.includes('f'), result === 0);
    }
  }
});

test('changes of the same name wait, and are then sent for what is there (E2)', () => {
  const { ask, create, sent, decide, newest, answers } = cluster();
  const node = create('f');
  assert.is(ask(OPCODE.unlink, ROOT, 'f'), undefined);
  assert.is(ask(OPCODE.mkdir, ROOT, MKDIR, 'f'), undefined);
  assert.is(ask(OPCODE.rename, ROOT, renameIn(ROOT), 'g', 'f'), undefined);
  assert.is(ask(OPCODE.create, ROOT, createIn(0), 'f'), undefined);
  assert.equal(sent, ['create /f']);
  decide(0, '/f');
  assert.equal(sent.slice(0, 3), ['create /f', 'unlink /f', 'mkdir /f'], 'in the order of the questions');
  const before = answers.length;
  decide(0);
  assert.ok(answers.length > before);
  assert.is(newest(), 0);
  assert.is(ask(OPCODE.write, node, transfer(0, 1), Buffer.from('x'))?.error, 0, 'it lives on for who has it open');
});

test('others in the directory go on', () => {
  const { ask, create, files } = cluster();
  files.set('/other', EMPTY);
  create('f');
  assert.is(ask(OPCODE.lookup, ROOT, 'other')?.error, 0);
  assert.is(ask(OPCODE.lookup, ROOT, 'no')?.error, -ENOENT);
  assert.is(ask(OPCODE.getattr, ROOT, GETATTR)?.error, -ENOENT, 'the root of this file system has no attributes');
});

test('what fails is told by write, close and fsync, and the name is free again (E3)', () => {
  const { ask, create, decide, newest, lookup, files, lines } = cluster();
  const node = create('f');
  assert.is(ask(OPCODE.write, node, transfer(0, 1), Buffer.from('x')), undefined);
  decide(-EACCES);
  decide(-ENOENT);
  assert.is(newest(), -EACCES, 'the reason, not what followed from it');
  for (const opcode of [OPCODE.flush, OPCODE.fsync]) assert.is(ask(opcode, node, HANDLE)?.error, -EACCES);
  assert.is(ask(OPCODE.write, node, transfer(1, 1), Buffer.from('y'))?.error, -EACCES);
  assert.is(ask(OPCODE.release, node, HANDLE)?.error, 0);
  files.set('/f', EMPTY);
  const later = lookup('f');
  assert.is.not(later, node);
  assert.is(ask(OPCODE.flush, later, HANDLE)?.error, 0);
  assert.equal(lines, []);
});

test('another node was faster: the open means its file, which O_TRUNC empties (E3)', () => {
  const kept = cluster();
  const node = kept.create('f');
  assert.is(kept.ask(OPCODE.flush, node, HANDLE), undefined);
  kept.decide(-EEXIST, '/f');
  assert.equal([kept.newest(), kept.sent], [0, ['create /f']]);

  const written = cluster();
  const early = written.create('f', O_TRUNC);
  written.ask(OPCODE.write, early, transfer(0, 2), Buffer.from('ab'));
  written.ask(OPCODE.write, early, transfer(2, 2), Buffer.from('cd'));
  written.decide(-EEXIST, '/f');
  assert.equal(written.sent, ['create /f', 'write /f ab 0 end', 'write /f cd 2']);
  written.decide(2);
  assert.is(written.newest(), 0);

  const late = cluster();
  const slow = late.create('f', O_TRUNC);
  late.timers[0]!();
  late.decide(-EEXIST, '/f');
  late.ask(OPCODE.flush, slow, HANDLE);
  assert.equal(late.sent, ['create /f', 'truncate /f 0']);
  late.decide(0);
  assert.is(late.newest(), 0);
});

test('a caller that is gone before its answer leaves nothing to create', () => {
  const sent: string[] = [];
  const create = (path: string, done: Done) => {
    sent.push(path);
    done(0);
  };
  const { ask, timers } = world({ foresee: () => EMPTY, create }, { isHeard: false });
  const answer = ask(OPCODE.create, ROOT, createIn(0), 'f');
  assert.equal([sent, timers.length], [[], 0]);
  assert.is(ask(OPCODE.flush, answer!.body.readUInt32LE(0), HANDLE)?.error, -ENOENT, 'the kernel was never told');
});

test('many at once, or a file that is still open under the name: created as ever', () => {
  const { ask, create, lookup, files } = cluster();
  files.set('/old', EMPTY);
  assert.is(ask(OPCODE.open, lookup('old'), openIn(0))?.error, 0);
  files.delete('/old');
  assert.is(ask(OPCODE.create, ROOT, createIn(0), 'old'), undefined, 'another node has removed it');
  for (let at = 0; at < 64; at += 1) create(`f${at}`);
  assert.is(ask(OPCODE.create, ROOT, createIn(0), 'one more'), undefined);
});

test('a throw of the file system is EIO at the close, and a line in the log', () => {
  const { ask, create, lines } = cluster({
    create: () => {
      throw new Error('broken');
    },
  });
  const node = create('f');
  assert.is(ask(OPCODE.flush, node, HANDLE)?.error, -EIO);
  assert.match(lines[0]!, /^crit create failed: Error: broken/);
  assert.is(ask(OPCODE.flush, node, HANDLE)?.error, -EIO);
});

test.run();
