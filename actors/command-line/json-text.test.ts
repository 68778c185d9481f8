import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { jsonLine, jsonPretty, yamlText } from './json-text.ts';

const value = { b: [1, { z: null, a: 'x: y' }], a: undefined, c: {}, d: [], e: 'yes', f: true, g: ['p q', '1'] };

test('keys are sorted, what is undefined is left out', () => {
  assert.is(jsonLine(value), '{"b":[1,{"a":"x: y","z":null}],"c":{},"d":[],"e":"yes","f":true,"g":["p q","1"]}');
  assert.is(
    jsonPretty({ b: [1, { a: 'x' }], a: {}, c: [] }),
    '{\n   "a" : {},\n   "b" : [\n      1,\n      {\n         "a" : "x"\n      }\n   ],\n   "c" : []\n}',
  );
});

test('YAML quotes what would be read as something else', () => {
  assert.is(yamlText(value), '---\nb:\n- 1\n- a: "x: y"\n  z: ~\nc: {}\nd: []\ne: "yes"\nf: true\ng:\n- p q\n- "1"\n');
  assert.is(yamlText([]), '--- []\n');
  assert.is(yamlText('word'), '--- word\n');
});

test('both forms of JSON say the same', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (any) => {
      assert.equal(JSON.parse(jsonLine(any as never)), JSON.parse(JSON.stringify(any)));
      assert.equal(JSON.parse(jsonPretty(any as never)), JSON.parse(JSON.stringify(any)));
    }),
  );
});

test.run();
