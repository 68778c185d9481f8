/** One test or more per row of the table in spec/pmxcfs.md §9.3, in the table's order; title: mode and event. */
import { Buffer } from 'node:buffer';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NORMAL, STATE, SYNC_START, UPDATE, UPDATE_COMPLETE, VERIFY, VERIFY_REQUEST } from '../messages/header.ts';
import { encodeVerify, encodeVerifyRequest } from '../messages/verify.ts';
import { ONE, TestReplica, THREE, TWO } from './test-replica.ts';

const LEAVING = 'crit leaving CPG group';

/** A fresh replica per mode in which messages still count. */
const belowError = (): readonly TestReplica[] => [
  TestReplica.started(),
  TestReplica.inRound(),
  TestReplica.synced(),
  TestReplica.updating(),
];

function failed(): readonly TestReplica[] {
  const leaving = TestReplica.synced();
  leaving.application.delivery = () => ({ result: -1, failure: 'leave' });
  leaving.normal(ONE, 'x');
  const versionError = TestReplica.synced();
  versionError.receive(ONE, withProtocol(2));
  const error = TestReplica.synced();
  error.application.delivery = () => ({ result: -5, failure: 'error' });
  error.normal(ONE, 'x');
  const all = [leaving, versionError, error];
  assert.equal(
    all.map(({ mode }) => mode),
    ['leaving', 'versionError', 'error'],
  );
  for (const replica of all) replica.forget();
  return all;
}

function withProtocol(version: number): Buffer {
  const message = Buffer.alloc(24);
  message.writeUInt32LE(version, 4);
  return message;
}

test('closed OPEN: drops the message queue, aborts waiters, goes to start; counts run on', () => {
  const replica = TestReplica.inRound();
  replica.request('mine');
  replica.normal(TWO, 'mine', 1);
  assert.is(replica.dfsm.state().queuedMessages, 1);
  replica.dfsm.connectionLost();
  assert.equal(replica.results, [-16]);
  replica.forget();
  replica.dfsm.open();
  assert.equal(replica.logs, ['notice start cluster connection']);
  assert.is(replica.dfsm.state().queuedMessages, 0);
  replica.request('next');
  assert.is(Number(replica.sent[0]!.readBigUInt64LE(16)), 2);
});

test('start CONFCHG, not in list: ignored quietly', () => {
  const replica = TestReplica.started();
  replica.change([ONE, THREE]);
  assert.is(replica.mode, 'start');
  assert.equal([replica.logs, replica.effects], [[], []]);
  assert.not(replica.application.calls.some((call) => call.startsWith('configuration')));
});

test('startSync, synced, update CONFCHG, not in list: leaving', () => {
  for (const replica of [TestReplica.inRound(), TestReplica.synced(), TestReplica.updating()]) {
    replica.forget();
    replica.change([ONE, THREE], false);
    assert.is(replica.mode, 'leaving');
    const left = 'notice we (2/102) left the process group';
    assert.equal(replica.logs, ['notice members: 1/101, 3/103', left, LEAVING]);
    assert.equal(replica.effects, ['left'], 'who was put out need not leave');
  }
});

test('CONFCHG, alone: synced, queue drained, application told', () => {
  const starting = TestReplica.started();
  starting.change([TWO]);
  assert.equal(starting.logs, ['notice members: 2/102', 'notice all data is up to date']);
  assert.equal(
    starting.application.calls.filter((call) => call !== 'cleanup'),
    ['synced', 'configuration 2'],
  );

  for (const replica of [TestReplica.inRound(), TestReplica.updating()]) {
    replica.normal(TWO, 'mine', 1);
    replica.forget();
    replica.change([TWO], false);
    const drain = 'notice dfsm_deliver_queue: queue length 1';
    assert.equal(replica.logs, ['notice members: 2/102', 'notice all data is up to date', drain]);
    const calls = replica.application.calls.filter((call) => call !== 'cleanup');
    assert.equal(calls, ['synced', 'deliver mine own', 'configuration 2']);
  }
});

