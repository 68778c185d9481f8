import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeText, encodeText } from './encoded-text.ts';

test('control characters, non-ASCII, colon and percent are encoded', () => {
  assert.is(encodeText("50 %: à l'eau\n"), "50 %25%3A %C3%A0 l'eau%0A");
  assert.is(decodeText('100% %zz %3a'), '100% %zz :');
});

test('decoding is the inverse, and what is written is one line of ASCII', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const written = encodeText(text);
      assert.match(written, /^[\x20-\x7e]*$/);
      assert.is(decodeText(written), text);
    }),
  );
});

test.run();
