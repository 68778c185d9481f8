/** Random operations on a replicated tree for property tests: few names, so that they meet. */
import * as fc from 'fast-check';

interface Stamp {
  readonly writer: number;
  readonly time: number;
  readonly monotonic_s: number;
}

/** What the tests need of `machines/pmxcfs/tree/memdb.ts`, which runtime/ may not import. */
export interface OperableTree {
  create(path: string, stamp: Stamp): number;
  mkdir(path: string, stamp: Stamp): number;
  remove(path: string, stamp: Stamp): number;
  rename(from: string, to: string, stamp: Stamp): number;
  setMtime(path: string, mtime: number, stamp: Stamp): number;
  write(path: string, data: Buffer, offset: number, truncate: boolean, stamp: Stamp): number;
}

export type Operation =
  | { readonly kind: 'create' | 'mkdir' | 'remove'; readonly path: string; readonly stamp: Stamp }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string; readonly stamp: Stamp }
  | { readonly kind: 'mtime'; readonly path: string; readonly mtime: number; readonly stamp: Stamp }
  | {
      readonly kind: 'write';
      readonly path: string;
      readonly bytes: Uint8Array;
      readonly offset: number;
      readonly truncate: boolean;
      readonly stamp: Stamp;
    };

const guestPath = fc
  .tuple(fc.constantFrom('n1', 'n2'), fc.constantFrom('lxc', 'qemu-server'), fc.constantFrom('', '/7.conf', '/8.conf'))
  .map(([node, directory, file]) => `nodes/${node}/${directory}${file}`);

const plainPath = fc
  .array(fc.constantFrom('a', 'b', 'c', 'nodes', 'n1', '..'), { maxLength: 3 })
  .map((names) => names.join('/'));

const lockPath = fc.constantFrom('priv', 'priv/lock', 'priv/lock/x', 'priv/lock/y', 'priv/lock/x/z');

const path = fc.oneof(guestPath, plainPath, lockPath, fc.constantFrom('nodes', 'nodes/n1', 'nodes/n2'));

const stamp = fc.record({
  writer: fc.integer({ min: 0, max: 3 }),
  time: fc.integer({ min: 0, max: 50 }),
  monotonic_s: fc.integer({ min: 0, max: 500 }),
});

/** Creations are likelier than removals, so that trees grow. */
export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('mkdir' as const, 'create' as const), path, stamp }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), path, stamp }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rename' as const), path, to: path, stamp }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('mtime' as const), path, mtime: fc.nat({ max: 50 }), stamp }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      path,
      bytes: fc.uint8Array({ maxLength: 8 }),
      offset: fc.nat({ max: 9 }),
      truncate: fc.boolean(),
      stamp,
    }),
  },
);

/** Applies an operation and gives its result. */
export function apply(tree: OperableTree, operation: Operation): number {
  const { path, stamp } = operation;
  switch (operation.kind) {
    case 'create':
      return tree.create(path, stamp);
    case 'mkdir':
      return tree.mkdir(path, stamp);
    case 'remove':
      return tree.remove(path, stamp);
    case 'rename':
      return tree.rename(path, operation.to, stamp);
    case 'mtime':
      return tree.setMtime(path, operation.mtime, stamp);
    case 'write':
      return tree.write(path, Buffer.from(operation.bytes), operation.offset, operation.truncate, stamp);
  }
}

/** What a Store does with row changes. */
export function storeChanges<Row extends { readonly inode: number }>(
  rows: Map<number, Row>,
  changes: readonly (
    | { readonly kind: 'replace'; readonly row: Row }
    | { readonly kind: 'delete'; readonly inode: number }
  )[],
): void {
  for (const change of changes) {
    if (change.kind === 'delete') rows.delete(change.inode);
    else rows.set(change.row.inode, change.row);
  }
}

/** Directories that give guests and locks a place. */
export function prepare(tree: OperableTree): void {
  const guests = ['nodes', 'nodes/n1', 'nodes/n1/lxc', 'nodes/n1/qemu-server', 'nodes/n2', 'nodes/n2/lxc'];
  for (const path of [...guests, 'priv', 'priv/lock']) tree.mkdir(path, { writer: 1, time: 1, monotonic_s: 1 });
}
