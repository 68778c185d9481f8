import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closingLine, runTests } from './test-run/test-run.ts';
import { judge, parseSkips, parseTotals } from './test-run/verdict.ts';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const head = `import { test } from 'uvu';\nimport * as assert from 'uvu/assert';\n`;
const folders: string[] = [];

/** A folder with the given files under runtime/, in which packages resolve as they do here. */
function folderWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'run-tests-'));
  folders.push(root);
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(root, 'runtime'), { recursive: true });
    writeFileSync(join(root, 'runtime', name), text);
  }
  return root;
}

test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly lines: readonly string[];
  readonly closing: string;
}

async function outcomeOf(root: string, patterns: readonly string[] = [], jobs?: number): Promise<Outcome> {
  const lines: string[] = [];
  const totals = await runTests({ root, patterns, jobs, print: (line) => lines.push(line) });
  return { lines, closing: closingLine(totals) };
}

/** Runs one file and gives the line about it. */
async function lineAbout(text: string): Promise<Outcome & { readonly line: string }> {
  const outcome = await outcomeOf(folderWith({ 'x.test.ts': text }));
  return { ...outcome, line: outcome.lines.find((line) => line.includes('runtime/x.test.ts')) ?? '' };
}

test('a good file passes with its number of tests', async () => {
  const { line, closing } = await lineAbout(`${head}test('a', () => {});\ntest('b', () => {});\ntest.run();\n`);
  assert.match(line, /^ok {3}runtime\/x\.test\.ts: 2 passed, \d+ ms$/);
  assert.is(closing, '2 passed, 0 failed');
});

test('no file at all fails', async () => {
  const { lines, closing } = await outcomeOf(folderWith({}));
  assert.equal(lines, ['FAIL there is no test file']);
  assert.is(closing, '0 passed, 1 failed');
});

test('a pattern without a file fails, and runs nothing', async () => {
  const root = folderWith({ 'x.test.ts': `${head}test('a', () => {});\ntest.run();\n` });
  const { lines, closing } = await outcomeOf(root, ['x.test', 'nowhere']);
  assert.equal(lines, ['FAIL no test file has "nowhere" in its path']);
  assert.is(closing, '0 passed, 1 failed');
});

test('a pattern selects by a part of the path', async () => {
  const good = `${head}test('a', () => {});\ntest.run();\n`;
  const { lines, closing } = await outcomeOf(folderWith({ 'x.test.ts': good, 'y.test.ts': good }), ['me/y']);
  assert.is(lines.length, 1);
  assert.match(lines[0]!, /runtime\/y/);
  assert.is(closing, '1 passed, 0 failed');
});

test('a file that forgets run() fails', async () => {
  const { line, closing } = await lineAbout(`${head}test('a', () => {});\n`);
  assert.match(line, /^FAIL .*ran no test: it must call \.run\(\)/);
  assert.is(closing, '0 passed, 1 failed');
});

test('a file without tests fails', async () => {
  const { line } = await lineAbout(`${head}test.run();\n`);
  assert.match(line, /^FAIL .*holds no test/);
});

test('a failing test is counted, and its whole output printed', async () => {
  const { line, lines, closing } = await lineAbout(
    `${head}console.log('before it');\ntest('a', () => {});\ntest('bad one', () => assert.is(1, 2));\ntest.run();\n`,
  );
  assert.match(line, /^FAIL .*1 of 2 tests failed, 1 passed/);
  assert.ok(lines.some((text) => text.includes('before it')));
  assert.ok(lines.some((text) => text.includes('bad one')));
  assert.is(closing, '1 passed, 1 failed');
});

test('a hook that throws fails its file, though uvu exits with 0', async () => {
  const { line } = await lineAbout(
    `${head}test.before(() => { throw new Error('x'); });\ntest('a', () => {});\ntest.run();\n`,
  );
  assert.match(line, /^FAIL .*1 of 1 tests failed/);
});

test('a file that crashes before its tests fails', async () => {
  const { line } = await lineAbout(`throw new Error('early');\n`);
  assert.match(line, /^FAIL .*ended with exit code 1 before its tests/);
});

test('a crash after the totals fails', async () => {
  const { line, closing } = await lineAbout(
    `${head}test('a', () => { process.on('exit', () => { process.exitCode = 3; }); });\ntest.run();\n`,
  );
  assert.match(line, /^FAIL .*its tests passed, but it ended with exit code 3/);
  assert.is(closing, '1 passed, 1 failed');
});

/** Started with the first test and awaited by the last: its seconds pass beside the others'. */
let hang: { readonly root: string; readonly outcome: Promise<Outcome> };
test.before(() => {
  const text = `// test-timeout: 8
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
${head}
test('a', async () => {
  const child = spawn('sleep', ['300']);
  writeFileSync('pid', String(child.pid));
  await new Promise((resolve) => child.on('close', resolve));
});
test.run();
`;
  const root = folderWith({ 'x.test.ts': text });
  hang = { root, outcome: outcomeOf(root) };
});

