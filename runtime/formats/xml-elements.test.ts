import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseXml } from './xml-elements.ts';

function rootOf(text: string) {
  const parsed = parseXml(text);
  if ('error' in parsed) throw new Error(parsed.error);
  return parsed.root;
}

test('elements and attributes in document order, entities decoded, comments and text dropped', () => {
  const root = rootOf('<?xml version="1.0"?><!-- c --><a z="1" b="x &amp; &#65;&quot;">text<c/><d><e/></d></a>');
  assert.equal(
    [...root.attributes],
    [
      ['z', '1'],
      ['b', 'x & A"'],
    ],
  );
  assert.equal(
    root.children.map(({ name, children }) => [name, children.length]),
    [
      ['c', 0],
      ['d', 1],
    ],
  );
});

test('what is not well-formed is refused with its place', () => {
  for (const text of [
    '',
    'x',
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a x="1" x="2"/>',
    '<a x=1/>',
    '<a>&unknown;</a>',
    '<a',
  ]) {
    const parsed = parseXml(text);
    assert.ok('error' in parsed, text);
    assert.match(parsed.error, /^\d+:\d+: /);
  }
});

test('an attribute may have any name', () => {
  assert.equal([...rootOf('<a __proto__="1" constructor="2"/>').attributes.keys()], ['__proto__', 'constructor']);
});

test.run();
