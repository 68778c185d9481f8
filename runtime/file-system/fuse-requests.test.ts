import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EILSEQ, EIO, ENOENT } from './errno.ts';
import type { Done, FileSystem } from './file-system.ts';
import type { FuseBinding } from './fuse-preload.ts';
import { fuseRequests } from './fuse-requests.ts';

const WAITER = Buffer.alloc(1);
const OPERATIONS = [
  'init',
  'statfs',
  'getattr',
  'readdir',
  'truncate',
  'utimens',
  'readlink',
  'chown',
  'chmod',
  'open',
  'read',
  'write',
  'create',
  'unlink',
  'rename',
  'link',
  'mkdir',
  'rmdir',
] as const;
type Operation = (typeof OPERATIONS)[number];

/** A binding without libfuse: it records the answers. */
function recordingBinding(): {
  binding: FuseBinding;
  answers: { operation: string; result: number; rest: unknown[] }[];
} {
  const answers: { operation: string; result: number; rest: unknown[] }[] = [];
  const binding: Record<string, unknown> = {};
  OPERATIONS.forEach((operation, index) => {
    binding[`op_${operation}`] = index;
    binding[`fuse_native_signal_${operation}`] = (waiter: Buffer, result: number, ...rest: unknown[]) => {
      assert.is(waiter, WAITER);
      answers.push({ operation, result, rest: rest.map((part) => (part instanceof Uint32Array ? [...part] : part)) });
    };
  });
  return { binding: binding as unknown as FuseBinding, answers };
}

const UNUSED = () => {
  throw new Error('not expected');
};

function world(parts: Partial<FileSystem>) {
  const { binding, answers } = recordingBinding();
  const lines: string[] = [];
  const fileSystem = new Proxy(parts, {
    get: (target, name) => target[name as keyof FileSystem] ?? UNUSED,
  }) as FileSystem;
  const log = { write: (_domain: string, level: string, message: string) => lines.push(`${level} ${message}`) };
  let greetings = 0;
  const { handlers, implemented } = fuseRequests(binding, {
    fileSystem,
    uid: 3,
    gid: 33,
    log,
    greeted: () => {
      greetings += 1;
    },
  });
  const request = (operation: Operation, ...parameters: unknown[]) => {
    const number = OPERATIONS.indexOf(operation);
    assert.ok(implemented.includes(number), operation);
    handlers[number]?.(WAITER, number, ...(parameters as never[]));
    return answers.at(-1);
  };
  return { request, answers, lines, greetings: () => greetings };
}

test('the greeting is answered and told', () => {
  const { request, greetings } = world({});
  assert.is(request('init')?.result, 0);
  assert.is(greetings(), 1);
});

test('I1: whatever throws is EIO and a line in the log; each request has one answer', () => {
  const { request, answers, lines } = world({});
  const buffer = Buffer.alloc(4);
  const requests: readonly [Operation, ...unknown[]][] = [
    ['getattr', '/a'],
    ['readdir', '/a'],
    ['readlink', '/a'],
    ['open', '/a', 0],
    ['read', '/a', 0, buffer, 4, 0, 0],
    ['write', '/a', 0, buffer, 4, 0, 0],
    ['statfs', '/'],
    ['truncate', '/a', 0, 0],
    ['create', '/a', 0],
    ['mkdir', '/a', 0],
    ['unlink', '/a'],
    ['rmdir', '/a'],
    ['rename', '/a', '/b'],
    ['utimens', '/a', 0, 0, 0, 0],
    ['chmod', '/a', 0],
    ['chown', '/a', 0, 0],
  ];
  for (const [operation, ...parameters] of requests)
    assert.is(request(operation, ...parameters)?.result, -EIO, operation);
  assert.is(answers.length, requests.length);
  assert.is(lines.length, requests.length);
  assert.ok(lines.every((line) => line.startsWith('crit ') && line.includes('not expected')));
});

test('I1: a second answer is dropped, also after a throw', () => {
  const dones: Done[] = [];
  const { request, answers } = world({
    mkdir: (_path, done) => {
      dones.push(done);
      done(0);
      throw new Error('afterwards');
    },
    write: (_path, _data, _offset, done) => {
      dones.push(done);
    },
  });
  request('mkdir', '/a', 0);
  request('write', '/a', 0, Buffer.alloc(2), 2, 0, 0);
  for (const done of dones) for (let again = 0; again < 2; again += 1) done(2);
  assert.equal(
    answers.map(({ operation, result }) => [operation, result]),
    [
      ['mkdir', 0],
      ['write', 2],
    ],
  );
});

