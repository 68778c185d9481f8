/** Which files are tests, and what their first lines ask of the runner. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The only folders that hold code (ARCHITECTURE.md). */
export const codeFolders = ['actors', 'bin', 'machines', 'runtime', 'simulations'] as const;

export interface TestFile {
  /** Relative to the root. */
  readonly path: string;
  readonly timeout_ms: number;
  /** Runs alone, after all others: it makes mounts or network namespaces, or measures. */
  readonly exclusive: boolean;
}

const defaultTimeout_ms = 120_000;
/** Lines at the top of a file in which `// test-exclusive` and `// test-timeout: SECONDS` count. */
const headLines = 10;

/** All test files under `root`, sorted by path. */
export function findTestFiles(root: string): readonly TestFile[] {
  const paths: string[] = [];
  for (const folder of codeFolders) collect(join(root, folder), paths);
  return paths.map((path) => readTestFile(root, relative(root, path))).sort((a, b) => (a.path < b.path ? -1 : 1));
}

function collect(folder: string, paths: string[]): void {
  let entries: { readonly name: string; isDirectory(): boolean }[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'node_modules') collect(path, paths);
    else if (entry.name.endsWith('.test.ts')) paths.push(path);
  }
}

function readTestFile(root: string, path: string): TestFile {
  const head = readFileSync(join(root, path), 'utf8').split('\n', headLines);
  const timeout = head.map((line) => /^\/\/ test-timeout: (\d+)\s*$/.exec(line)).find((match) => match !== null);
  return {
    path,
    timeout_ms: timeout ? Number(timeout[1]) * 1000 : defaultTimeout_ms,
    exclusive: head.some((line) => /^\/\/ test-exclusive\b/.test(line)),
  };
}

/** The files whose path holds one of `patterns` (all without patterns), and the patterns that none matches. */
export function selectFiles(
  files: readonly TestFile[],
  patterns: readonly string[],
): { readonly selected: readonly TestFile[]; readonly unmatched: readonly string[] } {
  if (patterns.length === 0) return { selected: files, unmatched: [] };
  return {
    selected: files.filter(({ path }) => patterns.some((pattern) => path.includes(pattern))),
    unmatched: patterns.filter((pattern) => !files.some(({ path }) => path.includes(pattern))),
  };
}
