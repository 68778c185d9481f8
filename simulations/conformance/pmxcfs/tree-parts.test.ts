/** The parts of the corpus pmxcfs that judge tree, messages, texts and database: all pass, and each can fail. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OBSERVED_PATHS } from '../../../machines/pmxcfs/tree/change-counters.ts';
import { Memdb } from '../../../machines/pmxcfs/tree/memdb.ts';
import { reportSkip, sharedPath } from '../../../runtime/test-support/shared-corpus.ts';
import type { CorpusCase } from '../corpus.ts';
import * as database from './database.ts';
import * as memdb from './memdb.ts';
import * as messages from './messages.ts';
import * as text from './text.ts';

type Run = (directory: string) => Promise<readonly CorpusCase[]>;

function failuresOf(cases: readonly CorpusCase[]): readonly string[] {
  return cases.filter(({ outcome }) => outcome !== 'passed').map(({ name, detail }) => `${name}: ${detail}`);
}

const parts: readonly [name: string, run: Run][] = [
  ['memdb', memdb.run],
  ['messages', messages.run],
  ['text', text.run],
  ['database', database.run],
];

for (const [name, run] of parts) {
  test(`every case of ${name} passes`, async () => {
    const directory = sharedPath('pmxcfs');
    if (directory === undefined) return reportSkip(name, '../shared/conformance/pmxcfs is not there');
    const cases = await run(directory);
    assert.ok(cases.length > 0);
    assert.equal(failuresOf(cases), []);
  });
}

/** Runs a part over one file of this content. */
async function judge(run: Run, file: string, content: string): Promise<readonly CorpusCase[]> {
  const folder = mkdtempSync(join(tmpdir(), 'corpus-'));
  try {
    writeFileSync(join(folder, file), content);
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const CREATED = {
  ev: 'op',
  i: 0,
  op: 'mkdir',
  path: 'nodes',
  writer: 0,
  time: 1234,
  result: 0,
  version: 2,
  checksum: '5c7e3797f5341c136900d2e834f65a0b4cfe3d7db7dac0b38c8d3ef5441247fd',
};

test('an operation with another result, version or checksum fails, and only that one', async () => {
  for (const wrong of [{ result: -17 }, { version: 3 }, { checksum: '00' }, { op: 'fly' }]) {
    const lines = [CREATED, { ...CREATED, i: 1, path: 'nodes/n1', version: 3, checksum: 'x', ...wrong }];
    const cases = await judge(memdb.run, 'memdb-ops.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));
    assert.equal(
      cases.map(({ outcome }) => outcome),
      ['passed', 'failed'],
    );
  }
});

test('what stands behind the last operation belongs to its case', async () => {
  const index = { ev: 'index', hex: '00' };
  const content = [CREATED, index].map((line) => JSON.stringify(line)).join('\n');
  assert.is(failuresOf(await judge(memdb.run, 'memdb-ops.jsonl', content)).length, 1);
});

/** The checksum of the tree that one empty `user.cfg` makes. */
const WITH_USER_CFG = { ...CREATED, op: 'create', path: 'user.cfg', checksum: checksumWithUserCfg() };

function checksumWithUserCfg(): string {
  const tree = new Memdb({ mode: 'upstream' });
  tree.create('user.cfg', { writer: CREATED.writer, time: CREATED.time, monotonic_s: 0 });
  return tree.checksum().toString('hex');
}

test('counters are judged as differences to their value after opening (§13.1.4)', async () => {
  const judgeCount = async (user: number, other: number) => {
    const paths = OBSERVED_PATHS.map((path) => [path, path === 'user.cfg' ? user : other]);
    const file = { starttime: 1, clinfo: 9, vmlist: 0, ...Object.fromEntries(paths), kvstore: {} };
    const lines = [WITH_USER_CFG, { ev: 'versionfile', text: JSON.stringify(file) }];
    return failuresOf(await judge(memdb.run, 'memdb-ops.jsonl', lines.map((line) => JSON.stringify(line)).join('\n')));
  };
  assert.equal(await judgeCount(41, 40), []);
  assert.is((await judgeCount(42, 40)).length, 1);
  assert.is((await judgeCount(40, 40)).length, 1);
});

test('a damaged message fails, and a field that is not in the bytes', async () => {
  const vector = {
    name: 'MKDIR dir',
    group: 'pve_dcdb_v1',
    fields: { type: 0, subtype: 2, path: 'dir', count: 1 },
    len: 48,
    hex: '000002000100000000f15365000000000100000000000000000000000000000004000000000000000000000064697200',
  };
  const outcome = async (change: object) => {
    const cases = await judge(messages.run, 'messages.json', JSON.stringify({ vectors: [{ ...vector, ...change }] }));
    return cases.map((each) => each.outcome);
  };
  assert.equal(await outcome({}), ['passed']);
  assert.equal(await outcome({ hex: `${vector.hex}00` }), ['failed']);
  assert.equal(await outcome({ fields: { ...vector.fields, count: 2 } }), ['failed']);
  assert.equal(await outcome({ fields: { ...vector.fields, path: 'dix' } }), ['failed']);
  assert.equal(await outcome({ fields: { ...vector.fields, unheard: 1 } }), ['failed']);
});

test('a wrong text fails, and a list of an unknown kind', async () => {
  const lists = { config_version: [{ in: 'config_version: 3', out: '4' }], riddles: [{}] };
  assert.is(failuresOf(await judge(text.run, 'text.json', JSON.stringify(lists))).length, 2);
});

test('files that cannot be read are failed cases', async () => {
  for (const [run, file] of [
    [memdb.run, 'memdb-ops.jsonl'],
    [memdb.run, 'memdb-index.json'],
    [messages.run, 'messages.json'],
    [text.run, 'text.json'],
  ] as const) {
    assert.is(failuresOf(await judge(run, file, '{')).length, 1, file);
  }
  const folder = mkdtempSync(join(tmpdir(), 'corpus-'));
  mkdirSync(join(folder, 'database'));
  assert.is(failuresOf(await database.run(folder)).length, 3);
  rmSync(folder, { recursive: true });
});

test.run();
