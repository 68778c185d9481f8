// test-timeout: 240
/** `explain`, `doctor` and `sim what-if` as processes: exit codes, and one sentence for what people get wrong. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type TestCluster, testTree } from '../actors/doctor/clusters-for-tests.ts';

const program = fileURLToPath(new URL('pve-actors.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'pve-actors-what-if-'));

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', program, ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** Writes an `/etc/pve`. */
function copyOf(name: string, cluster: TestCluster): string {
  for (const [path, text] of testTree(cluster)) {
    const file = join(folder, name, path);
    mkdirSync(path.endsWith('/') ? file : dirname(file), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(file, text, 'latin1');
  }
  return join(folder, name);
}

const well = copyOf('well', {
  nodes: ['n1', 'n2', 'n3'],
  guests: { 'vm:101': 'n1', 'vm:102': 'n2' },
  resources: { 'vm:101': '', 'vm:102': '' },
  files: { 'ha/manager_status': '{"master_node":"n1"}' },
});
const two = copyOf('two', { nodes: ['n1', 'n2'], guests: { 'vm:101': 'n1' }, resources: { 'vm:101': '' } });

test('doctor: 0 where all is well, 2 where something is to be done', () => {
  assert.is(run('doctor', '--from', well).status, 0);
  const { status, stdout } = run('doctor', '--from', two, '--json');
  assert.is(status, 2);
  const { findings } = JSON.parse(stdout) as { findings: { code: string }[] };
  assert.ok(findings.some(({ code }) => code === 'two-nodes'));
});

test('sim what-if: 0 all recovers, 2 something stays down', () => {
  const { status, stdout } = run('sim', 'what-if', '--from', well, 'power n2 off', '--phases', '2', '--json');
  assert.is(status, 0);
  const told = JSON.parse(stdout) as { futures: number; services: { sid: string; ends: Record<string, number> }[] };
  assert.is(told.futures, 2);
  assert.equal(Object.values(told.services[1]!.ends), [2]);
  const lost = run('sim', 'what-if', '--from', two, 'power n1 off', '--phases', '1');
  assert.is(lost.status, 2);
  assert.match(lost.stdout, 'STAYS DOWN');
});

test('explain fence reads what is given', () => {
  const path = join(folder, 'journal.log');
  writeFileSync(
    path,
    "2026-11-20T10:04:08+0000 n1 pve-ha-crm[7]: fencing: acknowledged - got agent lock for node 'n2'\n",
  );
  const { status, stdout } = run('explain', 'fence', 'n2', '--from-journal', path);
  assert.is(status, 0);
  assert.match(stdout, 'There is no log of n2.');
});

const WRONG: readonly (readonly string[])[] = [
  ['doctor', '--from', '/nonexistent'],
  ['doctor', '--from', folder],
  ['sim', 'what-if', 'power n1 off'],
  ['sim', 'what-if', '--from', well],
  ['sim', 'what-if', '--from', well, 'power n9 off'],
  ['sim', 'what-if', '--from', well, 'power n1 off', '--phases', '0'],
  ['sim', 'what-if', '--from', well, '--each-node', 'power n1 off'],
  ['sim', 'what-if', '--from', well, '--frobnicate'],
];

for (const args of WRONG) {
  test(`${args.map((word) => word.replace(folder, 'DIR')).join(' ')}: one sentence, 1`, () => {
    const { status, stderr, stdout } = run(...args);
    assert.is(status, 1, stderr);
    assert.is(stdout, '');
    assert.is(stderr.trim().split('\n').length, 1, stderr);
  });
}

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
