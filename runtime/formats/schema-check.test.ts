import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { generalFormats } from './named-formats.ts';
import type { PropertySchema } from './property-schema.ts';
import { checkSchema } from './schema-check.ts';
import { propertySchema } from './schema-lookup.ts';

const formats = generalFormats();
const text = { type: 'string' } as const;
const optionalText = { type: 'string', optional: 1 } as const;
const missing = 'property is missing and it is not optional';
const unknown = 'property is not defined in schema and the schema does not allow additional properties';

function errorsOf(value: unknown, schema: PropertySchema): Record<string, string> {
  return Object.fromEntries(checkSchema(value, schema, formats).errors);
}

test('types of whole values; lists of types', () => {
  assert.equal(errorsOf({}, text), { _root: "type check ('string') failed - got HASH" });
  assert.equal(errorsOf([], { type: 'integer' }), { _root: "type check ('integer') failed - got ARRAY" });
  assert.equal(errorsOf('x', { type: 'array' }), { _root: "type check ('array') failed" });
  assert.equal(errorsOf('x', { type: 'object' }), { _root: "type check ('object') failed" });
  assert.equal(errorsOf('x', { type: 'null' }), { _root: "type check ('null') failed - value is not null" });
  assert.equal(errorsOf(null, { type: 'null' }), {});
  assert.equal(errorsOf('x', { type: ['integer', 'boolean'] }), { _root: "type check ('integer|boolean') failed" });
  assert.equal(errorsOf(true, { type: ['integer', 'boolean'] }), {});
  assert.equal(errorsOf({ a: [] }, { type: 'any' }), {});
  assert.equal(errorsOf(1.5, { type: 'integer' }), { _root: "type check ('integer') failed - got '1.5'" });
});

test('arrays and objects inside each other have paths', () => {
  const schema: PropertySchema = {
    properties: { list: { type: 'array', items: { properties: { n: { type: 'integer' } }, additionalProperties: 0 } } },
  };
  assert.equal(errorsOf({ list: [{ n: 1 }, { n: 'x', m: 2 }, {}] }, schema), {
    'list[1].n': "type check ('integer') failed - got 'x'",
    'list[1].m': unknown,
    'list[2].n': missing,
  });
});

test('missing values: optional, a group, and optional: 0 is none of them', () => {
  const properties = {
    a: optionalText,
    b: { type: 'string', group: 'g' },
    c: { type: 'string', optional: 0 },
  } as const;
  assert.equal(errorsOf({ a: null }, { properties }), { c: missing });
});

test('requires: a name, reported there, and a schema for the whole object', () => {
  const properties = {
    a: { ...optionalText, requires: 'b' },
    b: optionalText,
    c: { ...optionalText, requires: { properties: { b: text } } },
  };
  const schema = { properties: { net: { properties } } };
  assert.equal(errorsOf({ net: { a: 'x' } }, schema), { 'net.b': "missing property required by 'net.a'" });
  assert.equal(errorsOf({ net: { a: null } }, schema), { 'net.b': "missing property required by 'net.a'" });
  assert.equal(errorsOf({ net: { c: 'x' } }, schema), { 'net.b': missing });
  assert.equal(errorsOf({ net: { a: 'x', b: 'y' } }, schema), {});
});

test('additional properties: by default unseen, by a schema checked, else unknown', () => {
  assert.equal(errorsOf({ x: [] }, { properties: {} }), {});
  assert.equal(errorsOf({ x: 'y' }, { additionalProperties: { type: 'integer' } }), {
    x: "type check ('integer') failed - got 'y'",
  });
  assert.equal(errorsOf({ x: null, constructor: 1 }, { properties: {}, additionalProperties: 0 }), {
    x: unknown,
    constructor: unknown,
  });
});

test('I1 aliases move in a copy; a target that is set keeps both', () => {
  const properties = { old: { alias: 'new' }, new: { type: 'integer', optional: 1 } } as const;
  const given = { old: 5 };
  assert.equal(checkSchema(given, { properties }, formats).value, { new: 5 });
  assert.equal(given, { old: 5 });
  const both = checkSchema({ old: 5, new: 6 }, { properties }, formats);
  assert.equal(both.value, { old: 5, new: 6 });
  assert.equal([...both.errors], [['old', "cannot set both 'old' and its alias target 'new'"]]);
});

const common: PropertySchema = { properties: { id: text }, additionalProperties: 0 };
const variants: PropertySchema = {
  'type-property': 'type',
  'type-property-schema': { type: 'string', enum: ['a', 'b', 'c'] },
  oneOf: [
    { 'instance-type': 'a', properties: { x: text }, additionalProperties: 0 },
    { 'instance-type': 'b', properties: { y: text, type: { type: 'string', maxLength: 0 } }, additionalProperties: 0 },
  ],
};

test('a selector alone: without it all keys are unknown, and a bad one is the only word about it', () => {
  assert.equal(errorsOf({ x: '1' }, variants), { type: missing, x: unknown });
  assert.equal(errorsOf({ x: '1' }, { ...variants, optional: 1 }), { x: unknown });
  assert.equal(errorsOf({ x: '1', type: 'd' }, variants), {
    type: "value 'd' does not have a value in the enumeration 'a, b, c'",
    x: unknown,
  });
  assert.equal(errorsOf({ type: 'c' }, variants), { _root: "'c' is not a valid oneOf variant" });
  assert.equal(errorsOf({ type: 'a', y: '1' }, variants), { 'oneOf[a].x': missing, 'oneOf[a].y': unknown });
  assert.equal(errorsOf({ type: 'b', y: '1' }, variants), {
    'oneOf[b].type': 'value may only be 0 characters long',
  });
  assert.equal(errorsOf('text', variants), { _root: 'value must be an object' });
});

