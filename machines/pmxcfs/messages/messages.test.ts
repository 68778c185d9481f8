/** Codecs of the wire: worked vectors (spec/pmxcfs.md §4.3, §5, §6, §12), round trips, refusals. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { clusterLogEntryBytes, decodeClusterLogEntry, encodeClusterLogEntry } from './cluster-log-entry.ts';
import { decodeEpoch, encodeEpoch } from './epoch.ts';
import { decodeFileMessage, encodeFileMessage, MTIME, RENAME, TRUNCATE, UNLOCK, WRITE } from './file-message.ts';
import {
  decodeBase,
  decodeNormal,
  decodeState,
  encodeNormal,
  encodeState,
  NORMAL,
  SYNC_START,
  UPDATE,
  VERIFY,
} from './header.ts';
import { decodeInodeUpdate, encodeInodeUpdate } from './inode-update.ts';
import { decodeKvUpdate, encodeKvUpdate } from './kv-update.ts';
import { decodeUnlock, encodeUnlock } from './unlock-message.ts';
import { decodeVerify, decodeVerifyRequest, encodeVerify, encodeVerifyRequest } from './verify.ts';

const EPOCH = { counter: 2, time_s: 1_700_000_020, nodeid: 1, pid: 1001 };
const NONE = Buffer.alloc(0);

function hex(...parts: readonly string[]): Buffer {
  return Buffer.from(parts.join('').replaceAll(' ', ''), 'hex');
}

// --- worked vectors ----------------------------------------------------------------------------------------------

const dcdb = (subtype: number, time_s: number) => ({ subtype, protocolVersion: 1, time_s });

const vectors: readonly [name: string, encoded: Buffer, bytes: Buffer][] = [
  [
    'WRITE dir/file hello',
    encodeNormal(dcdb(WRITE, 1_700_000_010), 3, encodeFileMessage({ path: 'dir/file', data: Buffer.from('hello') })),
    hex(
      '00000100 01000000 0af15365 00000000 0300000000000000',
      '05000000 00000000 09000000 00000000 00000000 6469722f66696c6500 68656c6c6f',
    ),
  ],
  [
    'MTIME dir/file: the mtime rides in offset',
    encodeNormal(dcdb(MTIME, 1_700_000_035), 1, encodeFileMessage({ path: 'dir/file', offset: 1_600_000_000 })),
    hex(
      '00000600 01000000 23f15365 00000000 0100000000000000',
      '00000000 00105e5f 09000000 00000000 00000000 6469722f66696c6500',
    ),
  ],
  [
    'RENAME dir/file to dir/f2',
    encodeNormal(dcdb(RENAME, 1_700_000_035), 2, encodeFileMessage({ path: 'dir/file', to: 'dir/f2' })),
    hex(
      '00000400 01000000 23f15365 00000000 0200000000000000',
      '00000000 00000000 09000000 07000000 00000000 6469722f66696c6500 6469722f663200',
    ),
  ],
  [
    'truncate to 3',
    encodeNormal(dcdb(WRITE, 1_700_000_000), 9, encodeFileMessage({ path: 'a', offset: 3, flags: TRUNCATE })),
    hex('00000100 01000000 00f15365 00000000 0900000000000000 00000000 03000000 02000000 00000000 01000000 6100'),
  ],
  [
    'SYNC_START',
    encodeState({ type: SYNC_START, protocolVersion: 1, time_s: 1_700_000_020 }, encodeEpoch(EPOCH), NONE),
    hex('01000000 01000000 14f15365 00000000 02000000 14f15365 01000000 e9030000'),
  ],
  [
    'UPDATE of a file',
    encodeState(
      { type: UPDATE, protocolVersion: 1, time_s: 1_700_000_020 },
      encodeEpoch(EPOCH),
      encodeInodeUpdate({
        inode: 3,
        parent: 2,
        version: 4,
        writer: 1,
        mtime: 1_700_000_010,
        type: 8,
        name: 'file',
        data: Buffer.from('hello'),
      }),
    ),
    hex(
      '03000000 01000000 14f15365 00000000 02000000 14f15365 01000000 e9030000',
      '0200000000000000 0300000000000000 0400000000000000 01000000 0af15365 05000000 05000000 08',
      '66696c6500 68656c6c6f',
    ),
  ],
  [
    'VERIFY',
    encodeState(
      { type: VERIFY, protocolVersion: 1, time_s: 1_700_003_635 },
      encodeEpoch({ counter: 3, time_s: 1_700_000_030, nodeid: 1, pid: 1001 }),
      encodeVerify(1, hex('9a907f07ec8c5b2585296ea3117d28d986384c1c1c2ad4ac07daafdd582cffbf')),
    ),
    hex(
      '06000000 01000000 33ff5365 00000000 03000000 1ef15365 01000000 e9030000 0100000000000000',
      '9a907f07ec8c5b2585296ea3117d28d986384c1c1c2ad4ac07daafdd582cffbf',
    ),
  ],
  [
    'UNLOCK priv/lock/L',
    encodeNormal(
      dcdb(UNLOCK, 1_700_003_756),
      7,
      encodeUnlock({
        checksum: hex('6889cfef1e96d2920a5b5b027b21d7f227477a7f7f42c74f0767ab90acc90120'),
        path: 'priv/lock/L',
      }),
    ),
    hex(
      '00000800 01000000 acff5365 00000000 0700000000000000',
      '6889cfef1e96d2920a5b5b027b21d7f227477a7f7f42c74f0767ab90acc90120 707269762f6c6f636b2f4c00',
    ),
  ],
  [
    'cluster log entry with four pad bytes',
    encodeClusterLogEntry({
      prev: 0,
      next: 0,
      uid: 2,
      time_s: 1_700_000_123,
      nodeDigest: 0xe6f5e3c220c8fefcn,
      identDigest: 0x0bf69a5dbf95bb61n,
      pid: 4711,
      priority: 6,
      node: 'node1',
      ident: 'root@pam',
      tag: 'pvedaemon',
      message: 'starting task UPID:node1:00001267',
    }),
    hex(
      '00000000 00000000 02000000 7bf15365 fcfec820c2e3f5e6 61bb95bf5d9af60b 67120000 06 06 09 0a 22000000',
      '6e6f64653100 726f6f744070616d00 7076656461656d6f6e00',
      '7374617274696e67207461736b20555049443a6e6f6465313a303030303132363700 00000000',
    ),
  ],
];

for (const [name, encoded, bytes] of vectors) {
  test(`vector: ${name}`, () => assert.is(encoded.toString('hex'), bytes.toString('hex')));
}

// --- round trips -------------------------------------------------------------------------------------------------

const u32 = fc.nat({ max: 0xffff_ffff });
const u64 = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const digest = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const checksum = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((array) => Buffer.from(array));
/** Byte strings without NUL. */
const text = fc
  .array(fc.integer({ min: 1, max: 255 }), { maxLength: 30 })
  .map((codes) => String.fromCharCode(...codes));

