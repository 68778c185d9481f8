/** `pve-actors sim` as a process: exit codes, and one sentence for what people get wrong. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const program = fileURLToPath(new URL('pve-actors.ts', import.meta.url));

function sim(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', program, 'sim', ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('a run that is well ends with 0', () => {
  const { status, stdout } = sim('replay', '5', '--profile', 'lite', '--until', '3s');
  assert.is(status, 0);
  assert.match(stdout, /^seed 5: /);
  assert.match(stdout, /^ok: 3\.000 s/m);
});

const WRONG: readonly (readonly string[])[] = [
  ['run', '--seeds', 'many'],
  ['run', '--profile', 'none'],
  ['run', '--frobnicate'],
  ['replay', 'nowhere.txt'],
  ['replay'],
  ['diff', 'nowhere', 'nowhere'],
  ['ha', '--frobnicate'],
  ['ha', 'nowhere'],
  ['dance'],
];

for (const args of WRONG) {
  test(`sim ${args.join(' ')}: one sentence, 5`, () => {
    const { status, stdout, stderr } = sim(...args);
    assert.is(status, 5, stderr);
    assert.is(stdout, '');
    assert.is(stderr.trim().split('\n').length, 1, stderr);
  });
}

test.run();