test('I2 within allOf: unknown is what nobody knows, without the prefix of the variant', () => {
  const schema = { allOf: [common, variants] };
  assert.equal(errorsOf({ id: '1', type: 'a', x: '1' }, schema), {});
  assert.equal(errorsOf({ id: '1', type: 'a', z: '1' }, schema), { 'oneOf[a].x': missing, z: unknown });
  assert.equal(errorsOf({ id: '1', x: '1' }, schema), { type: missing, x: unknown });
  assert.equal(errorsOf({ id: [] }, { allOf: [common, common] }), {
    id: "type check ('string') failed - got ARRAY\\ntype check ('string') failed - got ARRAY",
  });
  const open: PropertySchema = { allOf: [common, { properties: {}, additionalProperties: 1 }] };
  assert.equal(errorsOf({ id: '1', anything: 1 }, open), {});
});

test('a variant that is a choice itself', () => {
  const inner: PropertySchema = { ...variants, 'type-property': 'kind', 'instance-type': 'deep' };
  const outer: PropertySchema = { ...variants, oneOf: [inner], 'type-property-schema': { enum: ['deep'] } };
  assert.equal(errorsOf({ type: 'deep', kind: 'a', x: '1' }, outer), {});
  assert.equal(errorsOf({ type: 'deep', kind: 'a', z: '1' }, outer), {
    'oneOf[deep].oneOf[a].x': missing,
    'oneOf[deep].z': unknown,
  });
});

test('the older form: properties of some types', () => {
  const properties = {
    type: text,
    own: { type: 'string', 'type-property': 'type', 'instance-types': ['a'] },
  } as const;
  assert.equal(errorsOf({ type: 'a' }, { properties }), { own: missing });
  assert.equal(errorsOf({ type: 'b' }, { properties }), {});
  assert.equal(errorsOf({ type: 'b', own: [] }, { properties }), { own: "type check ('string') failed - got ARRAY" });
  const unlisted = { ...properties, own: { type: 'string', 'type-property': 'type' } } as const;
  assert.equal(errorsOf({ type: 'a', own: 'x' }, { properties: unlisted }), { own: "missing 'instance-types'" });
});

test('the older form: alternatives by type', () => {
  const alternatives: PropertySchema = {
    type: 'array',
    'type-property': 'type',
    oneOf: [
      { 'instance-types': ['a'], type: 'array', items: { enum: ['x'] } },
      { 'instance-types': ['b'], type: 'array', optional: 1, items: { enum: ['y'] } },
    ],
  };
  const schema: PropertySchema = { properties: { type: optionalText, list: alternatives }, additionalProperties: 0 };
  assert.equal(errorsOf({ type: 'a', list: ['y'] }, schema), {
    'list[0]': "value 'y' does not have a value in the enumeration 'x'",
  });
  assert.equal(errorsOf({ type: 'a' }, schema), { list: `${missing}\\n${missing}` });
  assert.equal(errorsOf({ type: 'b' }, schema), {});
  assert.equal(errorsOf({}, schema), {});
  assert.equal(errorsOf({ type: 'c', list: [] }, schema), { list: unknown });
  const unlisted = { ...alternatives, oneOf: [{ type: 'array' }] };
  assert.equal(errorsOf({ type: 'a', list: [] }, { properties: { type: text, list: unlisted } }), {
    list: "missing 'instance-types' in oneOf alternative",
  });
});

test('the older form: alternatives without a selector, the first that fits wins', () => {
  const schema: PropertySchema = { oneOf: [{ type: 'integer' }, { type: 'string', maxLength: 2 }], enum: ['1', 'ab'] };
  assert.equal(errorsOf('ab', schema), {});
  assert.equal(errorsOf('abc', { properties: {}, ...schema }), {
    'oneOf[0]': "type check ('integer') failed - got 'abc'",
    'oneOf[1]': 'value may only be 2 characters long',
    _root: "value 'abc' does not have a value in the enumeration '1, ab'",
  });
});

test('one property is found wherever it is defined', () => {
  const schema = { allOf: [common, variants] };
  const find = (name: string, object?: Record<string, unknown>) => propertySchema(schema, name, object);
  assert.equal(find('id'), { schema: text });
  assert.equal(find('type'), { schema: variants['type-property-schema'] });
  assert.equal(find('y'), { schema: text });
  assert.equal(find('y', { type: 'a' }), { schema: undefined });
  assert.equal(find('constructor'), { schema: undefined });
  const torn = { allOf: [{ properties: { a: { alias: 'b' } } }, { properties: { a: text } }] };
  assert.equal(propertySchema(torn, 'a'), { error: "property 'a' exists as an alias and a regular option" });
});

test('any JSON is judged without an exception, and is given back unchanged where nothing is an alias', () => {
  const schema = { allOf: [common, variants, { properties: {}, additionalProperties: { type: 'integer' } }] } as const;
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(checkSchema(value, schema, formats).value, value);
    }),
  );
});

test('an object that has what is required, and nothing else, is right', () => {
  const key = fc.stringMatching(/^[a-z]{1,6}$/);
  fc.assert(
    fc.property(fc.uniqueArray(key, { maxLength: 6 }), fc.uniqueArray(key, { maxLength: 6 }), (defined, given) => {
      const properties = Object.fromEntries(defined.map((name) => [name, text]));
      const errors = errorsOf(Object.fromEntries(given.map((name) => [name, 'x'])), {
        properties,
        additionalProperties: 0,
      });
      const wrong = [
        ...defined.filter((name) => !given.includes(name)),
        ...given.filter((name) => !defined.includes(name)),
      ];
      assert.equal(Object.keys(errors).sort(), wrong.sort());
    }),
  );
});

test.run();
