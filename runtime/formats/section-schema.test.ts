import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { definedSections } from './section-config-types.ts';
import { createSchema, updateSchema } from './section-schema.ts';

const text = { type: 'string' };
const optional = { type: 'string', optional: 1 } as const;
const definition = {
  base: { id: text, note: optional, type: { description: 'Kind.' } },
  types: {
    a: { properties: { x: text }, options: { x: { fixed: 1 }, note: { optional: 1 } } },
    b: { properties: { y: optional }, options: { y: {}, note: {} } },
  },
} as const;
const unified = definedSections(definition);
const isolated = definedSections({ ...definition, propertyIsolation: 1 });

const keys = (schema: unknown) => Object.keys((schema as { properties: object }).properties).sort();

test('unified: everything may be there; required is only what all types require', () => {
  const { properties, ...rest } = createSchema(unified) as { properties: Record<string, unknown> };
  assert.equal(rest, { type: 'object', additionalProperties: 0 });
  assert.equal(properties, {
    id: text,
    note: optional,
    x: optional,
    y: optional,
    type: { description: 'Kind.', type: 'string', enum: ['a', 'b'] },
  });
  const all = { ...definition.types, a: { ...definition.types.a, options: { x: {}, note: {} } } };
  const schema = createSchema(definedSections({ ...definition, types: all })) as typeof rest & { properties: object };
  assert.equal((schema.properties as Record<string, unknown>).note, { type: 'string', optional: 0 });
});

test('unified: what is fixed wherever it is used cannot be updated', () => {
  assert.equal(keys(updateSchema(unified)), ['delete', 'digest', 'id', 'note', 'y']);
  assert.equal(keys(updateSchema(unified, { type: 'a' })), ['delete', 'digest', 'note']);
  assert.equal(keys(createSchema(unified, { skipType: true, extra: { more: text } })), [
    'id',
    'more',
    'note',
    'x',
    'y',
  ]);
});

test('isolated: a variant per type, the id in common', () => {
  const { allOf } = createSchema(isolated) as unknown as { allOf: readonly Record<string, unknown>[] };
  assert.equal(allOf[0], { additionalProperties: 0, properties: { id: text } });
  assert.equal(allOf[1], {
    'type-property': 'type',
    'type-property-schema': { description: 'Kind.', type: 'string', enum: ['a', 'b'] },
    oneOf: [
      { 'instance-type': 'a', additionalProperties: 0, properties: { note: optional, x: text } },
      { 'instance-type': 'b', additionalProperties: 0, properties: { note: optional, y: optional } },
    ],
  });
});

test('isolated: updating one type; creating without a type needs a single one', () => {
  const { allOf } = updateSchema(isolated, { type: 'a', extra: { more: text } }) as unknown as { allOf: unknown[] };
  assert.equal(allOf.map(keys), [['delete', 'digest'], ['more'], ['id'], ['note']]);
  assert.equal(createSchema(isolated, { skipType: true }), {
    error: "cannot use 'skip_type' for configs with more than 1 section type",
  });
  const single = definedSections({ base: {}, types: { a: { properties: { x: text } } }, propertyIsolation: 1 });
  assert.equal(createSchema(single, { skipType: true }), { additionalProperties: 0, properties: { x: text } });
});

test.run();
