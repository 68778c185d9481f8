import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../clock/virtual.ts';
import { anyValue } from '../test-support/any-value.ts';
import { boundedFile } from './bounded-file.ts';
import { canonical } from './canonical.ts';
import { lineSink } from './line-sink.ts';
import type { UnstampedRecord } from './trace.ts';
import { TraceWriter } from './writer.ts';

const schema = JSON.parse(readFileSync(new URL('./trace.schema.json', import.meta.url), 'utf8')) as Schema;

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

const sent: UnstampedRecord = {
  kind: 'send',
  node: 'n1',
  actor: 'ring',
  message: 'token',
  to: ['n2'],
  bytes: Buffer.from('abc'),
};

const note = (event: string): UnstampedRecord => ({
  kind: 'note',
  node: 'n1',
  actor: 'world',
  event,
  detail: undefined,
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
      [1, null],
      [2, 1],
      [3, 1],
    ],
  );
});

test('I1 lines leave in the order of their sequence', () => {
  const lines: string[] = [];
  const sink = (line: string): boolean => lines.push(line) > 0;
  const header = { trace: 1, source: 'node', nodes: ['n1'] } as const;
  const writer = new TraceWriter({ clock: new VirtualClock(), capacity: 0, sink, header });
  const outer = writer.begin();
  writer.put(note('inside'));
  writer.end(writer.begin(), machine('inside too'));
  assert.is(lines.length, 1, 'the header alone');
  writer.end(outer, machine('outer'));
  writer.put(note('after'));
  assert.equal(
    lines.slice(1).map((line) => JSON.parse(line).sequence),
    [1, 2, 3, 4],
  );
});

test('what follows a record in one course is caused by it; nothing outside of a course is', () => {
  const writer = new TraceWriter({ clock: new VirtualClock(), capacity: 10 });
  writer.within(0, () => {
    writer.follow(writer.put(note('first')));
    writer.put(note('second'));
  });
  writer.follow(writer.put(note('third')));
  writer.put(note('fourth'));
  assert.equal(
    writer.records().map(({ cause }) => cause),
    [null, 1, null, null],
  );
});

test('a throw leaves no record open, and what was held leaves', () => {
  const lines: string[] = [];
  const sink = (line: string): boolean => lines.push(line) > 0;
  const writer = new TraceWriter({ clock: new VirtualClock(), capacity: 10, sink });
  assert.throws(() =>
    writer.within(0, () => {
      writer.begin();
      writer.put(note('before the end'));
      throw new Error('in the middle');
    }),
  );
  assert.is(writer.current, 0);
  writer.end(1, machine('never'));
  assert.is(writer.records().length, 1);
  assert.is(lines.length, 1);
});

test('I2 the digest covers the whole stream, whether it is written or not', () => {
  const run = (changed: number, sink?: (line: string) => boolean): string | undefined => {
    const writer = new TraceWriter({ clock: new VirtualClock(), capacity: 2, hashed: true, sink });
    for (let at = 0; at < 20_000; at += 1) {
      writer.put(at === changed ? note('another') : note(`event ${at % 7}`));
      if (at % 3 === 0) writer.put({ ...sent, bytes: Buffer.alloc(at % 200, at === changed ? 1 : 0) });
    }
    return writer.digest();
  };
  const digest = run(-1);
  assert.match(digest ?? '', /^[0-9a-f]{64}$/);
  assert.is(
    run(-1, () => true),
    digest,
  );
  assert.is(
    run(-1, () => false),
    digest,
  );
  for (const at of [0, 9999, 19_999]) assert.is.not(run(at), digest);
});

test('I2 every field of a record counts, but what only its bytes tell', () => {
  const digestOf = (...records: readonly UnstampedRecord[]): string | undefined => {
    const writer = new TraceWriter({ clock: new VirtualClock(), capacity: 0, hashed: true });
    for (const record of records) writer.put(record);
    return writer.digest();
  };
  const samples: readonly UnstampedRecord[] = [
    sent,
    { ...sent, node: 'n2' },
    { ...sent, to: ['n3'] },
    { ...sent, message: 'frame' },
    { ...sent, bytes: Buffer.from('abd') },
    { kind: 'receive', node: 'n2', actor: 'ring', message: 'token', from: 'n1', bytes: undefined },
    { kind: 'receive', node: 'n2', actor: 'ring', message: 'token', from: 'n3', bytes: undefined },
    { kind: 'drop', node: 'n2', actor: 'network', message: 'token', to: 'n1', reason: 'loss' },
    { kind: 'drop', node: 'n2', actor: 'network', message: 'token', to: 'n1', reason: 'blocked' },
    machine('a'),
    { ...(machine('a') as object), after: 'commit' } as UnstampedRecord,
    { ...(machine('a') as object), effects: [] } as unknown as UnstampedRecord,
    { kind: 'core', node: 'n1', actor: 'dcdb', core: 'tree', input: 'write', bytes: undefined, result: '0' },
    { kind: 'core', node: 'n1', actor: 'dcdb', core: 'tree', input: 'write', bytes: undefined, result: '-2' },
    { kind: 'log', node: 'n1', actor: 'log', domain: 'dcdb', level: 'notice', message: 'x' },
    { kind: 'violation', node: 'n1', actor: 'checker', rule: 'I3', message: 'x' },
    { kind: 'fault', node: '', actor: 'world', fault: 'crash', detail: [1] },
    { kind: 'fault', node: '', actor: 'world', fault: 'crash', detail: [2] },
    { kind: 'request', node: 'n1', actor: 'client', request: 'write', detail: ['a'] },
    note('x'),
  ];
  const digests = samples.map((record) => digestOf(record));
  assert.is(new Set(digests).size, samples.length);
  assert.is.not(digestOf(note('x'), note('y')), digestOf(note('y'), note('x')));
});