test('synced CONFCHG, alone: stays synced without a line and without the synced callback', () => {
  const replica = TestReplica.synced();
  replica.change([TWO], false);
  assert.equal(replica.logs, ['notice members: 2/102']);
  assert.equal(
    replica.application.calls.filter((call) => call !== 'cleanup'),
    ['configuration 2'],
  );
  assert.ok(replica.dfsm.state().members.every(({ isSynced }) => isSynced));
});

test('CONFCHG, alone: leaving if the drain failed, and nothing more is delivered (K5)', () => {
  const replica = TestReplica.inRound();
  replica.normal(TWO, 'bad', 1);
  replica.normal(TWO, 'never', 2);
  replica.application.delivery = () => ({ result: -1, failure: 'leave' });
  replica.forget();
  replica.change([TWO], false);
  assert.is(replica.mode, 'leaving');
  assert.equal(
    replica.application.calls.filter((call) => call.startsWith('deliver')),
    ['deliver bad own'],
  );
  assert.ok(replica.application.calls.includes('missed 2 1'));
  assert.equal(replica.effects, ['leave']);
});

test('CONFCHG, several: startSync; the lowest sends SYNC_START', () => {
  for (const [self, types] of [
    [ONE, [SYNC_START]],
    [TWO, []],
  ] as const) {
    const replica = TestReplica.started(self);
    replica.change([ONE, TWO]);
    assert.is(replica.mode, 'startSync');
    assert.equal(replica.logs, ['notice members: 1/101, 2/102', 'notice starting data syncronisation']);
    assert.equal(replica.sentTypes, types);
    assert.ok(replica.application.calls.includes('configuration 1,2'));
  }
});

test('CONFCHG, several, joined, queue: own messages resent unchanged, the queue dropped', () => {
  const replica = TestReplica.inRound();
  replica.request('mine');
  const mine = replica.sent.at(-1)!;
  replica.receive(TWO, mine);
  replica.normal(ONE, 'theirs', 5);
  replica.forget();
  replica.change([ONE, TWO, THREE], true);
  assert.equal(replica.logs, ['notice members: 1/101, 2/102, 3/103', 'notice queue not emtpy - resening 2 messages']);
  assert.equal(replica.sent, [mine]);
  assert.is(replica.dfsm.state().queuedMessages, 0);
});

test('CONFCHG, several, nobody joined: the queue is kept', () => {
  const replica = TestReplica.inRound();
  replica.normal(ONE, 'theirs', 5);
  replica.forget();
  replica.change([ONE, TWO], false);
  assert.equal(replica.sent, []);
  assert.is(replica.dfsm.state().queuedMessages, 1);
});

test('CONFCHG drops the sync queue: the next round brings what it held (§4.4 step 3, K4)', () => {
  const replica = TestReplica.updating();
  replica.normal(ONE, 'held', 1);
  assert.is(replica.dfsm.state().queuedSyncMessages, 1);
  replica.change([ONE, TWO], false);
  const { queuedSyncMessages, queuedMessages } = replica.dfsm.state();
  assert.equal([queuedSyncMessages, queuedMessages], [0, 0]);
});

test('CONFCHG, several: leaving on send failure', () => {
  const lowest = TestReplica.started(ONE);
  lowest.isSendingBroken = true;
  lowest.change([ONE, TWO]);
  assert.is(lowest.mode, 'leaving');
  assert.equal(lowest.logs.slice(-2), ['crit failed to send SYNC_START message', LEAVING]);

  const resending = TestReplica.inRound();
  resending.normal(TWO, 'mine', 1);
  resending.isSendingBroken = true;
  resending.change([ONE, TWO, THREE]);
  assert.is(resending.mode, 'leaving');
  assert.ok(resending.logs.includes('crit dfsm_resend_queue failed'));
});

