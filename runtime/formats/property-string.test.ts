import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { generalFormats } from './named-formats.ts';
import { readPropertyString, writePropertyString } from './property-check.ts';
import type { PropertyStringFormat } from './property-schema.ts';

const formats = generalFormats();
const net: PropertyStringFormat = {
  model: { type: 'string', enum: ['e1000', 'virtio'], default_key: 1 },
  macaddr: { type: 'string', format: 'mac-addr', optional: 1 },
  virtio: { alias: 'macaddr', keyAlias: 'model' },
  e1000: { alias: 'macaddr', keyAlias: 'model' },
  bridge: { type: 'string', optional: 1 },
  firewall: { type: 'boolean', optional: 1 },
  size: { type: 'string', format: 'disk-size', optional: 1 },
  tag: { type: 'integer' },
};

function read(text: string): unknown {
  const result = readPropertyString(text, net, formats);
  return 'error' in result ? result.error : Object.fromEntries(result.values);
}

function write(values: Record<string, string>): string {
  const result = writePropertyString(new Map(Object.entries(values)), net, formats);
  return 'error' in result ? result.error : result.text;
}

const mac = 'AA:00:00:00:00:01';

test('key aliases', () => {
  assert.equal(read(`virtio=${mac},tag=1`), { model: 'virtio', macaddr: mac, tag: '1' });
  assert.is(read(`virtio=${mac},e1000=${mac}`), "key alias 'model' is already defined");
  assert.is(read(`macaddr=${mac},e1000=${mac}`), "key 'macaddr' is already defined (via alias)");
  assert.is(read('e1000,virtio=x'), "key alias 'model' is already defined");
  assert.is(read('virtio,e1000'), 'duplicate key in comma-separated list property: model');
  assert.is(read('virtio,x'), 'duplicate key in comma-separated list property: model');
});

test('a default key that is 0 may be set again by a bare value', () => {
  const format: PropertyStringFormat = { on: { type: 'boolean', default_key: 1 } };
  const result = readPropertyString('on=0,1', format, formats);
  assert.equal('values' in result && [...result.values], [['on', '1']]);
});

test('what other keys of the text are required is checked too', () => {
  const format: PropertyStringFormat = {
    a: { type: 'string', optional: 1, requires: 'b' },
    b: { type: 'string', optional: 1 },
  };
  assert.equal(readPropertyString('a=1', format, formats), {
    error: "format error\nb: missing property required by 'a'",
  });
});

test('a final check may refuse and replace', () => {
  const prune = (text: string) => {
    const result = readPropertyString(text, 'prune-backups', formats);
    return 'error' in result ? result.error : Object.fromEntries(result.values);
  };
  assert.equal(prune('keep-last=0,keep-daily=0'), { 'keep-all': '1' });
  assert.equal(prune(''), { 'keep-all': '1' });
  assert.equal(prune('keep-all=no,keep-last=2'), { 'keep-all': '0', 'keep-last': '2' });
  assert.is(prune('keep-all=1,keep-last=2'), 'keep-all cannot be set together with other options.');
});

test('writing: the default key first, then required ones, pairs as one', () => {
  assert.is(write({ bridge: 'b', tag: '1', model: 'virtio' }), 'virtio,tag=1,bridge=b');
  assert.is(write({ bridge: 'b', tag: '1', model: 'virtio', macaddr: mac }), `virtio=${mac},tag=1,bridge=b`);
  assert.is(write({ tag: '1', model: 'e1000', size: '1048576' }), 'e1000,tag=1,size=1M');
  assert.is(write({ tag: '1', model: 'e1000', bridge: 'a,b' }), 'illegal value with commas for bridge');
  assert.is(write({ model: 'e1000' }), 'format error\ntag: property is missing and it is not optional');
});

test('what is written is read as the same', () => {
  const values = fc.record(
    {
      model: fc.constantFrom('e1000', 'virtio'),
      macaddr: fc.constant(mac),
      bridge: fc.stringMatching(/^[^,\s][^,]{0,9}$/),
      firewall: fc.constantFrom('0', '1'),
      tag: fc.integer().map(String),
    },
    { requiredKeys: ['model', 'tag'], noNullPrototype: true },
  );
  fc.assert(fc.property(values, (given) => assert.equal(read(write(given)), given)));
});

test.run();
