/**
 * The memory tree: the replicated file tree of `/etc/pve` with its versions, digests, guest list, change counters and
 * lock table (spec/pmxcfs.md §1.6, §2, §3.4-3.6, §5.6). A plain core: given the same starting tree and the same
 * ordered operations, every node computes the same tree, the same inodes and the same checksums.
 *
 *  I1 a successful change raises the root's version by one; a failed one changes nothing that is replicated ([Q5] in
 *     mode `upstream` excepted).
 *  I2 inodes are unique and never reused: a new inode is the new version.
 *  I3 `data` that was handed out is never changed in place.
 *  I4 in mode `solo` the guest list equals the one rebuilt from the tree (§10.1 I8).
 *  I5 an operation costs O(depth of its path) and O(bytes of the file it changes), never O(number of files).
 *
 * Changes return 0 or a byte count, or a negative errno. Paths are byte strings, with or without leading slashes.
 */
import type { Buffer } from 'node:buffer';
import { RunningSha256 } from '../../../runtime/formats/running-sha256.ts';
import { LockTable } from '../lock/lock-table.ts';
import { ChangeCounters } from './change-counters.ts';
import { duplicateVmids, GuestList } from './guest-list.ts';
import { components, type GuestConfig, guestConfigOf, isBadName, isLockDirectory, isLockPath } from './path-class.ts';
import { PendingRows } from './pending-rows.ts';
import { ACCESS_DENIED, EXISTS, INVALID, IO_ERROR, NO_ENTRY, NOT_A_DIRECTORY, NOT_EMPTY, TOO_BIG } from './refusal.ts';
import { failureOf, planTransfer, type TransferPlan, type TreeFailure, type TreeLog } from './transfer.ts';
import * as entries from './tree-entry.ts';
import { encodeIndex } from './tree-index.ts';
import { type LoadedTree, loadTree, newRoot, type RowChange, rowOf, type TreeRow } from './tree-load.ts';
import { guestConfigsIn, locksIn, pathIn } from './tree-scan.ts';

export type { RowChange, TransferPlan, TreeFailure, TreeLog, TreeRow };
export type TreeEntry = entries.TreeEntry;
type TreeNode = entries.TreeNode;

/** §13.1.7: `upstream` gives the original's replicated results; `solo` has the corrections Q3, Q5 and Q24. */
export type TreeMode = 'upstream' | 'solo';

/** Who made a change and when. */
export interface Stamp {
  /** Node id of the sender; 0 in local mode. */
  readonly writer: number;
  /** Message time: the sender's wall clock, u32 seconds. */
  readonly time: number;
  /** This node's monotonic clock in seconds; for lock ages only. */
  readonly monotonic_s: number;
}

/** Where an operation works: the parent exists and is a directory, the name is a good one. */
interface Place {
  readonly parts: readonly string[];
  readonly path: string;
  readonly name: string;
  readonly parent: TreeNode & { readonly children: Map<string, TreeNode> };
  readonly existing: TreeNode | undefined;
  readonly guest: GuestConfig | undefined;
}

export class Memdb {
  readonly guests = new GuestList();
  readonly counters = new ChangeCounters();
  readonly locks = new LockTable();
  /** §3.6: while set, every change gives -EIO. Set by a failed commit too (the caller's duty); cleared by `open`. */
  errorFlag = false;

  readonly #mode: TreeMode;
  #root: TreeNode = newRoot();
  #nodes = new Map<number, TreeNode>();
  #totalBytes = 0;
  readonly #pending = new PendingRows();
  /** Inodes that [Q5] removed from memory but not from the database. */
  readonly #orphaned = new Set<number>();

  /** An empty tree: version 1, root mtime 0, writer 0. */
  constructor(options: { readonly mode: TreeMode }) {
    this.#mode = options.mode;
    this.#root.stamp(1, 0, 0);
    this.#nodes.set(entries.ROOT_INODE, this.#root);
  }

  // --- opening ---------------------------------------------------------------------------------------------------