function roundTrip<T extends object | number>(
  name: string,
  values: fc.Arbitrary<T>,
  through: (value: T) => unknown,
): void {
  test(`round trip: ${name}`, () => {
    fc.assert(
      fc.property(values, (value) => assert.equal(through(value), typeof value === 'number' ? value : { ...value })),
    );
  });
}

roundTrip('file operations', fc.record({ path: text, to: text, offset: u32, flags: u32, data: bytes }), (message) =>
  decodeFileMessage(encodeFileMessage(message)),
);
roundTrip('unlock', fc.record({ checksum, path: text }), (message) => decodeUnlock(encodeUnlock(message)));
roundTrip(
  'inode update',
  fc.record({
    parent: u64,
    inode: u64,
    version: u64,
    writer: u32,
    mtime: u32,
    type: fc.constant(8 as const),
    name: text,
    data: bytes,
  }),
  (update) => decodeInodeUpdate(encodeInodeUpdate(update)),
);
roundTrip('kv update', fc.record({ key: text, value: bytes }), (update) => decodeKvUpdate(encodeKvUpdate(update)));
roundTrip('epoch', fc.record({ counter: u32, time_s: u32, nodeid: u32, pid: u32 }), (epoch) =>
  decodeEpoch(encodeEpoch(epoch)),
);
roundTrip('verify', fc.record({ id: u64, checksum }), ({ id, checksum }) => decodeVerify(encodeVerify(id, checksum)));
roundTrip('verify request', u64, (id) => decodeVerifyRequest(encodeVerifyRequest(id)));
roundTrip(
  'cluster log entry',
  fc.record({
    prev: u32,
    next: u32,
    uid: u32,
    time_s: u32,
    nodeDigest: digest,
    identDigest: digest,
    pid: u32,
    priority: fc.nat({ max: 7 }),
    node: text,
    ident: text,
    tag: text,
    message: text,
  }),
  (entry) => {
    const encoded = encodeClusterLogEntry(entry);
    assert.is(encoded.length, clusterLogEntryBytes(entry));
    return decodeClusterLogEntry(encoded);
  },
);
roundTrip(
  'NORMAL',
  fc.record({ subtype: fc.nat({ max: 0xffff }), protocolVersion: u32, time_s: u32, count: u64, payload: bytes }),
  ({ count, payload, ...base }) => {
    const message = encodeNormal(base, count, payload);
    const header = decodeBase(message);
    assert.not('failure' in header);
    if ('failure' in header) return undefined;
    const { subtype, protocolVersion, time_s } = header;
    return { subtype, protocolVersion, time_s, ...decodeNormal(header, message) };
  },
);
roundTrip(
  'state message',
  fc.record({ type: fc.integer({ min: 1, max: 6 }), protocolVersion: u32, time_s: u32, payload: bytes }),
  ({ payload, ...base }) => {
    const message = encodeState(base, encodeEpoch(EPOCH), payload);
    const header = decodeBase(message);
    if ('failure' in header) return undefined;
    const state = decodeState(header, message);
    if ('failure' in state) return undefined;
    assert.ok(state.epoch.equals(encodeEpoch(EPOCH)));
    return {
      type: header.type,
      protocolVersion: header.protocolVersion,
      time_s: header.time_s,
      payload: state.payload,
    };
  },
);

