import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { asciiFilter } from './ascii-filter.ts';

const rows: readonly [input: Buffer, escaped: string, plain?: string][] = [
  [Buffer.from('plain'), 'plain'],
  [Buffer.from('a"b'), 'a\\"b', 'a"b'],
  [Buffer.from('back\\slash'), 'back\\slash'],
  [Buffer.from('tab\tnl\n\x7f\x1f'), 'tab#009nl#010#127#031'],
  [Buffer.from('ü € \u0080 \uffff'), '\\u00fc \\u20ac \\u0080 \\uffff'],
  [Buffer.from('\ufeffx'), '\\ufeffx'],
  [Buffer.from('emoji 😀!'), 'emoji !'],
  [Buffer.from('bad "\xff\x7f\n é', 'latin1'), 'bad \\"??#010 ?', 'bad "??#010 ?'],
  [Buffer.from([0xed, 0xa0, 0x80]), '???'],
];

for (const [input, escaped, plain = escaped] of rows) {
  test(`§6.8: ${JSON.stringify(input.toString('latin1'))}`, () => {
    assert.is(asciiFilter(input, true), escaped);
    assert.is(asciiFilter(input, false), plain);
  });
}

test('output begins nothing in the last 7 bytes of the buffer', () => {
  assert.is(asciiFilter(Buffer.alloc(100, 'a'), true, 50), 'a'.repeat(43));
  assert.is(asciiFilter(Buffer.from('ü'.repeat(9)), true, 20), '\\u00fc'.repeat(3));
  assert.is(asciiFilter(Buffer.from('abc'), true, 50), 'abc');
});

test('whatever comes in, printable ASCII goes out, within the buffer', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.boolean(),
      fc.integer({ min: 8, max: 80 }),
      (bytes, quote, limit) => {
        const filtered = asciiFilter(bytes, quote, limit);
        assert.match(filtered, /^[\x20-\x7e]*$/);
        assert.ok(filtered.length < limit);
      },
    ),
  );
});

test.run();