/** A killed process may remain as a zombie until its new parent reaps it. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('reported skips are counted and named, and not as passed', async () => {
  const { line, lines, closing } = await lineAbout(
    `${head}test('a', () => {});\ntest('b', () => { console.log('SKIP mount: no /dev/fuse'); });\ntest.run();\n`,
  );
  assert.match(line, /1 passed, 1 skipped/);
  assert.ok(lines.includes('SKIPPED mount: no /dev/fuse'));
  assert.is(closing, '1 passed, 0 failed, 1 skipped');
});

test("uvu's own skips are counted", async () => {
  const { closing } = await lineAbout(`${head}test('a', () => {});\ntest.skip('b', () => {});\ntest.run();\n`);
  assert.is(closing, '1 passed, 0 failed, 1 skipped');
});

test('a file in which everything was skipped with a reason is no failure', async () => {
  const { closing } = await lineAbout(`${head}console.log('SKIP all: not here');\ntest.run();\n`);
  assert.is(closing, '0 passed, 0 failed, 1 skipped');
});

test('exclusive files run after the others, one at a time', async () => {
  const note = (text: string) => `appendFileSync('order', '${text} ');`;
  const file = (name: string, first: string) =>
    `${first}\nimport { appendFileSync } from 'node:fs';\n${head}${note(`${name}+`)}
test('a', async () => { await new Promise((resolve) => setTimeout(resolve, 50)); ${note(`${name}-`)} });\ntest.run();\n`;
  const root = folderWith({
    'a.test.ts': file('a', '// test-exclusive: mounts'),
    'b.test.ts': file('b', '// test-exclusive'),
    'c.test.ts': file('c', ''),
  });
  const { closing } = await outcomeOf(root, [], 3);
  assert.is(closing, '3 passed, 0 failed');
  assert.is(readFileSync(join(root, 'order'), 'utf8'), 'c+ c- a+ a- b+ b- ');
});

test('the command prints the closing line last, and its exit code follows it', () => {
  const root = folderWith({
    'good.test.ts': `${head}test('a', () => {});\ntest.run();\n`,
    'skip.test.ts': `${head}test('a', () => { console.log('SKIP a: b'); });\ntest.run();\n`,
  });
  const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const script = join(repository, 'bin', 'dev', 'run-tests.ts');
    const { REQUIRE_ALL: _, ...outer } = process.env;
    const result = spawnSync(process.execPath, ['--import', 'tsx', script, '--root', root, ...args], {
      cwd: repository,
      env: { ...outer, FORCE_COLOR: '1', ...env },
      encoding: 'utf8',
    });
    return { status: result.status, last: result.stdout.trimEnd().split('\n').at(-1), stderr: result.stderr };
  };
  const { status, last } = run(['good']);
  assert.equal({ status, last }, { status: 0, last: '1 passed, 0 failed' });
  assert.is(run([], { REQUIRE_ALL: '1' }).last, '1 passed, 1 failed');
  assert.is(run([], { REQUIRE_ALL: '1' }).status, 1);
  assert.is(run(['nowhere']).status, 1);
  assert.is(run(['--jobs', 'x']).status, 2);
});

test('totals are those that uvu printed last; a look-alike inside a line is none', () => {
  const block = (total: number, passed: number) =>
    `\n  Total:     ${total}\n  Passed:    ${passed}\n  Skipped:   0\n  Duration:  1.00ms\n`;
  assert.equal(parseTotals(block(3, 2)), { total: 3, passed: 2, skipped: 0 });
  assert.equal(parseTotals(block(3, 2) + block(5, 5)), { total: 5, passed: 5, skipped: 0 });
  assert.is(parseTotals('Total: 3 Passed: 3'), undefined);
});

test('a skip is found behind the bullets of uvu', () => {
  assert.equal(parseSkips('• • SKIP a: b c\n suite  • SKIP d: e\nNOSKIP f: g\nSKIP without reason\n'), [
    'a: b c',
    'd: e',
  ]);
});

test('a file that hangs is killed with the processes that it started', async () => {
  const { lines, closing } = await hang.outcome;
  assert.match(lines[0]!, /did not end within 8 s and was killed/);
  assert.is(closing, '0 passed, 1 failed');
  assert.not(isRunning(Number(readFileSync(join(hang.root, 'pid'), 'utf8'))), 'the child of the test is gone');
});

test('a file whose tests pass but that never ends fails', () => {
  const file = { path: 'runtime/x.test.ts', timeout_ms: 3000, exclusive: false };
  const output = '\n  Total:     1\n  Passed:    1\n  Skipped:   0\n  Duration:  1.00ms\n';
  const killed = { exitCode: undefined, signal: 'SIGKILL', timedOut: true, output, duration_ms: 3000 };
  const { passed, failed, complaint } = judge(file, killed);
  assert.equal({ passed, failed }, { passed: 1, failed: 1 });
  assert.match(complaint!, /printed its totals, but something kept it from ending within 3 s/);
});

test.run();
