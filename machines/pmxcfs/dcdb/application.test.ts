/** dcdb (spec/pmxcfs.md §5, §9.4, §9.7): delivery, durability, unlock flow, transfer. */
import { Buffer } from 'node:buffer';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DfsmMember } from '../dfsm/members.ts';
import * as messages from '../messages/file-message.ts';
import { decodeUnlock, encodeUnlock } from '../messages/unlock-message.ts';
import { node, ONE, TWO } from './test-node.ts';

const { CREATE, DELETE, MKDIR, MTIME, RENAME, UNLOCK, UNLOCK_REQUEST, WRITE } = messages;

test('§5.3 step 4: each file operation changes the tree, stamped by sender and header time', () => {
  const { file, memdb } = node();
  assert.equal(file(MKDIR, { path: 'd' }, TWO), { result: 0 });
  assert.equal(file(CREATE, { path: 'd/f' }), { result: 0 });
  assert.equal(file(WRITE, { path: 'd/f', data: Buffer.from('hello') }), { result: 5 });
  assert.equal(file(WRITE, { path: 'd/f', offset: 2, flags: 1 }), { result: 0 });
  assert.is(memdb.lookup('d/f')!.data.toString(), 'he');
  assert.equal(file(RENAME, { path: 'd/f', to: 'd/g' }), { result: 0 });
  assert.equal(file(MTIME, { path: 'd/g', offset: 77 }, TWO), { result: 0 });
  const { writer, mtime } = memdb.lookup('d/g')!;
  assert.equal([writer, mtime], [2, 77]);
  assert.equal(file(DELETE, { path: 'd' }), { result: -39 });
  assert.equal(file(DELETE, { path: 'd/g' }), { result: 0 });
  const { version } = memdb.root;
  assert.is(version, 8);
});

test('§5.3 step 1: unknown subtypes fail the delivery, result -1', () => {
  for (const subtype of [0, 9]) {
    const { deliver, logs } = node();
    assert.equal(deliver(subtype, Buffer.alloc(0)), { result: -1, failure: 'leave' });
    assert.equal(logs, [`dcdb crit received unknown message type (msg_type == ${subtype})`]);
  }
});

test('§5.3 step 2, I3: nothing is applied without quorum (Q6)', () => {
  const { file, world, logs, memdb } = node();
  world.isQuorate = false;
  assert.equal(file(CREATE, { path: 'f' }), { result: -1, failure: 'leave' });
  assert.equal(logs, ['dcdb crit received write while not quorate - trigger resync']);
  assert.is(memdb.lookup('f'), undefined);
});

test('§5.2: not quorate, not sent', () => {
  const { application, world } = node();
  assert.is(application.permit(), 0);
  world.isQuorate = false;
  assert.is(application.permit(), -13);
});

test('§5.3: malformed payloads fail the delivery with their text', () => {
  const { deliver, logs } = node();
  assert.equal(deliver(WRITE, Buffer.alloc(19)), { result: -1, failure: 'leave' });
  assert.equal(deliver(UNLOCK, Buffer.alloc(32)), { result: -1, failure: 'leave' });
  assert.equal(logs, [
    'dcdb crit received short fuse message (19 < 20)',
    'dcdb crit received short unlock message (32 < 33)',
  ]);
});

test('§5.3 step 5: corosync.conf written, created, renamed to: host copy, notify on the sender only', () => {
  const { file, effects } = node();
  file(CREATE, { path: 'corosync.conf' });
  file(WRITE, { path: 'corosync.conf', data: Buffer.from('x') }, TWO);
  file(WRITE, { path: 'corosync.conf', offset: 2_000_000, data: Buffer.from('too far') });
  file(CREATE, { path: 'new' });
  file(RENAME, { path: 'new', to: 'corosync.conf' });
  file(RENAME, { path: 'corosync.conf', to: 'away' });
  file(CREATE, { path: 'not-corosync.conf' });
  assert.equal(effects, ['host config true', 'host config false', 'host config true']);
});

test('§5.3 step 6: the error flag after a change means error', () => {
  const { file, memdb } = node();
  memdb.errorFlag = true;
  assert.equal(file(CREATE, { path: 'f' }), { result: -5, failure: 'error' });
});

