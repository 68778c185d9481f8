import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkTree } from './tidy/check-tree.ts';
import { formatFinding } from './tidy/finding.ts';
import { readSource } from './tidy/source-text.ts';

const folders: string[] = [];
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const manifest = JSON.stringify({
  dependencies: { xstate: '5', pino: '10' },
  devDependencies: { uvu: '0', 'fast-check': '4' },
});

function repositoryWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'tidy-'));
  folders.push(root);
  for (const [path, text] of Object.entries({ 'package.json': manifest, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

function findings(files: Readonly<Record<string, string>>): readonly string[] {
  return checkTree(repositoryWith(files)).map(formatFinding);
}

/** Findings about one file, without its place. */
function about(path: string, text: string): readonly string[] {
  return findings({ [path]: text }).map((finding) => finding.replace(/^\S+ /, ''));
}

test('a clean repository has no finding', () => {
  const clean = {
    'machines/ha/lease.ts': `import { setup } from 'xstate';\nimport { sha256 } from '../../runtime/formats/digest.ts';\nexport const a = [setup, sha256];\n`,
    'runtime/formats/digest.ts': `import { createHash, type Hash } from 'node:crypto';\nexport const sha256 = (): Hash => createHash('sha256');\n`,
    'runtime/log/console.ts': `import pino from 'pino';\nexport const log = pino(); setTimeout(() => Date.now(), process.uptime());\n`,
    'actors/ha/actor.ts': `import { a } from '../../machines/ha/lease.ts';\nimport { log } from '../../runtime/log/console.ts';\nexport const b = [a, log];\n`,
    'machines/ha/lease.test.ts': `import { test } from 'uvu';\nimport { readFileSync } from 'node:fs';\ntest('x', async () => { await readFileSync('x'); });\ntest.run();\n`,
  };
  assert.equal(findings(clean), []);
});

test('who may import whom', () => {
  const refused = (path: string, specifier: string) => about(path, `import { x } from '${specifier}';\n`);
  assert.equal(refused('machines/ha/a.ts', '../../runtime/store/store.ts'), [
    'machines/ may not import runtime/store/store.ts',
  ]);
  assert.equal(refused('machines/ha/a.ts', '../../actors/a.ts'), ['machines/ may not import actors/a.ts']);
  assert.equal(refused('machines/ha/a.ts', 'node:fs'), ['machines/ may not import node:fs']);
  assert.equal(refused('machines/ha/a.ts', 'pino'), ['machines/ may not import pino']);
  assert.equal(refused('runtime/log/a.ts', '../../machines/ha/a.ts'), ['runtime/ may not import machines/ha/a.ts']);
  assert.equal(refused('runtime/formats/a.ts', '../log/log.ts'), [
    'runtime/formats/ may not import runtime/log/log.ts',
  ]);
  assert.equal(refused('actors/a.ts', '../simulations/b.ts'), ['actors/ may not import simulations/b.ts']);
  assert.equal(refused('actors/a.ts', 'node:fs'), ['actors/ may not import node:fs']);
  assert.equal(refused('simulations/a.ts', '../bin/b.ts'), ['simulations/ may not import bin/b.ts']);
  assert.equal(refused('actors/a.ts', '../runtime/test-support/shared-corpus.ts'), [
    'only tests and simulations may import runtime/test-support',
  ]);
  assert.equal(refused('bin/a.ts', '../actors/a.ts'), []);
});

test('every form of import is seen, with its line', () => {
  const forms = [
    `import { a } from 'node:fs';`,
    `import type { a } from 'node:fs';`,
    `import * as a from "node:fs";`,
    `import {\n  a,\n} from 'node:fs';`,
    `import 'node:fs';`,
    `export { a } from 'node:fs';`,
    `export * from 'node:fs';`,
    `const a = await import('node:fs');`,
    `const a = require('node:fs');`,
    `import a, { type b } from 'node:fs';`,
  ];
  for (const form of forms) {
    const expected = form.split('\n').length + 1;
    assert.equal(
      readSource(`\n${form}\n`).imports.map(({ specifier, line }) => [specifier, line]),
      [['node:fs', expected]],
      form,
    );
  }
  assert.equal(
    readSource(`// import 'a';\nconst b = "import 'c'"; /* export * from 'd' */ x.import('e');`).imports,
    [],
  );
  assert.equal(readSource(`export const a = 1;\nexport function from() {}\nconst from = 'x';`).imports, []);
});

test('only pure functions of impure modules come into runtime/formats', () => {
  assert.equal(about('runtime/formats/a.ts', `import { randomBytes } from 'node:crypto';\n`), [
    'runtime/formats/ may not import node:crypto',
  ]);
  assert.equal(about('runtime/formats/a.ts', `import * as crypto from 'node:crypto';\n`), [
    'runtime/formats/ may not import node:crypto',
  ]);
  assert.equal(about('runtime/formats/a.ts', `import { isIP, isIPv6 } from 'node:net';\n`), []);
});

test('packages must be listed, and development packages stay with tests and tools', () => {
  assert.equal(about('runtime/a.ts', `import 'left-pad';\n`), [`package.json doesn't list left-pad`]);
  assert.equal(about('runtime/a.ts', `import 'uvu/assert';\n`), [
    'uvu is a development dependency in package.json, and this is no test',
  ]);
  assert.equal(about('runtime/a.ts', `import 'fs/promises';\n`), [
    `write node:fs/promises for the module of Node's own`,
  ]);
  assert.equal(about('simulations/a.ts', `import 'fast-check';\n`), []);
});

test('a relative import names its extension', () => {
  assert.equal(about('bin/a.ts', `import './b';\n`), ['the import of ./b lacks its extension (.ts)']);
});

test('circles of imports are found once', () => {
  const circle = {
    'runtime/a.ts': `import './b.ts';\n`,
    'runtime/b.ts': `\nimport type { c } from './c.ts';\n`,
    'runtime/c.ts': `export const c = 1;\nimport './a.ts';\n`,
    'runtime/d.ts': `import './a.ts';\nimport './b.ts';\n`,
  };
  assert.equal(findings(circle), [
    'runtime/a.ts:1: circle of imports: runtime/a.ts → runtime/b.ts → runtime/c.ts → runtime/a.ts',
  ]);
  assert.equal(findings({ 'runtime/a.ts': `import './a.ts';\n` }), [
    'runtime/a.ts:1: circle of imports: runtime/a.ts → runtime/a.ts',
  ]);
});

test('decisions may not touch clocks, chance, timers, the process or the locale', () => {
  const touches = [
    'Date.now()',
    'new Date()',
    'new Date',
    'Math.random()',
    'setTimeout(f, 1)',
    'setInterval(f, 1)',
    'setImmediate(f)',
    'queueMicrotask(f)',
    'globalThis.setTimeout(f, 1)',
    'process.pid',
    'process.env.HOME',
    'performance.now()',
    'a.localeCompare(b)',
    'a.toLocaleString()',
    'readdirSync(x)',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    '`${Date.now()}`',
  ];
  for (const folder of ['machines/ha', 'actors/ha', 'runtime/formats']) {
    for (const touch of touches)
      assert.is(about(`${folder}/a.ts`, `export const a = ${touch};\n`).length, 1, `${folder} ${touch}`);
  }
  for (const touch of touches) assert.equal(about('runtime/clock/a.ts', `export const a = ${touch};\n`), []);
});

test('what only looks like it is left alone', () => {
  const harmless = [
    'clock.setTimeout(f, 1)',
    'new Date(now_ms)',
    'readdirSync(x).sort()',
    'readdirSync(x)\n    .map(f)\n    .sort()',
    '"Date.now()"',
    '/Date.now()/',
    '1 / Date_now / 2',
    '{ setTimeout(callback: F, delay_ms: number) { return clock.arm(callback, delay_ms); } }',
    '{ process: 1 }',
    'subprocess.pid',
    'a.process.pid',
    '[] // Math.random()',
    '[] /* process.exit() */',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    '`Date.now() ${`${1} Math.random()`} process.exit`',
    `'it\\'s process.exit'`,
    '/[/"]process.exit/',
  ];
  for (const text of harmless) assert.equal(about('machines/ha/a.ts', `export const a = ${text};\n`), [], text);
  assert.equal(
    about('machines/ha/a.ts', 'export interface Clock { setTimeout(f: F, delay_ms: number): Handle }\n'),
    [],
  );
});

test('machines never await; actors may', () => {
  for (const text of ['async () => 1', 'await x', 'new Promise(f)', 'Promise.resolve()']) {
    assert.is(about('machines/ha/a.ts', `export const a = ${text};\n`).length, 1, text);
    assert.equal(about('actors/ha/a.ts', `export const a = ${text};\n`), []);
  }
  assert.is(about('machines/ha/a.ts', 'export async function f() {}\n').length, 1);
  assert.equal(about('machines/ha/a.ts', 'export const a = { async: true };\n'), []);
});

test('names are kebab-case, and no drawers', () => {
  assert.equal(about('runtime/Clock/a.ts', ''), ['the folder name Clock is not kebab-case']);
  assert.equal(about('runtime/clock/realClock.ts', ''), ['the file name realClock.ts is not kebab-case']);
  assert.equal(about('runtime/utils/a.ts', ''), ['"utils" is a drawer, not a concept: name it after what it holds']);
  assert.equal(about('runtime/clock/types.ts', ''), [
    '"types" is a drawer, not a concept: name it after what it holds',
  ]);
  assert.equal(about('actors/api/tree/nodes/_node/qemu.schema.ts', ''), []);
  assert.equal(about('runtime/comedy/boot.cts', ''), []);
  assert.equal(about('runtime/comedy/comedy.d.ts', ''), []);
});

test('a default export is refused', () => {
  assert.equal(about('runtime/a.ts', 'export default 1;\n'), ['a default export: give it a name']);
  assert.equal(about('runtime/a.ts', 'const a = 1;\nexport { a as default };\n'), ['a default export: give it a name']);
});

test('a long file is a warning, a long test is none', () => {
  assert.equal(about('runtime/a.ts', '\n'.repeat(501)), ['warning: 501 lines are more than one sitting: split it']);
  assert.equal(about('runtime/a.ts', '\n'.repeat(500)), []);
  assert.equal(about('runtime/a.test.ts', `${'\n'.repeat(600)}test.run();\n`), []);
});

test('every suite of a test file runs, with all its tests', () => {
  assert.equal(about('runtime/a.test.ts', `test('a', f);\n`), ['test.run() is missing: its tests never run']);
  assert.equal(about('runtime/a.test.ts', `test('a', f);\n// test.run();\n`), [
    'test.run() is missing: its tests never run',
  ]);
  assert.equal(about('runtime/a.test.ts', `test.run();\ntest('a', f);\n`), ['a test after test.run() never runs']);
  assert.equal(about('runtime/a.test.ts', `test.only('a', f);\ntest.run();\n`), [
    'test.only leaves out the other tests',
  ]);
  assert.equal(about('runtime/a.test.ts', `const ring = suite('ring');\nring('a', f);\nring.run();\n`), []);
  assert.equal(about('runtime/a.test.ts', `const ring = suite('ring');\ntest('a', f);\ntest.run();\n`), [
    'ring.run() is missing: its tests never run',
  ]);
});

test('no text file holds a path of one machine', () => {
  const path = (...parts: readonly string[]) => `/${parts.join('/')}`;
  const place = path('work', 'main', 'x.ts');
  assert.equal(findings({ 'README.md': `\nsee ${place}.\n` }), [`README.md:2: ${place}. is a path of one machine`]);
  assert.is(findings({ 'runtime/a.ts': `const a = '${path('root', 'x')}';\n` }).length, 1);
  assert.equal(
    findings({ 'README.md': `${path('root', '.ssh', 'id')} ../work/x a/root/x https://x${path('work', 'y')}\n` }),
    [],
  );
});

test('the command prints file:line: sentence, and fails', () => {
  const run = (files: Readonly<Record<string, string>>) => {
    const script = join(dirname(fileURLToPath(import.meta.url)), 'tidy.ts');
    const result = spawnSync(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), script, repositoryWith(files)],
      {
        encoding: 'utf8',
      },
    );
    return { status: result.status, stdout: result.stdout };
  };
  assert.equal(run({ 'machines/ha/a.ts': `\nexport const a = Math.random();\n` }), {
    status: 1,
    stdout: 'machines/ha/a.ts:2: Math.random: draw from the Random port\n',
  });
  assert.is(run({ 'runtime/a.ts': '\n'.repeat(501) }).status, 0);
});

test.run();
