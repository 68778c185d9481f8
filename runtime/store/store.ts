/**
 * The Store port: the rows of `config.db` (spec/pmxcfs.md §3). `sqlite.ts` is the real adapter (better-sqlite3, WAL,
 * synchronous=NORMAL, the original's schema); `memory.ts` the simulated one, which can lose or refuse commits.
 */
import type { RowChange, TreeRow } from '../formats/tree-row.ts';

export type StoreRow = TreeRow;
export type StoreChange = RowChange;

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
