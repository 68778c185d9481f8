/**
 * Puts what forked processes run into few files: `node bin/dev/bundle.mjs`, after tsc. A process of two hundred modules starts in half
 * of the time. Beside `dist/`, as `dist/bundled/`, with the same paths; forked.ts takes it while it is of the newest build, and
 * everything works without it.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const built = join(root, 'dist');
const bundled = join(built, 'bundled');
/** Where comedy's part of a forked process finds the rest; chunks lie there too, so that paths between modules stay true. */
const home = 'runtime/comedy';
/** Plain code. All other packages bring files of their own along, or are small. */
const inlined = ['xstate'];

async function loadEsbuild() {
  try {
    return await import('esbuild');
  } catch {
    return undefined;
  }
}

function entryPoints() {
  const { actors } = JSON.parse(readFileSync(join(root, 'actors.json'), 'utf8'));
  const modules = Object.values(actors).flatMap(({ mode, module, ports }) =>
    mode === 'forked' ? [module, ports] : [],
  );
  const paths = new Set([`${home}/forked-child.ts`, ...modules.filter((path) => path !== undefined)]);
  return [...paths].map((path) => join(built, path.replace(/\.ts$/, '.js')));
}

async function bundle({ build }) {
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  await build({
    entryPoints: entryPoints(),
    outbase: built,
    outdir: bundled,
    chunkNames: `${home}/[name]-[hash]`,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: true,
    external: Object.keys(dependencies).filter((name) => !inlined.includes(name)),
    logLevel: 'warning',
  });
  mkdirSync(join(bundled, home), { recursive: true });
  copyFileSync(join(built, home, 'boot.cjs'), join(bundled, home, 'boot.cjs'));
  // Names the build that this was made of: tsc's record holds a digest of every source.
  const record = readFileSync(join(built, '.tsbuildinfo'));
  writeFileSync(join(bundled, 'build'), createHash('sha256').update(record).digest('hex'));
}

rmSync(bundled, { recursive: true, force: true });
const esbuild = await loadEsbuild();
if (esbuild !== undefined) await bundle(esbuild);