  /**
   * Replaces the tree by the rows of a database (§3.5), rebuilds guests and locks, counts every observed file, and
   * clears the error flag. `changes`: the version row that a new database gets, with mtime now; the root keeps mtime 0
   * in memory [Q7]. A failure changes nothing; its logs are in order.
   */
  open(
    rows: Iterable<TreeRow>,
    now: { readonly wall_s: number; readonly monotonic_s: number },
  ): { readonly changes: readonly RowChange[] } | TreeFailure {
    const loaded = loadTree(rows);
    if ('failure' in loaded) return failureOf('database', loaded.failure, 'DB load failed');
    const duplicates = duplicateVmids(guestConfigsIn(loaded.root) ?? []);
    if (duplicates.length > 0) {
      return { failure: `detected duplicate VMID ${duplicates[0]}`, logs: duplicates.map(duplicateLog) };
    }

    const isNew = loaded.root.version === 0;
    if (isNew) loaded.root.stamp(1, 0, 0);
    this.#install(loaded, now.monotonic_s);
    this.errorFlag = false;
    const versionRow: TreeRow = { ...rowOf(this.#root), mtime: now.wall_s };
    return { changes: isNew ? [{ kind: 'replace', row: versionRow }] : [] };
  }

  #install(loaded: LoadedTree, monotonic_s: number): void {
    this.#root = loaded.root;
    this.#nodes = loaded.nodes;
    this.#totalBytes = 0;
    for (const node of loaded.nodes.values()) this.#totalBytes += node.size;
    this.#pending.clear();
    this.#orphaned.clear();
    this.guests.rebuild(guestConfigsIn(loaded.root));
    this.locks.rebuild(locksIn(loaded.root), monotonic_s);
    this.counters.countAll();
  }

  // --- reading ---------------------------------------------------------------------------------------------------

  get root(): TreeEntry {
    return this.#root;
  }

  /** The root counts as one. */
  get entryCount(): number {
    return this.#nodes.size;
  }

  /** Sum of all sizes. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  lookup(path: string): TreeEntry | undefined {
    return this.#find(components(path));
  }

  entryByInode(inode: number): TreeEntry | undefined {
    return this.#nodes.get(inode);
  }

  /** Children of a directory, order unspecified; nothing for a file. */
  list(directory: TreeEntry): Iterable<TreeEntry> {
    return this.#nodes.get(directory.inode)?.children?.values() ?? [];
  }

  /** All entries, the root included, by ascending inode. */
  entries(): Iterable<TreeEntry> {
    return this.#ordered();
  }

  /** Path without leading slash; empty for the root. */
  pathOf(entry: TreeEntry): string {
    return pathIn(this.#nodes, entry);
  }

  #find(parts: readonly string[]): TreeNode | undefined {
    let node: TreeNode | undefined = this.#root;
    for (const part of parts) {
      node = node.children?.get(part);
      if (node === undefined) return undefined;
    }
    return node;
  }

  #ordered(): readonly TreeNode[] {
    const all = [...this.#nodes.values()];
    // Inodes grow with the version, so that the map is in order unless a damaged database lost its version row.
    const isOrdered = all.every((node, at) => at === 0 || (all[at - 1]?.inode ?? 0) < node.inode);
    return isOrdered ? all : all.sort((a, b) => a.inode - b.inode);
  }

  /**
   * True when `create` would make a file here now. Guest configurations are left out: two creations that are under way may want
   * one VMID.
   */
  wouldCreate(path: string): boolean {
    const place = this.#placeForFile(path, 0);
    return typeof place !== 'number' && place.existing === undefined && place.guest === undefined;
  }

  // --- digests and transfer --------------------------------------------------------------------------------------

  /** The index blob (§2.5). Only digests of entries changed since the last call are computed. */
  encodeIndex(): Buffer {
    return encodeIndex(this.#ordered());
  }

  /** The tree checksum over all entries and bytes (§2.4); 32 bytes. */
  checksum(): Buffer {
    const hash = new RunningSha256();
    for (const node of this.#ordered()) {
      hash.update(entries.entryHeader(node));
      hash.update(node.data);
    }
    return hash.digest();
  }

  /** Names this incarnation of a lock (§2.4, §2.6); 32 bytes. */
  lockChecksum(entry: TreeEntry): Buffer {
    return entries.lockChecksum(entry);
  }

  /**
   * What a commit of a state transfer would do (§5.6); nothing is changed. `ownIndex` is the index that this node sent
   * in the round. The caller commits `changes` in one transaction, then calls `adopt`. On any failure it writes the
   * logs, sets the error flag and leaves.
   */
  planTransfer(
    ownIndex: Buffer,
    leaderIndex: Buffer,
    updates: readonly Omit<TreeEntry, 'size'>[],
  ): TransferPlan | TreeFailure {
    const pending = this.#pending.changes(this.#nodes, this.#root);
    return planTransfer({ nodes: this.#nodes, orphaned: this.#orphaned, pending, ownIndex, leaderIndex, updates });
  }

  /**
   * Installs a planned tree after its changes were committed. Rebuilds guests and locks, counts every observed file.
   * Duplicate VMIDs: the tree is installed, the error flag is set, and the failure's logs are to be written.
   */
  adopt(plan: TransferPlan, monotonic_s: number): TreeFailure | undefined {
    this.#install(plan.tree, monotonic_s);
    const duplicates = duplicateVmids(guestConfigsIn(this.#root) ?? []);
    if (duplicates.length === 0) return undefined;
    this.errorFlag = true;
    const failure = 'memdb_recreate_vmlist failed';
    return {
      failure,
      logs: [...duplicates.map(duplicateLog), { domain: 'database', level: 'crit', message: failure }],
    };
  }

  /** Row changes since the last call, for one transaction; the version row comes last. */
  takeChanges(): readonly RowChange[] {
    const changes = this.#pending.changes(this.#nodes, this.#root);
    this.#pending.clear();
    return changes;
  }

  // --- changes ---------------------------------------------------------------------------------------------------

  /** Creates an empty file. */
  create(path: string, stamp: Stamp): number {
    const place = this.#placeForFile(path, 0);
    if (typeof place === 'number') return place;
    if (place.existing !== undefined) return place.existing.type === entries.DIRECTORY ? NOT_A_DIRECTORY : EXISTS;
    const node = this.#insert(place, entries.FILE, stamp);
    if (node === undefined) return IO_ERROR;
    if (place.guest !== undefined) this.guests.register(place.guest);
    this.counters.count(place.path);
    return 0;
  }

  /** Lays `data` over a file; with `truncate` the file ends where the data ends. Returns the bytes written. */
  write(path: string, data: Buffer, offset: number, truncate: boolean, stamp: Stamp): number {
    const end = offset + data.length;
    const place = this.#placeForFile(path, end);
    if (typeof place === 'number') return place;
    const node = place.existing;
    if (node?.type === entries.DIRECTORY) return NOT_A_DIRECTORY;
    if (node === undefined) return NO_ENTRY;

    const size = end > node.size || truncate ? end : node.size;
    this.#totalBytes += size - node.size;
    const growsFromNothing = node.data.length === 0 && data.length === 0 && size > 0;
    if (growsFromNothing && this.#mode === 'upstream') node.setHollowSize(size);
    else node.overlay(data, offset, size);
    this.#change(node, stamp.writer, stamp.time);
    if (place.guest !== undefined) this.guests.register(place.guest);
    this.counters.count(place.path);
    return data.length;
  }

  mkdir(path: string, stamp: Stamp): number {
    const place = this.#placeOf(path);
    if (typeof place === 'number') return place;
    if (place.existing !== undefined) return EXISTS;
    const node = this.#insert(place, entries.DIRECTORY, stamp);
    if (node === undefined) return IO_ERROR;
    if (isLockDirectory(place.parts)) {
      this.locks.note(place.path, entries.lockChecksum(node), stamp.monotonic_s, node.writer);
    }
    return 0;
  }

  /** Removes a file or an empty directory. */
  remove(path: string, stamp: Stamp): number {
    if (this.errorFlag) return IO_ERROR;
    const parts = components(path);
    const node = this.#find(parts);
    if (node === undefined) return NO_ENTRY;
    if (node === this.#root) return ACCESS_DENIED;
    if (isFilled(node)) return NOT_EMPTY;
    this.#drop(node);
    this.#pending.noteDeleted(node.inode);
    this.#changeRoot(stamp.writer, stamp.time);
    this.#unlistRemoved(node, guestConfigOf(parts));
    const plain = parts.join('/');
    if (node.type === entries.DIRECTORY) this.locks.forget(plain);
    this.counters.count(plain);
    return 0;
  }

  /** Moves an entry; a target that exists is replaced. The checks and their order are those of §1.6. */
  rename(from: string, to: string, stamp: Stamp): number {
    if (this.errorFlag) return IO_ERROR;
    const source = components(from);
    const node = this.#find(source);
    if (node === undefined) return NO_ENTRY;
    if (node === this.#root) return ACCESS_DENIED;
    const isFile = node.type === entries.FILE;
    const target = components(to);
    const oldGuest = guestConfigOf(source);
    const newGuest = guestConfigOf(target);
    const takesVmid = isFile && newGuest !== undefined && oldGuest?.vmid !== newGuest.vmid;
    if (takesVmid && this.guests.conflicts(newGuest)) return EXISTS;
    if (!isFile && isLockPath(source.join('/'))) return ACCESS_DENIED;
    const replaced = this.#find(target);
    if (replaced !== undefined && isFilled(replaced)) return NOT_EMPTY;
    const place = this.#placeOf(to);
    if (typeof place === 'number') return place;

    this.counters.count(source.join('/'));
    this.counters.count(place.path);
    if (isFilled(node)) {
      if (replaced !== undefined && this.#mode === 'upstream') this.#orphan(replaced);
      return NOT_EMPTY;
    }
    // The kernel refuses to move a directory into itself; so do we, or the tree would lose it.
    if (place.parent === node) return INVALID;
    if (replaced !== undefined && replaced !== node) {
      this.#drop(replaced);
      this.#pending.noteDeleted(replaced.inode);
    }
    this.#move(node, place);
    this.#change(node, stamp.writer, stamp.time);
    if (!isFile) {
      if (replaced !== undefined && this.#mode === 'solo') this.#unlistRemoved(replaced, newGuest);
      return 0;
    }
    if (oldGuest !== undefined) this.guests.unregister(oldGuest.vmid);
    if (newGuest !== undefined) this.guests.register(newGuest);
    return 0;
  }

  /** Sets an entry's mtime, which becomes the root's too. Lock directories have the rules of §1.6 for renewals. */
  setMtime(path: string, mtime: number, stamp: Stamp): number {
    const place = this.#placeOf(path);
    if (typeof place === 'number') return place;
    const node = place.existing;
    if (node === undefined) return NO_ENTRY;
    const isLock = node.type === entries.DIRECTORY && isLockDirectory(place.parts);
    if (isLock && !this.locks.mayRenew(place.path, stamp.writer, mtime, node)) return ACCESS_DENIED;
    this.#change(node, stamp.writer, mtime);
    if (isLock) this.locks.renewed(place.path, entries.lockChecksum(node), stamp.monotonic_s, node.writer);
    this.counters.count(place.path);
    return 0;
  }

  /** The common checks of create and write, in the order of §1.6. */
  #placeForFile(path: string, end: number): Place | number {
    if (this.errorFlag) return IO_ERROR;
    if (end > entries.MAX_FILE_BYTES) return TOO_BIG;
    const place = this.#placeOf(path);
    if (typeof place === 'number') return place;
    if (place.guest !== undefined && this.guests.conflicts(place.guest)) return EXISTS;
    return place;
  }

  #placeOf(path: string): Place | number {
    if (this.errorFlag) return IO_ERROR;
    const parts = components(path);
    const parent = this.#find(parts.slice(0, -1));
    if (parent === undefined) return NO_ENTRY;
    if (!hasChildren(parent)) return NOT_A_DIRECTORY;
    const name = parts.at(-1) ?? '';
    if (isBadName(name)) return ACCESS_DENIED;
    const existing = parent.children.get(name);
    return { parts, path: parts.join('/'), name, parent, existing, guest: guestConfigOf(parts) };
  }

  #insert(place: Place, type: entries.EntryType, stamp: Stamp): TreeNode | undefined {
    const inode = this.#root.version + 1;
    if (this.#nodes.has(inode)) {
      // Only a database without its version row gets here: I2 would break.
      this.errorFlag = true;
      return undefined;
    }
    const fields = { inode, type, parent: place.parent.inode, name: place.name, data: entries.NO_BYTES };
    const node = new entries.TreeNode({ ...fields, version: inode, writer: stamp.writer, mtime: stamp.time });
    this.#nodes.set(inode, node);
    place.parent.children.set(place.name, node);
    this.#change(node, stamp.writer, stamp.time);
    return node;
  }

  #move(node: TreeNode, place: Place): void {
    this.#nodes.get(node.parent)?.children?.delete(node.name);
    node.parent = place.parent.inode;
    node.name = place.name;
    place.parent.children.set(place.name, node);
  }

  /** Takes an entry out of memory. */
  #drop(node: TreeNode): void {
    this.#nodes.get(node.parent)?.children?.delete(node.name);
    this.#nodes.delete(node.inode);
    this.#totalBytes -= node.size;
  }

  #orphan(node: TreeNode): void {
    this.#drop(node);
    this.#orphaned.add(node.inode);
  }

  /** The original forgets the VMID by the path alone [Q24]. */
  #unlistRemoved(node: TreeNode, guest: GuestConfig | undefined): void {
    if (guest === undefined) return;
    const isListed = node.type === entries.FILE && this.guests.lists(guest);
    if (isListed || this.#mode === 'upstream') this.guests.unregister(guest.vmid);
  }

  #change(node: TreeNode, writer: number, mtime: number): void {
    this.#changeRoot(writer, mtime);
    node.stamp(this.#root.version, writer, mtime);
    this.#pending.noteChanged(node.inode);
  }

  #changeRoot(writer: number, mtime: number): void {
    this.#root.stamp(this.#root.version + 1, writer, mtime);
    this.#pending.noteVersion();
  }
}

function isFilled(node: TreeNode): boolean {
  return node.children !== undefined && node.children.size > 0;
}

function hasChildren(node: TreeNode): node is Place['parent'] {
  return node.children !== undefined;
}

function duplicateLog(vmid: number): TreeLog {
  return { domain: 'status', level: 'crit', message: `detected duplicate VMID ${vmid}` };
}
