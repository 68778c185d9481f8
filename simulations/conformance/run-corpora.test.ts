import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Corpus, CorpusCase } from './corpus.ts';
import { corpusOfParts } from './parts.ts';
import { type CorporaOptions, runCorpora } from './run-corpora.ts';

const folders: string[] = [];
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder of corpora, each with empty files of the given names. */
function corporaFolder(files: Readonly<Record<string, readonly string[]>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'corpora-'));
  folders.push(directory);
  writeFileSync(join(directory, 'README.md'), '');
  for (const [name, entries] of Object.entries(files)) {
    mkdirSync(join(directory, name));
    for (const entry of entries) writeFileSync(join(directory, name, entry), '');
  }
  return directory;
}

function corpus(name: string, cases: readonly CorpusCase[]): Corpus {
  return { name, run: async () => cases };
}

async function run(options: Pick<CorporaOptions, 'directory' | 'corpora'> & Partial<CorporaOptions>) {
  const lines: string[] = [];
  const totals = await runCorpora({ only: undefined, builtOnly: false, print: (line) => lines.push(line), ...options });
  return { lines, totals };
}

const passed = (name: string): CorpusCase => ({ name, outcome: 'passed' });
const failed = (name: string, detail: string): CorpusCase => ({ name, outcome: 'failed', detail });
const notRun = (name: string, detail: string): CorpusCase => ({ name, outcome: 'not-run', detail });

test('a line per corpus, the first five differences, what was not run by reason', async () => {
  const cases = [passed('p'), ...['1', '2', '3', '4', '5', '6'].map((name) => failed(name, `bad\n${name}`))];
  cases.push(notRun('x', 'no mount'), notRun('y', 'no mount'), notRun('z', 'no python3'));
  const { lines, totals } = await run({ directory: corporaFolder({ tree: [] }), corpora: [corpus('tree', cases)] });
  assert.equal(lines, [
    'tree: passed 1 of 10',
    '  1: bad\n    1',
    '  2: bad\n    2',
    '  3: bad\n    3',
    '  4: bad\n    4',
    '  5: bad\n    5',
    '  … and 1 more failures',
    '  not run (2), no mount: x; y',
    '  not run (1), no python3: z',
  ]);
  assert.equal(totals, { passed: 1, failed: 6 });
});

test('a corpus without a part counts as failed, unless only built ones are asked for', async () => {
  const directory = corporaFolder({ ha: [], tree: [] });
  const corpora = [corpus('tree', [passed('p')])];
  const { lines, totals } = await run({ directory, corpora });
  assert.equal(lines, ['ha: not implemented', 'tree: passed 1 of 1']);
  assert.equal(totals, { passed: 1, failed: 1 });
  assert.equal((await run({ directory, corpora, builtOnly: true })).totals, { passed: 1, failed: 0 });
});

test('one corpus by its name', async () => {
  const directory = corporaFolder({ ha: [], tree: [] });
  const { lines } = await run({ directory, corpora: [corpus('tree', [passed('p')])], only: 'tree' });
  assert.equal(lines, ['tree: passed 1 of 1']);
});

test('an unknown corpus, a missing folder and an empty one are refused with a sentence', async () => {
  const directory = corporaFolder({ tree: [] });
  assert.equal((await run({ directory, corpora: [], only: 'x' })).totals, {
    refusal: `there is no corpus x in ${directory}`,
  });
  assert.equal((await run({ directory: `${directory}/x`, corpora: [] })).totals, {
    refusal: `there is no folder ${directory}/x`,
  });
  const empty = corporaFolder({});
  assert.equal((await run({ directory: empty, corpora: [] })).totals, { refusal: `there is no corpus in ${empty}` });
});

test('a corpus that throws, or finds no case, has failed', async () => {
  const thrower: Corpus = { name: 'tree', run: () => Promise.reject(new Error('torn file')) };
  const directory = corporaFolder({ tree: [] });
  const torn = await run({ directory, corpora: [thrower] });
  assert.equal(torn.lines, ['tree: passed 0 of 1', '  tree: its runner failed: torn file']);
  assert.equal((await run({ directory, corpora: [corpus('tree', [])] })).totals, { passed: 0, failed: 1 });
});

test('a corpus of parts runs those whose files are there', async () => {
  const ran: string[] = [];
  const part = (name: string) => async () => {
    ran.push(name);
    return [passed(name)];
  };
  const tree = corpusOfParts(
    'tree',
    [
      { reads: /^ops\.json$/, run: part('ops') },
      { reads: /^absent\.json$/, run: part('absent') },
      { reads: /^later\.json$/, run: undefined },
      { reads: /^torn\.json$/, run: () => Promise.reject(new Error('torn')) },
      { reads: /^empty\.json$/, run: async () => [] },
    ],
    { readingMatter: /^README\.md$/ },
  );
  const files = ['README.md', 'empty.json', 'later.json', 'ops.json', 'strange.json', 'torn.json'];
  const cases = await tree.run(join(corporaFolder({ tree: files }), 'tree'));
  assert.equal(ran, ['ops']);
  assert.equal(cases, [
    passed('ops'),
    failed('later.json', 'not implemented'),
    failed('torn.json', 'its runner failed: torn'),
    failed('empty.json', 'no case was found in it'),
    failed('strange.json', 'no part of this corpus reads it'),
  ]);
});

test('a part that hangs is a failed case', async () => {
  const hung = { reads: /^ops\.json$/, run: () => new Promise<never>(() => {}) };
  const tree = corpusOfParts('tree', [hung], { readingMatter: /^README\.md$/, timeout_ms: 10 });
  const cases = await tree.run(join(corporaFolder({ tree: ['ops.json'] }), 'tree'));
  assert.equal(cases, [failed('ops.json', 'its runner failed: it did not end within 0.01 s')]);
});

test.run();
