import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runHaScenarios } from './run-ha-scenarios.ts';

const folders: string[] = [];
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const quietLog = 'info      0     hardware: starting simulation\ninfo    520     hardware: exit simulation - done\n';

/** A folder with a scenario per entry: its expected log. */
function scenarios(logs: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'ha-scenarios-'));
  folders.push(root);
  for (const [name, log] of Object.entries(logs)) {
    mkdirSync(join(root, name), { recursive: true });
    writeFileSync(join(root, name, 'cmdlist'), '[]');
    writeFileSync(join(root, name, 'manager_status'), '{}');
    writeFileSync(join(root, name, 'log.expect'), log);
  }
  return root;
}

async function run(directories: readonly string[], isPrinting = false) {
  const lines: string[] = [];
  const code = await runHaScenarios(directories, {
    isPrinting,
    print: (text) => lines.push(text),
    complain: (text) => lines.push(text),
  });
  return { code, lines };
}

test('all passed', async () => {
  const root = scenarios({ a: quietLog, 'deep/b': quietLog });
  const { code, lines } = await run([root]);
  assert.equal(lines, [`${join(root, 'a')}: passed`, `${join(root, 'deep', 'b')}: passed`, '2 passed, 0 failed']);
  assert.is(code, 0);
});

test('a difference is shown with what stands before it', async () => {
  const root = scenarios({ a: quietLog.replace('520', '620') });
  const { code, lines } = await run([join(root, 'a')]);
  assert.is(code, 1);
  assert.equal(
    lines[1]!.split('\n').map((line) => line.trim()),
    [
      'line 2',
      'info      0     hardware: starting simulation',
      '- info    620     hardware: exit simulation - done',
      '+ info    520     hardware: exit simulation - done',
    ],
  );
  assert.is(lines.at(-1), '0 passed, 1 failed');
});

test('the log alone', async () => {
  assert.equal((await run([scenarios({ a: '' })], true)).lines.join('\n'), quietLog.trimEnd());
});

test('bad usage', async () => {
  assert.is((await run([])).code, 5);
  assert.is((await run(['/nowhere'])).code, 5);
  assert.is((await run([scenarios({})])).code, 5);
});

test.run();