test('attributes: owner, blocks, and times in milliseconds beyond 32 bits', () => {
  const attributes = { mode: 0o100640, nlink: 1, size: 4097, mtime: 4_294_967_291 };
  const { request } = world({
    getattr: (path) => (path === '/plug' ? { ...attributes, blocks: 0 } : path === '/f' ? attributes : -ENOENT),
  });
  const numbers = request('getattr', '/f')?.rest[0] as number[];
  assert.equal(numbers.slice(0, 5), [0o100640, 3, 33, 4097, 0]);
  assert.is(numbers[6], 1);
  assert.equal(numbers.slice(9, 12), [4096, 2, 0]);
  for (const at of [12, 14, 16]) assert.is((numbers[at] ?? 0) + (numbers[at + 1] ?? 0) * 2 ** 32, 4_294_967_291_000);
  const plug = request('getattr', '/plug')?.rest[0] as number[];
  assert.is(plug[10], 0);
  assert.is(request('getattr', '/none')?.result, -ENOENT);
});

test('§13.1.5: names are bytes; what is not UTF-8 is EILSEQ for every call, on both sides of a rename', () => {
  const seen: string[] = [];
  const { request } = world({
    getattr: (path) => {
      seen.push(path);
      return -ENOENT;
    },
    readdir: () => [{ name: Buffer.from('ü€😀').toString('latin1'), kind: 'file' }],
    mkdir: (path, done) => {
      seen.push(path);
      done(0);
    },
    rename: UNUSED,
  });
  request('getattr', '/ü€');
  assert.is(Buffer.from(seen[0] ?? '', 'latin1').toString(), '/ü€');
  assert.equal(request('readdir', '/')?.rest[0], ['.', '..', 'ü€😀']);
  const lost = '/a\ufffd';
  const buffer = Buffer.alloc(1);
  for (const [operation, ...rest] of [
    ['getattr'],
    ['readdir'],
    ['readlink'],
    ['open', 0],
    ['read', 0, buffer, 1, 0, 0],
    ['write', 0, buffer, 1, 0, 0],
    ['mkdir', 0],
    ['create', 0],
    ['chmod', 0],
    ['utimens', 0, 0, 0, 0],
    ['rename', '/b'],
  ] as readonly [Operation, ...unknown[]][]) {
    assert.is(request(operation, lost, ...rest)?.result, -EILSEQ, operation);
  }
  assert.is(request('rename', '/b', lost)?.result, -EILSEQ);
});

test('read copies into the buffer of the request and answers the count', () => {
  const { request } = world({
    read: (_path, offset, length) => Buffer.from('0123456789').subarray(offset, offset + length),
  });
  const buffer = Buffer.alloc(4);
  const answer = request('read', '/f', 0, buffer, 4, 8, 0);
  assert.is(answer?.result, 2);
  assert.is(buffer.toString('latin1'), '89\0\0');
  assert.is(answer?.rest[1], buffer.buffer);
});

test('offsets, sizes, times and owners arrive whole', () => {
  const seen: unknown[] = [];
  const { request } = world({
    write: (_path, _data, offset, done) => {
      seen.push(offset);
      done(1);
    },
    truncate: (_path, size, done) => {
      seen.push(size);
      done(0);
    },
    utimens: (_path, mtime, done) => {
      seen.push(mtime);
      done(0);
    },
    chown: (_path, uid, gid) => {
      seen.push([uid, gid]);
      return 0;
    },
  });
  request('write', '/f', 0, Buffer.alloc(1), 1, 5, 1);
  request('truncate', '/f', 10, 1);
  const halves = (ms: bigint) => [Number(BigInt.asUintN(32, ms)), Number(BigInt.asUintN(32, ms >> 32n))];
  for (const ms of [0n, 1_000_000_000_750n, -5000n, -1n, (2n ** 32n + 7n) * 1000n])
    request('utimens', '/f', 1, 1, ...halves(ms));
  request('chown', '/f', 0xffffffff, 33);
  assert.equal(seen, [2 ** 32 + 5, 2 ** 32 + 10, 0, 1_000_000_000, -5, -1, 2 ** 32 + 7, [-1, 33]]);
});

test.run();