test('D4: one transaction per batch, none without changes; a refused one sets the error flag (Q19)', () => {
  const { application, file, commits, world, memdb, logs } = node();
  assert.is(application.batchEnd(), undefined);
  file(CREATE, { path: 'a' });
  file(CREATE, { path: 'b' });
  assert.is(application.batchEnd(), undefined);
  assert.is(application.batchEnd(), undefined);
  assert.equal(
    commits.map((changes) => changes.length),
    [3],
  );
  world.refusal = 'disk full';
  file(CREATE, { path: 'c' });
  assert.is(application.batchEnd(), 'storage');
  assert.ok(memdb.errorFlag);
  assert.equal(logs, ['database crit commit transaction failed: disk full']);
});

// --- locks (§5.7, §9.7) ------------------------------------------------------------------------------------------------

function locked(self: DfsmMember = ONE) {
  const made = node(self);
  for (const path of ['priv', 'priv/lock', 'priv/lock/L']) made.file(MKDIR, { path }, TWO);
  const checksum = () => made.memdb.lockChecksum(made.memdb.lookup('priv/lock/L')!);
  const ask = (of = checksum()) =>
    made.deliver(UNLOCK_REQUEST, encodeUnlock({ path: 'priv/lock/L', checksum: of }), TWO);
  return { ...made, checksum, ask };
}

test('UNLOCK_REQUEST: the lowest node sends UNLOCK when the lock is older than 120 s', () => {
  const { ask, world, posts, checksum } = locked();
  world.now_s += 120;
  assert.equal(ask(), { result: 0 });
  assert.equal(posts, []);
  world.now_s += 0.5;
  ask();
  assert.is(posts[0]!.subtype, UNLOCK);
  assert.equal(decodeUnlock(posts[0]!.payload), { path: 'priv/lock/L', checksum: checksum() });
});

test('UNLOCK_REQUEST: other nodes do nothing', () => {
  const { ask, world, posts } = locked(TWO);
  world.now_s += 1000;
  ask();
  assert.equal(posts, []);
});

test('UNLOCK_REQUEST: another checksum, another kind of path or no directory: nothing happens', () => {
  const { ask, world, posts, deliver, memdb, file } = locked();
  file(CREATE, { path: 'priv/lock/file' });
  world.now_s += 1000;
  ask(Buffer.alloc(32));
  const requestFor = (path: string) => {
    const checksum = memdb.lockChecksum(memdb.lookup(path)!);
    return deliver(UNLOCK_REQUEST, encodeUnlock({ path, checksum }));
  };
  assert.equal(requestFor('priv'), { result: 0 });
  assert.equal(requestFor('priv/lock/file'), { result: 0 });
  assert.equal(deliver(UNLOCK_REQUEST, encodeUnlock({ path: 'priv/lock/gone', checksum: Buffer.alloc(32) })), {
    result: 0,
  });
  assert.equal(posts, []);
});

test('UNLOCK_REQUEST: a table entry with another checksum is reset, with its line', () => {
  const { ask, world, posts, memdb, logs } = locked();
  memdb.locks.note('priv/lock/L', Buffer.alloc(32), world.now_s);
  world.now_s += 1000;
  ask();
  assert.equal([posts, logs], [[], ['main crit wrong lock csum - reset timeout']]);
  world.now_s += 121;
  ask();
  assert.is(posts.length, 1);
});

test('UNLOCK: removes the lock in that incarnation only', () => {
  const { deliver, memdb, checksum, file } = locked();
  const asked = checksum();
  file(MTIME, { path: 'priv/lock/L', offset: 1_700_000_500 }, TWO);
  assert.equal(deliver(UNLOCK, encodeUnlock({ path: 'priv/lock/L', checksum: asked })), { result: 0 });
  assert.ok(memdb.lookup('priv/lock/L') !== undefined, 'a renewal cancels the removal');
  assert.equal(deliver(UNLOCK, encodeUnlock({ path: 'priv/lock/L', checksum: checksum() })), { result: 0 });
  assert.is(memdb.lookup('priv/lock/L'), undefined);
});

test('held MTIME: only the holder renews, and never backwards', () => {
  const { file } = locked();
  assert.equal(file(MTIME, { path: 'priv/lock/L', offset: 0 }, TWO), { result: -13 });
  assert.equal(file(MTIME, { path: 'priv/lock/L', offset: 1_800_000_000 }, ONE), { result: -13 });
  assert.equal(file(MTIME, { path: 'priv/lock/L', offset: 1_800_000_000 }, TWO), { result: 0 });
});

