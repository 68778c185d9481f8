import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeRequest, encodeRequest, type IpcRequest } from './requests.ts';

const VECTORS: readonly (readonly [hex: string, request: IpcRequest])[] = [
  ['01000000000000001000000000000000', { kind: 'get-fs-version' }],
  ['0a000000000000001000000000000000', { kind: 'get-rrd-dump' }],
  ['06000000000000001c0000000000000073746f726167652e63666700', { kind: 'get-config', path: 'storage.cfg' }],
  [
    '07000000000000002600000000000000060904726f6f744070616d007461670068656c6c6f00',
    {
      kind: 'log-cluster-message',
      priority: 6,
      strings: { ident: 'root@pam', tag: 'tag', message: Buffer.from('hello') },
    },
  ],
  [
    '080000000000000021000000000000000a00000000000000000000000000000000',
    { kind: 'get-cluster-log', max: 10, reserved: null, user: '' },
  ],
  ['0b000000000000001900000000000000000000006c6f636b00', { kind: 'get-guest-property', vmid: 0, property: 'lock' }],
  ['0c000000000000001900000000000000726f6f742161206200', { kind: 'verify-token', token: 'root!a b' }],
  [
    '0d000000000000001f0000000000000064000000026c6f636b007461677300',
    { kind: 'get-guest-properties', vmid: 100, properties: ['lock', 'tags'] },
  ],
];

test('worked examples, both ways', () => {
  for (const [hex, request] of VECTORS) {
    assert.equal(decodeRequest(Buffer.from(hex, 'hex')), request, request.kind);
    assert.is(encodeRequest(request).toString('hex'), hex, request.kind);
  }
});

/** Byte strings without NUL. */
const text = (max: number, min = 0) =>
  fc.string({
    unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
    minLength: min,
    maxLength: max,
  });
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
/** Plain objects, as the decoder makes them. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(model, { noNullPrototype: true });
const u32 = fc.nat({ max: 0xffff_ffff });

const requests: fc.Arbitrary<IpcRequest> = fc.oneof(
  fc.constantFrom<IpcRequest[]>(
    { kind: 'get-fs-version' },
    { kind: 'get-cluster-info' },
    { kind: 'get-guest-list' },
    { kind: 'get-rrd-dump' },
  ),
  record({ kind: fc.constant('set-status' as const), key: text(255), value: bytes }),
  record({ kind: fc.constant('get-status' as const), key: text(255), node: text(255) }),
  record({ kind: fc.constant('get-config' as const), path: text(300) }),
  record({
    kind: fc.constant('log-cluster-message' as const),
    priority: fc.nat({ max: 255 }),
    strings: record({
      ident: text(254),
      tag: text(254),
      message: text(500).map((message) => Buffer.from(message, 'latin1')),
    }),
  }),
  record({ kind: fc.constant('get-cluster-log' as const), max: u32, reserved: fc.constant(null), user: text(50) }),
  record({ kind: fc.constant('get-guest-property' as const), vmid: u32, property: text(50) }),
  record({
    kind: fc.constant('verify-token' as const),
    token: text(80, 1).filter((token) => !token.includes('\n')),
  }),
  record({
    kind: fc.constant('get-guest-properties' as const),
    vmid: u32,
    properties: fc.array(
      text(20).map((name) => `p${name}`),
      { minLength: 1, maxLength: 255 },
    ),
  }),
);

test('round trip: decode(encode(request)) is the request', () => {
  fc.assert(
    fc.property(requests, (request) => {
      assert.equal(decodeRequest(encodeRequest(request)), request);
    }),
  );
});

test('no bytes make the decoder throw', () => {
  const ids = fc.oneof(fc.integer({ min: 0, max: 15 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));
  fc.assert(
    fc.property(ids, fc.uint8Array({ maxLength: 600 }), (id, body) => {
      const frame = Buffer.concat([Buffer.alloc(16), body]);
      frame.writeInt32LE(id, 0);
      frame.writeInt32LE(frame.length, 8);
      decodeRequest(frame);
    }),
    { numRuns: 500 },
  );
});

test('frames shorter than a header, of another size or with an unassigned id do not decode', () => {
  const good = encodeRequest({ kind: 'get-fs-version' });
  assert.is(decodeRequest(good.subarray(0, 15)), undefined);
  const long = Buffer.concat([good, Buffer.alloc(1)]);
  assert.is(decodeRequest(long), undefined);
  for (const id of [0, 9, 14, -1]) {
    const frame = Buffer.from(good);
    frame.writeInt32LE(id, 0);
    assert.is(decodeRequest(frame), undefined, `id ${id}`);
  }
});

test.run();