test('no decoder throws, whatever arrives', () => {
  const decoders = [
    decodeFileMessage,
    decodeUnlock,
    decodeInodeUpdate,
    decodeKvUpdate,
    decodeClusterLogEntry,
    decodeVerify,
    decodeVerifyRequest,
  ];
  const seeds = fc.constantFrom(...vectors.map(([, encoded]) => encoded));
  const cut = fc.tuple(seeds, fc.nat({ max: 60 }), fc.nat({ max: 80 }), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(cut, fc.uint8Array({ maxLength: 90 }), ([seed, start, at, value], noise) => {
      const damaged = Buffer.from(seed.subarray(Math.min(start, seed.length)));
      if (at < damaged.length) damaged[at] = value;
      for (const input of [damaged, Buffer.from(noise)]) {
        for (const decode of decoders) decode(input);
        const base = decodeBase(input);
        if ('failure' in base) continue;
        if (base.type === NORMAL) decodeNormal(base, input);
        else decodeState(base, input);
      }
    }),
  );
});

// --- refusals ----------------------------------------------------------------------------------------------------

function failure(decoded: unknown): string {
  return (decoded as { readonly failure: string }).failure;
}

test('headers: texts of §4.5', () => {
  assert.is(failure(decodeBase(Buffer.alloc(15))), 'received short message (15 bytes)');
  const base = { type: 0, subtype: 3, protocolVersion: 1, time_s: 0 };
  assert.is(failure(decodeNormal(base, Buffer.alloc(23))), 'received short message (type = 0, subtype = 3, 23 bytes)');
  const state = { ...base, type: 2, subtype: 0 };
  const text = 'received short state message (type = 2, subtype = 0, 31 bytes)';
  assert.is(failure(decodeState(state, Buffer.alloc(31))), text);
  const message = encodeNormal(base, 1, NONE);
  message.writeUInt32LE(0x20_0000, 20);
  assert.match(failure(decodeNormal(base, message)), /count/);
});

test('file operations: texts of §5.1', () => {
  assert.is(failure(decodeFileMessage(Buffer.alloc(19))), 'received short fuse message (19 < 20)');
  const good = encodeFileMessage({ path: 'a', to: 'b', data: Buffer.from('x') });
  assert.is(failure(decodeFileMessage(good.subarray(0, -1))), 'received mailformed fuse message');
  const noPath = Buffer.from(good);
  noPath[21] = 1;
  assert.is(failure(decodeFileMessage(noPath)), "received mailformed fuse message - 'path' not terminated");
  const noTo = Buffer.from(good);
  noTo[23] = 1;
  assert.is(failure(decodeFileMessage(noTo)), "received mailformed fuse message - 'to' not terminated");
});

