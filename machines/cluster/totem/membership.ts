/**
 * Which nodes form a ring: the membership machine of Totem.
 *
 * Decisions only. Timers and datagrams are asked for by actions and come back as events; what a ring does with its
 * messages is in ring.ts and recovery.ts.
 *
 * States:
 * - `idle`         not started.
 * - `gather`       looking for the nodes that are alive; joins go around until all candidates name the same sets.
 * - `commit`       the commit token goes around: first rotation collects what each member holds of its old ring.
 * - `recovery`     the new ring orders the messages of the old rings among their survivors.
 * - `operational`  the ring is installed.
 * - `left`         stopped, after a leave message.
 *
 *  I1 A ring's members are exactly `proc - failed`, agreed by all of them in joins, and confirmed by the commit token.
 *  I2 The sequence of a new ring is higher than any that a member has seen; it is stored before it is used
 *     (`saveRing`), so a restarted node never takes part in a ring id twice.
 *  I3 `proc` and `failed` only grow while in `gather`, so consensus on them ends: at worst a node is alone.
 *  I4 Whoever lists this node as failed is listed as failed by it: two rings form, and merge later.
 *
 * Protocol source: spec/pmxcfs.md §7.4 (states, events, actions), §9.9, §13.1.8.
 *
 * One thing differs: contact from a node that isn't known to hear us doesn't tear up a ring. `heardBy` of a contact
 * names the nodes that its sender hears; the caller answers with a merge-detect, so a real peer hears of us at once, and
 * one that is connected one way only can't make the others reconfigure again and again.
 *
 * Drawing: ../../drawings/membership.svg
 */
import { assign, setup } from 'xstate';
import {
  candidates,
  endsRing,
  isMergeable,
  type JoinEvent,
  judgeJoin,
  type MembershipContext,
} from './join-verdict.ts';
import type { CommitToken, RingId } from './messages.ts';
import { sameRing } from './messages.ts';
import { equalSets, intersection, isSubset, type NodeSet, nodeSet, union, without } from './node-set.ts';

export type MembershipEvent =
  | { readonly type: 'START' }
  | JoinEvent
  | { readonly type: 'CONTACT'; readonly sender: number; readonly ring: RingId; readonly heardBy: NodeSet }
  | { readonly type: 'JOIN_TIMER' }
  | { readonly type: 'CONSENSUS_TIMEOUT' }
  | { readonly type: 'COMMIT_TOKEN'; readonly token: CommitToken }
  | { readonly type: 'TOKEN_LOSS' }
  | { readonly type: 'MEMBERS_STUCK'; readonly nodeids: NodeSet }
  | { readonly type: 'RECOVERED' }
  | { readonly type: 'CONFIGURED'; readonly nodeids: NodeSet }
  | { readonly type: 'LEAVE' };

