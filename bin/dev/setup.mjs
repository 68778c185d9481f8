/**
 * Makes a fresh clone ready: `node bin/dev/setup.mjs start|test`. Plain JavaScript without dependencies, because it runs
 * before `npm ci`. Idempotent; prints one line per thing that it does, and nothing when all is in place.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Debian packages that tests use: what shows that one is there (a command, or a file where it has none), and what for. */
const debianPackages = [
  { name: 'iproute2', command: 'ip', why: 'builds network namespaces for the end-to-end tests', always: true },
  { name: 'util-linux', command: 'unshare', why: 'isolates mounts and networks of tests', always: true },
  { name: 'util-linux', command: 'setpriv', why: 'tests what other users may read', always: true },
  { name: 'python3', command: 'python3', why: 'runs the system-call corpus', always: true },
  { name: 'rsync', command: 'rsync', why: 'is tested on the mount', always: true },
  { name: 'vim-tiny', command: 'vim', alternative: 'vi', why: 'is tested on the mount', always: true },
  { name: 'sqlite3', command: 'sqlite3', why: 'makes a backup of a live database in tests', always: true },
  { name: 'chromium', command: 'chromium', why: "shows the visualizer's page in tests", always: true },
  { name: 'curl', command: 'curl', why: 'is a client of the API in tests', always: true },
  { name: 'ansible', command: 'ansible-playbook', why: 'is a client of the API in tests', always: true },
  {
    name: 'python3-proxmoxer',
    command: 'proxmoxer',
    file: '/usr/lib/python3/dist-packages/proxmoxer/__init__.py',
    why: 'is a client of the API in tests',
    always: true,
  },
  {
    name: 'python3-requests',
    command: 'requests',
    file: '/usr/lib/python3/dist-packages/requests/__init__.py',
    why: 'carries the requests of proxmoxer',
    always: true,
  },
  // Root mounts and unmounts without it; a library of its own comes with fuse-native.
  { name: 'fuse', command: 'fusermount', why: 'mounts without root', always: false },
];

function say(sentence) {
  console.log(`setup: ${sentence}`);
}

function fail(sentence) {
  console.error(`setup: ${sentence}`);
  process.exit(1);
}

/** Sentence about a Node that is too old for `engines` (of the form `>=20.19`), or undefined. */
function nodeComplaint(version, engines) {
  const wanted = /^>=\s*(\d+)\.(\d+)/.exec(engines);
  const have = /^v?(\d+)\.(\d+)/.exec(version);
  if (wanted === null || have === null) return undefined;
  const [wantedMajor, wantedMinor] = [Number(wanted[1]), Number(wanted[2])];
  const [major, minor] = [Number(have[1]), Number(have[2])];
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return undefined;
  return `Node ${version} is too old: this project needs ${engines} (package.json, engines)`;
}

/**
 * Whether npm's record of what it installed satisfies the lockfile: every package at its version, but for optional ones
 * (other platforms). npm writes the record last, so an interrupted installation doesn't count.
 */
