import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const script = join(dirname(fileURLToPath(import.meta.url)), 'setup.mjs');
const folders: string[] = [];
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const lockfile = {
  packages: {
    '': { version: '1.0.0' },
    'node_modules/better-sqlite3': { version: '2.0.0' },
    'node_modules/other-platform': { version: '3.0.0', optional: true },
  },
};

/** What the stand-in for npm does: notes its call, and installs packages that are as good as working. */
const npmStandIn = `#!/bin/sh
echo "npm $*" >> "$NOTES"
[ "$1" = ci ] || exit 0
[ -z "$NPM_FAILS" ] || exit 1
for name in better-sqlite3 typescript fuse-native; do
  mkdir -p "node_modules/$name/bin" && echo '{}' > "node_modules/$name/package.json"
  echo 'module.exports = class { close() {} };' > "node_modules/$name/index.js"
done
echo 'require("fs").mkdirSync("dist", { recursive: true });' > node_modules/typescript/bin/tsc
[ -z "$BROKEN_SQLITE" ] || echo 'throw new Error("wrong ABI");' > node_modules/better-sqlite3/index.js
scripts=node_modules/fuse-shared-library-linux/libfuse/scripts
mkdir -p $scripts && touch $scripts/helper.sh && chmod 6755 $scripts/helper.sh
cp package-lock.json node_modules/.package-lock.json
`;

interface Clone {
  readonly root: string;
  run(purpose: string, env?: NodeJS.ProcessEnv): { status: number | null; stdout: string; stderr: string };
  notes(): readonly string[];
}

/** A clone with nothing installed, in which npm and apt-get are stand-ins, and PATH holds nothing else. */
function freshClone(engines = '>=18.0'): Clone {
  const root = mkdtempSync(join(tmpdir(), 'setup-'));
  folders.push(root);
  const programs = join(root, 'programs');
  const notes = join(root, 'notes');
  for (const folder of [join(root, 'bin', 'dev'), programs]) mkdirSync(folder, { recursive: true });
  copyFileSync(script, join(root, 'bin', 'dev', 'setup.mjs'));
  const manifest = { engines: { node: engines }, allowScripts: { 'better-sqlite3': true, 'fuse-native': false } };
  writeFileSync(join(root, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify(lockfile));
  writeFileSync(notes, '');
  writeFileSync(join(programs, 'npm'), npmStandIn);
  writeFileSync(join(programs, 'apt-get'), '#!/bin/sh\necho "apt-get $*" >> "$NOTES"\n');
  for (const name of ['npm', 'apt-get']) chmodSync(join(programs, name), 0o755);
  return {
    root,
    run(purpose, env = {}) {
      const path = `${programs}:/bin`;
      const result = spawnSync(process.execPath, ['bin/dev/setup.mjs', purpose], {
        cwd: root,
        env: { ...process.env, PATH: path, NOTES: notes, ...env },
        encoding: 'utf8',
      });
      return { status: result.status, stdout: result.stdout, stderr: result.stderr };
    },
    notes: () =>
      readFileSync(notes, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
  };
}

test('start installs, builds, and is quiet when run again', () => {
  const clone = freshClone();
  const first = clone.run('start');
  assert.is(first.status, 0, first.stderr);
  assert.match(first.stdout, /setup: installing dependencies/);
  assert.equal(clone.notes(), [
    'npm ci --ignore-scripts --include=dev --no-audit --no-fund',
    'npm rebuild better-sqlite3',
  ]);
  assert.ok(existsSync(join(clone.root, 'dist')));
  assert.equal(clone.run('start'), { status: 0, stdout: '', stderr: '' });
  assert.is(clone.notes().length, 2);
});

test('a changed lockfile installs again, one of another platform does not', () => {
  const clone = freshClone();
  clone.run('start');
  const changed = structuredClone(lockfile);
  changed.packages['node_modules/other-platform'].version = '3.0.1';
  writeFileSync(join(clone.root, 'package-lock.json'), JSON.stringify(changed));
  clone.run('start');
  assert.is(clone.notes().length, 2);
  changed.packages['node_modules/better-sqlite3'].version = '2.0.1';
  writeFileSync(join(clone.root, 'package-lock.json'), JSON.stringify(changed));
  clone.run('start');
  assert.is(clone.notes().length, 4);
});

test('the setuid bits of shipped scripts are taken away', () => {
  const clone = freshClone();
  clone.run('start');
  const helper = join(clone.root, 'node_modules/fuse-shared-library-linux/libfuse/scripts/helper.sh');
  assert.is(statSync(helper).mode & 0o7777, 0o755);
});

test('a Node that is too old gets a sentence', () => {
  const { status, stderr } = freshClone('>=99.1').run('start');
  assert.is(status, 1);
  assert.match(stderr, /^setup: Node v\S+ is too old: this project needs >=99\.1/);
});

test('an npm ci that fails ends the set-up with a sentence', () => {
  const { status, stderr } = freshClone().run('start', { NPM_FAILS: '1' });
  assert.is(status, 1);
  assert.match(stderr, /setup: npm ci failed/);
});

test("a better-sqlite3 that doesn't load is built again, and then named with the cure", () => {
  const clone = freshClone();
  const { status, stderr } = clone.run('start', { BROKEN_SQLITE: '1' });
  assert.is(status, 1);
  assert.match(stderr, /better-sqlite3 doesn't load \(Error: wrong ABI\).*npm rebuild better-sqlite3/);
  assert.is(clone.notes().filter((note) => note === 'npm rebuild better-sqlite3').length, 2);
});

test('missing Debian packages are installed by root and named to others', () => {
  const clone = freshClone();
  clone.run('start');
  const { status, stdout } = clone.run('test', { PATH: join(clone.root, 'programs') });
  assert.is(status, 0);
  assert.match(stdout, /missing: python3 of the Debian package python3, which runs the system-call corpus/);
  const calls = clone.notes().filter((note) => note.startsWith('apt-get'));
  if (process.getuid?.() === 0) {
    assert.is(calls[0], 'apt-get -qq update');
    assert.match(calls[1]!, /^apt-get -qq install -y --no-install-recommends .*\bpython3\b.*\brsync\b/);
  } else {
    assert.equal(calls, []);
    assert.match(stdout, /sudo apt-get install .*\brsync\b/);
  }
});

test('an unknown purpose is refused', () => {
  assert.is(freshClone().run('play').status, 1);
});

test.run();
