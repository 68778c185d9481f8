import type { Buffer } from 'node:buffer';

/**
 * A row of `config.db` (spec/pmxcfs.md §3.1); the version row is inode 0 with name `__version__`.
 *
 * 64-bit numbers of the format (inode, version) are JavaScript numbers here; values beyond 2^53 - 1 are refused on load.
 * Names are byte strings: one JavaScript character (code 0..255) per byte (latin1), see spec/pmxcfs.md §13.1.5.
 */
export interface TreeRow {
  readonly inode: number;
  readonly parent: number;
  readonly version: number;
  readonly writer: number;
  readonly mtime: number;
  /** 4 directory, 8 regular file. */
  readonly type: number;
  readonly name: string;
  /** null for directories and empty files. */
  readonly data: Buffer | null;
}

/** A change of one row. */
export type RowChange =
  | { readonly kind: 'replace'; readonly row: TreeRow }
  | { readonly kind: 'delete'; readonly inode: number };
