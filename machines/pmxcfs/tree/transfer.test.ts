/** State transfer between two trees (spec/pmxcfs.md §5.5, §5.6, §13.2.2). */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { apply, operation, prepare, storeChanges } from '../../../runtime/test-support/tree-operations.ts';
import { Memdb, type TransferPlan, type TreeFailure, type TreeMode, type TreeRow } from './memdb.ts';
import { decodeIndex, inodesToUpdate, type TreeIndex } from './tree-index.ts';

const operations = fc.array(operation, { maxLength: 40 });

function indexOf(tree: Memdb): TreeIndex {
  return decodeIndex(tree.encodeIndex()) as TreeIndex;
}

/** What the follower plans when the leader sends what it must. */
function planFrom(leader: Memdb, follower: Memdb): TransferPlan | TreeFailure {
  const inodes = inodesToUpdate(indexOf(leader), indexOf(follower));
  const updates = inodes.map((inode) => leader.entryByInode(inode)!);
  return follower.planTransfer(follower.encodeIndex(), leader.encodeIndex(), updates);
}

function planned(leader: Memdb, follower: Memdb): TransferPlan {
  const plan = planFrom(leader, follower);
  assert.not('failure' in plan, 'failure' in plan ? plan.failure : '');
  return plan as TransferPlan;
}

function stamp(time = 1) {
  return { writer: 1, time, monotonic_s: time };
}

/** Two trees with the same past. */
function twins(mode: TreeMode, past: (tree: Memdb) => void): readonly [Memdb, Memdb] {
  const trees = [new Memdb({ mode }), new Memdb({ mode })] as const;
  for (const tree of trees) past(tree);
  return trees;
}

function put(tree: Memdb, path: string, text: string): void {
  tree.create(path, stamp());
  assert.is(tree.write(path, Buffer.from(text), 0, true, stamp()), text.length);
}

test('any tree becomes the tree of any leader, in memory and in its rows; planning changes nothing (solo)', () => {
  fc.assert(
    fc.property(operations, operations, operations, (past, ours, theirs) => {
      const [follower, leader] = twins('solo', (tree) => {
        prepare(tree);
        for (const each of past) apply(tree, each);
      });
      const rows = new Map<number, TreeRow>();
      for (const each of ours) apply(follower, each);
      for (const each of theirs) apply(leader, each);
      storeChanges(rows, follower.takeChanges());
      const before = follower.encodeIndex();
      const plan = planned(leader, follower);
      assert.ok(follower.encodeIndex().equals(before));
      assert.equal(follower.takeChanges(), []);

      storeChanges(rows, plan.changes);
      assert.is(follower.adopt(plan, 5), undefined);
      assert.ok(follower.encodeIndex().equals(leader.encodeIndex()));
      assert.ok(follower.checksum().equals(leader.checksum()));
      assert.equal(placesOf(follower), placesOf(leader));
      const loaded = new Memdb({ mode: 'solo' });
      assert.not('failure' in loaded.open(rows.values(), { wall_s: 0, monotonic_s: 0 }));
      assert.ok(loaded.encodeIndex().equals(leader.encodeIndex()));
    }),
  );
});

test('changes that were not taken yet are part of the plan', () => {
  const [follower, leader] = twins('solo', (tree) => put(tree, 'shared', 'x'));
  put(leader, 'new', 'y');
  const rows = new Map<number, TreeRow>();
  const plan = planned(leader, follower);
  storeChanges(rows, plan.changes);
  follower.adopt(plan, 5);
  const loaded = new Memdb({ mode: 'solo' });
  loaded.open(rows.values(), { wall_s: 0, monotonic_s: 0 });
  assert.ok(loaded.encodeIndex().equals(leader.encodeIndex()));
  assert.equal(follower.takeChanges(), []);
});

test('adopting rebuilds guests and locks and counts every file; the version row has type 4 (§3.3, §5.6)', () => {
  const [follower, leader] = twins('solo', (tree) => {
    for (const path of ['priv', 'priv/lock', 'priv/lock/x', 'nodes', 'nodes/n1', 'nodes/n1/lxc'])
      tree.mkdir(path, stamp());
  });
  put(leader, 'nodes/n1/lxc/7.conf', 'x');
  const plan = planned(leader, follower);
  const versionRow = plan.changes.find(
    (change) => change.kind === 'replace' && change.row.type === 4 && change.row.inode === 0,
  );
  assert.ok(versionRow);
  follower.adopt(plan, 1000);
  assert.is(follower.guests.get(7)?.node, 'n1');
  assert.is(follower.locks.age_s('priv/lock/x', 1001), 1);
  assert.equal([...new Set([...follower.counters.entries()].map(([, count]) => count))], [1]);
});

test('an update that is missing is noticed: the index does not match', () => {
  const [follower, leader] = twins('solo', () => {});
  put(leader, 'a', 'x');
  const plan = follower.planTransfer(follower.encodeIndex(), leader.encodeIndex(), [leader.root]);
  const message = 'new index does not match master index - internal error';
  assert.equal(plan, { failure: message, logs: [{ domain: 'database', level: 'crit', message }] });
});

test('updates that make no tree are refused with the texts of §3.5', () => {
  const [follower, leader] = twins('solo', () => {});
  leader.mkdir('d', stamp());
  leader.mkdir('d/e', stamp());
  const updates = [leader.root, leader.lookup('d/e')!];
  const plan = follower.planTransfer(follower.encodeIndex(), leader.encodeIndex(), updates);
  assert.is('failure' in plan && plan.failure, 'missing directory inode (inode = 0000000000000002)');
});