test('startSync SYNC_START: adopts the epoch, sends STATE', () => {
  const replica = TestReplica.started();
  replica.change([ONE, TWO]);
  replica.forget();
  replica.syncStart(ONE, 0x1f);
  assert.equal(replica.logs, ['notice received sync request (epoch 1/101/0000001F)']);
  assert.equal(replica.sentTypes, [STATE]);
  assert.ok(replica.sent[0]!.subarray(16, 32).equals(replica.epoch));
  assert.is(replica.sent[0]!.subarray(32).toString(), 'state');
});

test('startSync SYNC_START of a second round: states of the first are dropped', () => {
  const replica = TestReplica.inRound();
  replica.stateMessage(ONE, STATE, 'old');
  const old = replica.epoch;
  replica.syncStart(ONE, 10);
  replica.stateMessage(TWO, STATE, 'late', old);
  replica.states();
  assert.is(replica.mode, 'synced', 'no duplicate, and the late one was dropped by its epoch');
});

test('startSync SYNC_START from a node that is not the lowest: logged, not ignored (Q9)', () => {
  const replica = TestReplica.started();
  replica.change([ONE, TWO, THREE]);
  replica.forget();
  replica.syncStart(THREE);
  assert.is(replica.logs[0], 'crit ignore sync request from wrong member 3/103');
  assert.equal(replica.sentTypes, [STATE]);
});

test('startSync SYNC_START: leaving without a state, or when it cannot be sent', () => {
  const stateless = TestReplica.started();
  stateless.change([ONE, TWO]);
  stateless.application.state = undefined;
  stateless.syncStart();
  assert.equal(stateless.logs.slice(-2), ['crit dfsm_get_state_fn failed', LEAVING]);

  const mute = TestReplica.started();
  mute.change([ONE, TWO]);
  mute.isSendingBroken = true;
  mute.syncStart();
  assert.is(mute.mode, 'leaving');
});

test('startSync STATE, not the last one: stored', () => {
  const replica = TestReplica.inRound();
  replica.stateMessage(ONE, STATE, 'a');
  replica.stateMessage(THREE, STATE, 'c');
  assert.is(replica.mode, 'startSync');
  assert.not(replica.logs.includes('notice received all states'));
});

test('startSync STATE, all present, self synced: synced, queue drained, round released', () => {
  const replica = TestReplica.inRound();
  replica.normal(THREE, 'x', 1);
  replica.forget();
  replica.states();
  assert.is(replica.mode, 'synced');
  const drain = 'notice dfsm_deliver_queue: queue length 1';
  assert.equal(replica.logs, ['notice received all states', 'notice all data is up to date', drain]);
  assert.equal(replica.application.calls, ['process 1,2,3', 'synced', 'deliver x', 'cleanup']);
});

test('startSync STATE, all present, self not synced: update, messages of synced members move to the sync queue', () => {
  const replica = TestReplica.inRound();
  replica.application.verdict = () => ({ synced: [ONE] });
  replica.normal(ONE, 'a', 4);
  replica.normal(THREE, 'c', 1);
  replica.forget();
  replica.states();
  assert.is(replica.mode, 'update');
  const moved = 'notice dfsm_deliver_queue: queue length 2';
  assert.equal(replica.logs, ['notice received all states', 'notice waiting for updates from leader', moved]);
  const { queuedMessages, queuedSyncMessages } = replica.dfsm.state();
  assert.equal([queuedMessages, queuedSyncMessages], [1, 1]);
});

test('startSync STATE, all present: leaving when the application cannot process them', () => {
  const replica = TestReplica.inRound();
  replica.application.verdict = () => ({ failure: 'leave' });
  replica.states();
  assert.is(replica.mode, 'leaving');
  assert.is(replica.application.calls.at(-1), 'cleanup', 'a LEAVE releases the round');
});

