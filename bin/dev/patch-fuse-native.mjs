/**
 * Builds the native half of fuse-native with one line corrected: the published one passes the access time of utimens as
 * its modification time too (spec/pmxcfs.md §13.2.11).
 *
 *   node bin/dev/patch-fuse-native.mjs
 *
 * The source is copied, patched and built beside the package, and only the finished binary moves into its
 * `build/Release`, where it wins over the published one; a process that uses the old binary keeps it. The digest of the
 * binary is left beside it (`utimensIsExact` in runtime/file-system/fuse-preload.ts reads it), so that a second run has
 * nothing to do. Without a compiler the published binary is used: exit code 0, one line.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const WRONG = 'FUSE_UINT64_TO_INTS_ARGV(l->atime, 5)';
const RIGHT = 'FUSE_UINT64_TO_INTS_ARGV(l->mtime, 5)';
const BUILD_BOUND_MS = 60_000;

/**
 * Patches and builds below `root`/node_modules.
 * @param {string} root the repository
 * @returns {{ done: boolean, line: string | undefined }} whether the binary is exact now, and what to tell a person
 */
export function patchFuseNative(root) {
  const modules = join(root, 'node_modules');
  const directory = join(modules, 'fuse-native');
  const binary = join(directory, 'build/Release/fuse.node');
  if (isMarked(binary)) return { done: true, line: undefined };
  if (process.platform !== 'linux') return published('it is used on Linux only');
  const sourcePath = join(directory, 'fuse-native.c');
  if (!existsSync(sourcePath)) return published('the package is not installed');
  const source = readFileSync(sourcePath, 'utf8');
  if (source.split(WRONG).length !== 2) return published('its source is not the one that this patch knows');
  const missing = ['make', 'g++', 'python3'].filter((program) => find(program) === undefined);
  if (missing.length > 0) return published(`${missing.join(' and ')} would be needed to build it`);
  const nodeGyp = findNodeGyp();
  if (nodeGyp === undefined) return published('npm brings no node-gyp here');
  const headers = findHeaders();
  if (headers === undefined) return published('the header files of this Node are not installed');

  const workshop = mkdtempSync(join(modules, '.fuse-native-'));
  try {
    for (const file of ['binding.gyp', 'package.json', 'semaphore.h'])
      cpSync(join(directory, file), join(workshop, file));
    writeFileSync(join(workshop, 'fuse-native.c'), source.replace(WRONG, RIGHT));
    const failure = build(nodeGyp, headers, workshop);
    if (failure !== undefined) return published(`building it failed: ${failure}`);
    install(join(workshop, 'build/Release'), dirname(binary));
    return { done: true, line: 'fuse-native: built with the utimens patch' };
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

/** @param {string} reason */
function published(reason) {
  return {
    done: false,
    line: `fuse-native: not patched (${reason}); utimens takes the access time for the modification time`,
  };
}

/** @param {string} binary */
function isMarked(binary) {
  const mark = `${binary}.utimens-exact`;
  return existsSync(binary) && existsSync(mark) && readFileSync(mark, 'latin1').trim() === digest(binary);
}

/** @param {string} nodeGyp @param {string} headers @param {string} workshop */
function build(nodeGyp, headers, workshop) {
  const parameters = [nodeGyp, 'rebuild', '--loglevel=error', `--nodedir=${headers}`];
  const env = { ...process.env, CFLAGS: '-w', MAKEFLAGS: '-s' };
  const run = spawnSync(process.execPath, parameters, {
    cwd: workshop,
    encoding: 'utf8',
    timeout: BUILD_BOUND_MS,
    env,
  });
  if (run.error !== undefined) return run.error.message;
  if (run.status === 0 && existsSync(join(workshop, 'build/Release/fuse.node'))) return undefined;
  return `${run.stderr}\n${run.stdout}`.trim().split('\n').slice(-3).join(' / ');
}

/** The library goes first and the mark last: whoever comes between finds a binary that works. @param {string} from @param {string} to */
function install(from, to) {
  mkdirSync(to, { recursive: true });
  for (const file of ['libfuse.so', 'fuse.node']) renameSync(join(from, file), join(to, file));
  const binary = join(to, 'fuse.node');
  writeFileSync(`${binary}.utimens-exact`, `${digest(binary)}\n`);
}

function findNodeGyp() {
  const npm = find('npm');
  const folders = [join(dirname(dirname(process.execPath)), 'lib/node_modules/npm')];
  if (npm !== undefined) folders.push(dirname(dirname(npm)));
  return folders
    .map((folder) => join(folder, 'node_modules/node-gyp/bin/node-gyp.js'))
    .find((path) => existsSync(path));
}

/** The folder that holds `include/node`: Node's own, or what node-gyp once fetched. Nothing is downloaded. */
function findHeaders() {
  const folders = [
    process.env.npm_config_nodedir ?? '',
    dirname(dirname(process.execPath)),
    join(homedir(), '.cache/node-gyp', process.versions.node),
  ];
  return folders.find((folder) => folder !== '' && existsSync(join(folder, 'include/node/node_api.h')));
}

/** @param {string} program */
function find(program) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, program);
    if (existsSync(path)) return realpathSync(path);
  }
  return undefined;
}

/** @param {string} path */
function digest(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { line } = patchFuseNative(join(dirname(fileURLToPath(import.meta.url)), '../..'));
  if (line !== undefined) console.log(line);
}
