import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../clock/virtual.ts';
import { anyValue } from '../test-support/any-value.ts';
import { canonical } from './canonical.ts';
import { lineSink } from './line-sink.ts';
import type { UnstampedRecord } from './trace.ts';
import { traceRecordSchema } from './trace-record.schema.ts';
import { TraceWriter, traceCore } from './writer.ts';

const machine = (type: string): UnstampedRecord => ({
  kind: 'machine',
  node: 'n1',
  actor: 'ring',
  machine: 'membership',
  event: { type },
  before: 'operational',
  after: { gather: 'merging' },
  changed: { seq: 4n, bytes: Buffer.from('é') },
  effects: [
    { type: 'arm', params: { timer: 'token' } },
    { type: 'send', params: undefined },
  ],
});

test('equal values have one text, whatever the order of their keys and the place of their arrival', () => {
  assert.is(canonical({ b: 1, a: { d: [1, 'é'], c: null } }), '{"a":{"c":null,"d":[1,"é"]},"b":1}');
  assert.is(
    canonical(
      new Map([
        ['b', 1],
        ['a', 2],
      ]),
    ),
    canonical(
      new Map([
        ['a', 2],
        ['b', 1],
      ]),
    ),
  );
  assert.is(canonical(new Set([2, 1])), canonical(new Set([1, 2])));
  assert.is(
    canonical([Number.NaN, 5n, new Date(7), undefined, new Error('x')]),
    '["NaN","5n","date:7",null,"error:x"]',
  );
  assert.is(canonical(Buffer.from([0, 255])), '"bytes:00ff"');
  const long = Buffer.alloc(65);
  assert.is(canonical(long), `"sha256:${createHash('sha256').update(long).digest('hex')}:65"`);
});

test('every value has a text, and it is JSON', () => {
  fc.assert(fc.property(anyValue, (value) => void JSON.parse(canonical(value))));
});

test('I1 sequence and cause: what happens inside a record is caused by it', () => {
  const writer = new TraceWriter({ clock: new VirtualClock(), capacity: 10 });
  writer.within(0, () => {
    const outer = writer.begin();
    const inner = writer.begin();
    writer.end(inner, machine('inner'));
    assert.is(writer.current, outer);
    writer.end(outer, machine('outer'));
  });
  writer.within(1, () => writer.end(writer.begin(), machine('later')));
  assert.is(writer.current, 0);
  assert.equal(
    writer.records().map(({ sequence, cause }) => [sequence, cause]),
    [
      [2, 1],
      [1, null],
      [3, 1],
    ],
  );
});

test('a throw leaves no record open', () => {
  const writer = new TraceWriter({ clock: new VirtualClock(), capacity: 10 });
  assert.throws(() =>
    writer.within(0, () => {
      writer.begin();
      throw new Error('in the middle');
    }),
  );
  assert.is(writer.current, 0);
  writer.end(1, machine('never'));
  assert.is(writer.records().length, 0);
});

test('I2 I3 the hash covers the whole stream, memory and sink are bounded', () => {
  const lines: string[] = [];
  const sink = (line: string): boolean => lines.length < 3 && lines.push(line) > 0;
  const writer = new TraceWriter({ clock: new VirtualClock(), capacity: 2, hashed: true, sink });
  const whole = createHash('sha256');
  for (const type of ['a', 'b', 'c', 'd', 'e']) {
    writer.end(writer.begin(), machine(type));
    whole.update(`${canonical(writer.records().at(-1))}\n`);
  }
  assert.equal(
    writer.records().map(({ sequence }) => sequence),
    [4, 5],
  );
  assert.is(lines.length, 3);
  assert.is(writer.lost, 2);
  assert.is(writer.digest(), whole.digest('hex'));
});

test('a sink that throws costs its lines alone', () => {
  const sink = (): boolean => {
    throw new Error('disk full');
  };
  const writer = new TraceWriter({ clock: new VirtualClock(), capacity: 2, sink });
  writer.end(writer.begin(), machine('a'));
  assert.is(writer.lost, 1);
});

