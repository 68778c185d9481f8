/** Which rows the next transaction writes (spec/pmxcfs.md §3.3, §3.4): every entry at most once, the version row last. */
import type { TreeNode } from './tree-entry.ts';
import { type RowChange, rowOf } from './tree-load.ts';

export class PendingRows {
  readonly #changed = new Set<number>();
  readonly #deleted = new Set<number>();
  #versionChanged = false;

  noteVersion(): void {
    this.#versionChanged = true;
  }

  noteChanged(inode: number): void {
    this.#changed.add(inode);
  }

  noteDeleted(inode: number): void {
    this.#deleted.add(inode);
  }

  /** The rows as the entries are now; what has left the tree meanwhile is not written. Nothing is forgotten. */
  changes(nodes: ReadonlyMap<number, TreeNode>, root: TreeNode): readonly RowChange[] {
    if (!this.#versionChanged) return [];
    const changes: RowChange[] = [];
    for (const inode of this.#deleted) changes.push({ kind: 'delete', inode });
    for (const inode of this.#changed) {
      const node = nodes.get(inode);
      if (node !== undefined) changes.push({ kind: 'replace', row: rowOf(node) });
    }
    changes.push({ kind: 'replace', row: rowOf(root) });
    return changes;
  }

  clear(): void {
    this.#changed.clear();
    this.#deleted.clear();
    this.#versionChanged = false;
  }
}
