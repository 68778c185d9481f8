import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedText, numberText } from './number-text.ts';

test('a number without a format: fifteen digits', () => {
  assert.is(numberText(0.1 + 0.2), '0.3');
  assert.is(numberText(1 / 3), '0.333333333333333');
  assert.is(numberText(1e-7), '1e-07');
  assert.is(numberText(0.0001), '0.0001');
  assert.is(numberText(1.5e300), '1.5e+300');
  assert.is(numberText(123456789012345.6), '123456789012346');
  assert.is(numberText(2 ** 53 - 1), '9007199254740991');
  assert.is(numberText(-0.5), '-0.5');
});

test('a fixed count of digits: exact ties go to the even digit, and only they', () => {
  assert.is(fixedText(1.125, 2), '1.12');
  assert.is(fixedText(1.375, 2), '1.38');
  assert.is(fixedText(1.005, 2), '1.00');
  assert.is(fixedText(0.5, 0), '0');
  assert.is(fixedText(2.5, 0), '2');
  assert.is(fixedText(-2.675, 2), '-2.67');
  assert.is(fixedText(1e22, 1), '10000000000000000000000.0');
  assert.is(fixedText(1e-9, 2), '0.00');
});

test('apart from ties it is what toFixed gives', () => {
  const value = fc.double({ min: -1e15, max: 1e15, noNaN: true });
  fc.assert(
    fc.property(value, fc.integer({ min: 0, max: 8 }), (number, digits) => {
      const isTie = Number.isInteger(number * 2 ** 20);
      if (!isTie) assert.is(fixedText(number, digits), number.toFixed(digits));
      assert.ok(Math.abs(Number(fixedText(number, digits)) - number) <= 0.5 * 10 ** -digits * (1 + 1e-9) + 1);
    }),
  );
});

test.run();
