import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ANY_PEER,
  clusterTag,
  DATAGRAM_KIND,
  deriveKey,
  type Incarnation,
  incarnationOfHello,
  open,
  readHeader,
  SEAL_OVERHEAD,
  Sealer,
} from './sealing.ts';

const authkey = Buffer.alloc(128, 7);
const identity: Incarnation = {
  clusterName: 'demo',
  nodeid: 3,
  incarnation: Buffer.from('00112233445566778899aabbccddeeff', 'hex'),
};
const key = deriveKey(authkey, identity);

function sealed(
  kind: 0 | 1 | 2 | 3,
  destination: number,
  payload: Buffer,
  sealer = new Sealer(authkey, identity),
): Buffer {
  const out = Buffer.alloc(payload.length + 64);
  return out.subarray(0, sealer.seal(kind, destination, payload, out));
}

test('the header, byte by byte', () => {
  const datagram = sealed(DATAGRAM_KIND.data, 5, Buffer.from('hello'));
  const tag = clusterTag('demo').toString(16).padStart(8, '0');
  assert.is(
    datagram.subarray(0, 32).toString('hex'),
    `706101${'00'}${tag}00000003000000050011223344556677${'0000000000000001'}`,
  );
  assert.is(datagram.length, 5 + SEAL_OVERHEAD);
});

test('a hello carries the whole incarnation', () => {
  const datagram = sealed(DATAGRAM_KIND.hello, 5, Buffer.from('body'));
  assert.equal(incarnationOfHello(datagram), identity.incarnation);
  assert.equal(open(key, datagram), Buffer.from('body'));
});

test('what is sealed opens to the same, and the header says what was asked', () => {
  const kind = fc.constantFrom(0, 1, 2, 3) as fc.Arbitrary<0 | 1 | 2 | 3>;
  fc.assert(
    fc.property(
      kind,
      fc.integer({ min: ANY_PEER, max: 0xffffffff }),
      fc.uint8Array({ maxLength: 9000 }),
      (kind, destination, bytes) => {
        const datagram = sealed(kind, destination, Buffer.from(bytes));
        const header = readHeader(datagram);
        assert.type(header, 'object');
        if (typeof header === 'string') return;
        assert.equal([header.kind, header.sender, header.destination, header.counter], [kind, 3, destination, 1]);
        assert.equal(open(key, datagram), Buffer.from(bytes));
      },
    ),
  );
});

test('I2: no bit can be flipped', () => {
  for (const kind of [DATAGRAM_KIND.data, DATAGRAM_KIND.hello]) {
    const datagram = sealed(kind, 5, Buffer.from('payload of some bytes'));
    for (let bit = 0; bit < datagram.length * 8; bit++) {
      const flipped = Buffer.from(datagram);
      flipped[bit >>> 3]! ^= 1 << (bit & 7);
      const header = readHeader(flipped);
      if (typeof header !== 'string') assert.is(open(key, flipped), undefined, `bit ${bit}`);
    }
  }
});

test('I2: nothing can be cut off or added', () => {
  const datagram = sealed(DATAGRAM_KIND.data, 5, Buffer.from('payload'));
  for (let length = 0; length < datagram.length; length++) {
    const cut = datagram.subarray(0, length);
    const header = readHeader(cut);
    if (length < SEAL_OVERHEAD) assert.is(header, 'short');
    else assert.is(open(key, cut), undefined);
  }
  assert.is(open(key, Buffer.concat([datagram, Buffer.alloc(1)])), undefined);
});

test('I1: no two datagrams of a sealer share a counter', () => {
  const sealer = new Sealer(authkey, identity);
  const counters = new Set<number>();
  for (let i = 0; i < 1000; i++) {
    const header = readHeader(sealed(DATAGRAM_KIND.data, 1, Buffer.alloc(1), sealer));
    if (typeof header !== 'string') counters.add(header.counter);
  }
  assert.is(counters.size, 1000);
});

test('keys differ by cluster, node, incarnation and authkey', () => {
  const keys = [
    key,
    deriveKey(authkey, { ...identity, clusterName: 'demo2' }),
    deriveKey(authkey, { ...identity, nodeid: 4 }),
    deriveKey(authkey, { ...identity, incarnation: Buffer.alloc(16) }),
    deriveKey(Buffer.alloc(128, 8), identity),
  ];
  assert.is(new Set(keys.map((each) => each.toString('hex'))).size, keys.length);
  assert.ok(keys.every((each) => each.length === 32));
});

test('headers of strangers', () => {
  const datagram = sealed(DATAGRAM_KIND.data, 5, Buffer.from('payload'));
  const changed = (offset: number, value: number) => {
    const copy = Buffer.from(datagram);
    copy[offset] = value;
    return readHeader(copy);
  };
  assert.is(changed(0, 0), 'magic');
  assert.is(changed(2, 2), 'version');
  assert.is(changed(2, 0), 'version');
  assert.is(changed(3, 4), 'malformed');
  assert.is(changed(24, 0xff), 'malformed');
});

test.run();