test('startSync STATE of a non-member, and a second one of a member: leaving', () => {
  const stranger = TestReplica.inRound();
  stranger.stateMessage({ nodeid: 9, pid: 1 }, STATE);
  assert.equal(stranger.logs.slice(-2), ['crit received state for non-member 9/1', LEAVING]);
  const twice = TestReplica.inRound();
  twice.stateMessage(ONE, STATE);
  twice.stateMessage(ONE, STATE);
  assert.equal(twice.logs.slice(-2), ['crit received duplicate state for member 1/101', LEAVING]);
});

test('startSync UPDATE, UPDATE_COMPLETE, unknown type: leaving', () => {
  for (const type of [UPDATE, UPDATE_COMPLETE, 7]) {
    const replica = TestReplica.inRound();
    replica.stateMessage(ONE, type, 'xyz');
    const line = `crit received unknown state message type (type = ${type}, 35 bytes)`;
    assert.equal(replica.logs.slice(-2), [line, LEAVING]);
  }
});

test('update UPDATE: handed to the application; leaving on failure', () => {
  const replica = TestReplica.updating();
  replica.stateMessage(ONE, UPDATE, 'inode');
  assert.equal([replica.mode, replica.application.calls], ['update', ['update inode']]);
  replica.application.updateFailure = 'leave';
  replica.stateMessage(ONE, UPDATE, 'bad');
  assert.is(replica.mode, 'leaving');
});

test('update UPDATE_COMPLETE: commit, all synced, sync queue before message queue', () => {
  const replica = TestReplica.updating();
  replica.normal(THREE, 'unsynced', 1);
  replica.normal(ONE, 'synced', 8);
  replica.forget();
  replica.stateMessage(ONE, UPDATE_COMPLETE);
  assert.is(replica.mode, 'synced');
  const queues = ['notice dfsm_deliver_sync_queue: queue length 1', 'notice dfsm_deliver_queue: queue length 1'];
  assert.equal(replica.logs, ['notice all data is up to date', ...queues]);
  assert.equal(replica.application.calls, ['commit', 'synced', 'deliver synced', 'deliver unsynced', 'cleanup']);
  assert.ok(replica.dfsm.state().members.every(({ isSynced }) => isSynced));
});

test('update UPDATE_COMPLETE: leaving if commit or a delivery fails; the store failing means error', () => {
  const uncommitted = TestReplica.updating();
  uncommitted.application.commitFailure = 'leave';
  uncommitted.stateMessage(ONE, UPDATE_COMPLETE);
  assert.is(uncommitted.mode, 'leaving');

  const undelivered = TestReplica.updating();
  undelivered.normal(ONE, 'first', 1);
  undelivered.normal(ONE, 'second', 2);
  undelivered.application.delivery = () => ({ result: -1, failure: 'leave' });
  undelivered.forget();
  undelivered.stateMessage(ONE, UPDATE_COMPLETE);
  assert.is(undelivered.mode, 'leaving');
  assert.equal(
    undelivered.application.calls.filter((call) => call.startsWith('deliver')),
    ['deliver first'],
  );

  const full = TestReplica.updating();
  full.application.commitFailure = 'storage';
  full.stateMessage(ONE, UPDATE_COMPLETE);
  assert.equal([full.mode, full.dfsm.isRecoverable], ['error', true]);
});

test('update SYNC_START, STATE, unknown type: leaving', () => {
  for (const type of [SYNC_START, STATE, 9]) {
    const replica = TestReplica.updating();
    replica.stateMessage(ONE, type);
    const line = `crit received unknown state message type (type = ${type}, 32 bytes)`;
    assert.equal(replica.logs.slice(-2), [line, LEAVING]);
  }
});

test('startSync, update VERIFY and VERIFY_REQUEST: ignored (Q10)', () => {
  for (const replica of [TestReplica.inRound(), TestReplica.updating()]) {
    const { mode } = replica;
    replica.forget();
    replica.stateMessage(ONE, VERIFY_REQUEST, encodeVerifyRequest(1));
    replica.stateMessage(ONE, VERIFY, encodeVerify(1, Buffer.alloc(32)));
    assert.equal([replica.mode, replica.logs, replica.sent], [mode, [], []]);
  }
});

