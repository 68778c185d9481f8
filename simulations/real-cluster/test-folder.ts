/** Folders of tests that start nodes: short names, since sockets lie below them. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountsBelow } from './leftovers.ts';
import { RealNode, type RealNodeOptions } from './real-node.ts';

export interface TestFolder {
  readonly path: string;
  /** A node below the folder, by its name; not started. */
  node(name: string, options?: Partial<RealNodeOptions>): RealNode;
}

/** Runs `body` with a folder of its own; nodes made there are destroyed afterwards, however it went. */
export async function withFolder(body: (folder: TestFolder) => Promise<void>): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'pva-'));
  const nodes: RealNode[] = [];
  const node = (name: string, options: Partial<RealNodeOptions> = {}) => {
    const root = join(path, options.root ?? name);
    mkdirSync(root, { recursive: true });
    const made = new RealNode({ name, ...options, root });
    nodes.push(made);
    return made;
  };
  try {
    await body({ path, node });
  } finally {
    for (const made of nodes) await made.destroy();
    // Never into a file system that is still mounted.
    if ((await mountsBelow(path)).length === 0) rmSync(path, { recursive: true, force: true });
  }
}
