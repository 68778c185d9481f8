import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Memdb } from './memdb.ts';
import { decodeIndex, inodesToDelete, inodesToUpdate, type TreeIndex } from './tree-index.ts';

function indexOf(blob: Buffer): TreeIndex {
  const index = decodeIndex(blob);
  assert.not('failure' in index);
  return index as TreeIndex;
}

/** An index as any peer could send it: inodes with a digest that is one repeated byte. */
function craft(entries: ReadonlyMap<number, number>): TreeIndex {
  const blob = Buffer.alloc(32 + 40 * entries.size);
  blob.writeUInt32LE(entries.size, 24);
  blob.writeUInt32LE(blob.length, 28);
  [...entries].forEach(([inode, digest], at) => {
    blob.writeUInt32LE(inode, 32 + 40 * at);
    blob.fill(digest, 40 + 40 * at, 72 + 40 * at);
  });
  return indexOf(blob);
}

test('short and malformed blobs are refused with the texts of §5.4', () => {
  const short = { failure: 'received short memdb index (len < sizeof(memdb_index_t))' };
  const malformed = { failure: 'received mailformed memdb index (len != idx->bytes)' };
  const blob = new Memdb({ mode: 'solo' }).encodeIndex();
  assert.equal(decodeIndex(blob.subarray(0, 31)), short);
  assert.equal(decodeIndex(blob.subarray(0, 71)), malformed);
  assert.equal(decodeIndex(Buffer.concat([blob, Buffer.alloc(1)])), malformed);
  const wrongSize = Buffer.from(blob);
  wrongSize.writeUInt32LE(2, 24);
  assert.equal(decodeIndex(wrongSize), malformed);
});

test('an index tells version, writer, mtime, last inode and number of entries', () => {
  const tree = new Memdb({ mode: 'solo' });
  tree.mkdir('d', { writer: 3, time: 77, monotonic_s: 0 });
  const { version, lastInode, writer, mtime, size } = indexOf(tree.encodeIndex());
  assert.equal([version, lastInode, writer, mtime, size], [2, 2, 3, 77, 2]);
});

const content = fc
  .dictionary(fc.integer({ min: 0, max: 30 }).map(String), fc.integer({ min: 0, max: 2 }))
  .map((entries) => new Map(Object.entries(entries).map(([inode, digest]) => [Number(inode), digest])));

test('Q17: what to send is what the other lacks or holds otherwise, also when its index ends early', () => {
  fc.assert(
    fc.property(content, content, (leader, other) => {
      const expected = [...leader.keys()].filter((inode) => leader.get(inode) !== other.get(inode));
      assert.equal(inodesToUpdate(craft(leader), craft(other)), expected);
      const absent = [...other.keys()].filter((inode) => !leader.has(inode));
      assert.equal(inodesToDelete(craft(other), craft(leader)), absent);
    }),
  );
});

test.run();