test('synced UPDATE_COMPLETE: all members synced, what was kept is delivered', () => {
  const replica = TestReplica.inRound(ONE);
  replica.application.verdict = () => ({ synced: [ONE] });
  replica.normal(THREE, 'kept', 1);
  replica.states();
  assert.is(replica.dfsm.state().queuedMessages, 1);
  replica.forget();
  replica.stateMessage(ONE, UPDATE_COMPLETE);
  assert.equal(replica.logs, ['notice dfsm_deliver_queue: queue length 1']);
  assert.equal(replica.application.calls, ['deliver kept']);
  assert.ok(replica.dfsm.state().members.every(({ isSynced }) => isSynced));
});

test('synced VERIFY_REQUEST: computed and remembered; the requester answers', () => {
  for (const [self, sent] of [
    [ONE, [VERIFY]],
    [TWO, []],
  ] as const) {
    const replica = TestReplica.synced(self);
    replica.stateMessage(ONE, VERIFY_REQUEST, encodeVerifyRequest(1));
    assert.equal(replica.sentTypes, sent);
    replica.stateMessage(ONE, VERIFY, encodeVerify(1, Buffer.alloc(32, 7)));
    assert.equal(replica.logs, ['notice data verification successful']);
  }
});

test('synced VERIFY_REQUEST: leaving when malformed or without a checksum', () => {
  const long = TestReplica.synced();
  long.stateMessage(ONE, VERIFY_REQUEST, Buffer.alloc(9));
  const line = 'crit cpg received verify request with wrong length (9 bytes) form node 1/101';
  assert.equal(long.logs, [line, LEAVING]);
  const unable = TestReplica.synced();
  unable.application.checksumValue = undefined;
  unable.stateMessage(ONE, VERIFY_REQUEST, encodeVerifyRequest(1));
  assert.equal(unable.logs, ['crit unable to compute data checksum', LEAVING]);
});

test('synced VERIFY, match, different: leaving', () => {
  const replica = TestReplica.synced();
  replica.stateMessage(ONE, VERIFY_REQUEST, encodeVerifyRequest(3));
  replica.stateMessage(ONE, VERIFY, encodeVerify(3, Buffer.alloc(32, 1)));
  assert.equal(replica.logs, ['crit wrong checksum 0101010101010101 != 0707070707070707 - restarting', LEAVING]);
});

test('synced VERIFY without a match, or malformed', () => {
  const other = TestReplica.synced();
  other.stateMessage(ONE, VERIFY_REQUEST, encodeVerifyRequest(3));
  other.stateMessage(ONE, VERIFY, encodeVerify(4, Buffer.alloc(32, 7)));
  assert.equal(other.logs, ['notice skip verification - no checksum saved']);
  const short = TestReplica.synced();
  short.stateMessage(ONE, VERIFY, Buffer.alloc(39));
  assert.equal(short.logs, ['crit cpg received verify message with wrong length (39 bytes)', LEAVING]);
});

test('a configuration change forgets the saved checksum (§4.4 step 2)', () => {
  const replica = TestReplica.synced();
  replica.stateMessage(ONE, VERIFY_REQUEST, encodeVerifyRequest(3));
  replica.change([TWO], false);
  replica.forget();
  replica.stateMessage(ONE, VERIFY, encodeVerify(3, Buffer.alloc(32, 7)), replica.dfsm.state().epoch);
  assert.equal(replica.logs, ['notice skip verification - no checksum saved']);
});

test('synced, no checksum in this group: both verify messages are ignored', () => {
  const replica = TestReplica.synced();
  delete replica.application.checksum;
  replica.stateMessage(ONE, VERIFY_REQUEST, Buffer.alloc(3));
  replica.stateMessage(ONE, VERIFY, Buffer.alloc(3));
  assert.equal([replica.mode, replica.logs], ['synced', []]);
});

