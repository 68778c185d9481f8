import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { splitList } from './list-text.ts';
import { checkValue, readPropertyString } from './property-check.ts';
import type { PropertySchema } from './property-schema.ts';

const formats = new Map([['even', (text: string) => (Number(text) % 2 === 0 ? undefined : `'${text}' is odd`)]]);
const check = (value: string, schema: PropertySchema) => checkValue(value, schema, formats);

test('types', () => {
  assert.is(check('+12', { type: 'integer' }), undefined);
  assert.is(check('1.', { type: 'integer' }), "type check ('integer') failed - got '1.'");
  for (const number of ['1.', '.5', '1e3', '-2.5E-1']) assert.is(check(number, { type: 'number' }), undefined);
  assert.is(check('.', { type: 'number' }), "type check ('number') failed - got '.'");
  assert.is(check('true', { type: 'boolean' }), "type check ('boolean') failed - got 'true'");
});

test('the first failure ends the check: type, format, pattern, length, range, enumeration', () => {
  const schema = { type: 'integer', format: 'even', pattern: '..', maxLength: 3, maximum: 20, enum: ['12'] };
  assert.is(check('x', schema), "type check ('integer') failed - got 'x'");
  assert.is(check('7', schema), "invalid format - '7' is odd");
  assert.is(check('8', schema), 'value does not match the regex pattern');
  assert.is(check('22', schema), 'value must have a maximum value of 20');
  assert.is(check('14', schema), "value '14' does not have a value in the enumeration '12'");
  assert.is(check('12', schema), undefined);
});

test('named formats with suffixes', () => {
  assert.is(check('2,4;6 8', { format: 'even-list' }), undefined);
  assert.is(check('2,3,5', { format: 'even-list' }), "invalid format - '3' is odd");
  assert.is(check('', { format: 'even-opt' }), undefined);
  assert.is(check('1', { format: 'odd' }), "invalid format - undefined format 'odd'");
  assert.is(check('anything', { format: 'string' }), undefined);
});

test('lists', () => {
  assert.equal(splitList(' ,a,;b  c, '), ['a', 'b', 'c']);
  assert.equal(splitList(''), []);
  assert.equal(splitList('a, b\0c'), ['a, b', 'c']);
});

test('property strings', () => {
  const format = {
    file: { type: 'string', default_key: 1 },
    size: { type: 'integer', optional: 1 },
    ro: { type: 'boolean', optional: 1 },
    net: { type: 'string', optional: 1, alias: 'model', keyAlias: 'kind' },
    model: { type: 'string', optional: 1 },
    kind: { type: 'string', optional: 1 },
  } as const;
  const read = (text: string) => {
    const result = readPropertyString(text, format, formats);
    return 'error' in result ? result.error : Object.fromEntries(result.values);
  };
  assert.equal(read('disk,size=3,, ro=yes'), 'invalid key in comma-separated list property:  ro');
  assert.equal(read('disk,size=3,,ro=yes'), { file: 'disk', size: '3', ro: '1' });
  assert.equal(read('file=a=b,net=AA'), { file: 'a=b', kind: 'net', model: 'AA' });
  assert.is(read('a,b'), 'duplicate key in comma-separated list property: file');
  assert.is(read('a,size=1,size=2'), 'duplicate key in comma-separated list property: size');
  assert.is(read('a,size='), 'missing key in comma-separated list property');
  assert.is(
    read('size=x,ro=perhaps'),
    [
      'format error',
      'file: property is missing and it is not optional',
      "ro: type check ('boolean') failed - got 'perhaps'",
      "size: type check ('integer') failed - got 'x'",
    ].join('\n'),
  );
});

test.run();