// --- transfer (§5.4-5.6) -----------------------------------------------------------------------------------------------

/** Runs a round between a leader and a follower, up to the follower's commit. */
function round(leader: ReturnType<typeof node>, follower: ReturnType<typeof node>) {
  const states = [
    { member: ONE, state: leader.application.getState(), note: 0 },
    { member: TWO, state: follower.application.getState(), note: 0 },
  ];
  leader.application.processStates(states);
  follower.application.processStates(states);
  for (const update of leader.updates) assert.is(follower.application.processUpdate(update), undefined);
  return follower.application.commit();
}

test('a round: the follower gets the leader’s tree, and the host copy is synchronised without notice', () => {
  const leader = node(ONE);
  const follower = node(TWO);
  leader.file(CREATE, { path: 'a' });
  leader.file(WRITE, { path: 'a', data: Buffer.from('text') });
  assert.is(round(leader, follower), undefined);
  assert.ok(follower.memdb.encodeIndex().equals(leader.memdb.encodeIndex()));
  assert.equal(follower.effects, ['host config false']);
  assert.is(follower.commits.length, 1);
  assert.equal(leader.logs.slice(-2), ['dcdb notice start sending inode updates', 'dcdb notice sent all (2) updates']);
  assert.is(leader.effects.at(-1), 'complete');
});

test('updates are the leader’s entries as they were when the round ended, not as they are when sent', () => {
  const leader = node(ONE);
  leader.file(CREATE, { path: 'a' });
  const states = [
    { member: ONE, state: leader.application.getState(), note: 0 },
    { member: TWO, state: node(TWO).application.getState(), note: 0 },
  ];
  const late: (() => Buffer)[] = [];
  leader.application.attach({
    self: ONE,
    lowestNodeid: () => 1,
    post: () => {},
    sendUpdate: (payload) => late.push(payload),
    sendUpdateComplete: () => {},
    log: () => {},
  });
  leader.application.processStates(states);
  leader.file(WRITE, { path: 'a', data: Buffer.from('later') });
  const follower = node(TWO);
  follower.application.getState();
  follower.application.processStates(states);
  for (const payload of late) follower.application.processUpdate(payload());
  assert.is(follower.application.commit(), undefined);
  assert.is(follower.memdb.lookup('a')!.data.length, 0);
});

test('D5: changes that the leader lacks are named before they are given up', () => {
  const leader = node(ONE);
  const follower = node(TWO);
  for (const path of ['a', 'b']) leader.file(CREATE, { path });
  follower.file(CREATE, { path: 'mine' });
  follower.application.batchEnd();
  assert.is(round(leader, follower), undefined);
  assert.equal(follower.effects, ['keep mine', 'host config false']);
});

test('D3: a missing update fails the commit: error flag, leave, own tree stays', () => {
  const leader = node(ONE);
  const follower = node(TWO);
  leader.file(CREATE, { path: 'a' });
  leader.file(CREATE, { path: 'b' });
  const before = follower.memdb.encodeIndex();
  const updates = leader.updates;
  const states = [
    { member: ONE, state: leader.application.getState(), note: 0 },
    { member: TWO, state: follower.application.getState(), note: 0 },
  ];
  leader.application.processStates(states);
  follower.application.processStates(states);
  for (const update of updates.slice(1)) follower.application.processUpdate(update);
  assert.is(follower.application.commit(), 'leave');
  assert.ok(follower.memdb.errorFlag);
  assert.equal(follower.commits, []);
  assert.ok(follower.memdb.encodeIndex().equals(before));
  // The next round is complete: in mode solo the proven tree clears the flag.
  leader.updates.length = 0;
  follower.application.cleanup();
  assert.is(round(leader, follower), undefined);
  assert.not(follower.memdb.errorFlag);
});

test('D3: a store that refuses the transfer keeps the old tree', () => {
  const leader = node(ONE);
  const follower = node(TWO);
  leader.file(CREATE, { path: 'a' });
  follower.world.refusal = 'disk full';
  assert.is(round(leader, follower), 'storage');
  assert.is(follower.memdb.entryCount, 1);
});

test('a malformed update makes the node leave', () => {
  const { application, logs } = node();
  assert.is(application.processUpdate(Buffer.alloc(39)), 'leave');
  assert.equal(logs, ['dcdb crit received short message (msg_len < 40)']);
});

test.run();
