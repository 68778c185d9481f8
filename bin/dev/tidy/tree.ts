/** The files that tidy looks at: all that belong to the repository, tracked or not yet, but none that is ignored. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { codeFolders } from '../test-run/test-files.ts';
import type { DeclaredPackages } from './import-rules.ts';

const neverRead = new Set(['node_modules', '.git', 'dist', 'var', 'coverage']);

/** Paths relative to `root`, sorted. Without git, all files but those of generated folders. */
export function repositoryFiles(root: string): readonly string[] {
  return (gitFiles(root) ?? walk(root, root)).toSorted();
}

function gitFiles(root: string): string[] | undefined {
  try {
    const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
    const listing = execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return listing.split('\0').filter((path) => path !== '');
  } catch {
    return undefined;
  }
}

function walk(root: string, folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return neverRead.has(entry.name) ? [] : walk(root, path);
    return entry.isFile() ? [relative(root, path)] : [];
  });
}

/** The text of a file; undefined for a binary one, and for one that is listed but gone. */
export function readText(root: string, path: string): string | undefined {
  try {
    const bytes = readFileSync(join(root, path));
    return bytes.includes(0) ? undefined : bytes.toString('utf8');
  } catch {
    return undefined;
  }
}

export function isSource(path: string): boolean {
  return /\.[cm]?ts$/.test(path) && codeFolders.some((folder) => path.startsWith(`${folder}/`));
}

export function declaredPackages(root: string): DeclaredPackages {
  const manifest = JSON.parse(readText(root, 'package.json') ?? '{}') as Record<string, Record<string, string>>;
  return {
    dependencies: Object.keys(manifest.dependencies ?? {}),
    devDependencies: Object.keys(manifest.devDependencies ?? {}),
  };
}
