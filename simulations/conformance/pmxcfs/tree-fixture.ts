/** Trees and byte strings as the corpus pmxcfs writes them down. */
import { Memdb, type TreeRow } from '../../../machines/pmxcfs/tree/memdb.ts';
import type { EntryType } from '../../../machines/pmxcfs/tree/tree-entry.ts';

/** An entry of `memdb-index.json` and `messages.json`. */
export interface EntryFields {
  readonly inode: number;
  readonly parent: number;
  readonly version: number;
  readonly writer: number;
  readonly mtime: number;
  readonly type: EntryType;
  readonly name: string;
  readonly data_hex: string;
}

/** Text of a JSON file as the bytes that its author meant, one character per byte. */
export function byteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** An opened tree of these entries, the root among them or none at all; the failure text when it cannot be opened. */
export function openedTree(entries: readonly EntryFields[]): Memdb | string {
  const tree = new Memdb({ mode: 'upstream' });
  const opened = tree.open(entries.map(rowOf), { wall_s: 0, monotonic_s: 0 });
  return 'failure' in opened ? opened.failure : tree;
}

function rowOf({ data_hex, name, ...entry }: EntryFields): TreeRow {
  if (entry.inode === 0) return { ...entry, name: '__version__', data: null };
  return { ...entry, name: byteString(name), data: data_hex === '' ? null : Buffer.from(data_hex, 'hex') };
}