test('synced, other state messages: nothing', () => {
  const replica = TestReplica.synced();
  for (const type of [SYNC_START, STATE, UPDATE, 7]) replica.stateMessage(ONE, type, 'x');
  assert.equal([replica.mode, replica.logs, replica.sent, replica.application.calls], ['synced', [], [], []]);
});

test('synced NORMAL: delivered; own result goes to its waiter', () => {
  const replica = TestReplica.synced();
  replica.application.delivery = () => ({ result: 5 });
  replica.normal(ONE, 'theirs', 1, 3);
  assert.equal(replica.application.last, { sender: ONE, subtype: 3, time_s: 1_700_000_000 });
  replica.request('mine');
  assert.equal(replica.results, []);
  replica.receive(TWO, replica.sent[0]!);
  assert.equal(replica.application.calls, ['deliver theirs', 'deliver mine own']);
  assert.equal(replica.results, [5]);
});

test('synced NORMAL, failing delivery: leaving; the waiter has its result', () => {
  const replica = TestReplica.synced();
  replica.request('mine');
  replica.application.delivery = () => ({ result: -1, failure: 'leave' });
  replica.receive(TWO, replica.sent[0]!);
  assert.equal([replica.mode, replica.results, replica.effects], ['leaving', [-1], ['leave']]);
});

test('start, startSync, update NORMAL of a member: queued', () => {
  const starting = TestReplica.started();
  starting.change([ONE, THREE]);
  for (const replica of [starting, TestReplica.inRound(), TestReplica.updating()]) {
    const { mode } = replica;
    replica.normal(THREE, 'x', 1);
    assert.equal([replica.mode, replica.dfsm.state().queuedMessages], [mode, 1]);
  }
});

test('start, startSync, update NORMAL of a non-member: leaving', () => {
  const starting = TestReplica.started();
  starting.change([ONE, THREE]);
  for (const replica of [starting, TestReplica.inRound(), TestReplica.updating()]) {
    replica.normal({ nodeid: 9, pid: 9 }, 'x', 1);
    assert.equal(replica.logs.slice(-2), ['crit dfsm_node_info_lookup failed', LEAVING]);
  }
});

test('start, state message: leaving (§4.5)', () => {
  for (const type of [SYNC_START, 8]) {
    const replica = TestReplica.started();
    replica.change([ONE, THREE]);
    replica.stateMessage(ONE, type, '', replica.dfsm.state().epoch);
    assert.equal(replica.logs, ['crit internal error - unknown mode 0', LEAVING]);
  }
});

test('start, any message before a configuration: leaving (§4.5)', () => {
  const replica = TestReplica.started();
  replica.normal(ONE, 'x');
  assert.equal(replica.logs, ['crit no dfsm_sync_info - internal error', LEAVING]);
});

test('any below error, newer protocol: versionError, waiters aborted (Q12)', () => {
  for (const replica of belowError()) {
    if (replica.mode === 'start') replica.change([ONE, THREE]);
    replica.request('mine');
    replica.forget();
    replica.receive(ONE, withProtocol(2));
    const lines = [
      'crit received message with protocol version 2',
      'crit detected newer protocol - please update this node',
    ];
    assert.equal([replica.mode, replica.logs, replica.results], ['versionError', lines, [-16]]);
  }
});

test('any below error, older protocol: logged, dropped', () => {
  for (const replica of belowError()) {
    if (replica.mode === 'start') replica.change([ONE, THREE]);
    const { mode } = replica;
    replica.forget();
    replica.receive(ONE, withProtocol(0));
    assert.equal([replica.mode, replica.logs], [mode, ['notice ignore message with wrong protocol version 0']]);
  }
});

