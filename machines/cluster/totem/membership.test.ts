import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import { type JoinEvent, judgeJoin } from './join-verdict.ts';
import { type MembershipEvent, membershipMachine } from './membership.ts';
import type { CommitToken, RingId } from './messages.ts';
import { equalSets, isSubset, nodeSet } from './node-set.ts';

function start(self: number, configured: readonly number[] = [1, 2, 3]) {
  const asked: string[] = [];
  const note = (name: string) => () => void asked.push(name);
  const machine = membershipMachine.provide({
    actions: {
      saveRing: note('saveRing'),
      passCommitToken: note('passCommitToken'),
      startRecovery: note('startRecovery'),
      startToken: note('startToken'),
      abandonForming: note('abandonForming'),
      install: note('install'),
      sendJoin: note('sendJoin'),
      sendLeave: note('sendLeave'),
      logTokenLoss: note('logTokenLoss'),
      ringLost: note('ringLost'),
      stop: note('stop'),
    },
  });
  const actor = createActor(machine, { id: 'm', input: { self, configured, highestSeq: 0 } });
  actor.start();
  const tell = (event: MembershipEvent): string => {
    actor.send(event);
    return String(actor.getSnapshot().value);
  };
  return { actor, asked, tell, context: () => actor.getSnapshot().context };
}

function commitToken(ring: RingId, members: readonly number[], hop: number, filled: boolean): CommitToken {
  const entries = members.map((nodeid) => ({
    nodeid,
    filled,
    oldRing: { rep: nodeid, seq: 0 },
    received: 0,
    high: 0,
    stable: 0,
  }));
  return { ring, hop, entries };
}

function join(sender: number, proc: number[], failed: number[] = [], highestSeq = 4): JoinEvent {
  return { type: 'JOIN', sender, highestSeq, proc, failed };
}

/** A node alone in its first ring. */
function alone(self: number) {
  const node = start(self);
  node.tell({ type: 'START' });
  node.tell({ type: 'COMMIT_TOKEN', token: commitToken({ rep: self, seq: 4 }, [self], 1, true) });
  assert.is(node.tell({ type: 'RECOVERED' }), 'operational');
  node.asked.length = 0;
  return node;
}

/** A node in the ring 1.8 of nodes 1, 2, 3. */
function inRing(self: number) {
  const node = alone(self);
  for (const other of [1, 2, 3]) {
    if (other !== self) node.tell({ type: 'CONTACT', sender: other, ring: { rep: other, seq: 4 }, heardBy: [self] });
  }
  for (const other of [1, 2, 3]) if (other !== self) node.tell(join(other, [1, 2, 3]));
  const ring = { rep: 1, seq: 8 };
  if (self !== 1) node.tell({ type: 'COMMIT_TOKEN', token: commitToken(ring, [1, 2, 3], 1, false) });
  node.tell({ type: 'COMMIT_TOKEN', token: commitToken(ring, [1, 2, 3], 3, true) });
  assert.is(node.tell({ type: 'RECOVERED' }), 'operational');
  assert.equal(node.context().ring, ring);
  node.asked.length = 0;
  return node;
}

test('a node that starts is at once the representative of a ring of its own, stored before use (I2)', () => {
  const node = start(2);
  assert.is(node.tell({ type: 'START' }), 'commit');
  assert.equal(node.context().forming, { ring: { rep: 2, seq: 4 }, members: [2] });
  assert.ok(node.asked.indexOf('saveRing') < node.asked.indexOf('passCommitToken'));
});

test('the lowest node makes the commit token when all agree (I1)', () => {
  const node = alone(1);
  node.tell({ type: 'CONTACT', sender: 2, ring: { rep: 2, seq: 4 }, heardBy: [1] });
  assert.is(node.tell(join(2, [1, 2], [], 20)), 'commit');
  assert.equal(node.context().forming, { ring: { rep: 1, seq: 24 }, members: [1, 2] }, 'above any sequence seen');
});

test('another node waits for the commit token, and refuses one with other members or an old sequence', () => {
  const node = alone(2);
  node.tell({ type: 'CONTACT', sender: 1, ring: { rep: 1, seq: 4 }, heardBy: [2] });
  assert.is(node.tell(join(1, [1, 2])), 'gather');
  const tell = (ring: RingId, members: number[]) =>
    node.tell({ type: 'COMMIT_TOKEN', token: commitToken(ring, members, 1, false) });
  assert.is(tell({ rep: 1, seq: 8 }, [1, 2, 3]), 'gather');
  assert.is(tell({ rep: 1, seq: 4 }, [1, 2]), 'gather');
  assert.is(tell({ rep: 1, seq: 8 }, [1, 2]), 'commit');
});

test('silent candidates are failed by the consensus timeout', () => {
  const node = inRing(2);
  assert.is(node.tell({ type: 'TOKEN_LOSS' }), 'gather');
  assert.ok(node.asked.includes('logTokenLoss'));
  node.tell(join(3, [1, 2, 3], [], 8));
  assert.is(node.tell({ type: 'CONSENSUS_TIMEOUT' }), 'gather');
  assert.equal(node.context().failed, [1]);
  assert.is(node.tell(join(3, [1, 2, 3], [1], 8)), 'commit');
  assert.equal(node.context().forming?.members, [2, 3]);
});

