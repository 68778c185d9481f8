/** Mutants of vote counting, and of what a node does without quorum (spec/pmxcfs.md §5.3, §7.3). */
import type { Mutant } from './mutant.ts';
import { BUSY, seedsFrom } from './seeds.ts';

const VOTEQUORUM = 'machines/cluster/votequorum.ts';
/** An operator adds and removes nodes. */
const GROWING = { ...BUSY, growth: true, faults: ['crash', 'partition'] } as const;
/** Two halves with equal votes, again and again. */
const HALVES = { ...BUSY, nodeCount: 2, profile: 'wild', faults: ['partition'] } as const;

export const QUORUM_MUTANTS: readonly Mutant[] = [
  {
    name: 'quorum-is-half',
    breaks: 'Half of the expected votes are taken for a majority.',
    patches: [
      {
        file: VOTEQUORUM,
        from: 'Math.max(Math.floor((highest + 2) / 2), Math.floor((total + 2) / 2), input.atLeast)',
        to: 'Math.max(Math.floor((highest + 1) / 2), Math.floor((total + 1) / 2))',
      },
    ],
    checkers: ['I1'],
    seeds: seedsFrom(),
    options: HALVES,
  },
  {
    name: 'own-vote-counted-twice',
    breaks: 'A node counts its own vote twice.',
    patches: [
      {
        file: VOTEQUORUM,
        from: '    for (const info of this.#live.values()) {\n      highest = Math.max(highest, info.expected_votes);\n      total += info.votes;',
        to: '    for (const [nodeid, info] of this.#live) {\n      highest = Math.max(highest, info.expected_votes);\n      total += nodeid === this.#self ? 2 * info.votes : info.votes;',
      },
    ],
    checkers: ['I1'],
    seeds: seedsFrom(),
    options: HALVES,
  },
  {
    name: 'expected-votes-shrink-with-the-ring',
    breaks: 'The votes of members that are gone are expected no more.',
    patches: [
      {
        file: VOTEQUORUM,
        from: 'const majority = Math.max(Math.floor((highest + 2) / 2), Math.floor((total + 2) / 2), input.atLeast);',
        to: 'const majority = Math.floor((total + 2) / 2);',
      },
    ],
    checkers: ['I1'],
    seeds: seedsFrom(),
    options: { ...BUSY, faults: ['partition'] },
  },
  {
    name: 'transitional-quorum-not-judged',
    breaks: 'Quorum is not judged anew for the members that end the old ring together, before its rest is delivered.',
    patches: [
      {
        file: VOTEQUORUM,
        from: '    if (!this.#isQuorate(this.#recount(false))) this.#quorate = false;\n',
        to: '',
      },
    ],
    checkers: ['majority-stable delivery', 'one history'],
    seeds: seedsFrom(4),
    options: { ...BUSY, faults: ['partition', 'one-way', 'loss'] },
  },
  {
    name: 'quorum-ignored-at-delivery',
    breaks: 'A change that is delivered without quorum is applied.',
    patches: [
      {
        file: 'machines/pmxcfs/dcdb/application.ts',
        from: '    if (!this.port.isQuorate()) return this.keepOrRefuse(change);\n',
        to: '',
      },
    ],
    checkers: ['I3'],
    seeds: seedsFrom(),
    options: { ...BUSY, faults: ['partition', 'one-way', 'loss'] },
  },
  {
    name: 'quorum-ignored-at-request',
    breaks: 'A request is taken by a node without quorum.',
    patches: [
      {
        file: 'machines/pmxcfs/dcdb/application.ts',
        from: 'return this.port.isQuorate() ? 0 : RESULT_EACCES;',
        to: 'return 0;',
      },
      {
        file: 'actors/node/cluster-node.ts',
        from: '      isQuorate: () => this.quorate,\n      promptTime',
        to: '      isQuorate: () => true,\n      promptTime',
      },
    ],
    checkers: ['I3'],
    seeds: seedsFrom(),
    options: { ...BUSY, faults: ['partition'] },
  },
  {
    name: 'node-list-change-ignored',
    breaks: 'A running engine keeps the node list that it was started with.',
    patches: [{ file: 'actors/cluster/totem-engine.ts', from: '    this.#nodes = nodeSet(nodes);\n', to: '' }],
    checkers: ['liveness'],
    seeds: seedsFrom(),
    options: GROWING,
  },
  {
    name: 'added-node-not-published',
    breaks: 'Published cluster information keeps the node list of the start.',
    patches: [
      {
        file: 'actors/node/cluster-node.ts',
        from: '        this.#totem?.reconfigure(config);\n        this.status.installClusterInfo(config);\n',
        to: '        this.#totem?.reconfigure(config);\n',
      },
    ],
    checkers: ['C1, C2, C3, C5, C6'],
    seeds: seedsFrom(2),
    options: GROWING,
  },
];