test('a stream that nobody reads costs lines, not memory', () => {
  const stream = new PassThrough({ highWaterMark: 16 });
  const sink = lineSink(stream, 100);
  const taken = Array.from({ length: 50 }, () => sink('x'.repeat(20))).filter(Boolean).length;
  assert.ok(taken >= 5 && taken < 15, String(taken));
  stream.destroy();
  assert.not(sink('after the end') && sink('after the end'));
});

test('a core input is a record with its digest, size and result', () => {
  const writer = new TraceWriter({ clock: new VirtualClock(), capacity: 10 });
  const input = { node: 'n1', actor: 'dcdb', core: 'tree', input: 'write', bytes: Buffer.from('abc') };
  assert.is(
    traceCore(writer, input, () => -2, String),
    -2,
  );
  const broken = (): never => {
    throw new Error('an invariant is broken');
  };
  assert.throws(() => traceCore(writer, input, broken, String), 'an invariant is broken');
  const digest = createHash('sha256').update('abc').digest('hex');
  const [first, second] = writer.records();
  const stamp = { v: 1, sequence: 1, time_ms: 0, cause: null };
  const expected = {
    kind: 'core',
    node: 'n1',
    actor: 'dcdb',
    core: 'tree',
    input: 'write',
    digest,
    size_bytes: 3,
    result: '-2',
  };
  assert.equal(first, { ...stamp, ...expected });
  assert.equal(second, { ...stamp, sequence: 2, ...expected, result: 'threw' });
});

test('what is written is what the schema says', () => {
  const writer = new TraceWriter({ clock: new VirtualClock(), capacity: 10 });
  writer.end(writer.begin(), machine('join'));
  traceCore(writer, { node: 'n1', actor: 'dcdb', core: 'tree', input: 'write' }, () => 0, String);
  for (const record of writer.records()) {
    const plain = JSON.parse(canonical(record));
    assert.equal(mismatches(traceRecordSchema, plain, 'record'), []);
    assert.ok(mismatches(traceRecordSchema, { ...plain, extra: 1 }, 'record').length > 0);
    for (const key of Object.keys(plain)) {
      const { [key]: _, ...without } = plain;
      assert.ok(mismatches(traceRecordSchema, without, 'record').length > 0, `without ${key}`);
    }
  }
});

type Schema = { readonly [keyword: string]: unknown };

/** As much of JSON schema as the schema above uses. */
function mismatches(schema: Schema, value: unknown, path: string): string[] {
  const found: string[] = [];
  const object = (value ?? {}) as { [key: string]: unknown };
  const properties = (schema.properties ?? {}) as { [key: string]: Schema };
  if (schema.oneOf !== undefined) {
    const fits = (schema.oneOf as Schema[]).filter((one) => mismatches(one, value, path).length === 0);
    if (fits.length !== 1) found.push(`${path}: fits ${fits.length} forms`);
  }
  if ('const' in schema && schema.const !== value) found.push(`${path}: not ${schema.const}`);
  if (schema.type !== undefined && ![schema.type].flat().some((type) => isOfType(type as string, value))) {
    found.push(`${path}: not of type ${schema.type}`);
  }
  if (typeof schema.minimum === 'number' && typeof value === 'number' && value < schema.minimum)
    found.push(`${path}: small`);
  if (typeof schema.pattern === 'string' && !new RegExp(schema.pattern).test(String(value)))
    found.push(`${path}: pattern`);
  for (const key of (schema.required ?? []) as string[]) if (!(key in object)) found.push(`${path}.${key}: missing`);
  for (const [key, sub] of Object.entries(properties)) {
    if (key in object) found.push(...mismatches(sub, object[key], `${path}.${key}`));
  }
  if (schema.additionalProperties === false) {
    for (const key of Object.keys(object)) if (!(key in properties)) found.push(`${path}.${key}: unknown`);
  }
  if (schema.items !== undefined) {
    for (const item of value as unknown[]) found.push(...mismatches(schema.items as Schema, item, `${path}[]`));
  }
  return found;
}

function isOfType(type: string, value: unknown): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  return type === 'object'
    ? typeof value === 'object' && value !== null && !Array.isArray(value)
    : typeof value === type;
}

test.run();
