import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Repository root: this file lies two folders below it. */
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Path of a file or folder of the corpora beside the checkout (`../shared/conformance/…`), or undefined where they are missing. */
export function sharedPath(...parts: readonly string[]): string | undefined {
  const path = join(root, '..', 'shared', 'conformance', ...parts);
  return existsSync(path) ? path : undefined;
}

/**
 * Reports a skip with its reason in the form that the test runner counts (`SKIP <name>: <reason>` on a line of its own).
 * A skipped check must call this and return.
 */
export function reportSkip(name: string, reason: string): void {
  console.log(`SKIP ${name}: ${reason}`);
}

/** Runs `body` with the corpus path, or reports a skip where the corpora are missing. */
export function skipWithout(parts: readonly string[], name: string, body: (path: string) => void): () => void {
  return () => {
    const path = sharedPath(...parts);
    if (path === undefined) {
      reportSkip(name, `../shared/conformance/${parts.join('/')} is not there`);
      return;
    }
    body(path);
  };
}
