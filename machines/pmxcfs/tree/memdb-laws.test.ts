/** Laws of the tree under any sequence of operations (spec/pmxcfs.md §2.3, §10.1). */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  apply,
  type Operation,
  operation,
  prepare,
  storeChanges,
} from '../../../runtime/test-support/tree-operations.ts';
import { Memdb, type TreeMode, type TreeRow } from './memdb.ts';

const operations = fc.array(operation, { maxLength: 60 });

function prepared(mode: TreeMode): Memdb {
  const tree = new Memdb({ mode });
  prepare(tree);
  return tree;
}

function treeAfter(mode: TreeMode, sequence: readonly Operation[]): Memdb {
  const tree = prepared(mode);
  for (const each of sequence) apply(tree, each);
  return tree;
}

for (const mode of ['upstream', 'solo'] as const) {
  test(`the same operations give the same tree, whenever digests and rows are taken (${mode})`, () => {
    fc.assert(
      fc.property(operations, fc.nat({ max: 5 }), (sequence, pace) => {
        const plain = treeAfter(mode, sequence);
        const eager = prepared(mode);
        for (const [at, each] of sequence.entries()) {
          apply(eager, each);
          if (at % (pace + 1) === 0) eager.encodeIndex();
          if (at % (pace + 2) === 0) eager.takeChanges();
        }
        assert.ok(eager.encodeIndex().equals(plain.encodeIndex()));
        assert.ok(eager.checksum().equals(plain.checksum()));
        assert.equal([...eager.guests.entries()].sort(), [...plain.guests.entries()].sort());
      }),
    );
  });
}

test('I1 solo: a refused operation changes nothing, a successful one raises the version by one', () => {
  fc.assert(
    fc.property(operations, (sequence) => {
      const tree = prepared('solo');
      for (const each of sequence) {
        const { version } = tree.root;
        const before = tree.encodeIndex();
        const result = apply(tree, each);
        assert.is(tree.root.version, result < 0 ? version : version + 1);
        if (result < 0) assert.ok(tree.encodeIndex().equals(before));
      }
    }),
  );
});

test('I9 solo: rows applied batch by batch load into the same tree, guests and totals (§10.1)', () => {
  fc.assert(
    fc.property(operations, fc.integer({ min: 1, max: 9 }), (sequence, batch) => {
      const rows = new Map<number, TreeRow>();
      const tree = prepared('solo');
      for (const [at, each] of sequence.entries()) {
        apply(tree, each);
        if (at % batch === 0) storeChanges(rows, tree.takeChanges());
      }
      storeChanges(rows, tree.takeChanges());
      const loaded = new Memdb({ mode: 'solo' });
      const opened = loaded.open(rows.values(), { wall_s: 0, monotonic_s: 0 });
      assert.not('failure' in opened);
      assert.ok(loaded.encodeIndex().equals(tree.encodeIndex()));
      assert.equal([loaded.totalBytes, loaded.entryCount], [tree.totalBytes, tree.entryCount]);
    }),
  );
});

test('I4, I7 solo: the guest list is the one rebuilt from the tree, and no VMID occurs twice (§10.1 I7, I8)', () => {
  fc.assert(
    fc.property(operations, (sequence) => {
      const tree = treeAfter('solo', sequence);
      const rows = [...tree.entries()].map((entry) => ({
        ...entry,
        name: entry.inode === 0 ? '__version__' : entry.name,
        data: entry.data,
      }));
      const rebuilt = new Memdb({ mode: 'solo' });
      assert.not('failure' in rebuilt.open(rows, { wall_s: 0, monotonic_s: 0 }));
      assert.equal(placesOf(tree), placesOf(rebuilt));
    }),
  );
});

test('I2, I5, I6: inodes ascend, are not above their version, and every entry is found by its path (§10.1)', () => {
  fc.assert(
    fc.property(fc.constantFrom<TreeMode>('upstream', 'solo'), operations, (mode, sequence) => {
      const tree = treeAfter(mode, sequence);
      let previous = -1;
      for (const entry of tree.entries()) {
        assert.ok(entry.inode > previous);
        assert.ok(entry.inode <= entry.version && entry.version <= tree.root.version);
        assert.is(tree.lookup(tree.pathOf(entry)), tree.entryByInode(entry.inode));
        previous = entry.inode;
      }
    }),
  );
});

const edit = fc.record({
  bytes: fc.uint8Array({ maxLength: 40 }),
  offset: fc.nat({ max: 60 }),
  truncate: fc.boolean(),
});

test('I3: any writes give what a plain array gives, and held data stays as it was', () => {
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 30 }), (edits) => {
      const tree = new Memdb({ mode: 'solo' });
      const stamp = { writer: 1, time: 1, monotonic_s: 1 };
      tree.create('f', stamp);
      let model: number[] = [];
      const held: { data: Buffer; copy: string }[] = [];
      for (const { bytes, offset, truncate } of edits) {
        const end = offset + bytes.length;
        const size = end > model.length || truncate ? end : model.length;
        model = Array.from(
          { length: size },
          (_, at) => (at >= offset && at < end ? bytes[at - offset] : model[at]) ?? 0,
        );
        assert.is(tree.write('f', Buffer.from(bytes), offset, truncate, stamp), bytes.length);
        const data = tree.lookup('f')?.data ?? Buffer.alloc(0);
        assert.equal([...data], model);
        held.push({ data, copy: data.toString('latin1') });
      }
      for (const { data, copy } of held) assert.is(data.toString('latin1'), copy);
    }),
  );
});

function placesOf(tree: Memdb): unknown {
  return [...tree.guests.entries()].map(([vmid, { node, type }]) => `${vmid} ${node} ${type}`).sort();
}

test.run();