test('file operations: a path ends at its first NUL, a length of 0 is no path', () => {
  const decoded = decodeFileMessage(encodeFileMessage({ path: 'a\0b' }));
  assert.is('failure' in decoded ? '' : decoded.path, 'a');
  const bare = decodeFileMessage(Buffer.alloc(20));
  assert.is('failure' in bare ? undefined : bare.path, '');
});

test('unlock: texts of §5.1', () => {
  assert.is(failure(decodeUnlock(Buffer.alloc(32))), 'received short unlock message (32 < 33)');
  const text = "received mailformed unlock message - 'path' not terminated";
  assert.is(failure(decodeUnlock(Buffer.alloc(33, 1))), text);
});

test('inode updates: texts of §5.5', () => {
  const entry = { inode: 3, parent: 2, version: 4, writer: 1, mtime: 9, type: 8, name: 'f', data: NONE } as const;
  const good = encodeInodeUpdate(entry);
  const changed = (at: number, value: number) => {
    const copy = Buffer.from(good);
    copy[at] = value;
    return failure(decodeInodeUpdate(copy));
  };
  const wrongLength = 'received mailformed message (msg_len != (size + namelen))';
  assert.is(failure(decodeInodeUpdate(good.subarray(0, 39))), 'received short message (msg_len < 40)');
  assert.is(failure(decodeInodeUpdate(good.subarray(0, 40))), wrongLength);
  assert.is(failure(decodeInodeUpdate(good.subarray(0, -1))), wrongLength);
  assert.is(changed(40, 10), 'received mailformed message (unknown inode type 10)');
  assert.is(changed(42, 1), 'received mailformed message (name[namelen-1] != 0)');
  assert.is(changed(15, 1), 'received mailformed message (number beyond 2^53 - 1)');
  const directory = encodeInodeUpdate({ ...entry, data: Buffer.from('x') });
  directory[40] = 4;
  assert.is(failure(decodeInodeUpdate(directory)), wrongLength);
});

test('kv updates: lines of §6.1; a long key is cut; the field is zero behind the key [Q13]', () => {
  const lines = (payload: Buffer) => (decodeKvUpdate(payload) as { failures: readonly string[] }).failures;
  assert.equal(lines(Buffer.alloc(255)), ['received short kvstore message (255 < 256)', 'cant parse update message']);
  assert.equal(lines(Buffer.alloc(300, 1)), ['cant parse update message']);
  const encoded = encodeKvUpdate({ key: 'k'.repeat(300), value: Buffer.from('v') });
  assert.equal(decodeKvUpdate(encoded), { key: 'k'.repeat(255), value: Buffer.from('v') });
  const dirty = encodeKvUpdate({ key: 'a', value: NONE });
  assert.ok(dirty.subarray(1).every((byte) => byte === 0));
  dirty[5] = 7;
  assert.equal(decodeKvUpdate(dirty), { key: 'a', value: NONE });
});

test('cluster log entries: lines of §6.1', () => {
  const lines = (payload: Buffer) => (decodeClusterLogEntry(payload) as { failures: readonly string[] }).failures;
  const unparsed = 'cant parse log message';
  const good = vectors.at(-1)![1];
  assert.equal(lines(good.subarray(0, 47)), ['received short log message (47 < 48)', unparsed]);
  assert.equal(lines(good.subarray(0, -1)), ['received log message with wrong size (106 != 107)', unparsed]);
  const open = Buffer.from(good);
  open[49] = 1;
  assert.equal(lines(open), ['unterminated string in log message', unparsed]);
  assert.equal(lines(Buffer.alloc(48)), ['unterminated string in log message', unparsed]);
});

test('verify payloads of a wrong length are refused', () => {
  assert.is(decodeVerifyRequest(Buffer.alloc(9)), undefined);
  assert.is(decodeVerify(Buffer.alloc(39)), undefined);
  assert.is(decodeVerifyRequest(Buffer.alloc(8, 255)), undefined, 'an id above 2^53 - 1');
});

test.run();
