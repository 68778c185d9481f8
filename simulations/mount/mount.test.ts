// test-exclusive
// test-timeout: 180
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { detachMount, mountAt } from '../../runtime/file-system/mount-table.ts';
import { reportSkip } from '../../runtime/test-support/shared-corpus.ts';
import type { DaemonOptions } from './daemon.ts';
import { type DaemonRequest, type MountedDaemon, startDaemon } from './daemon-process.ts';
import { hasProgram, runProgram } from './run-program.ts';

const WORLD: DaemonRequest = { hostName: 'n1', treeMode: 'solo', isQuorate: true, tree: { d: null, 'd/f': 'hello' } };

let canMount = true;

/** A test with a folder of its own, in which daemons may come and go; skipped where no mount can be made. */
function mountTest(name: string, body: (folder: string, start: () => Promise<MountedDaemon>) => Promise<void>): void {
  test(name, async () => {
    if (!canMount) return reportSkip(name, 'no mount can be made here');
    const folder = await mkdtemp(join(tmpdir(), 'pve-actors-mount-'));
    const started: MountedDaemon[] = [];
    const start = async () => {
      const daemon = await startDaemon({ ...WORLD, folder });
      if ('reason' in daemon) throw new Error(daemon.reason);
      started.push(daemon);
      return daemon;
    };
    try {
      await body(folder, start);
    } finally {
      for (const daemon of started) await daemon.stop();
      if ((await mountAt(join(folder, 'pve'))) !== undefined) await detachMount(join(folder, 'pve'), 5000);
      await rm(folder, { recursive: true, force: true });
    }
  });
}

test('a mount can be made here', async () => {
  const daemon = await startDaemon(WORLD);
  if ('reason' in daemon) {
    canMount = false;
    reportSkip('all mounts', daemon.reason);
    return;
  }
  const mount = await mountAt(daemon.mountPoint);
  assert.equal([mount?.type, mount?.source], ['fuse', '/dev/fuse']);
  assert.is(await daemon.stop(), 0);
  assert.is(await mountAt(daemon.mountPoint), undefined);
});

mountTest('the tree survives a stop, and the mount point is left behind empty', async (folder, start) => {
  const first = await start();
  await writeFile(join(first.mountPoint, 'd/g'), 'kept');
  assert.is(await first.stop(), 0);
  assert.equal(await readdir(join(folder, 'pve')), []);
  assert.is((await stat(join(folder, 'pve'))).mode & 0o777, 0o750);
  const second = await start();
  assert.is(await readFile(join(second.mountPoint, 'd/g'), 'utf8'), 'kept');
});

mountTest('I1: a daemon that was killed leaves a dead mount, which the next one cleans', async (folder, start) => {
  const first = await start();
  await writeFile(join(first.mountPoint, 'd/g'), 'kept');
  await first.kill();
  const failure = await stat(join(folder, 'pve')).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  );
  assert.is(failure, 'ENOTCONN');
  const second = await start();
  assert.is(await readFile(join(second.mountPoint, 'd/g'), 'utf8'), 'kept');
  assert.match(second.log(), /unmounting .*: the daemon that served it is gone/);
});

mountTest('I1: a live mount and a folder with contents are refused by a sentence', async (folder, start) => {
  const first = await start();
  const second = await startDaemon({ ...WORLD, folder });
  assert.ok('reason' in second);
  assert.match(second.reason, /is in use: \/dev\/fuse \(fuse\) is mounted there; stop its daemon, or run: umount /);
  assert.is(await readFile(join(first.mountPoint, 'd/f'), 'utf8'), 'hello');
  await first.stop();
  await writeFile(join(folder, 'pve/mine'), '');
  const third = await startDaemon({ ...WORLD, folder });
  assert.ok('reason' in third);
  assert.match(third.reason, /is not empty \(mine\): move its contents away/);
});

