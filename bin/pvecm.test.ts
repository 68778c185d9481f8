import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runProgram } from '../runtime/node/run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvecm-bin-'));
const program = fileURLToPath(new URL('./pvecm.ts', import.meta.url));

async function pvecm(
  ...args: readonly string[]
): Promise<readonly [code: number | undefined, out: string, err: string]> {
  const result = await runProgram(process.execPath, [...process.execArgv, program, '--root', folder, ...args]);
  return [result.code, result.stdout, result.stderr];
}

test('what is printed, and the exit codes', async () => {
  const [version, unknown, few, option, number, https, stopped] = await Promise.all([
    pvecm('apiver'),
    pvecm('bogus'),
    pvecm('create'),
    pvecm('delnode', 'n1', '--bogus'),
    pvecm('create', 'demo', '--votes', '0'),
    pvecm('add', 'n1'),
    pvecm('nodes'),
  ]);
  assert.equal(version, [0, '1\n', '']);
  assert.is(unknown[0], 255);
  assert.match(unknown[2], /^ERROR: unknown command 'pvecm bogus'\nUsage: /);
  assert.equal(few, [255, '', '400 not enough arguments\npvecm create [options] <clustername>\n']);
  assert.match(option[2], /^Unknown option: bogus\n400 unable to parse option\n/);
  assert.equal(number, [255, '', '400 Parameter verification failed.\nvotes: value must be at least 1\n']);
  assert.is(https[0], 1);
  assert.match(https[2], "joining over HTTPS isn't there yet");
  assert.is(stopped[0], 1);
  assert.match(stopped[2], `start the node with: pve-actors boot --root ${folder}`);
});

test('keygen FILE', async () => {
  const path = join(folder, 'key');
  assert.equal(await pvecm('keygen', path), [0, '', '']);
  assert.is(readFileSync(path).length, 256);
  assert.equal(await pvecm('keygen', path), [255, '', `key file '${path}' already exists\n`]);
});

test.after(() => rmSync(folder, { recursive: true }));

test.run();
