import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importCommand } from './import-cluster-conf.ts';

const directory = mkdtempSync(join(tmpdir(), 'import-'));
const file = join(directory, 'cluster.conf');
const output = join(directory, 'out');
writeFileSync(file, '<cluster name="old"><rm><vm name="100"/><vm name="101"/></rm></cluster>');

/** What the command prints and complains about; its exit code. */
async function run(...args: readonly string[]): Promise<{ out: string; err: string; code: number }> {
  const { write } = process.stdout;
  const { error } = console;
  let out = '';
  let err = '';
  process.stdout.write = ((text: string) => {
    out += text;
    return true;
  }) as typeof write;
  console.error = (text: string) => {
    err += text;
  };
  try {
    await importCommand().parseAsync(args, { from: 'user' });
  } finally {
    process.stdout.write = write;
    console.error = error;
  }
  const code = Number(process.exitCode ?? 0);
  process.exitCode = 0;
  return { out, err, code };
}

test('prints the three files and the report', async () => {
  const { out, code } = await run(file);
  assert.is(code, 0);
  assert.match(
    out,
    /^# resources\.cfg\nvm: 100\n\tstate started\n\nvm: 101\n[\s\S]*# rules\.cfg\n\n# fence\.cfg\n\n# report\ncluster\/@name/,
  );
});

test('writes them to a folder, readable by the owner alone, and never over what is there', async () => {
  const guests = join(directory, 'guests.json');
  writeFileSync(guests, '{"101": "ct"}');
  assert.is((await run(file, '--guests', guests, '--output', output)).code, 0);
  assert.match(readFileSync(join(output, 'resources.cfg'), 'utf8'), /\nct: 101\n/);
  assert.is(statSync(join(output, 'fence.cfg')).mode & 0o777, 0o600);
  const again = await run(file, '--output', output);
  assert.is(again.code, 1);
  assert.match(again.err, /^cannot write to /);
});

test('a file that is none ends with one sentence and exit code 1', async () => {
  assert.match((await run(join(directory, 'none'))).err, /^cannot read /);
  writeFileSync(join(directory, 'bad.json'), '{"101": "qemu"}');
  const badGuests = await run(file, '--guests', join(directory, 'bad.json'));
  assert.match(badGuests.err, /is no JSON object of guest ids and "vm" or "ct"$/);
  writeFileSync(join(directory, 'bad.conf'), '<cluster>');
  const { err, code } = await run(join(directory, 'bad.conf'));
  assert.match(err, /bad\.conf: cluster\.conf is no well-formed XML: /);
  assert.is(code, 1);
});

test.after(() => rmSync(directory, { recursive: true }));

test.run();
