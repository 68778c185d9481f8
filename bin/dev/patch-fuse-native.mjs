/**
 * Builds the native half of fuse-native with two changes: one line corrected, since the published one passes the access
 * time of utimens as its modification time too (spec/pmxcfs.md §13.2.11), and `runtime/file-system/request-pipe.c` added,
 * by which the kernel's requests are answered without libfuse's threads.
 *
 *   node bin/dev/patch-fuse-native.mjs
 *
 * The source is copied, patched and built beside the package, and only the finished binary moves into its
 * `build/Release`, where it wins over the published one; a process that uses the old binary keeps it. The digests of the
 * binary and of its source are left beside it, so that a second run has nothing to do. Without a compiler the published
 * binary is used, slower and less exact: exit code 0, one line.
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
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What is replaced, by what; each is found once. */
const CHANGES = [
  ['FUSE_UINT64_TO_INTS_ARGV(l->atime, 5)', 'FUSE_UINT64_TO_INTS_ARGV(l->mtime, 5)'],
  ['NAPI_INIT() {', '#include "request-pipe.c"\n\nNAPI_INIT() {'],
  ['NAPI_EXPORT_SIZEOF(fuse_thread_t)', 'NAPI_EXPORT_SIZEOF(fuse_thread_t)\n  FUSE_REQUEST_PIPE_EXPORTS'],
];
const ADDITION = 'runtime/file-system/request-pipe.c';
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
  if (process.platform !== 'linux') return published('it is used on Linux only');
  const sourcePath = join(directory, 'fuse-native.c');
  if (!existsSync(sourcePath)) return published('the package is not installed');
  const original = readFileSync(sourcePath, 'utf8');
  if (CHANGES.some(([from]) => original.split(from).length !== 2)) {
    return published('its source is not the one that this patch knows');
  }
  const source = CHANGES.reduce((text, [from, to]) => text.replace(from, to), original);
  const addition = readFileSync(join(root, ADDITION), 'utf8');
  const origin = digest(source + addition);
  if (isBuiltFrom(origin, binary)) return { done: true, line: undefined };
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
    writeFileSync(join(workshop, 'fuse-native.c'), source);
    writeFileSync(join(workshop, basename(ADDITION)), addition);
    const failure = build(nodeGyp, headers, workshop);
    if (failure !== undefined) return published(`building it failed: ${failure}`);
    install(join(workshop, 'build/Release'), dirname(binary), origin);
    return { done: true, line: 'fuse-native: built with the patches of this project' };
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

/** @param {string} reason */
function published(reason) {
  return {
    done: false,
    line: `fuse-native: not patched (${reason}); the mount is slower, and utimens takes the access time for the modification time`,
  };
}

/** @param {string} origin digest of the source @param {string} binary */
function isBuiltFrom(origin, binary) {
  const mark = `${binary}.built-from`;
  if (!existsSync(binary) || !existsSync(mark)) return false;
  return readFileSync(mark, 'latin1') === markOf(origin, binary);
}

/** @param {string} origin digest of the source @param {string} binary */
function markOf(origin, binary) {
  return `${digest(readFileSync(binary))} ${origin}\n`;
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

/** The library goes first and the mark last: whoever comes between finds a binary that works. @param {string} from @param {string} to @param {string} origin digest of the source */
function install(from, to, origin) {
  mkdirSync(to, { recursive: true });
  for (const file of ['libfuse.so', 'fuse.node']) renameSync(join(from, file), join(to, file));
  const binary = join(to, 'fuse.node');
  writeFileSync(`${binary}.built-from`, markOf(origin, binary));
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

/** @param {string | Buffer} content */
function digest(content) {
  return createHash('sha256').update(content).digest('hex');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { line } = patchFuseNative(join(dirname(fileURLToPath(import.meta.url)), '../..'));
  if (line !== undefined) console.log(line);
}