test('short messages: leaving, each with its text (§4.5)', () => {
  const message = (bytes: number, type: number): Buffer => {
    const buffer = Buffer.alloc(bytes);
    if (bytes >= 16) buffer.writeUInt16LE(type, 0);
    if (bytes >= 16) buffer.writeUInt32LE(1, 4);
    return buffer;
  };
  for (const [short, line] of [
    [message(15, NORMAL), 'crit received short message (15 bytes)'],
    [message(23, NORMAL), 'crit received short message (type = 0, subtype = 0, 23 bytes)'],
    [message(31, STATE), 'crit received short state message (type = 2, subtype = 0, 31 bytes)'],
  ] as const) {
    const replica = TestReplica.synced();
    replica.receive(ONE, short);
    assert.equal(replica.logs, [line, LEAVING]);
  }
});

test('any SET_ERROR: error, waiters aborted (Q12), group left', () => {
  const replica = TestReplica.synced();
  replica.request('waiting');
  replica.application.delivery = () => ({ result: -5, failure: 'error' });
  replica.normal(ONE, 'x');
  assert.equal(replica.logs, ['crit serious internal error - stop cluster connection']);
  assert.equal([replica.results, replica.effects, replica.dfsm.isRestartable], [[-16], ['leave'], false]);
});

test('M1: errors only escalate', () => {
  for (const [replica, after] of failed().map((each, at) => [each, ['error', 'error', 'error'][at]] as const)) {
    replica.application.batchFailure = 'error';
    replica.dfsm.batchEnd();
    assert.is(replica.mode, after);
  }
});

test('leaving, versionError, error MSG: dropped (M5); while leaving, the application hears of what it misses', () => {
  for (const replica of failed()) {
    const { mode } = replica;
    replica.normal(ONE, 'x', 2);
    replica.stateMessage(ONE, UPDATE_COMPLETE);
    replica.receive(ONE, withProtocol(2));
    replica.receive(ONE, Buffer.alloc(3));
    const missed = mode === 'leaving' ? ['missed 1 1'] : [];
    assert.equal([replica.mode, replica.logs, replica.application.calls], [mode, [], missed]);
  }
});

test('leaving, versionError, error CONFCHG: epoch only; without us the group is left', () => {
  for (const replica of failed()) {
    const { mode } = replica;
    const before = replica.dfsm.state();
    replica.change([ONE, TWO], false);
    const after = replica.dfsm.state();
    assert.equal([replica.mode, replica.logs, replica.effects], [mode, [], []]);
    assert.equal(after.members, before.members);
    assert.not(after.epoch.equals(before.epoch));
    replica.change([ONE], false);
    assert.equal(replica.effects, ['left']);
  }
});

test('leaving, left: may start again via OPEN; versionError and error may not (I14)', () => {
  const [leaving, versionError, error] = failed();
  assert.equal(
    [leaving, versionError, error].map((each) => each!.dfsm.isRestartable),
    [true, false, false],
  );
  leaving!.dfsm.open();
  assert.equal([leaving!.mode, leaving!.logs], ['start', ['notice start cluster connection']]);
  for (const replica of [versionError!, error!]) {
    const { mode } = replica;
    replica.dfsm.open();
    replica.dfsm.recovered();
    assert.is(replica.mode, mode);
  }
});

test('error after the store refused a commit: RECOVERED leads to start (§13.2.9)', () => {
  const replica = TestReplica.synced();
  replica.request('mine');
  replica.application.batchFailure = 'storage';
  replica.receive(TWO, replica.sent[0]!);
  assert.equal([replica.mode, replica.results], ['error', [-5]], 'applied, but not durable: -EIO');
  assert.ok(replica.dfsm.isRecoverable);
  replica.application.batchFailure = undefined;
  replica.dfsm.recovered();
  assert.is(replica.mode, 'start');
});

