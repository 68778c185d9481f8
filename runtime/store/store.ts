/**
 * The Store port: the rows of `config.db` (spec/pmxcfs.md §3). `sqlite.ts` is the real adapter (better-sqlite3, WAL,
 * synchronous=NORMAL, the original's schema); `memory.ts` the simulated one, which can lose or refuse commits.
 *
 * 64-bit numbers of the format (inode, version) are JavaScript numbers here; values beyond 2^53 - 1 are refused on load.
 * Names are byte strings: one JavaScript character (code 0..255) per byte (latin1), see spec/pmxcfs.md §13.1.5.
 */
export interface StoreRow {
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

/** One row change; the version row is inode 0 with name `__version__`. */
export type StoreChange =
  | { readonly kind: 'replace'; readonly row: StoreRow }
  | { readonly kind: 'delete'; readonly inode: number };

/** A refused or failed operation: a sentence for people and the library's code (e.g. SQLITE_FULL). */
export interface StoreFailure {
  readonly code: string;
  readonly message: string;
}

export interface Store {
  /** True when the database held no row when it was opened. */
  readonly isNew: boolean;
  /** All rows, in any order, the version row included. */
  load(): { readonly rows: readonly StoreRow[] } | { readonly failure: StoreFailure };
  /** Applies all changes in one transaction, or none. */
  commit(changes: readonly StoreChange[]): StoreFailure | undefined;
  /** True when a write would succeed now (probe after a full disk, §13.2.9). */
  probe(): boolean;
  /** Copies the database to `path` (kept losing side of a rejoin, §13.2.2). */
  backup(path: string): StoreFailure | undefined;
  close(): void;
}
