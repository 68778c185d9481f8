// test-exclusive
// test-timeout: 180
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reportSkip, sharedPath } from '../../../runtime/test-support/shared-corpus.ts';
import { startDaemon } from '../../mount/daemon-process.ts';
import { runProgram } from '../../mount/run-program.ts';
import type { CorpusCase } from '../corpus.ts';
import * as fuseLocal from './fuse-local.ts';
import { compareRows, expectedRows, parseRows, run } from './system-calls.ts';

const DOCUMENT = `
## Full table: quorate cluster, n1

### open / read / write / truncate

| operation | result |
|---|---|
| content with NUL bytes | ok: b'a\\x00b' |
| pwrite 1 byte at offset 4 GiB | ok: 1 |
| content after that | ok: b'W\\x00b' |
| open O_WRONLY\\|O_TRUNC | **EACCES** |
| unlink an open file, read it | ok: listing while open: ['.fuse_hidden0000011b00000003']; read: b'still'; after close: [] |

### other users

| operation | result |
|---|---|
| nobody: ls | ok: rc=2  ls: cannot open |

### VM configs, more

| operation | result |
|---|---|
| not judged | ok |

## Next
`;

test('rows: escapes, the judged sections, and the results that differ by decision', () => {
  assert.equal(
    expectedRows(DOCUMENT).map(({ operation, result }) => [operation, result]),
    [
      ['content with NUL bytes', "ok: b'a\\x00b'"],
      ['pwrite 1 byte at offset 4 GiB', '**EFBIG**'],
      ['content after that', "ok: b'a\\x00b'"],
      ['open O_WRONLY\\|O_TRUNC', '**EACCES**'],
      ['unlink an open file, read it', "ok: listing while open: []; read: b'still'; after close: []"],
      ['nobody: ls', 'ok: rc=2  ls: cannot open'],
    ],
  );
});

test('comparison: only what the README leaves out is left out', () => {
  const row = (operation: string, result: string, section = 's') => ({ section, operation, result });
  const same = (operation: string, a: string, b: string, section = 's') =>
    compareRows(row(operation, a, section), row(operation, b, section)) === undefined;
  assert.ok(same('lstat f', 'ok: size=1 mtime=1.79536e+09', 'ok: size=1 mtime=1.79999e+09'));
  assert.not(same('lstat f', 'ok: mtime=1e+09', 'ok: mtime=1.79999e+09'));
  assert.not(same('lstat f', 'ok: mtime=1.79536e+09', 'ok: mtime=0'));
  assert.not(same('lstat f', 'ok: mtime=1.79536e+09', 'ok: mtime=4.29497e+09'));
  assert.not(same('lstat f', 'ok: size=1', 'ok: size=2'));
  assert.ok(same('lstat .rrd', 'ok: size=1', 'ok: size=2'));
  assert.not(same('lstat .debug', 'ok: size=1', 'ok: size=2'));
  assert.ok(same('x', 'ok: rc=1 a', 'ok: rc=1 b', 'other users'));
  assert.not(same('x', 'ok: rc=1 a', 'ok: rc=2 a', 'other users'));
  const guest = (vmid: number, node: string) => `"${vmid}": { "node": "${node}", "type": "qemu", "version": ${vmid} }`;
  const list = (...guests: string[]) => `ok: b'{\\n"version": 3,\\n"ids": {\\n${guests.join(',\\n')}}\\n\\n}\\n'`;
  assert.ok(same('.vmlist', list(guest(1, 'a'), guest(2, 'b')), list(guest(2, 'b'), guest(1, 'a'))));
  assert.not(same('.vmlist', list(guest(1, 'a'), guest(2, 'b')), list(guest(2, 'a'), guest(1, 'b'))));
  assert.match(compareRows(row('a', 'ok'), row('b', 'ok')) ?? '', /another call/);
  assert.match(compareRows(row('a', 'ok'), undefined) ?? '', /no such row/);
});

/** A corpus part has no failed case; where nothing was run, that is a skip. */
function judge(name: string, cases: readonly CorpusCase[]): void {
  assert.ok(cases.length > 0);
  const reason = cases.find(({ outcome }) => outcome === 'not-run')?.detail;
  if (reason !== undefined) reportSkip(name, reason);
  const failed = cases.filter(({ outcome }) => outcome === 'failed');
  assert.equal(
    failed.map((one) => `${one.name}: ${one.detail}`),
    [],
  );
}

test('corpus fuse-local.json', async () => {
  const directory = sharedPath('pmxcfs');
  if (directory === undefined) return reportSkip('fuse-local', '../shared/conformance/pmxcfs is not there');
  judge('fuse-local', await fuseLocal.run(directory));
});

test('corpus observed-behaviour.md', async () => {
  const directory = sharedPath('pmxcfs');
  if (directory === undefined) return reportSkip('system-calls', '../shared/conformance/pmxcfs is not there');
  judge('system-calls', await run(directory));
});

test('reading matter: guest configurations, and a node that has lost its quorum', async () => {
  const name = 'behave2.py and noquorum.py';
  const document = sharedPath('pmxcfs', 'observed-behaviour.md');
  const scripts = sharedPath('..', 'tools');
  if (document === undefined || scripts === undefined) return reportSkip(name, '../shared is not there');
  if (process.getuid?.() !== 0) return reportSkip(name, 'the calls need root');
  const rows = parseRows(readFileSync(document, 'utf8'));
  const folder = await mkdtemp(join(tmpdir(), 'pve-actors-calls-'));
  const tree = { 'corosync.conf': 'totem {\n}\n', priv: null, 'priv/lock': null };
  const world = { hostName: 'n1', treeMode: 'upstream', tree, folder } as const;

  const compare = async (script: string, mountPoint: string, section: string, skipped: RegExp) => {
    const { output } = await runProgram('python3', [join(scripts, script), mountPoint, 'n1', 'n2']);
    const actual = parseRows(output);
    const expected = rows.filter((row) => row.section === section);
    assert.is(actual.length, expected.length);
    expected.forEach((row, index) => {
      if (!skipped.test(row.operation)) assert.is(compareRows(row, actual[index]), undefined, row.operation);
    });
  };
  try {
    const quorate = await startDaemon({ ...world, isQuorate: true });
    if ('reason' in quorate) return reportSkip(name, quorate.reason);
    try {
      await runProgram('python3', [join(scripts, 'behave.py'), quorate.mountPoint, 'n1', 'n2']);
      // One row prints a line of the guest list with its comma, which depends on the order.
      await compare('behave2.py', quorate.mountPoint, 'VM configs, more', /^\.vmlist 113$/);
    } finally {
      await quorate.stop();
    }
    const alone = await startDaemon({ ...world, isQuorate: false });
    if ('reason' in alone) throw new Error(alone.reason);
    try {
      // In local mode there is no member list; the number of free blocks is that of the day.
      await compare('noquorum.py', alone.mountPoint, 'node without quorum', /^(\.members|stat \.version|statvfs)$/);
    } finally {
      await alone.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test.run();
