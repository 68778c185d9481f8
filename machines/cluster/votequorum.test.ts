import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { QuorumOptions } from '../../runtime/formats/cluster-config.ts';
import { QUORUM_DEFAULTS } from '../../runtime/formats/corosync-conf-quorum.ts';
import { countVotes, quorumOptionErrors, type VoteInfo, VoteQuorum } from './votequorum.ts';

const PLAIN: QuorumOptions = { ...QUORUM_DEFAULTS, provider: 'corosync_votequorum' };

function nodes(votes: readonly number[]) {
  return votes.map((count, i) => ({ nodeid: i + 1, name: `n${i + 1}`, votes: count, addresses: [] }));
}

function makeNode(
  self: number,
  options: Partial<QuorumOptions> = {},
  votes: readonly number[] = [1, 1, 1, 1, 1],
  tracked = 0,
) {
  const quorum = new VoteQuorum(self, { ...PLAIN, ...options }, nodes(votes), tracked);
  /** The other members are fresh nodes with the same configuration. */
  const see = (members: readonly number[], others: Partial<VoteInfo> = {}, leftCleanly: readonly number[] = []) => {
    const infos = new Map<number, VoteInfo>();
    for (const member of members) {
      const expected_votes = votes.reduce((a, b) => a + b, 0);
      const info = { votes: votes[member - 1]!, expected_votes, quorate: false, waiting: false, ...others };
      infos.set(member, member === self ? quorum.ownInfo() : info);
    }
    quorum.membersChanged(infos, leftCleanly);
    return quorum.quorate;
  };
  return { quorum, see };
}

test('two disjoint sets are never both quorate (I1)', () => {
  const votes = fc.array(fc.nat(3), { minLength: 1, maxLength: 7 });
  fc.assert(
    fc.property(votes, fc.nat(127), (weights, mask) => {
      const total = weights.reduce((a, b) => a + b, 0);
      const here = weights.filter((_, i) => mask & (1 << i)).reduce((a, b) => a + b, 0);
      const count = (sum: number) =>
        countVotes({ highest: total, total: sum, atLeast: 0, isTwoNode: false, liveNodes: 3 });
      assert.not(count(here).quorate && count(total - here).quorate && total > 0);
    }),
  );
});

test('the quorum never falls without leave (I2)', () => {
  const { quorum, see } = makeNode(1);
  see([1, 2, 3, 4, 5]);
  assert.is(quorum.count.quorum, 3);
  assert.not(see([1, 2]));
  assert.is(quorum.count.quorum, 3);
});

test('a total above the expected votes raises them', () => {
  const { quorum, see } = makeNode(1, { expected_votes: 2 });
  see([1, 2, 3, 4, 5], { expected_votes: 2 });
  assert.is(quorum.expected_votes, 5);
  assert.is(quorum.count.quorum, 3);
});

test('a transitional minority loses quorum, and a transitional majority never gains it', () => {
  const { quorum, see } = makeNode(1);
  see([1, 2, 3, 4, 5]);
  quorum.transitional([1, 2]);
  assert.not(quorum.quorate);
  quorum.transitional([1, 2, 3, 4, 5]);
  assert.not(quorum.quorate);
});

test('two_node: one of two is quorate', () => {
  const { see } = makeNode(1, { two_node: true }, [1, 1]);
  assert.ok(see([1, 2]));
  assert.ok(see([1]));
});

test('wait_for_all: not before all were there, then a majority suffices', () => {
  const { quorum, see } = makeNode(1, { wait_for_all: true }, [1, 1, 1]);
  assert.not(see([1]));
  assert.not(see([1, 2], { waiting: true }));
  assert.ok(quorum.isWaitingForAll);
  assert.ok(see([1, 2, 3], { waiting: true }));
  assert.not(quorum.isWaitingForAll);
  assert.ok(see([1, 2]));
});

test('wait_for_all: a quorate peer past this phase ends the waiting; losing quorum re-arms it', () => {
  const { quorum, see } = makeNode(1, { wait_for_all: true }, [1, 1, 1]);
  assert.ok(see([1, 2], { quorate: true }));
  assert.not(see([1]));
  assert.ok(quorum.isWaitingForAll);
  assert.not(see([1, 2], { waiting: true }));
});

test('two_node with wait_for_all: the survivor stays quorate, one that starts alone does not begin', () => {
  const { see } = makeNode(1, { two_node: true, wait_for_all: true }, [1, 1]);
  assert.not(see([1]));
  assert.ok(see([1, 2], { waiting: true }));
  assert.ok(see([1]));
});

test('last_man_standing: step by step down to two', () => {
  const { quorum, see } = makeNode(1, { last_man_standing: true });
  see([1, 2, 3, 4, 5]);
  assert.not(quorum.wantsLastManStanding);
  assert.ok(see([1, 2, 3]));
  assert.ok(quorum.wantsLastManStanding);
  quorum.lastManStanding();
  assert.is(quorum.count.quorum, 2);
  assert.ok(see([1, 2], { expected_votes: 3 }));
  assert.not(see([1], { expected_votes: 3 }), 'without the window the quorum stays');
});