function isInstalled(lockfile, record) {
  for (const [path, wanted] of Object.entries(lockfile.packages)) {
    if (path === '' || wanted.optional || wanted.devOptional) continue;
    if (record.packages?.[path]?.version !== wanted.version) return false;
  }
  return true;
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function findCommand(name) {
  // The PATH of other users than root often lacks sbin, where `ip` is.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => folder !== '' && existsSync(join(folder, name)));
}

/** Environment of installations: the headers of this very Node, where they exist, so that nothing is downloaded for them. */
function installEnvironment() {
  const prefix = dirname(dirname(process.execPath));
  if (!existsSync(join(prefix, 'include', 'node', 'node.h'))) return process.env;
  return { ...process.env, npm_config_nodedir: prefix };
}

function npm(...args) {
  const result = spawnSync('npm', args, {
    cwd: root,
    env: installEnvironment(),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return result.status === 0;
}

function packagesWithAllowedScripts(manifest) {
  return Object.entries(manifest.allowScripts ?? {})
    .filter(([, allowed]) => allowed)
    .map(([name]) => name);
}

/**
 * Scripts run in a second step, and only those that package.json allows, with npm versions too that don't know
 * `allowScripts`: fuse-native's own would compile it, and fail without a compiler, wherever libfuse is not installed.
 */
function installDependencies(manifest) {
  const record = join(root, 'node_modules', '.package-lock.json');
  const lockfile = readJson(join(root, 'package-lock.json'));
  if (existsSync(record) && isInstalled(lockfile, readJson(record))) return;
  say('installing dependencies (npm ci; building better-sqlite3 may take two minutes)');
  if (!npm('ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund')) {
    fail('npm ci failed; its messages are above. Is the npm registry reachable?');
  }
  runInstallScripts(manifest);
}

function runInstallScripts(manifest) {
  const names = packagesWithAllowedScripts(manifest);
  say(`running the install scripts of ${names.join(', ')}`);
  if (!npm('rebuild', ...names)) say('an install script failed; its messages are above');
}

const require = createRequire(import.meta.url);

/** undefined when better-sqlite3 works, else its complaint. In a process of its own: a load can't be undone. */
function sqliteComplaint() {
  const probe = `new (require('better-sqlite3'))(':memory:').close()`;
  const result = spawnSync(process.execPath, ['-e', probe], { cwd: root, encoding: 'utf8' });
  return result.status === 0 ? undefined : firstErrorLine(result.stderr);
}

function firstErrorLine(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines[0] ?? 'no message';
}

function checkSqlite(manifest) {
  if (sqliteComplaint() === undefined) return;
  runInstallScripts(manifest);
  const complaint = sqliteComplaint();
  if (complaint === undefined) return;
  fail(
    `better-sqlite3 doesn't load (${complaint}). It needs a prebuilt binary from GitHub, or a C++ compiler, make and ` +
      'python3 (Debian: apt-get install build-essential python3); then: npm rebuild better-sqlite3',
  );
}

/** Makes libfuse's symbols known before the addon that needs them; that it is no addon is expected. */
const preloadLibfuse = `
const path = require('node:path');
const folder = path.dirname(require.resolve('fuse-native/package.json'));
const library = path.join(folder, 'prebuilds', process.platform + '-' + process.arch, 'libfuse.so');
try { process.dlopen({ exports: {} }, library, ${constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL | 0x1000}); } catch {}
require('fuse-native');
`;

function checkFuse() {
  if (process.platform !== 'linux') return;
  const result = spawnSync(process.execPath, ['-e', preloadLibfuse], { cwd: root, encoding: 'utf8' });
  if (result.status === 0) return;
  const complaint = firstErrorLine(result.stderr);
  say(
    `fuse-native doesn't load (${complaint}): no mounts, files through the commands; the cure: npm rebuild fuse-native`,
  );
}

/** fuse-native's library package ships scripts that are setuid root after an installation by root (§4.3 packaging). */
function stripSetuidBits() {
  const folder = join(root, 'node_modules', 'fuse-shared-library-linux', 'libfuse', 'scripts');
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const { mode } = statSync(path);
    if ((mode & 0o6000) === 0) continue;
    chmodSync(path, mode & 0o777);
    say(`took the setuid bit from ${name} of fuse-shared-library-linux`);
  }
}

function patchFuseNative() {
  const script = join(root, 'bin', 'dev', 'patch-fuse-native.mjs');
  if (!existsSync(script)) return;
  const result = spawnSync(process.execPath, [script], {
    cwd: root,
    env: installEnvironment(),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (result.status !== 0) say('patch-fuse-native failed; its messages are above. The prebuilt addon is used');
}

function buildDist() {
  const compiler = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  const result = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (result.status !== 0) fail('building dist/ failed; the messages of tsc are above');
}

/** Processes start without it too, only slower. */
function bundleDist() {
  const script = join(root, 'bin', 'dev', 'bundle.mjs');
  if (!existsSync(script)) return;
  const result = spawnSync(process.execPath, [script], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (result.status !== 0) say('bundling failed; its messages are above. Processes start more slowly');
}

function isThere({ command, alternative, file }) {
  if (file !== undefined) return existsSync(file);
  return findCommand(command) || (alternative !== undefined && findCommand(alternative));
}

function missingPackages() {
  const isRoot = process.getuid?.() === 0;
  return debianPackages.filter((one) => (one.always || !isRoot) && !isThere(one));
}

/** Tests that need a missing program skip with the reason, so nothing here ends the set-up. */
function installDebianPackages() {
  const missing = missingPackages();
  if (missing.length === 0) return;
  const names = [...new Set(missing.map(({ name }) => name))];
  for (const { name, command, why } of missing) say(`missing: ${command} of the Debian package ${name}, which ${why}`);
  const canInstall = process.getuid?.() === 0 && findCommand('apt-get');
  if (!canInstall) {
    say(`going on without; to install: sudo apt-get install --no-install-recommends ${names.join(' ')}`);
    return;
  }
  say(`installing ${names.join(' ')} with apt-get`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) => {
    const result = spawnSync('apt-get', ['-qq', ...args], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    if (result.status !== 0) console.error(result.stderr);
    return result.status === 0;
  };
  if (!apt('update')) say('apt-get update failed; trying with the lists that are there');
  if (!apt('install', '-y', '--no-install-recommends', ...names)) {
    say(`apt-get could not install ${names.join(' ')}: the tests that need them will be skipped`);
  }
}

function main(purpose) {
  if (purpose !== 'start' && purpose !== 'test') fail('usage: node bin/dev/setup.mjs start|test');
  const manifest = readJson(join(root, 'package.json'));
  const complaint = nodeComplaint(process.version, manifest.engines.node);
  if (complaint !== undefined) fail(complaint);
  installDependencies(manifest);
  checkSqlite(manifest);
  stripSetuidBits();
  patchFuseNative();
  checkFuse();
  if (purpose === 'start') {
    buildDist();
    bundleDist();
  }
  if (purpose === 'test') installDebianPackages();
}

main(process.argv[2]);
