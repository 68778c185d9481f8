/** Mutants of dfsm and dcdb: synchronisation rounds, queues, answers (spec/pmxcfs.md §4, §5.4-§5.6). */
import type { Mutant } from './mutant.ts';
import { BUSY, CROWDED, FORKS, seedsFrom } from './seeds.ts';

const CORE = 'machines/pmxcfs/dfsm/core.ts';
const ROUND_STEPS = 'machines/pmxcfs/dfsm/round-steps.ts';
const WAITERS = 'machines/pmxcfs/dfsm/waiters.ts';
const LEADER = 'machines/pmxcfs/dcdb/leader.ts';
const DCDB = 'machines/pmxcfs/dcdb/application.ts';
const MACHINE = 'machines/pmxcfs/dfsm/machine.ts';
const TRANSFER = 'machines/pmxcfs/tree/transfer.ts';
const CHURN = { ...BUSY, faults: ['crash', 'partition', 'ambush'] } as const;
export const SYNC_MUTANTS: readonly Mutant[] = [
  {
    name: 'acknowledged-before-delivery',
    breaks: 'A request is answered when it is sent.',
    patches: [
      {
        file: CORE,
        from: 'if (done !== undefined) this.waiters.register(count, done);',
        to: 'this.waiters.refuse(done, 0);',
      },
    ],
    checkers: ['I10, D1'],
    seeds: seedsFrom(),
    options: BUSY,
  },
  {
    name: 'acknowledged-before-commit',
    breaks: 'Answers are given out before the batch is in the database.',
    patches: [
      {
        file: 'machines/pmxcfs/dfsm/engine.ts',
        from: '    this.isInBatch = false;\n    const failure',
        to: '    this.isInBatch = false;\n    this.core.waiters.flush();\n    const failure',
      },
    ],
    checkers: ['I10, D1'],
    seeds: seedsFrom(),
    options: BUSY,
  },
  {
    name: 'queue-kept-after-resend',
    breaks: 'Own messages stay in the queue when they are sent again, and are delivered twice.',
    patches: [
      {
        file: ROUND_STEPS,
        from: '  for (const { sender, message } of messageQueue.takeAll()) {',
        to: '  const all = messageQueue.takeAll();\n  messageQueue.restore([...all]);\n  for (const { sender, message } of all) {',
      },
    ],
    checkers: ['one history', 'I10, D1'],
    seeds: seedsFrom(2),
    options: CHURN,
  },
  {
    name: 'epoch-not-checked',
    breaks: 'A state message of another round is taken for one of this round.',
    patches: [
      { file: CORE, from: '    if (base.type !== SYNC_START && !epoch.equals(this.round.epoch)) return;\n', to: '' },
    ],
    checkers: ['one history', 'liveness'],
    seeds: seedsFrom(2, 15),
    options: CHURN,
  },
  {
    name: 'unsynced-node-sends-at-once',
    breaks: 'A node that is not synced sends requests at once instead of holding them.',
    patches: [
      {
        file: CORE,
        from: "else if (this.holdWhileUnsynced && this.mode !== 'synced') this.held.push",
        to: 'else if (this.lastCount < 0) this.held.push',
      },
    ],
    checkers: ['held requests', 'one history'],
    seeds: seedsFrom(7),
    options: CHURN,
  },
  {
    name: 'lowest-node-leads',
    breaks: 'The lowest node leads a round, whatever its version.',
    patches: [{ file: LEADER, from: '  if (best === undefined) return true;\n', to: '  return best === undefined;\n' }],
    checkers: ['I4'],
    seeds: seedsFrom(),
    options: CHURN,
  },
  {
    name: 'mtime-does-not-break-ties',
    breaks: 'Among equal versions the first member leads, not the one with the later mtime.',
    patches: [{ file: LEADER, from: '  return next.index.mtime > best.index.mtime;', to: '  return false;' }],
    checkers: ['adopted tree'],
    seeds: seedsFrom(),
    options: FORKS,
  },
  {
    name: 'synced-by-version-alone',
    breaks: 'A member with the version of the leader is taken for synced, whatever its tree.',
    patches: [
      {
        file: LEADER,
        from: 'blobOf(candidate).equals(blobOf(leader));',
        to: 'candidate.index.version === leader.index.version;',
      },
    ],
    checkers: ['synced alike', 'C1, C2, C3, C5, C6'],
    seeds: seedsFrom(),
    options: FORKS,
  },
  {
    name: 'members-not-marked-synced',
    breaks: 'At the end of a round the other members are still taken for unsynced.',
    patches: [
      {
        file: MACHINE,
        from: "COMMITTED: { target: 'synced', actions: 'markAllSynced' },",
        to: "COMMITTED: { target: 'synced', actions: 'markSelfSynced' },",
      },
    ],
    checkers: ['I12'],
    seeds: seedsFrom(),
    options: { ...CHURN, nodeCount: 5, freshNodes: true, think_ms: 4000 },
  },
  {
    name: 'two-members-skip-the-round',
    breaks: 'A member with one other member believes to be alone, and takes its own tree for the newest.',
    patches: [{ file: MACHINE, from: 'event.change.members.length === 1,', to: 'event.change.members.length <= 2,' }],
    checkers: ['one history'],
    seeds: seedsFrom(6),
    options: CHURN,
  },
  {
    name: 'members-ordered-by-pid',
    breaks: 'Members are ordered by process id before node id.',
    patches: [
      {
        file: 'machines/pmxcfs/dfsm/members.ts',
        from: 'return a.nodeid - b.nodeid || a.pid - b.pid;',
        to: 'return a.pid - b.pid || a.nodeid - b.nodeid;',
      },
    ],
    checkers: ['C1, C2, C3, C5, C6'],
    seeds: seedsFrom(),
    options: CHURN,
  },
  {
    name: 'waiters-forgotten-on-error',
    breaks: 'Whoever waits when the connection ends gets no answer.',
    patches: [
      {
        file: WAITERS,
        from: '    for (const done of this.waiting.values()) this.settled.push({ done, result: RESULT_EBUSY });\n',
        to: '',
      },
    ],
    checkers: ['I10, D1', 'liveness'],
    seeds: seedsFrom(5),
    options: { ...CROWDED, faults: ['crash', 'partition', 'disk-full'] },
  },
  {
    name: 'held-requests-lost-on-leave',
    breaks: 'Requests that wait for the end of a round get no answer when the node leaves.',
    patches: [
      { file: CORE, from: '    for (const { done } of held) this.waiters.refuse(done, RESULT_EBUSY);\n', to: '' },
    ],
    checkers: ['I10, D1', 'liveness'],
    seeds: seedsFrom(7),
    options: { ...CROWDED, faults: ['crash', 'partition', 'disk-full', 'one-way'] },
  },
  {
    name: 'keys-not-sent-after-a-merge',
    breaks: 'Nodes do not send their status keys again when members have joined.',
    patches: [
      { file: 'machines/pmxcfs/status/status-application.ts', from: '    this.#status.sendOwnKeys();\n', to: '' },
    ],
    checkers: ['C4'],
    seeds: seedsFrom(),
    options: CHURN,
  },
  {
    name: 'removed-inodes-kept-in-the-database',
    breaks: 'A state transfer does not delete the inodes that the leader lacks from the database.',
    patches: [{ file: TRANSFER, from: "  for (const inode of absent) yield { kind: 'delete', inode };\n", to: '' }],
    checkers: ['I9'],
    seeds: seedsFrom(),
    options: CHURN,
  },
  {
    name: 'removed-inodes-kept-in-the-tree',
    breaks: 'A state transfer does not remove the inodes that the leader lacks.',
    patches: [
      {
        file: TRANSFER,
        from: 'new Set([...inodesToDelete(own, leader), ...input.orphaned])',
        to: 'new Set([...input.orphaned])',
      },
    ],
    checkers: ['liveness'],
    seeds: seedsFrom(),
    options: CHURN,
  },
  {
    name: 'tree-adopted-without-comparing',
    breaks: 'A tree is adopted though it is not the one that the leader announced (the leader leaves an update out).',
    patches: [
      {
        file: TRANSFER,
        from: "  if (!encodeIndex([...tree.nodes.values()]).equals(input.leaderIndex)) return failureOf('database', INDEX_MISMATCH);\n",
        to: '',
      },
      {
        file: DCDB,
        from: 'for (const inode of [...inodes].sort((a, b) => a - b)) {',
        to: 'for (const inode of [...inodes].sort((a, b) => a - b).slice(0, -1)) {',
      },
    ],
    checkers: ['one history', 'C1, C2, C3, C5, C6'],
    seeds: seedsFrom(),
    options: CHURN,
  },
  {
    name: 'adopted-before-stored',
    breaks: 'A received tree is adopted and never stored.',
    patches: [
      { file: DCDB, from: 'const unstored = refused ?? this.store(plan.changes);', to: 'const unstored = refused;' },
    ],
    checkers: ['I9'],
    seeds: seedsFrom(),
    options: CHURN,
  },
];
