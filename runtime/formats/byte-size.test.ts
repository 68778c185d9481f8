import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { convertSize, readDiskSize, writeDiskSize } from './byte-size.ts';

test('the order of the checks: value, units, number', () => {
  assert.equal(convertSize('', 'x', 'y'), { error: 'no value given' });
  assert.equal(convertSize(null, 'x', 'y'), { error: 'no value given' });
  assert.equal(convertSize('abc', 'XB', undefined), { error: "unknown 'from' and/or 'to' units (xb => )" });
  for (const wrong of ['.', '-1', '+1', '1e3', '1.2.3', ' 1', '1 ']) {
    assert.equal(convertSize(wrong, 'b', 'KB'), { error: `value '${wrong}' is not a valid, positive number` });
  }
});

test('fractions go up, or are cut off', () => {
  assert.equal(convertSize('.5', 'Gb', 'KB'), { value: 524288 });
  assert.equal(convertSize('007', 'kb', 'kb'), { value: 7 });
  assert.equal(convertSize(1025, 'b', 'kb'), { value: 2 });
  assert.equal(convertSize(1025, 'b', 'kb', 'down'), { value: 1 });
  assert.equal(convertSize(0, 'b', 'pb'), { value: 0 });
});

test('disk sizes', () => {
  assert.equal(readDiskSize('1.5K'), { value: 1536 });
  assert.equal(readDiskSize('2GiB'), { value: 2 ** 31 });
  assert.equal(readDiskSize('0.3'), { value: 0 });
  for (const wrong of ['1k', '1 K', '1KB', '.5G', '-1', '']) {
    assert.equal(readDiskSize(wrong), { error: `value does not look like a valid disk size: ${wrong}` });
  }
  assert.equal([1536, 2048, 1048576, 0, 3 * 2 ** 40].map(writeDiskSize), ['1536', '2K', '1M', '0T', '3T']);
});

test('a disk size that is written is read as the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 45 }), fc.constantFrom(1, 1024, 1024 ** 2), (count, unit) => {
      const bytes = Math.floor(count / unit) * unit;
      assert.equal(readDiskSize(writeDiskSize(bytes)), { value: bytes });
    }),
  );
});

test.run();
