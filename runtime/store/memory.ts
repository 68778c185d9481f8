/**
 * The simulated adapter of the Store port: a disk that outlives the processes that open it. It can refuse commits and
 * reads, be slow, lose the last commits when the power goes, as SQLite in WAL mode with synchronous=NORMAL does
 * (spec/pmxcfs.md §3.2), or all since it began to lie about having synced; and its rows can rot. A torn transaction is a
 * lost one: SQLite finds it by its checksum.
 */
import { changesProblem } from './row-check.ts';
import type { Store, StoreChange, StoreFailure, StoreRow } from './store.ts';

type Rows = Map<number, StoreRow>;

/** A checkpoint makes commits safe at the latest after so many. */
const CHECKPOINT_COMMITS = 256;

const CLOSED: StoreFailure = { code: 'SQLITE_MISUSE', message: 'the database is closed' };

const REASONS: Readonly<Record<string, string>> = {
  SQLITE_FULL: 'database or disk is full',
  SQLITE_IOERR: 'disk I/O error',
};

export class MemoryDisk {
  /** What a power loss leaves at least. */
  #synced: Rows = new Map();
  #rows: Rows = new Map();
  #unsynced: (readonly StoreChange[])[] = [];
  #refusal: { readonly code: string; count: number } | undefined;
  #readFailure: StoreFailure | undefined;
  /** What claims to be synced isn't. */
  isLying = false;
  /** Time that a commit takes, for whoever simulates the process that waits for it. */
  commit_ms = 0;
  /** The handle that may write; an older one died with its process. */
  #owner: object | undefined;
  readonly #syncsAlways: boolean;
  /** Copies made by `backup`, by path. */
  readonly backups = new Map<string, readonly StoreRow[]>();

  constructor(options: { readonly synchronous?: 'normal' | 'full'; readonly rows?: readonly StoreRow[] } = {}) {
    this.#syncsAlways = options.synchronous === 'full';
    for (const row of options.rows ?? []) this.#rows.set(row.inode, row);
    this.sync();
  }

  /** Commits that a crash may lose now. */
  get unsyncedCommits(): number {
    return this.#unsynced.length;
  }

  /** All rows by ascending inode, for checkers. */
  get rows(): readonly StoreRow[] {
    return [...this.#rows.values()].sort((a, b) => a.inode - b.inode);
  }

  /** The next `count` commits and probes fail with `code` (e.g. `SQLITE_FULL`). */
  failNextCommits(code: string, count: number): void {
    this.#refusal = { code, count };
  }

  /** From now on `load` fails with `code`; undefined: it works again. */
  failReads(code: string | undefined): void {
    this.#readFailure = code === undefined ? undefined : { code, message: REASONS[code] ?? code };
  }

  /** True while `load` fails. */
  get isUnreadable(): boolean {
    return this.#readFailure !== undefined;
  }

  /** All faults are over; what is lost stays lost. */
  repair(): void {
    this.#refusal = undefined;
    this.#readFailure = undefined;
    this.isLying = false;
    this.commit_ms = 0;
  }

  /** Replaces a row behind the back of everybody; false where there is none with that inode. */
  rot(inode: number, change: (row: StoreRow) => StoreRow): boolean {
    const row = this.#rows.get(inode);
    if (row === undefined) return false;
    this.#rows.set(inode, change(row));
    this.sync();
    return true;
  }

  /** Power loss: of the commits not yet safe, the first `keepCommits` survive; whoever has the disk open loses it. */
  crash(keepCommits: number): void {
    this.#owner = undefined;
    this.#rows = new Map(this.#synced);
    for (const changes of this.#unsynced.slice(0, keepCommits)) apply(this.#rows, changes);
    this.isLying = false;
    this.sync();
  }

  /** Makes every commit safe, as a checkpoint does, unless the disk lies. */
  sync(): void {
    if (this.isLying) return;
    this.#synced = new Map(this.#rows);
    this.#unsynced = [];
  }

  open(): Store {
    const owner = {};
    this.#owner = owner;
    const isOpen = () => this.#owner === owner;
    return {
      isNew: this.#rows.size === 0,
      load: () => this.#load(isOpen()),
      commit: (changes) => (isOpen() ? this.#commit(changes) : CLOSED),
      probe: () => isOpen() && this.#takeRefusal() === undefined,
      backup: (path) => (isOpen() ? this.#backup(path) : CLOSED),
      close: () => {
        if (isOpen()) this.#owner = undefined;
      },
    };
  }

  #load(isOpen: boolean): ReturnType<Store['load']> {
    const failure = isOpen ? this.#readFailure : CLOSED;
    return failure === undefined ? { rows: this.rows } : { failure };
  }

  #commit(changes: readonly StoreChange[]): StoreFailure | undefined {
    const failure = changesProblem(changes) ?? this.#takeRefusal();
    if (failure !== undefined) return failure;
    apply(this.#rows, changes);
    this.#unsynced.push(changes);
    if (this.#syncsAlways || this.#unsynced.length >= CHECKPOINT_COMMITS) this.sync();
    return undefined;
  }

  #takeRefusal(): StoreFailure | undefined {
    const refusal = this.#refusal;
    if (refusal === undefined || refusal.count === 0) return undefined;
    refusal.count -= 1;
    return { code: refusal.code, message: REASONS[refusal.code] ?? refusal.code };
  }

  #backup(path: string): StoreFailure | undefined {
    if (this.backups.has(path)) return { code: 'EEXIST', message: `${path} exists already` };
    this.backups.set(path, this.rows);
    return undefined;
  }
}

function apply(rows: Rows, changes: readonly StoreChange[]): void {
  for (const change of changes) {
    if (change.kind === 'delete') rows.delete(change.inode);
    else rows.set(change.row.inode, change.row);
  }
}
