// test-exclusive
// test-timeout: 180
/** Everyday programs on a mount: what they need of a file system is there, and what is not fails as on the original. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { reportSkip } from '../../runtime/test-support/shared-corpus.ts';
import { type MountedDaemon, startDaemon } from './daemon-process.ts';
import { hasProgram, runProgram } from './run-program.ts';

interface Context {
  daemon: MountedDaemon | undefined;
  /** A folder outside the mount, with some files. */
  folder: string;
}

const tools = suite<Context>('tools');

tools.before(async (context) => {
  const daemon = await startDaemon({
    hostName: 'n1',
    treeMode: 'solo',
    isQuorate: true,
    tree: { d: null, 'd/f': 'one\ntwo\n', priv: null },
  });
  context.daemon = 'reason' in daemon ? undefined : daemon;
  context.folder = await mkdtemp(join(tmpdir(), 'pve-actors-tools-'));
  // The modes that the mount shows: whatever else a program asks for is refused (spec/pmxcfs.md §1.2).
  await chmod(context.folder, 0o755);
  await mkdir(join(context.folder, 'sub'), { mode: 0o755 });
  await writeFile(join(context.folder, 'a.conf'), 'a: 1\n', { mode: 0o640 });
  await writeFile(join(context.folder, 'sub/b.conf'), 'b'.repeat(300_000), { mode: 0o640 });
});

tools.after(async (context) => {
  await context.daemon?.stop();
  await rm(context.folder, { recursive: true, force: true });
  await rm(`${context.folder}.tar`, { force: true });
});

/** A test with a program; a skip where the program or the mount is missing. */
function toolTest(program: string, name: string, body: (mount: string, folder: string) => Promise<void>): void {
  tools(`${program}: ${name}`, async ({ daemon, folder }) => {
    if (daemon === undefined) return reportSkip(program, 'no mount can be made here');
    if (!hasProgram(program)) return reportSkip(program, `${program} is not installed`);
    await body(daemon.mountPoint, folder);
  });
}

async function succeeds(program: string, ...parameters: string[]): Promise<string> {
  const { code, output, complaint } = await runProgram(program, parameters);
  assert.equal([code, complaint], [0, ''], program);
  return output;
}

toolTest('cat', 'reads files, computed files and through the links', async (mount) => {
  assert.is(await succeeds('cat', join(mount, 'd/f')), 'one\ntwo\n');
  assert.match(await succeeds('cat', join(mount, '.members')), /"nodename": "n1"/);
});

for (const editor of ['vim', 'ed']) {
  toolTest(editor, 'changes a file in place', async (mount) => {
    const file = join(mount, `d/${editor}.cfg`);
    await writeFile(file, 'one\ntwo\n');
    const parameters = editor === 'vim' ? ['-es', '-u', 'NONE', '-c', '%s/two/three/', '-c', 'wq', file] : ['-s', file];
    const input = editor === 'vim' ? '' : '%s/two/three/\nw\nq\n';
    const { code } = await runProgram(editor, parameters, { input });
    assert.is(code, 0);
    assert.is(await readFile(file, 'utf8'), 'one\nthree\n');
    const left = (await readdir(join(mount, 'd'))).filter((name) => name.includes(editor));
    assert.equal(left, [`${editor}.cfg`], 'no back-up and no swap file stay');
  });
}

toolTest('cp', 'copies a folder', async (mount, folder) => {
  await succeeds('cp', '-r', folder, join(mount, 'd/copied'));
  assert.is(await succeeds('diff', '-r', folder, join(mount, 'd/copied')), '');
});

toolTest('tar', 'unpacks an archive', async (mount, folder) => {
  const archive = `${folder}.tar`;
  await succeeds('tar', '-cf', archive, '-C', folder, '.');
  await succeeds('mkdir', join(mount, 'd/unpacked'));
  // Root's tar sets owners and modes, which are not the caller's to set here, as on the original.
  await succeeds('tar', '-xf', archive, '-C', join(mount, 'd/unpacked'), '--no-same-permissions', '--no-same-owner');
  assert.is(await succeeds('diff', '-r', folder, join(mount, 'd/unpacked')), '');
});

toolTest('rsync', '-rt succeeds, -a fails on owners with 23', async (mount, folder) => {
  await succeeds('rsync', '-rt', `${folder}/`, join(mount, 'd/synced'));
  assert.is(await succeeds('diff', '-r', folder, join(mount, 'd/synced')), '');
  const archive = await runProgram('rsync', ['-a', `${folder}/`, join(mount, 'd/archived')]);
  assert.is(archive.code, 23);
});

toolTest('ln', 'makes neither kind of link', async (mount) => {
  const hard = await runProgram('ln', [join(mount, 'd/f'), join(mount, 'd/hard')]);
  assert.match(hard.complaint, /Operation not permitted/);
  await symlink('f', join(mount, 'd/soft')).then(
    () => assert.unreachable('a symbolic link was made'),
    (error: NodeJS.ErrnoException) => assert.is(error.code, 'ENOSYS'),
  );
});

toolTest('df', 'shows 128 MiB', async (mount) => {
  const output = await succeeds('df', '-B1', '--output=size,itotal', mount);
  assert.match(output, /\b134217728\s+262144\b/);
});

toolTest('ls', 'tells types without a stat for each entry', async (mount) => {
  const entries = await readdir(mount, { withFileTypes: true });
  const kinds = new Map(
    entries.map((entry) => [entry.name, [entry.isDirectory(), entry.isFile(), entry.isSymbolicLink()]]),
  );
  assert.equal(kinds.get('d'), [true, false, false]);
  assert.equal(kinds.get('.version'), [false, true, false]);
  assert.equal(kinds.get('local'), [false, false, true]);
});

tools.run();
