import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SectionHandling } from './section-config.ts';
import { definedSections } from './section-config-types.ts';
import { type ChangedSection, createSection, digestRefusal, updateSection } from './section-update.ts';

const text = { type: 'string', optional: 1 } as const;

const shelves = definedSections({
  base: { type: { type: 'string' }, width: { type: 'integer' }, colour: text, open: { type: 'boolean', optional: 1 } },
  types: {
    wall: { options: { width: {}, colour: { optional: 1, fixed: 1 }, open: { optional: 1 } } },
    floor: { options: { colour: { fixed: 1 } } },
  },
});

const given = (values: Record<string, unknown>) => new Map(Object.entries(values));

function outcome(changed: ChangedSection): unknown {
  return 'error' in changed ? changed.error : Object.fromEntries(changed.section.values);
}

const create = (type: string, values: Record<string, unknown>, handling?: SectionHandling) =>
  outcome(createSection(shelves, type, given(values), handling));

const wall = { type: 'wall', values: given({ width: 10, colour: 'red', open: 1 }) };

const update = (set: Record<string, unknown>, keys: readonly string[] = []) =>
  outcome(updateSection(shelves, wall, { set: given(set), delete: keys }));

test('creating', () => {
  assert.equal(create('wall', { width: '20', open: true }), { width: 20, open: 1 });
  assert.is(create('wall', { open: 1 }), "missing value for required option 'width'");
  assert.is(create('floor', { width: 1 }), "unexpected property 'width'");
  assert.is(create('roof', {}), "unknown section type 'roof'");
  const handling: SectionHandling = {
    decode: (_type, key, value) => (key === 'width' && Number(value) > 99 ? { error: 'too wide' } : { value }),
  };
  assert.is(create('wall', { width: 100 }, handling), 'too wide');
});

test('updating: what stays, what goes', () => {
  assert.equal(update({ width: 30 }, ['open']), { width: 30, colour: 'red' });
  assert.equal(
    outcome(updateSection(shelves, { ...wall, values: given({ width: 1 }) }, { set: given({}), delete: ['open'] })),
    {
      width: 1,
    },
  );
});

test('updating: refusals, those of deletions first', () => {
  assert.is(update({}, ['height']), "no such option 'height'");
  assert.is(update({}, ['width']), "unable to delete required option 'width'");
  assert.is(update({}, ['colour']), "unable to delete fixed option 'colour'");
  assert.is(update({ open: 0 }, ['open']), "cannot set and delete property 'open' at the same time!");
  assert.is(update({ colour: 'blue' }), "can't change value of fixed parameter 'colour'");
  assert.is(update({ colour: 'blue' }, ['height']), "no such option 'height'");
});

test('the digest counts only if it is given', () => {
  assert.is(digestRefusal(undefined, 'a'), undefined);
  assert.is(digestRefusal('a', 'a'), undefined);
  assert.is(digestRefusal('b', 'a'), 'detected modified configuration - file changed by other user? Try again.');
});

test.run();
