import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DfsmMember } from '../dfsm/members.ts';
import { CREATE, DELETE, encodeFileMessage } from '../messages/file-message.ts';
import { decodeHistoryNote, encodeHistoryNote, type HistoryNote, ProvenHistory } from './proven-history.ts';
import { node, ONE, round, type TestNode, THREE, TWO } from './test-node.ts';

const PROVEN: HistoryNote = { primaryRing: 12, isProven: true };
const UNPROVEN: HistoryNote = { primaryRing: 12, isProven: false };

function history(mark: 0 | 1 = 0) {
  const world = { mark: mark as number, hasMajority: true, refusal: undefined as string | undefined };
  const proven = new ProvenHistory({
    mark: {
      load: () => world.mark,
      save: (value) => {
        if (world.refusal !== undefined) return { message: world.refusal };
        world.mark = value;
        return undefined;
      },
    },
    hasMajority: () => world.hasMajority,
    isWhole: (nodeids) => nodeids.length === 3,
  });
  return { proven, world };
}

test('H2: a quorate round of all configured nodes proves the tree, a smaller one does not', () => {
  const { proven, world } = history();
  proven.completed([1, 2]);
  assert.equal([proven.isProven, world.mark], [false, 0]);
  proven.completed([1, 2, 3]);
  assert.equal([proven.isProven, world.mark], [true, 1]);
  assert.is(history(1).proven.isProven, true, 'after a restart');
});

test('H1: a ring without a majority of the configured votes takes it back, on disk first', () => {
  const { proven, world } = history(1);
  assert.is(proven.entering(), undefined);
  assert.is(proven.isProven, true);
  world.hasMajority = false;
  world.refusal = 'no space';
  assert.equal(proven.entering(), { message: 'no space' });
  assert.is(proven.isProven, true);
  world.refusal = undefined;
  assert.is(proven.entering(), undefined);
  assert.equal([proven.isProven, world.mark], [false, 0]);
  proven.completed([1, 2, 3]);
  assert.is(proven.isProven, false, 'also not by a round of all, which has no majority here');
});

test('H1: a tree that is adopted from a leader that is not proven, or without quorum, is not proven', () => {
  for (const [leader, isQuorate, expected] of [
    [PROVEN, true, true],
    [UNPROVEN, true, false],
    [PROVEN, false, false],
  ] as const) {
    const { proven } = history(1);
    assert.is(proven.adopting(leader, isQuorate), undefined);
    assert.is(proven.isProven, expected);
  }
});

test('H3: only between proven trees, and with a primary ring that is not later than the leader’s', () => {
  const { proven } = history(1);
  assert.equal(
    [8, 12, 16, 0].map((ring) => proven.isBeginningOf(ring, PROVEN)),
    [true, true, false, false],
  );
  assert.is(proven.isBeginningOf(8, UNPROVEN), false);
  assert.is(history(0).proven.isBeginningOf(8, PROVEN), false);
});

test('without a port nothing is ever proven', () => {
  const proven = new ProvenHistory(undefined);
  proven.completed([1, 2, 3]);
  assert.is(proven.entering(), undefined);
  assert.is(proven.isProven, false);
});

test('law: a note keeps ring and proof in 32 bits, and no ring is no proof', () => {
  fc.assert(
    fc.property(fc.nat(0x7fff_ffff), fc.boolean(), (primaryRing, isProven) => {
      const note = encodeHistoryNote({ primaryRing, isProven });
      assert.ok(note <= 0xffff_ffff);
      assert.equal(decodeHistoryNote(note), { primaryRing, isProven: isProven && primaryRing > 0 });
    }),
  );
  assert.is(encodeHistoryNote({ primaryRing: 0x8000_0000, isProven: true }), 0);
});

// --- in the application ------------------------------------------------------------------------------------------------------

const ALL: readonly DfsmMember[] = [ONE, TWO, THREE];

/** Three nodes that ring 8 has given `a` and `b`. */
function trio() {
  const nodes = ALL.map((member) => node(member)) as [TestNode, TestNode, TestNode];
  const inRound = (ring: number, ...nodeids: readonly number[]) =>
    round(
      ring,
      true,
      nodeids.map((nodeid) => [ALL[nodeid - 1]!, nodes[nodeid - 1]!] as const),
    );
  const deliver = (subtype: number, path: string, ...nodeids: readonly number[]) => {
    for (const nodeid of nodeids) nodes[nodeid - 1]!.deliver(subtype, encodeFileMessage({ path }), ONE);
  };
  inRound(8, 1, 2, 3);
  for (const path of ['a', 'b']) deliver(CREATE, path, 1, 2, 3);
  for (const each of nodes) each.application.batchEnd();
  return { nodes, inRound, deliver };
}

const kept = ({ effects }: TestNode) => effects.filter((effect) => effect.startsWith('keep'));

test('H3: what others removed while a node was away is not its losing side', () => {
  const { nodes, inRound, deliver } = trio();
  inRound(12, 1, 3);
  deliver(DELETE, 'b', 1, 3);
  inRound(16, 1, 2, 3);
  assert.equal(kept(nodes[1]), []);
  assert.is(nodes[1].memdb.lookup('b'), undefined);
  assert.equal(
    nodes.map(({ world }) => world.proven),
    [1, 1, 1],
  );
});

test('H1: what a node made alone, with quorum by an override, is kept before it is given up', () => {
  const { nodes, inRound, deliver } = trio();
  nodes[1].world.hasMajority = false;
  inRound(12, 2);
  deliver(CREATE, 'mine', 2);
  nodes[1].application.batchEnd();
  nodes[1].world.hasMajority = true;
  inRound(16, 1, 3);
  for (const path of ['x', 'y']) deliver(CREATE, path, 1, 3);
  // Nothing shows the fork any more: what the others made at the same version is gone.
  for (const path of ['x', 'b']) deliver(DELETE, path, 1, 3);
  inRound(20, 1, 2, 3);
  assert.equal(kept(nodes[1]), ['keep b,mine']);
  assert.is(nodes[1].world.proven, 1, 'one history again');
});

test('H1: a leader that made changes alone proves nothing to others', () => {
  const { nodes, inRound, deliver } = trio();
  nodes[1].world.hasMajority = false;
  inRound(12, 2);
  for (const path of ['x', 'y']) deliver(CREATE, path, 2);
  for (const path of ['b', 'x']) deliver(DELETE, path, 2);
  nodes[1].application.batchEnd();
  nodes[1].world.hasMajority = true;
  inRound(16, 1, 2);
  assert.equal([kept(nodes[0]), nodes[0].world.proven], [['keep b'], 0]);
});

test('H2: without a round of all, nothing is proven', () => {
  const { nodes, inRound, deliver } = trio();
  for (const each of nodes) each.world.configured = [1, 2, 3, 4];
  const fresh = ALL.map((member) => node(member));
  for (const each of fresh) each.world.configured = [1, 2, 3, 4];
  assert.equal(
    nodes.map(({ world }) => world.proven),
    [1, 1, 1],
    'what was proven stays so when a node is added',
  );
  round(8, true, [
    [ONE, fresh[0]!],
    [TWO, fresh[1]!],
    [THREE, fresh[2]!],
  ]);
  assert.equal(
    fresh.map(({ world }) => world.proven),
    [0, 0, 0],
  );
  inRound(12, 1, 3);
  deliver(DELETE, 'b', 1, 3);
  inRound(16, 1, 2, 3);
  assert.equal(kept(nodes[1]), []);
});

test.run();
