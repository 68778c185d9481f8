/** Temporary copies of the product, with or without patches: what a mutant runs in. No switch in the product is needed for one. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { type Patch, patched } from './mutant.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** What a simulation imports. */
const FOLDERS = ['machines', 'actors', 'runtime', 'simulations'];
const FILES = ['package.json', 'tsconfig.json'];
const TRIAL = 'simulations/mutants/trial-worker.ts';

/** Copies the sources and applies the patches; a problem where one doesn't fit. The caller removes the build. */
export function makeBuild(patches: readonly Patch[]): { readonly path: string } | { readonly problem: string } {
  const path = mkdtempSync(join(tmpdir(), 'pve-actors-mutant-'));
  try {
    for (const folder of FOLDERS) {
      cpSync(join(ROOT, folder), join(path, folder), {
        recursive: true,
        filter: (source) => !source.endsWith('.test.ts'),
      });
    }
    for (const file of FILES) cpSync(join(ROOT, file), join(path, file));
    symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'));
    const problem = applyPatches(path, patches);
    if (problem === undefined) return { path };
    removeBuild(path);
    return { problem };
  } catch (error) {
    removeBuild(path);
    throw error;
  }
}

/**
 * All that a trial runs, with the patches, as one file: a process of it starts in a fraction of the time that a copy of the sources
 * needs. The caller removes `path`.
 */
export async function bundleTrial(
  patches: readonly Patch[],
): Promise<{ readonly path: string; readonly file: string } | { readonly problem: string }> {
  const path = mkdtempSync(join(tmpdir(), 'pve-actors-mutant-'));
  try {
    const file = join(path, 'trial.mjs');
    const problems = new Set<string>(patches.map((patch) => `${patch.file} takes no part in a simulation`));
    await build({
      entryPoints: [join(ROOT, TRIAL)],
      outfile: file,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'silent',
      plugins: [patching(patches, problems)],
    });
    symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'));
    const [problem] = problems;
    if (problem === undefined) return { path, file };
    removeBuild(path);
    return { problem };
  } catch (error) {
    removeBuild(path);
    throw error;
  }
}

/** Replaces what is patched while it is read; `problems` keeps those of the files that weren't read, and gets what doesn't fit. */
function patching(patches: readonly Patch[], problems: Set<string>): Plugin {
  const files = new Set(patches.map(({ file }) => file));
  return {
    name: 'mutant',
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const name = relative(ROOT, path);
        if (!files.has(name)) return undefined;
        problems.delete(`${name} takes no part in a simulation`);
        let contents = readFileSync(path, 'utf8');
        for (const patch of patches) {
          if (patch.file !== name) continue;
          const result = patched(contents, patch);
          if ('problem' in result) problems.add(result.problem);
          else contents = result.text;
        }
        return { contents, loader: 'ts' };
      });
    },
  };
}

export function removeBuild(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

function applyPatches(path: string, patches: readonly Patch[]): string | undefined {
  for (const patch of patches) {
    const file = join(path, patch.file);
    const result = patched(readFileSync(file, 'utf8'), patch);
    if ('problem' in result) return result.problem;
    writeFileSync(file, result.text);
  }
  return undefined;
}