mountTest('I2: a stop does not wait for those who use the mount', async (_folder, start) => {
  const daemon = await start();
  const user = spawn('sh', ['-c', 'exec 3< d/f; echo ready; read line'], { cwd: daemon.mountPoint });
  await new Promise((resolve) => user.stdout.once('data', resolve));
  assert.is(await daemon.stop(), 0);
  assert.is(await mountAt(daemon.mountPoint), undefined);
  user.kill('SIGKILL');
});

mountTest('a mount that somebody took away does not keep the daemon from stopping', async (_folder, start) => {
  const daemon = await start();
  assert.is(await detachMount(daemon.mountPoint, 5000), undefined);
  assert.is(await daemon.stop(), 0);
});

mountTest('several writers at once: every file is there, whole, and on the disk', async (_folder, start) => {
  const first = await start();
  const script = 'for i in $(seq 40); do echo "$1.$i" > "$0/d/tmp$1"; mv "$0/d/tmp$1" "$0/d/f$1.$i"; done';
  const writers = ['1', '2', '3', '4'].map((name) => runProgram('sh', ['-c', script, first.mountPoint, name]));
  for (const { code, complaint } of await Promise.all(writers)) assert.equal([code, complaint], [0, '']);
  await first.stop();
  const second = await start();
  const names = await readdir(join(second.mountPoint, 'd'));
  assert.is(names.length, 1 + 4 * 40);
  for (const name of names.filter((file) => file !== 'f')) {
    assert.is(await readFile(join(second.mountPoint, 'd', name), 'utf8'), `${name.slice(1)}\n`);
  }
});

mountTest('exclusive creation: one of several wins', async (_folder, start) => {
  const daemon = await start();
  const results = await Promise.all(
    Array.from({ length: 8 }, () =>
      writeFile(join(daemon.mountPoint, 'd/lock'), '', { flag: 'wx' })
        .then(() => 1)
        .catch(() => 0),
    ),
  );
  assert.is(
    results.reduce((sum: number, won) => sum + won, 0),
    1,
  );
});

mountTest('a running database can be copied with sqlite3 .backup', async (folder, start) => {
  if (!hasProgram('sqlite3')) return reportSkip('sqlite3 .backup', 'sqlite3 is not installed');
  const daemon = await start();
  await mkdir(join(daemon.mountPoint, 'copied'));
  const copy = join(folder, 'copy.db');
  const backup = await runProgram('sqlite3', [daemon.database, `.backup ${copy}`]);
  assert.equal([backup.code, backup.complaint], [0, '']);
  const rows = await runProgram('sqlite3', [copy, 'PRAGMA integrity_check; SELECT name FROM tree ORDER BY inode']);
  assert.is(rows.output, 'ok\n__version__\nd\nf\ncopied\n');
  await writeFile(join(daemon.mountPoint, 'd/f'), 'still writable');
});

test('without /dev/fuse a sentence says what to do', async () => {
  const name = 'no /dev/fuse';
  if (process.getuid?.() !== 0 || !hasProgram('unshare')) return reportSkip(name, 'needs root and unshare');
  const folder = await mkdtemp(join(tmpdir(), 'pve-actors-mount-'));
  const options: DaemonOptions = { ...WORLD, mountPoint: join(folder, 'pve'), database: join(folder, 'config.db') };
  const program = fileURLToPath(new URL('./daemon.ts', import.meta.url));
  const command = 'mount -t tmpfs none /dev || exit 9; cd "$1"; exec "$2" --import tsx "$3" "$4"';
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const parameters = ['-m', 'sh', '-c', command, 'sh', root, process.execPath, program, JSON.stringify(options)];
  const { code, output } = await runProgram('unshare', parameters);
  await rm(folder, { recursive: true, force: true });
  if (code === 9) return reportSkip(name, 'no mount namespace can be made here');
  const answer = JSON.parse(output) as { code?: string; failure?: string };
  assert.is(answer.code, 'no-device');
  assert.match(answer.failure ?? '', /^\/dev\/fuse is missing: load the kernel module with "modprobe fuse"/);
});

test.run();
