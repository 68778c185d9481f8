/** What requests and their answers say of files, locks and guests. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EACCES, EBUSY, EEXIST, EIO, ENOENT, ENOTEMPTY, EPERM } from '../../runtime/file-system/errno.ts';
import type { Request, RequestKind } from '../checkers/observation.ts';
import { isCompleted } from './history.ts';
import { fileHistory, guestHistory, lockHistory, type RecordedRequest } from './request-histories.ts';

interface Asked {
  readonly kind: RequestKind;
  readonly path: string;
  readonly to?: string;
  readonly content?: string;
  readonly size?: number;
  /** None while nobody has answered. */
  readonly result?: number;
}

function recorded(...asked: readonly Asked[]): readonly RecordedRequest[] {
  return asked.map(({ kind, path, to = '', content = '', size = 0, result }, at) => {
    const request: Request = {
      id: at + 1,
      client: `c${at + 1}`,
      nodeid: 2,
      pid: 1,
      kind,
      path,
      to,
      content,
      size,
      invoked_ms: at * 10,
      returned_ms: at * 10 + 5,
      result,
      isOrphaned: false,
    };
    return { request, invokedAt: at * 2, returnedAt: result === undefined ? undefined : at * 2 + 1 };
  });
}

const inputs = (history: readonly { readonly input: object }[]): readonly object[] => history.map(({ input }) => input);

test('an answer that leaves the outcome open is none', () => {
  for (const result of [undefined, -EBUSY, -EIO, -EPERM]) {
    const [write] = fileHistory(
      recorded({ kind: 'write', path: 'a', content: 'x', ...(result === undefined ? {} : { result }) }),
    );
    assert.is(write?.returned, undefined, String(result));
    assert.equal(write?.input, { path: 'a', kind: 'write', offset: 0, data: 'x' });
  }
  const [write] = fileHistory(recorded({ kind: 'write', path: '/a', content: 'x', result: 1 }));
  assert.equal(write?.returned, { at: 1, time_ms: 5, answer: 1 });
});

test('EACCES says nothing of what is there', () => {
  const asked = recorded(
    { kind: 'create', path: 'a', result: -EACCES },
    { kind: 'mtime', path: 'priv/lock/l', result: -EACCES },
    { kind: 'create', path: 'nodes/n1/qemu-server/100.conf', result: -EACCES },
  );
  assert.equal([fileHistory(asked), lockHistory(asked), guestHistory(asked)], [[], [], []]);
});

test('a rename is a removal and an arrival; refused, it tells of its source alone, or of nothing', () => {
  const rename = (result?: number) => {
    return recorded({ kind: 'rename', path: 'a', to: 'b', content: 'x', ...(result === undefined ? {} : { result }) });
  };
  const both = [
    { path: 'a', kind: 'moved-out' },
    { path: 'b', kind: 'moved-in', content: 'x' },
  ];
  assert.equal(inputs(fileHistory(rename(0))), both);
  assert.equal(inputs(fileHistory(rename())), both);
  assert.not(fileHistory(rename()).some(isCompleted));
  assert.equal(inputs(fileHistory(rename(-ENOENT))), both.slice(0, 1));
  assert.equal(inputs(fileHistory(rename(-EEXIST))), []);
  assert.equal(inputs(fileHistory(recorded({ kind: 'rename', path: 'a', to: '/a', result: 0 }))), [
    { path: 'a', kind: 'touch' },
  ]);
});

test('paths in a directory that comes and goes are left out; so are directories with children, and what was one elsewhere', () => {
  const asked = recorded(
    { kind: 'mkdir', path: 'd', result: 0 },
    { kind: 'create', path: 'd/a', result: -ENOENT },
    { kind: 'rmdir', path: 'd', result: -ENOTEMPTY },
    { kind: 'rename', path: 'd', to: 'e', result: 0 },
    { kind: 'rmdir', path: 'e', result: 0 },
  );
  assert.equal(inputs(fileHistory(asked)), [
    { path: 'd', kind: 'mkdir' },
    { path: 'd', kind: 'moved-out' },
  ]);
});

test('locks are directories directly in priv/lock, and are no files', () => {
  const asked = recorded(
    { kind: 'mkdir', path: 'priv/lock/l', result: -EEXIST },
    { kind: 'mtime', path: 'priv/lock/l', result: 0 },
    { kind: 'rmdir', path: 'priv/lock/l' },
    { kind: 'mkdir', path: 'priv/lock/l/deeper', result: 0 },
  );
  const lock = { path: 'priv/lock/l', nodeid: 2 };
  assert.equal(inputs(lockHistory(asked)), [
    { kind: 'acquire', ...lock },
    { kind: 'renew', ...lock },
    { kind: 'release', ...lock },
  ]);
  assert.equal(fileHistory(asked), []);
});

test('a guest moves in one operation; only to and from ordinary files it is half of a rename', () => {
  const [here, there, other] = [
    'nodes/n1/qemu-server/100.conf',
    'nodes/n2/lxc/100.conf',
    'nodes/n2/qemu-server/200.conf',
  ];
  const asked = recorded(
    { kind: 'create', path: here, result: 0 },
    { kind: 'write', path: here, content: 'abc', result: 3 },
    { kind: 'rename', path: here, to: there, result: 0 },
    { kind: 'rename', path: there, to: other, result: 0 },
    { kind: 'rename', path: 'tmp', to: there, result: -EEXIST },
    { kind: 'rename', path: 'tmp', to: there, result: -ENOENT },
    { kind: 'unlink', path: other, result: -ENOENT },
  );
  const history = guestHistory(asked);
  assert.equal(inputs(history), [
    { vmid: 100, place: 'n1/qemu', kind: 'create' },
    { vmid: 100, place: 'n1/qemu', kind: 'write' },
    { vmid: 100, place: 'n1/qemu', kind: 'move', to: 'n2/lxc' },
    { vmid: 100, place: 'n2/lxc', kind: 'leave' },
    { vmid: 200, place: 'n2/qemu', kind: 'enter' },
    { vmid: 100, place: 'n2/lxc', kind: 'enter' },
    { vmid: 200, place: 'n2/qemu', kind: 'remove' },
  ]);
  assert.equal(
    history.map(({ returned }) => returned?.answer),
    [0, 0, 0, 0, 0, -EEXIST, -ENOENT],
  );
});

test('a refusal because of the VMID tells nothing of the file', () => {
  const path = 'nodes/n1/qemu-server/100.conf';
  assert.equal(fileHistory(recorded({ kind: 'create', path, result: -EEXIST })), []);
  assert.is(fileHistory(recorded({ kind: 'create', path: 'a', result: -EEXIST })).length, 1);
});

test.run();
