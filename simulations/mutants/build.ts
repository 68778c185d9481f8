/** Temporary copies of the product, with or without patches: what a mutant runs in. No switch in the product is needed for one. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Patch, patched } from './mutant.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** What a simulation imports. */
const FOLDERS = ['machines', 'actors', 'runtime', 'simulations'];
const FILES = ['package.json', 'tsconfig.json'];

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