test('I3 memory and sink are bounded', () => {
  const lines: string[] = [];
  const sink = (line: string): boolean => lines.length < 3 && lines.push(line) > 0;
  const writer = new TraceWriter({ clock: new VirtualClock(), capacity: 2, sink });
  for (const type of ['a', 'b', 'c', 'd', 'e']) writer.end(writer.begin(), machine(type));
  assert.equal(
    writer.records().map(({ sequence }) => sequence),
    [4, 5],
  );
  assert.is(lines.length, 3);
  assert.is(writer.lost, 2);
  assert.is(writer.count, 5);
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

test('a file of a live node keeps its bound, and says once that it is incomplete', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pve-actors-trace-'));
  try {
    const said: string[] = [];
    const path = join(folder, 'bounded.jsonl');
    const file = boundedFile(path, 100, (sentence) => said.push(sentence));
    assert.equal(
      Array.from({ length: 10 }, () => file.write('x'.repeat(29))),
      [true, true, true, ...Array(7).fill(false)],
    );
    await file.close();
    assert.is(readFileSync(path).length, 90);
    assert.is(said.length, 1);
    assert.match(said[0]!, /incomplete/);
    const nowhere = boundedFile(join(folder, 'no', 'where'), 100, (sentence) => said.push(sentence));
    await nowhere.close();
    assert.not(nowhere.write('x'));
    assert.is(said.length, 2);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('bytes are in a record by their size and digest', () => {
  const writer = new TraceWriter({ clock: new VirtualClock(), capacity: 10 });
  writer.put(sent);
  const digest = createHash('sha256').update('abc').digest('hex').slice(0, 16);
  const stamp = { sequence: 1, time_ms: 0, node: 'n1', actor: 'ring', cause: null };
  assert.equal(writer.records()[0], { ...stamp, kind: 'send', message: 'token', to: ['n2'], digest, size_bytes: 3 });
});

test('what is written is what the schema says', () => {
  const lines: string[] = [];
  const sink = (line: string): boolean => lines.push(line) > 0;
  const header = { trace: 1, source: 'simulator', nodes: ['n1'], options: { seed: 1 } } as const;
  const writer = new TraceWriter({ clock: new VirtualClock(), capacity: 0, sink, header });
  writer.end(writer.begin(), machine('join'));
  writer.put(sent);
  writer.put({ kind: 'receive', node: 'n2', actor: 'ring', message: 'token', from: 'n1', bytes: Buffer.from('abc') });
  writer.put({ kind: 'drop', node: 'n1', actor: 'network', message: 'token', to: 'n2', reason: 'loss' });
  writer.put({ kind: 'core', node: 'n1', actor: 'dcdb', core: 'tree', input: 'w', bytes: undefined, result: '0' });
  writer.put({ kind: 'fault', node: 'n1', actor: 'world', fault: 'crash', detail: undefined });
  writer.put({ kind: 'request', node: 'n1', actor: 'client', request: 'write', detail: { path: 'a' } });
  writer.put({ kind: 'log', node: 'n1', actor: 'log', domain: 'dcdb', level: 'notice', message: 'x' });
  writer.put({ kind: 'violation', node: 'n1', actor: 'checker', rule: 'I3', message: 'x' });
  writer.put(note('x'));
  assert.is(lines.length, (schema.oneOf as Schema[]).length, 'a line of each form');
  const optional = ['detail', 'options', 'origin_wall_ms'];
  for (const line of lines) {
    const plain = JSON.parse(line);
    assert.equal(mismatches(schema, plain, 'record'), []);
    assert.ok(mismatches(schema, { ...plain, extra: 1 }, 'record').length > 0);
    for (const key of Object.keys(plain).filter((name) => !optional.includes(name))) {
      const { [key]: _, ...without } = plain;
      assert.ok(mismatches(schema, without, 'record').length > 0, `without ${key}`);
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
  if (schema.enum !== undefined && !(schema.enum as unknown[]).includes(value)) found.push(`${path}: not in enum`);
  if ('const' in schema && schema.const !== value) found.push(`${path}: not ${schema.const}`);
  if (schema.type !== undefined && ![schema.type].flat().some((type) => isOfType(type as string, value))) {
    found.push(`${path}: not of type ${schema.type}`);
  }
  if (typeof schema.minimum === 'number' && typeof value === 'number' && value < schema.minimum)
    found.push(`${path}: small`);
  if (typeof schema.pattern === 'string' && !new RegExp(schema.pattern).test(String(value)))
    found.push(`${path}: pattern`);
  // A value that is no object was told of above.
  if (typeof object !== 'object') return found;
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