test('any TIMER_VERIFY: the lowest in mode synced sends VERIFY_REQUEST', () => {
  const lowest = TestReplica.synced(ONE);
  lowest.dfsm.verifyTimer();
  assert.equal(lowest.sentTypes, [VERIFY_REQUEST]);
  assert.ok(lowest.sent[0]!.subarray(32).equals(encodeVerifyRequest(1)));
  lowest.dfsm.verifyTimer();
  assert.equal(lowest.logs, ['notice delay verify request 0000000000000002']);
  for (const replica of [TestReplica.synced(TWO), TestReplica.inRound(ONE), ...failed()]) {
    replica.forget();
    replica.dfsm.verifyTimer();
    assert.equal([replica.sent, replica.logs], [[], []]);
  }
  const broken = TestReplica.synced(ONE);
  broken.isSendingBroken = true;
  broken.dfsm.verifyTimer();
  assert.equal([broken.mode, broken.logs], ['synced', ['crit failed to send VERIFY_REQUEST message']]);
});

test('any ENGINE_LOST: waiters aborted, requests refused', () => {
  for (const replica of belowError()) {
    replica.request('mine');
    replica.dfsm.connectionLost();
    replica.request('late');
    assert.equal(replica.results, [-16, -16]);
  }
});

test('any SEND: counts on the wire in order (K1); -EBUSY when it fails or nobody is connected', () => {
  const replica = TestReplica.synced();
  for (const payload of ['a', 'b', 'c']) replica.request(payload);
  assert.equal(
    replica.sent.map((message) => Number(message.readBigUInt64LE(16))),
    [1, 2, 3],
  );
  replica.isSendingBroken = true;
  replica.request('d');
  assert.equal(replica.results, [-16]);
  for (const out of failed()) {
    out.request('x');
    assert.equal([out.results, out.sent], [[-16], []]);
  }
});

test('SEND without permission is not sent (§5.2); a post ends silently', () => {
  const replica = TestReplica.synced();
  replica.application.permission = -13;
  replica.request('x');
  replica.application.io.post(8, Buffer.from('unlock'));
  assert.equal([replica.results, replica.sent], [[-13], []]);
});

test('solo: requests of an unsynced node are held, and sent when it is synced (Q11, K6)', () => {
  const replica = TestReplica.inRound(TWO, { holdWhileUnsynced: true });
  replica.forget();
  replica.request('first');
  replica.request('second');
  assert.equal([replica.sent, replica.dfsm.state().heldRequests], [[], 2]);
  replica.states();
  assert.equal(
    replica.sent.map((message) => message.subarray(24).toString()),
    ['first', 'second'],
  );
  for (const message of [...replica.sent]) replica.receive(TWO, message);
  assert.equal(replica.results, [0, 0]);
});

test('solo: a held request is asked for permission again, and refused when the node leaves', () => {
  const unquorate = TestReplica.inRound(TWO, { holdWhileUnsynced: true });
  unquorate.request('held');
  unquorate.application.permission = -13;
  unquorate.forget();
  unquorate.states();
  assert.equal([unquorate.sent, unquorate.results], [[], [-13]]);

  const leaving = TestReplica.inRound(TWO, { holdWhileUnsynced: true });
  leaving.request('held');
  leaving.application.verdict = () => ({ failure: 'leave' });
  leaving.states();
  assert.equal(leaving.results, [-16]);
});

test('solo: nothing held goes out when the drain before it fails', () => {
  const replica = TestReplica.inRound(TWO, { holdWhileUnsynced: true });
  replica.request('held');
  replica.normal(THREE, 'bad', 1);
  replica.application.delivery = () => ({ result: -1, failure: 'leave' });
  replica.forget();
  replica.states();
  assert.equal([replica.mode, replica.sent, replica.results], ['leaving', [], [-16]]);
});

test('a step that throws comes out of the call, at once and in every later one', () => {
  const replica = TestReplica.inRound();
  replica.application.verdict = () => {
    throw new Error('broken invariant');
  };
  assert.throws(() => replica.states(), 'broken invariant');
  assert.throws(() => replica.change([TWO]), 'broken invariant');
});

test.run();
