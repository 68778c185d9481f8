/** Leader choice (spec/pmxcfs.md §5.4). */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { elect } from './leader.ts';

function index(version: number, mtime: number, tail = 0): Buffer {
  const blob = Buffer.alloc(72, tail);
  blob.writeBigUInt64LE(BigInt(version), 0);
  blob.writeBigUInt64LE(0n, 8);
  blob.writeUInt32LE(mtime, 20);
  blob.writeUInt32LE(1, 24);
  blob.writeUInt32LE(72, 28);
  return blob;
}

const states = (...blobs: Buffer[]) =>
  blobs.map((state, at) => ({ member: { nodeid: at + 1, pid: 100 }, state, note: 0 }));

function leaderOf(...blobs: Buffer[]): number {
  const election = elect(states(...blobs));
  assert.not('failure' in election);
  return (election as Exclude<typeof election, { failure: string }>).leader.member.nodeid;
}

test('highest version, then highest mtime, then the first member', () => {
  assert.is(leaderOf(index(4, 9), index(5, 1), index(5, 1)), 2);
  assert.is(leaderOf(index(5, 1), index(5, 2), index(4, 9)), 2);
  assert.is(leaderOf(index(5, 1), index(5, 1)), 1);
});

test('synced are the leader first, then those with the same blob, in member order', () => {
  const election = elect(states(index(1, 1), index(5, 1), index(4, 1), index(5, 1), index(5, 1, 3)));
  assert.not('failure' in election);
  if ('failure' in election) return;
  assert.equal(
    election.synced.map(({ nodeid }) => nodeid),
    [2, 4],
  );
  assert.equal(
    election.behind.map(({ member }) => member.nodeid),
    [1, 3, 5],
  );
});

test('a blob that is no index is refused with its log text', () => {
  const short = elect(states(index(1, 1), Buffer.alloc(31)));
  assert.equal(short, { failure: 'received short memdb index (len < sizeof(memdb_index_t))' });
  const long = elect(states(index(1, 1), Buffer.concat([index(1, 1), Buffer.alloc(1)])));
  assert.equal(long, { failure: 'received mailformed memdb index (len != idx->bytes)' });
});

test('the leader is maximal, and the first among the maximal', () => {
  const candidate = fc.record({ version: fc.integer({ min: 1, max: 3 }), mtime: fc.integer({ min: 0, max: 2 }) });
  fc.assert(
    fc.property(fc.array(candidate, { minLength: 1, maxLength: 6 }), (candidates) => {
      const at = leaderOf(...candidates.map(({ version, mtime }) => index(version, mtime))) - 1;
      const rank = ({ version, mtime }: { version: number; mtime: number }) => version * 10 + mtime;
      const best = Math.max(...candidates.map(rank));
      assert.is(
        at,
        candidates.findIndex((each) => rank(each) === best),
      );
    }),
  );
});

test.run();