test('agreement without a commit token asks again instead of failing anybody', () => {
  const node = inRing(2);
  node.tell({ type: 'TOKEN_LOSS' });
  for (const other of [1, 3]) node.tell(join(other, [1, 2, 3], [], 8));
  assert.is(node.tell({ type: 'CONSENSUS_TIMEOUT' }), 'gather');
  assert.equal(node.context().failed, []);
  assert.equal(node.context().consensus, [2]);
});

test('a leave is acted on at once and remembered', () => {
  const node = inRing(1);
  assert.is(node.tell(join(3, [1, 2, 3], [3], 8)), 'gather');
  assert.equal(node.context().failed, [3]);
  assert.equal(node.context().leaving, [3]);
});

test('an old join, one that excludes us, or a stranger that may not hear us leaves the ring alone', () => {
  const node = inRing(1);
  assert.is(node.tell(join(2, [1, 2, 3], [], 4)), 'operational');
  assert.is(node.tell(join(2, [1, 2, 3], [1], 8)), 'operational');
  const stranger = alone(1);
  assert.is(stranger.tell(join(2, [2], [], 4)), 'operational');
  assert.is(stranger.tell({ type: 'CONTACT', sender: 2, ring: { rep: 2, seq: 4 }, heardBy: [] }), 'operational');
});

test('a restarted member is known by its sequence', () => {
  assert.is(inRing(1).tell(join(2, [2], [], 12)), 'gather');
  const contact = { type: 'CONTACT', sender: 2, ring: { rep: 2, seq: 12 }, heardBy: [1] } as const;
  assert.is(inRing(1).tell(contact), 'gather');
  assert.is(inRing(1).tell({ ...contact, ring: { rep: 2, seq: 4 } }), 'operational', 'an old one');
});

test('commit and recovery are given up at token loss, or for a join of a member of the new ring', () => {
  for (const event of [{ type: 'TOKEN_LOSS' } as const, join(2, [1, 2], [], 24)]) {
    const node = alone(1);
    node.tell({ type: 'CONTACT', sender: 2, ring: { rep: 2, seq: 4 }, heardBy: [1] });
    node.tell(join(2, [1, 2], [], 20));
    node.tell({ type: 'COMMIT_TOKEN', token: commitToken({ rep: 1, seq: 24 }, [1, 2], 2, true) });
    assert.is(String(node.actor.getSnapshot().value), 'recovery');
    assert.is(node.tell(join(3, [3], [], 99)), 'recovery', 'a stranger has to wait');
    assert.is(node.tell(join(2, [1, 2], [], 20)), 'recovery', 'an old join');
    assert.is(node.tell(event), 'gather');
    assert.ok(node.asked.includes('abandonForming'));
  }
});

test('the token is made when the commit token has gone around twice', () => {
  const node = alone(1);
  node.tell({ type: 'CONTACT', sender: 2, ring: { rep: 2, seq: 4 }, heardBy: [1] });
  node.tell(join(2, [1, 2]));
  const token = (hop: number): CommitToken => commitToken({ rep: 1, seq: 8 }, [1, 2], hop, true);
  node.tell({ type: 'COMMIT_TOKEN', token: token(2) });
  node.tell({ type: 'COMMIT_TOKEN', token: token(3) });
  assert.not(node.asked.includes('startToken'));
  node.tell({ type: 'COMMIT_TOKEN', token: token(4) });
  assert.ok(node.asked.includes('startToken'));
});

test('a node removed from the configuration is failed at once', () => {
  const node = inRing(1);
  assert.is(node.tell({ type: 'CONFIGURED', nodeids: [1, 2] }), 'gather');
  assert.equal(node.context().failed, [3]);
  assert.is(inRing(1).tell({ type: 'CONFIGURED', nodeids: [1, 2, 3, 4] }), 'operational');
});

test('leaving tells the others and ends', () => {
  const node = inRing(2);
  assert.is(node.tell({ type: 'LEAVE' }), 'left');
  assert.ok(node.asked.includes('sendLeave') && node.asked.includes('stop'));
});

test('candidates and failed only grow, and we never fail ourselves (I3, I4)', () => {
  const set = fc.subarray([1, 2, 3, 4, 5]).map(nodeSet);
  const sets = fc.record({
    proc: set,
    failed: set,
    members: set,
    sender: fc.constantFrom(2, 3, 4, 5),
    theirs: fc.tuple(set, set),
  });
  fc.assert(
    fc.property(sets, ({ proc, failed, members, sender, theirs }) => {
      const context = {
        self: 1,
        configured: [1, 2, 3, 4, 5],
        members: nodeSet([1, ...members]),
        proc: nodeSet([1, ...proc, ...failed]),
        failed: failed.filter((node) => node !== 1),
      };
      const event = join(sender, theirs[0], theirs[1]);
      const verdict = judgeJoin(context, event);
      if (verdict.kind !== 'changes') return;
      assert.ok(isSubset(context.proc, verdict.proc) && isSubset(context.failed, verdict.failed));
      assert.not(verdict.failed.includes(1));
      assert.not(equalSets(context.proc, verdict.proc) && equalSets(context.failed, verdict.failed));
      if (theirs[1].includes(1)) assert.ok(verdict.failed.includes(sender));
    }),
  );
});

test.run();