test('malformed indexes are refused', () => {
  const tree = new Memdb({ mode: 'solo' });
  const plan = tree.planTransfer(tree.encodeIndex(), Buffer.alloc(40), []);
  assert.is('failure' in plan && plan.failure, 'received mailformed memdb index (len != idx->bytes)');
});

test('Q3 upstream: a follower cannot adopt a tree with a file grown from empty', () => {
  const [follower, leader] = twins('upstream', (tree) => tree.create('f', stamp()));
  leader.write('f', Buffer.alloc(0), 10, true, stamp());
  const plan = planFrom(leader, follower);
  assert.is('failure' in plan && plan.failure, 'new index does not match master index - internal error');
});

test('Q3 upstream: nor can it keep such a file of its own, whose size its database does not know', () => {
  const [follower, leader] = twins('upstream', (tree) => {
    tree.create('f', stamp());
    tree.write('f', Buffer.alloc(0), 10, true, stamp());
  });
  put(leader, 'a', 'x');
  const plan = planFrom(leader, follower);
  assert.is('failure' in plan && plan.failure, 'new index does not match master index - internal error');
});

test('Q5 upstream: the row that was left behind goes with the next transfer', () => {
  const [follower, leader] = twins('upstream', (tree) => {
    for (const path of ['full', 'full/x', 'target']) tree.mkdir(path, stamp());
  });
  const rows = new Map<number, TreeRow>();
  storeChanges(rows, follower.takeChanges());
  follower.rename('full', 'target', stamp());
  leader.rename('full', 'target', stamp());
  put(leader, 'a', 'x');
  storeChanges(rows, planned(leader, follower).changes);
  const loaded = new Memdb({ mode: 'upstream' });
  loaded.open(rows.values(), { wall_s: 0, monotonic_s: 0 });
  assert.ok(loaded.encodeIndex().equals(leader.encodeIndex()));
});

test('duplicate VMIDs in the adopted tree set the error flag (§5.6)', () => {
  const [follower, leader] = twins('upstream', (tree) => {
    for (const path of ['nodes', 'nodes/n1', 'nodes/n1/lxc', 'nodes/n2', 'nodes/n2/lxc']) tree.mkdir(path, stamp());
  });
  leader.create('nodes/n1/lxc/7.conf', stamp());
  leader.mkdir('nodes/n2/lxc/7.conf', stamp());
  leader.remove('nodes/n2/lxc/7.conf', stamp());
  leader.create('nodes/n2/lxc/7.conf', stamp());
  const failure = follower.adopt(planned(leader, follower), 5);
  assert.equal(
    failure?.logs.map(({ message }) => message),
    ['detected duplicate VMID 7', 'memdb_recreate_vmlist failed'],
  );
  assert.ok(follower.errorFlag);
  assert.ok(follower.lookup('nodes/n2/lxc/7.conf'));
});

test('nothing is lost by a node that was only behind, while others rewrote and added files', () => {
  const [follower, leader] = twins('solo', (tree) => {
    put(tree, 'shared', '1');
    put(tree, 'old', '1');
    put(tree, 'status', '1');
  });
  put(leader, 'status', '2');
  put(leader, 'more', '3');
  leader.rename('old', 'renamed', stamp());
  assert.equal(planned(leader, follower).lost, []);
});

test('changes of a fork are named: written, created, removed (§13.2.2)', () => {
  const [follower, leader] = twins('solo', (tree) => {
    for (const path of ['both', 'removed', 'untouched', 'newest']) put(tree, path, 'x');
  });
  put(follower, 'both', 'ours');
  put(follower, 'created', 'ours');
  follower.remove('removed', stamp());
  for (let at = 0; at < 9; at += 1) put(leader, 'both', `theirs ${at}`);
  assert.equal(planned(leader, follower).lost, ['both', 'created', 'removed']);
});

test('a creation that others never saw is named even without proof of a fork', () => {
  const [follower, leader] = twins('solo', (tree) => {
    put(tree, 'shared', 'x');
    put(tree, 'status', 'x');
  });
  put(follower, 'created', 'ours');
  for (let at = 0; at < 9; at += 1) put(leader, 'status', `${at}`);
  assert.equal(planned(leader, follower).lost, ['created']);
});

test('not named: locks, and what the leader has at the same path with the same bytes', () => {
  const follower = new Memdb({ mode: 'solo' });
  put(follower, 'corosync.conf', 'totem');
  for (const path of ['priv', 'priv/lock', 'priv/lock/x']) follower.mkdir(path, stamp());
  const leader = new Memdb({ mode: 'solo' });
  for (const path of ['nodes', 'priv', 'priv/lock', 'other', 'others']) leader.mkdir(path, stamp());
  put(leader, 'corosync.conf', 'totem');
  assert.equal(planned(leader, follower).lost, []);
});

test('a node that joins with a tree of its own loses all of it', () => {
  const follower = new Memdb({ mode: 'solo' });
  put(follower, 'mine', 'x');
  const leader = new Memdb({ mode: 'solo' });
  for (let at = 0; at < 5; at += 1) put(leader, 'theirs', `${at}`);
  assert.equal(planned(leader, follower).lost, ['mine']);
});

function placesOf(tree: Memdb): unknown {
  return [...tree.guests.entries()].map(([vmid, { node, type }]) => `${vmid} ${node} ${type}`).sort();
}

test.run();