export const membershipMachine = setup({
  types: {
    context: {} as MembershipContext,
    events: {} as MembershipEvent,
    input: {} as { readonly self: number; readonly configured: NodeSet; readonly highestSeq: number },
  },
  actions: {
    /** Send a join with the sets of the context. */
    sendJoin: () => {},
    /** Arm the join and the consensus timer anew. */
    armGather: () => {},
    disarmGather: () => {},
    /** Send a join whose failed set names this node. */
    sendLeave: () => {},
    /** The installed ring is over (it may still be recovered). */
    ringLost: () => {},
    /** Store `forming.ring.seq`; the host leaves when that fails, and does nothing else of this step. */
    saveRing: () => {},
    /** Fill in our entry of this commit token, pass it on, arm the token timers. */
    passCommitToken: (_, _parameters: { readonly token: CommitToken }) => {},
    /** All entries are known: build the new ring, plan recovery, pass the commit token on. */
    startRecovery: (_, _parameters: { readonly token: CommitToken }) => {},
    /** The commit token went around twice: the representative makes the ring's token. */
    startToken: () => {},
    /** The ring being formed is given up; the old ring's messages stay. */
    abandonForming: () => {},
    /** End the old ring, deliver its rest, make the new one current. */
    install: () => {},
    logTokenLoss: () => {},
    stop: () => {},
  },
  guards: {
    isAgreedAndLowest: ({ context }) =>
      isSubset(candidates(context), context.consensus) && candidates(context)[0] === context.self,
    isAgreed: ({ context }) => isSubset(candidates(context), context.consensus),
    joinAgrees: ({ context, event }) => event.type === 'JOIN' && judgeJoin(context, event).kind === 'agrees',
    joinChanges: ({ context, event }) => event.type === 'JOIN' && judgeJoin(context, event).kind === 'changes',
    joinEndsRing: ({ context, event }) => event.type === 'JOIN' && endsRing(context, event),
    joinEndsForming: ({ context, event }) => {
      const forming = context.forming;
      if (event.type !== 'JOIN' || forming === undefined || !forming.members.includes(event.sender)) return false;
      return event.failed.includes(event.sender) || event.highestSeq >= forming.ring.seq;
    },
    isMergeable: ({ context, event }) => event.type === 'CONTACT' && isMergeable(context, event),
    isNewCandidate: ({ context, event }) =>
      event.type === 'CONTACT' &&
      event.heardBy.includes(context.self) &&
      !context.proc.includes(event.sender) &&
      !sameRing(event.ring, context.ring),
    isCommitForUs: ({ context, event }) =>
      event.type === 'COMMIT_TOKEN' &&
      event.token.ring.seq > context.highestSeq &&
      event.token.hop < event.token.entries.length &&
      equalSets(
        event.token.entries.map((entry) => entry.nodeid),
        candidates(context),
      ),
    isCommitComplete: ({ context, event }) =>
      event.type === 'COMMIT_TOKEN' &&
      context.forming !== undefined &&
      sameRing(event.token.ring, context.forming.ring) &&
      event.token.hop >= event.token.entries.length &&
      event.token.entries.every((entry) => entry.filled),
    isSecondRoundOver: ({ context, event }) =>
      event.type === 'COMMIT_TOKEN' &&
      context.forming?.ring.rep === context.self &&
      sameRing(event.token.ring, context.forming.ring) &&
      event.token.hop === 2 * event.token.entries.length,
    losesMember: ({ context, event }) =>
      event.type === 'CONFIGURED' && without(context.members, event.nodeids).length > 0,
  },
}).createMachine({
  id: 'membership',
  context: ({ input }) => ({
    self: input.self,
    configured: input.configured,
    // A ring of its own that nobody else can have been in.
    ring: { rep: input.self, seq: input.highestSeq },
    members: [input.self],
    proc: [input.self],
    failed: [],
    consensus: [],
    highestSeq: input.highestSeq,
    forming: undefined,
    leaving: [],
    cause: 'start',
  }),
  initial: 'idle',
  on: {
    LEAVE: { target: '.left' },
    CONFIGURED: { actions: assign({ configured: ({ event }) => event.nodeids }) },
  },
  states: {
    idle: { on: { START: 'gather' } },

    gather: {
      entry: [assign({ consensus: ({ context }) => [context.self], forming: undefined }), 'armGather', 'sendJoin'],
      exit: 'disarmGather',
      always: {
        guard: 'isAgreedAndLowest',
        target: 'commit',
        actions: [
          assign(({ context }) => {
            const ring = { rep: context.self, seq: context.highestSeq + 4 };
            return { forming: { ring, members: candidates(context) }, highestSeq: ring.seq };
          }),
          'saveRing',
          {
            type: 'passCommitToken',
            params: ({ context }) => ({ token: firstCommitToken(context) }),
          },
        ],
      },
      on: {
        JOIN_TIMER: { actions: 'sendJoin' },
        JOIN: [
          {
            guard: 'joinAgrees',
            actions: assign({
              consensus: ({ context, event }) => union(context.consensus, [event.sender]),
              highestSeq: ({ context, event }) => Math.max(context.highestSeq, event.highestSeq),
            }),
          },
          {
            guard: 'joinChanges',
            target: 'gather',
            reenter: true,
            actions: assign(({ context, event }) => afterJoin(context, event)),
          },
          { actions: assign({ highestSeq: ({ context, event }) => Math.max(context.highestSeq, event.highestSeq) }) },
        ],
        CONTACT: {
          guard: 'isNewCandidate',
          target: 'gather',
          reenter: true,
          actions: assign({ proc: ({ context, event }) => union(context.proc, [event.sender]) }),
        },
        CONSENSUS_TIMEOUT: [
          // All agree, yet no commit token came: ask again, and if the representative is gone it will be silent.
          { guard: 'isAgreed', target: 'gather', reenter: true },
          {
            target: 'gather',
            reenter: true,
            actions: assign({
              failed: ({ context }) => union(context.failed, without(candidates(context), context.consensus)),
            }),
          },
        ],
        COMMIT_TOKEN: {
          guard: 'isCommitForUs',
          target: 'commit',
          actions: [
            assign(({ event }) => ({
              forming: { ring: event.token.ring, members: event.token.entries.map((entry) => entry.nodeid) },
              highestSeq: event.token.ring.seq,
            })),
            'saveRing',
            { type: 'passCommitToken', params: ({ event }) => ({ token: event.token }) },
          ],
        },
        CONFIGURED: {
          target: 'gather',
          reenter: true,
          actions: assign(({ context, event }) => ({
            configured: event.nodeids,
            proc: intersection(context.proc, event.nodeids),
            failed: intersection(context.failed, event.nodeids),
          })),
        },
      },
    },

    commit: {
      on: {
        COMMIT_TOKEN: {
          guard: 'isCommitComplete',
          target: 'recovery',
          actions: { type: 'startRecovery', params: ({ event }) => ({ token: event.token }) },
        },
        JOIN: {
          guard: 'joinEndsForming',
          target: 'gather',
          actions: ['abandonForming', assign(({ context, event }) => afterJoin(context, event))],
        },
        TOKEN_LOSS: { target: 'gather', actions: 'abandonForming' },
      },
    },

    recovery: {
      on: {
        COMMIT_TOKEN: { guard: 'isSecondRoundOver', actions: 'startToken' },
        JOIN: {
          guard: 'joinEndsForming',
          target: 'gather',
          actions: ['abandonForming', assign(({ context, event }) => afterJoin(context, event))],
        },
        TOKEN_LOSS: { target: 'gather', actions: 'abandonForming' },
        RECOVERED: { target: 'operational', actions: 'install' },
      },
    },

    operational: {
      entry: assign(({ context }) => ({
        ring: context.forming?.ring ?? context.ring,
        members: context.forming?.members ?? context.members,
        proc: context.forming?.members ?? context.members,
        failed: [],
        forming: undefined,
        leaving: [],
      })),
      exit: 'ringLost',
      on: {
        TOKEN_LOSS: {
          target: 'gather',
          actions: ['logTokenLoss', assign({ cause: 'token loss' })],
        },
        MEMBERS_STUCK: {
          target: 'gather',
          actions: assign({ failed: ({ event }) => nodeSet(event.nodeids), cause: 'member received nothing' }),
        },
        JOIN: {
          guard: 'joinEndsRing',
          target: 'gather',
          actions: assign(({ context, event }) => ({
            ...afterJoin(context, event),
            cause: `join from ${event.sender}`,
          })),
        },
        CONTACT: {
          guard: 'isMergeable',
          target: 'gather',
          actions: assign(({ context, event }) => ({
            proc: union(context.members, [event.sender]),
            cause: `contact with ${event.sender}`,
          })),
        },
        CONFIGURED: [
          {
            guard: 'losesMember',
            target: 'gather',
            actions: assign(({ context, event }) => ({
              configured: event.nodeids,
              failed: without(context.members, event.nodeids),
              cause: 'configuration',
            })),
          },
          { actions: assign({ configured: ({ event }) => event.nodeids }) },
        ],
      },
    },

    left: { entry: ['sendLeave', 'stop'], type: 'final' },
  },
});

/** The sets after a join that ends a ring or changes the candidates. */
function afterJoin(
  context: MembershipContext,
  join: JoinEvent,
): Pick<MembershipContext, 'proc' | 'failed' | 'highestSeq' | 'leaving'> {
  const verdict = judgeJoin(context, join);
  const isLeave = join.failed.includes(join.sender);
  return {
    proc: verdict.kind === 'changes' ? verdict.proc : context.proc,
    failed: verdict.kind === 'changes' ? verdict.failed : context.failed,
    highestSeq: Math.max(context.highestSeq, join.highestSeq),
    leaving: isLeave ? union(context.leaving, [join.sender]) : context.leaving,
  };
}

function firstCommitToken(context: MembershipContext): CommitToken {
  const forming = context.forming!;
  return {
    ring: forming.ring,
    hop: 0,
    entries: forming.members.map((nodeid) => ({
      nodeid,
      filled: false,
      oldRing: { rep: nodeid, seq: 0 },
      received: 0,
      high: 0,
      stable: 0,
    })),
  };
}
