import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defineSections, type SectionDefinition } from './section-config-types.ts';

const text = { type: 'string' };

function errorOf(definition: SectionDefinition): string | undefined {
  const system = defineSections(definition);
  return 'error' in system ? system.error : undefined;
}

test('unified: one list for all, each key defined once', () => {
  const base = { id: text };
  assert.is(errorOf({ base, types: { a: { properties: { id: text } } } }), "duplicate property 'id'");
  assert.is(errorOf({ base, types: { a: { options: { x: {} } } } }), "undefined property 'x'");
  assert.is(errorOf({ base, types: { a: { options: { x: {} } }, b: { properties: { x: text } } } }), undefined);
});

test('isolated: what a type can see', () => {
  const owner = { properties: { x: text } };
  const uses = { options: { x: {} } };
  const both = { a: owner, b: uses };
  assert.is(
    errorOf({ base: {}, types: both, propertyIsolation: 1 }),
    "cannot use property 'x' of foreign plugin ('a') in isolation mode",
  );
  assert.is(
    errorOf({ base: {}, types: { ...both, b: { ...uses, isolateProperties: 1 } } }),
    "isolated plugin cannot use property 'x' from foreign plugin 'a'",
  );
  assert.is(
    errorOf({ base: {}, types: { ...both, a: { ...owner, isolateProperties: 1 } } }),
    "cannot use property 'x' from isolated plugin 'a'",
  );
  assert.is(
    errorOf({ base: {}, types: { ...both, a: { ...owner, isolateProperties: 1, exposeProperties: { x: 1 } } } }),
    undefined,
  );
  assert.is(
    errorOf({ base: { x: text }, types: { a: { ...owner, isolateProperties: 1, exposeProperties: 1 } } }),
    "duplicate property 'x' - already defined in '<base>'",
  );
  const odd = { isolateProperties: 1, exposeProperties: 'all' } as never;
  assert.is(errorOf({ base: {}, types: { a: odd } }), "'expose-properties' should be a boolean or a hash");
});

test('isolated: own properties are options without being listed, with the same optional', () => {
  const system = defineSections({
    base: { type: {} },
    types: { a: { properties: { x: text, y: { ...text, optional: 1 } } } },
    propertyIsolation: 1,
  });
  assert.ok(!('error' in system));
  assert.equal(
    [...system.types.get('a')!.options],
    [
      ['x', {}],
      ['y', { optional: 1 }],
    ],
  );
  assert.equal(system.shared.get('type'), { type: 'string', enum: ['a'] });
});

test.run();