test('auto_tie_breaker: half with the deciding node wins, the other half loses', () => {
  for (const [rule, winner, loser] of [
    ['lowest', [1, 2], [3, 4]],
    ['highest', [3, 4], [1, 2]],
    [
      [3, 1],
      [3, 4],
      [1, 2],
    ],
  ] as const) {
    for (const side of [winner, loser]) {
      const options = { auto_tie_breaker: true, auto_tie_breaker_node: rule };
      const { see } = makeNode(side[0]!, options, [1, 1, 1, 1]);
      see([1, 2, 3, 4]);
      assert.is(see(side), side === winner, `${String(rule)} ${side}`);
    }
  }
});

test('auto_tie_breaker: the lowest of the last quorate partition decides', () => {
  const { see } = makeNode(3, { auto_tie_breaker: true, auto_tie_breaker_node: 'lowest' }, [1, 1, 1, 1]);
  see([1, 2, 3, 4]);
  assert.ok(see([2, 3, 4]), 'three of four');
  assert.ok(see([2, 3]), 'half, with the lowest of 2 3 4');
  const other = makeNode(3, { auto_tie_breaker: true }, [1, 1, 1, 1]);
  other.see([1, 2, 3, 4]);
  assert.not(other.see([3, 4]));
});

test('expected_votes_tracking: the highest ever seen is a floor', () => {
  const { quorum, see } = makeNode(1, { expected_votes_tracking: true }, [1, 1, 1], 5);
  assert.not(see([1, 2]));
  assert.is(quorum.count.quorum, 3);
  assert.is(quorum.tracked, 5);
});

test('allow_downscale: clean leaves lower the expected votes, down to the configured value', () => {
  const { quorum, see } = makeNode(1, { allow_downscale: true, expected_votes: 3 });
  see([1, 2, 3, 4, 5], { expected_votes: 3 });
  assert.is(quorum.count.quorum, 3);
  see([1, 2, 3, 4], { expected_votes: 4 }, [5]);
  assert.is(quorum.expected_votes, 4);
  see([1, 2, 3], { expected_votes: 3 }, [4]);
  see([1, 2], { expected_votes: 3 }, [3]);
  assert.is(quorum.expected_votes, 3);
  assert.ok(quorum.quorate);
});

test('without allow_downscale a clean leave changes nothing', () => {
  const { quorum, see } = makeNode(1);
  see([1, 2, 3, 4, 5]);
  see([1, 2, 3, 4], {}, [5]);
  assert.is(quorum.expected_votes, 5);
});

test('an operator may lower the expected votes, but not below the total or into the loss of quorum', () => {
  const { quorum, see } = makeNode(1);
  see([1, 2, 3]);
  assert.is(quorum.refusal(2), 'below-total');
  assert.is(quorum.refusal(6), 'loses-quorum');
  assert.is(quorum.refusal(0), 'zero');
  assert.is(quorum.refusal(3), undefined);
  see([1]);
  assert.not(quorum.quorate);
  assert.is(quorum.refusal(1), undefined);
  quorum.expectedSet(1);
  assert.ok(quorum.quorate);
  assert.is(quorum.count.quorum, 1);
});

test('a node that is not quorate adopts the expected votes of a quorate one', () => {
  const { quorum, see } = makeNode(1);
  see([1]);
  see([1, 2, 3], { expected_votes: 3, quorate: true });
  assert.is(quorum.expected_votes, 3);
  assert.is(quorum.count.quorum, 2);
});

test('votes of a new configuration count at once, and a smaller node list lowers the quorum', () => {
  const { quorum, see } = makeNode(1);
  see([1, 2, 3, 4, 5]);
  see([1, 2, 3]);
  quorum.reconfigure(PLAIN, nodes([1, 1, 1]));
  assert.is(quorum.count.quorum, 3, 'the others have not told theirs yet');
  for (const nodeid of [2, 3])
    quorum.infoChanged(nodeid, { votes: 1, expected_votes: 3, quorate: true, waiting: false });
  assert.is(quorum.count.quorum, 2);
});

test('impossible option sets are named', () => {
  const errors = (options: Partial<QuorumOptions>, votes: readonly number[]) =>
    quorumOptionErrors({ ...PLAIN, ...options }, nodes(votes)).length;
  assert.is(errors({}, [1, 1, 1]), 0);
  assert.is(errors({ two_node: true }, [1, 1, 1]), 1);
  assert.is(errors({ two_node: true, auto_tie_breaker: true }, [1, 1]), 1);
  assert.is(errors({ last_man_standing: true }, [1, 2]), 1);
  assert.is(errors({ auto_tie_breaker: true }, [1, 1, 1]), 1);
  assert.is(errors({ auto_tie_breaker: true, wait_for_all: true }, [1, 1, 1]), 0);
  assert.is(errors({}, []), 1);
});

test.run();
