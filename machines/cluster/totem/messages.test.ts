import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  decodeCommit,
  decodeJoin,
  decodeMergeDetect,
  decodeToken,
  encodeCommit,
  encodeHoldCancel,
  encodeJoin,
  encodeMergeDetect,
  encodeToken,
  frameOfToken,
  isOfRing,
  isWellFormedFrame,
  KIND,
  kindOf,
  newToken,
  ringOf,
  TOKEN_MAX_SIZE,
  type Token,
  tokenSeqOf,
  tokenSizeOf,
} from './messages.ts';
import { nodeSet } from './node-set.ts';

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u53 = fc.maxSafeNat();
const ring = fc.record({ rep: u32, seq: u53 }, { noNullPrototype: true });
const nodes = fc.uniqueArray(u32, { maxLength: 20 }).map((list) => nodeSet(list));

test('a join is what this vector says', () => {
  const bytes = encodeJoin({ ring: { rep: 1, seq: 8 }, highestSeq: 12, proc: [1, 2], failed: [2] });
  const hex =
    '01030000' + // version, kind, reserved
    '01000000' + // representative
    '0800000000000000' + // ring sequence
    '0c00000000000000' + // highest sequence seen
    '02000100' + // two in proc, one in failed
    '0100000002000000' +
    '02000000';
  assert.is(bytes.toString('hex'), hex);
});

test('joins survive the round trip', () => {
  fc.assert(
    fc.property(ring, u53, nodes, nodes, (of, highestSeq, proc, failed) => {
      const message = { ring: of, highestSeq, proc, failed };
      assert.equal(decodeJoin(encodeJoin(message)), message);
    }),
  );
});

test('commit tokens survive the round trip', () => {
  const entry = fc.record({ filled: fc.boolean(), oldRing: ring, counts: fc.tuple(u53, u53, u53) });
  fc.assert(
    fc.property(ring, u32, nodes, fc.array(entry, { minLength: 20, maxLength: 20 }), (of, hop, members, raw) => {
      fc.pre(members.length > 0);
      const entries = members.map((nodeid, i) => {
        const { filled, oldRing, counts } = raw[i]!;
        const [stable, received, high] = [...counts].sort((a, b) => a - b) as [number, number, number];
        return { nodeid, filled, oldRing, received, high, stable };
      });
      const token = { ring: of, hop, entries };
      assert.equal(decodeCommit(encodeCommit(token)), token);
    }),
  );
});

test('merge-detects and hold-cancels survive the round trip', () => {
  fc.assert(
    fc.property(ring, nodes, (of, heard) => {
      assert.equal(decodeMergeDetect(encodeMergeDetect(of, heard)), { ring: of, heard });
      const cancel = encodeHoldCancel(of);
      assert.is(kindOf(cancel), KIND.holdCancel);
      assert.equal(ringOf(cancel), of);
      assert.ok(isOfRing(cancel, of));
    }),
  );
});

function sampleToken(): Token {
  const token = newToken(3);
  Object.assign(token, { tokenSeq: 77, seq: 5_000_000_000, framesInRotation: 4, backlog: 9, recovered: true });
  token.received.splice(0, 3, 5_000_000_000, 4_999_999_999, 1);
  token.recoveryDone.splice(0, 3, true, false, true);
  token.requests.push(3, 4_999_999_998);
  return token;
}

test('tokens survive the round trip, with numbers above 32 bits', () => {
  const buffer = Buffer.alloc(TOKEN_MAX_SIZE);
  const token = sampleToken();
  const bytes = buffer.subarray(0, encodeToken(buffer, { rep: 1, seq: 4 }, token, 3));
  const decoded = newToken(3);
  assert.ok(decodeToken(bytes, decoded));
  assert.equal(decoded, token);
  assert.is(tokenSeqOf(bytes), 77);
  assert.not(decodeToken(bytes, newToken(4)), 'another number of members');
});

test('a frame travels with a token; what is missing or added makes both malformed', () => {
  const frame = Buffer.from('a frame, whatever it says');
  const buffer = Buffer.alloc(TOKEN_MAX_SIZE);
  const token = sampleToken();
  const length = encodeToken(buffer, { rep: 1, seq: 4 }, token, 3, frame);
  assert.is(length, tokenSizeOf(token) + frame.length);
  const bytes = buffer.subarray(0, length);
  const decoded = newToken(3);
  assert.ok(decodeToken(bytes, decoded));
  assert.equal(decoded, token);
  assert.ok(frameOfToken(bytes)?.equals(frame));
  for (const wrong of [length - 1, length + 1]) assert.not(decodeToken(buffer.subarray(0, wrong), newToken(3)));
  const alone = buffer.subarray(0, encodeToken(buffer, { rep: 1, seq: 4 }, token, 3));
  assert.ok(decodeToken(alone, decoded));
  assert.is(frameOfToken(alone), undefined);
});

test('a received value or request beyond the count is malformed', () => {
  const buffer = Buffer.alloc(TOKEN_MAX_SIZE);
  for (const spoil of [
    (token: Token) => token.received.splice(0, 1, token.seq + 1),
    (token: Token) => token.requests.push(token.seq + 1),
    (token: Token) => token.requests.push(0),
  ]) {
    const token = sampleToken();
    spoil(token);
    const bytes = buffer.subarray(0, encodeToken(buffer, { rep: 1, seq: 4 }, token, 3));
    assert.not(decodeToken(bytes, newToken(3)));
  }
});

test('no decoder throws on any bytes, whole, cut or changed', () => {
  const buffer = Buffer.alloc(TOKEN_MAX_SIZE);
  const of = { rep: 1, seq: 4 };
  const samples = [
    encodeJoin({ ring: of, highestSeq: 1, proc: [1, 2, 3], failed: [] }),
    encodeCommit({
      ring: of,
      hop: 1,
      entries: [{ nodeid: 1, filled: true, oldRing: of, received: 1, high: 1, stable: 1 }],
    }),
    encodeMergeDetect(of, [1, 2]),
    Buffer.from(buffer.subarray(0, encodeToken(buffer, of, sampleToken(), 3))),
  ];
  const decodeAll = (bytes: Buffer): void => {
    if (kindOf(bytes) === 0) return;
    ringOf(bytes);
    decodeJoin(bytes);
    decodeCommit(bytes);
    decodeMergeDetect(bytes);
    decodeToken(bytes, newToken(3));
    tokenSeqOf(bytes);
    isWellFormedFrame(bytes);
  };
  const change = fc.tuple(fc.constantFrom(...samples), fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat());
  fc.assert(
    fc.property(change, fc.uint8Array({ maxLength: 64 }), ([sample, at, value, cut], random) => {
      const changed = Buffer.from(sample);
      changed[at % changed.length] = value;
      decodeAll(changed);
      decodeAll(sample.subarray(0, cut % (sample.length + 1)));
      decodeAll(Buffer.concat([Buffer.from([1, value % 8, 0, 0]), random]));
    }),
    { numRuns: 2000 },
  );
});

test('a cut join, or one whose lists are out of order, is malformed', () => {
  const bytes = encodeJoin({ ring: { rep: 1, seq: 8 }, highestSeq: 12, proc: [1, 2], failed: [] });
  for (let length = 16; length < bytes.length; length++) {
    assert.is(decodeJoin(bytes.subarray(0, length)), undefined);
  }
  const swapped = encodeJoin({ ring: { rep: 1, seq: 8 }, highestSeq: 12, proc: [2, 1], failed: [] });
  assert.is(decodeJoin(swapped), undefined);
});

test.run();
