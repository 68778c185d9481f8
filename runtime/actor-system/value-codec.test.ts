import { deepStrictEqual } from 'node:assert';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { anyValue } from '../test-support/any-value.ts';
import { decodeValue, encodeValue } from './value-codec.ts';

function roundTrip(value: unknown): unknown {
  const encoded = encodeValue(value);
  if (!encoded.ok) throw new Error(encoded.sentence);
  const decoded = decodeValue(encoded.text);
  if (!decoded.ok) throw new Error(decoded.sentence);
  return decoded.value;
}

test('decode(encode(x)) is x', () => {
  fc.assert(
    fc.property(anyValue, (value) => deepStrictEqual(roundTrip(value), value)),
    { numRuns: 1000 },
  );
});

test('nothing that is decoded is shared with what was encoded', () => {
  const value = { list: [1, 2], bytes: Buffer.from('abc') };
  const copy = roundTrip(value) as typeof value;
  value.list.push(3);
  value.bytes[0] = 0;
  assert.equal(copy, { list: [1, 2], bytes: Buffer.from('abc') });
});

test('a view of a larger buffer is sent alone', () => {
  const bytes = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
  assert.equal(roundTrip(bytes), new Uint8Array([2, 3]));
});

test('what is no data is refused with a sentence', () => {
  const circle: unknown[] = [];
  circle.push(circle);
  class Tree {}
  const cases: [unknown, string][] = [
    [() => {}, 'a function cannot be sent in a message'],
    [{ deep: [Symbol('s')] }, 'a symbol cannot be sent in a message'],
    [new Tree(), 'an instance of Tree cannot be sent in a message'],
    [new Error('x'), 'an instance of Error cannot be sent in a message'],
    [circle, 'a value deeper than 200 levels, or a circle, cannot be sent'],
  ];
  for (const [value, sentence] of cases) assert.equal(encodeValue(value), { ok: false, sentence });
});

test('malformed texts are errors, whatever they are', () => {
  const malformed = [
    '',
    '{',
    '{"$":"?"}',
    '{"$":"m","v":[1]}',
    '{"$":"b"}',
    '{"$":"i","v":"x"}',
    '{"$":"o","v":[[1,2]]}',
  ];
  for (const text of malformed) assert.not(decodeValue(text).ok, text);
  const mutated = fc.tuple(anyValue, fc.nat(), fc.string({ maxLength: 3 }));
  fc.assert(
    fc.property(mutated, ([value, at, junk]) => {
      const encoded = encodeValue(value);
      if (!encoded.ok) return;
      const cut = at % (encoded.text.length + 1);
      decodeValue(encoded.text.slice(0, cut) + junk + encoded.text.slice(cut + 1));
    }),
    { numRuns: 500 },
  );
});

test('decoding never reaches a prototype', () => {
  const value = roundTrip(JSON.parse('{"__proto__":{"polluted":true}}'));
  assert.ok(Object.hasOwn(value as object, '__proto__'));
  assert.not(decodeValue('{"__proto__":{"polluted":true}}').ok, 'never written so by the encoder');
});

test.run();
