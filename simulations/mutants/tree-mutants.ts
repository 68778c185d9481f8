/** Mutants of the tree, its locks and guests, and its database (spec/pmxcfs.md §1.6, §2.6, §3, §5.8). */
import type { Mutant } from './mutant.ts';
import { BUSY, FORKS, seedsFrom } from './seeds.ts';

const MEMDB = 'machines/pmxcfs/tree/memdb.ts';
const LOCK_MACHINE = 'machines/pmxcfs/lock/machine.ts';
const CHURN = { ...BUSY, faults: ['crash', 'partition', 'ambush'] } as const;
const LOCKS = { ...BUSY, locks: true, guests: false, edits: false, faults: ['crash', 'partition'] } as const;
const GUESTS = { ...BUSY, guests: true } as const;

export const TREE_MUTANTS: readonly Mutant[] = [
  {
    name: 'lock-expires-after-12-s',
    breaks: 'A lock expires after 12 s instead of 120 s, while its holder is at work.',
    patches: [
      {
        file: LOCK_MACHINE,
        from: 'const LOCK_LIFETIME_S = 120;',
        to: 'const LOCK_LIFETIME_S = 12;',
      },
    ],
    checkers: ['I11, 10.4'],
    seeds: seedsFrom(),
    options: LOCKS,
  },
  {
    name: 'lock-renewed-by-another-node',
    breaks: 'A node renews a lock that another node holds.',
    patches: [
      {
        file: LOCK_MACHINE,
        from: "  { guard: 'isStranger', actions: gives('renewal refused') },\n",
        to: '',
      },
    ],
    checkers: ['lock renewal'],
    seeds: seedsFrom(),
    options: LOCKS,
  },
  {
    name: 'lock-taken-twice',
    breaks: 'mkdir of a lock that exists succeeds.',
    patches: [
      {
        file: MEMDB,
        from: '    if (place.existing !== undefined) return EXISTS;\n    const node = this.#insert(place, entries.DIRECTORY, stamp);',
        to: '    if (place.existing !== undefined && !isLockDirectory(place.parts)) return EXISTS;\n    const node = this.#insert(place, entries.DIRECTORY, stamp);',
      },
    ],
    checkers: ['I11, 10.4'],
    seeds: seedsFrom(),
    options: LOCKS,
  },
  {
    name: 'lock-table-not-rebuilt-after-transfer',
    breaks: 'The lock table keeps what it was when the tree is replaced.',
    patches: [
      {
        file: MEMDB,
        from: '    this.locks.rebuild(locksIn(loaded.root), monotonic_s);\n',
        to: '    if (this.locks.size === 0) this.locks.rebuild(locksIn(loaded.root), monotonic_s);\n',
      },
    ],
    checkers: ['lock table'],
    seeds: seedsFrom(),
    options: LOCKS,
  },
  {
    name: 'guest-created-twice',
    breaks: 'A guest configuration is created although another node has one of that VMID.',
    patches: [
      {
        file: MEMDB,
        from: '    if (place.guest !== undefined && this.guests.conflicts(place.guest)) return EXISTS;\n',
        to: '',
      },
    ],
    checkers: ['I7, I8', 'I7'],
    seeds: seedsFrom(),
    options: GUESTS,
  },
  {
    name: 'guest-renamed-to-a-taken-vmid',
    breaks: 'A file is renamed to a guest configuration although another node has one of that VMID.',
    patches: [{ file: MEMDB, from: '    if (takesVmid && this.guests.conflicts(newGuest)) return EXISTS;\n', to: '' }],
    checkers: ['I7, I8', 'I7'],
    seeds: seedsFrom(),
    options: GUESTS,
  },
  {
    name: 'moved-guest-not-listed',
    breaks: 'The guest list forgets a guest that moves to another node.',
    patches: [
      {
        file: MEMDB,
        from: '    if (newGuest !== undefined) this.guests.register(newGuest);\n',
        to: '',
      },
    ],
    checkers: ['I7, I8'],
    seeds: seedsFrom(),
    options: GUESTS,
  },
  {
    name: 'index-digest-of-the-version-alone',
    breaks: 'The digest of an entry in the index depends on its version only: not on writer, place and content.',
    patches: [
      {
        file: 'machines/pmxcfs/tree/tree-entry.ts',
        from: 'return sha256(entryHeader(entry).subarray(INODE_BYTES), entry.data);',
        to: 'return sha256(entryHeader(entry).subarray(INODE_BYTES, MATERIAL.writer), NO_BYTES);',
      },
    ],
    checkers: ['synced alike', 'C1, C2, C3, C5, C6'],
    seeds: seedsFrom(2),
    options: FORKS,
  },
  {
    name: 'batch-not-committed',
    breaks: 'The end of a batch writes nothing to the database.',
    patches: [
      {
        file: 'machines/pmxcfs/dcdb/application.ts',
        from: 'return changes.length === 0 ? undefined : this.store(changes);',
        to: 'return changes.length < 0 ? this.store(changes) : undefined;',
      },
    ],
    checkers: ['I9', 'I10, D1'],
    seeds: seedsFrom(),
    options: BUSY,
  },
  {
    name: 'version-row-not-written',
    breaks: 'A transaction lacks the row that holds the version of the tree.',
    patches: [
      {
        file: 'machines/pmxcfs/tree/pending-rows.ts',
        from: "    changes.push({ kind: 'replace', row: rowOf(root) });\n",
        to: '',
      },
    ],
    checkers: ['I5, I6', 'I9', 'I4', 'I10, D1'],
    seeds: seedsFrom(),
    options: BUSY,
  },
  {
    name: 'deleted-rows-not-written',
    breaks: 'A transaction lacks the entries that were removed.',
    patches: [
      {
        file: 'machines/pmxcfs/tree/pending-rows.ts',
        from: "    for (const inode of this.#deleted) changes.push({ kind: 'delete', inode });\n",
        to: '',
      },
    ],
    checkers: ['I9'],
    seeds: seedsFrom(),
    options: BUSY,
  },
  {
    name: 'tree-not-loaded-anew-after-a-full-disk',
    breaks: 'When the database accepts changes again, the tree keeps what it lacks.',
    patches: [
      {
        file: 'actors/pmxcfs/replica-dcdb.ts',
        from: '  if (!store.probe()) return false;\n',
        to: '  if (!store.probe()) return false;\n  memdb.errorFlag = false;\n  if (memdb.root.version > 0) return true;\n',
      },
    ],
    checkers: ['I9'],
    seeds: seedsFrom(2),
    options: { ...BUSY, faults: ['crash', 'disk-full'] },
  },
  {
    name: 'failed-commit-acknowledged',
    breaks: 'Requests whose batch could not be stored are answered as done.',
    patches: [{ file: 'machines/pmxcfs/dfsm/engine.ts', from: '      this.core.waiters.failSettled();\n', to: '' }],
    checkers: ['I10, D1'],
    seeds: seedsFrom(2),
    options: { ...BUSY, faults: ['crash', 'disk-full'] },
  },
  {
    name: 'older-host-configuration-written',
    breaks: 'The corosync.conf of the host is replaced by one with a lower version.',
    patches: [
      {
        file: 'actors/pmxcfs/host-config.ts',
        from: "    if (version < oldVersion) return crit('local corosync.conf is newer');\n",
        to: '',
      },
    ],
    checkers: ['I15'],
    seeds: seedsFrom(),
    options: { ...CHURN, edits: true },
  },
  {
    name: 'truncate-keeps-the-rest',
    breaks: 'A file that is truncated keeps its size.',
    patches: [
      {
        file: MEMDB,
        from: 'const size = end > node.size || truncate ? end : node.size;',
        to: 'const size = end > node.size ? end : node.size;',
      },
    ],
    checkers: ['sequential reads', 'durability (13.2.1)', 'linearizability'],
    seeds: seedsFrom(),
    options: BUSY,
  },
  {
    name: 'filled-directory-removed',
    breaks: 'A directory that is not empty is removed.',
    patches: [
      {
        file: MEMDB,
        from: '    if (isFilled(node)) return NOT_EMPTY;\n    this.#drop(node);',
        to: '    this.#drop(node);',
      },
    ],
    checkers: ['directories', 'I5, I6'],
    seeds: seedsFrom(),
    options: { ...BUSY, trees: true },
  },
  {
    name: 'entry-without-its-directory-accepted',
    breaks: 'A database is opened though an entry has no parent in it.',
    patches: [
      {
        file: 'machines/pmxcfs/tree/tree-load.ts',
        from: 'if (parent === undefined) return `missing',
        to: 'if (parent === undefined) continue;\n    if (parent.inode < 0) return `missing',
      },
      {
        file: 'machines/pmxcfs/tree/tree-load.ts',
        from: 'if (!reached.has(inode)) return',
        to: 'if (!reached.has(inode) && inode < 0) return',
      },
    ],
    checkers: ['boot', 'I5, I6'],
    seeds: seedsFrom(),
    options: { ...BUSY, profile: 'wild', faults: ['crash', 'bit-rot'] },
  },
];
