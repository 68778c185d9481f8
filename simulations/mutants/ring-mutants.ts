/** Mutants of Totem and of the process groups over it (spec/pmxcfs.md §7.4-§7.6). */
import type { Mutant } from './mutant.ts';
import { BUSY, seedsFrom } from './seeds.ts';

const RING = 'machines/cluster/totem/ring.ts';
const MEMBERSHIP = 'machines/cluster/totem/membership.ts';
const RECOVERY = 'machines/cluster/totem/recovery.ts';
const GROUPS = 'machines/cluster/process-group.ts';
const CUTS = { ...BUSY, faults: ['partition', 'one-way', 'loss'] } as const;
const LOSSES = { ...BUSY, faults: ['partition', 'loss', 'clog'], loss: 0.02 } as const;

export const RING_MUTANTS: readonly Mutant[] = [
  {
    name: 'agreed-delivery',
    breaks: 'A message is delivered as soon as it is ordered, before a majority has it.',
    patches: [{ file: RING, from: 'Math.min(this.store.received, this.#stable)', to: 'this.store.received' }],
    checkers: ['majority-stable delivery'],
    seeds: seedsFrom(),
    options: CUTS,
  },
  {
    name: 'stable-one-vote-short',
    breaks: 'A message is taken for safe when its holders are one vote short of a majority.',
    patches: [
      {
        file: 'machines/cluster/totem/stability.ts',
        from: 'if (sum >= weights.majority) best = candidate;',
        to: 'if (sum >= weights.majority - 1) best = candidate;',
      },
    ],
    checkers: ['majority-stable delivery'],
    seeds: seedsFrom(),
    options: LOSSES,
  },
  {
    name: 'ring-id-not-stored',
    breaks: 'The sequence of a new ring is not stored, so that a restarted node uses it again.',
    patches: [
      {
        file: 'actors/cluster/totem-engine.ts',
        from: 'const failure = this.#options.ringIds.save(seq);',
        to: 'const failure = undefined as SaveFailure | undefined;',
      },
    ],
    checkers: ['ring identity'],
    seeds: seedsFrom(),
    options: { ...BUSY, faults: ['crash', 'power-loss'] },
  },
  {
    name: 'ring-sequence-not-raised',
    breaks: 'A new ring takes the highest sequence seen, not a higher one.',
    patches: [
      {
        file: MEMBERSHIP,
        from: 'const ring = { rep: context.self, seq: context.highestSeq + 4 };',
        to: 'const ring = { rep: context.self, seq: context.highestSeq };',
      },
    ],
    checkers: ['ring identity'],
    seeds: seedsFrom(),
    options: CUTS,
  },
  {
    name: 'consensus-without-all',
    breaks: 'The lowest candidate forms a ring before all candidates have agreed.',
    patches: [
      {
        file: MEMBERSHIP,
        from: 'isSubset(candidates(context), context.consensus) && candidates(context)[0] === context.self,',
        to: 'candidates(context)[0] === context.self,',
      },
    ],
    checkers: ['liveness'],
    seeds: seedsFrom(2),
    options: CUTS,
  },
  {
    name: 'old-commit-token-accepted',
    breaks: 'A commit token with a sequence that is not higher than any seen is accepted.',
    patches: [{ file: MEMBERSHIP, from: '      event.token.ring.seq > context.highestSeq &&\n', to: '' }],
    checkers: ['commit sequence'],
    seeds: seedsFrom(2),
    options: { ...BUSY, faults: ['partition', 'pause', 'clog', 'loss'], duplication: 0.1, latency_ms: [1, 40] },
  },
  {
    name: 'recovery-skips-a-frame',
    breaks: 'The first frame of the old ring that a survivor lacks is not sent to it.',
    patches: [
      {
        file: RECOVERY,
        from: 'for (let seq = lowest + 1; seq <= high; seq++)',
        to: 'for (let seq = lowest + 2; seq <= high; seq++)',
      },
    ],
    checkers: ['one history'],
    seeds: seedsFrom(3, 1),
    options: LOSSES,
  },
  {
    name: 'old-ring-ends-at-the-stable-point',
    breaks: 'Frames of the old ring that were not yet safe are forgotten instead of delivered.',
    patches: [
      { file: RECOVERY, from: 'while (ring.delivered < plan.high) {', to: 'while (ring.delivered < plan.stable) {' },
    ],
    checkers: ['own delivery', 'I10, D1', 'one history', 'durability (13.2.1)'],
    seeds: seedsFrom(5, 9),
    options: LOSSES,
  },
  {
    name: 'queue-open-before-service-synchronisation',
    breaks: 'Messages of clients leave before the members of a new ring have compared their processes.',
    patches: [{ file: 'actors/cluster/ring-host.ts', from: '    this.queue.closed = true;\n', to: '' }],
    checkers: ['liveness'],
    seeds: seedsFrom(12, 6),
    options: CUTS,
  },
  {
    name: 'node-that-came-back-not-joined-anew',
    breaks: 'A node that was in another ring meanwhile is not taken for left and joined again.',
    patches: [{ file: GROUPS, from: '    this.#continuing = intersection(this.#continuing, transitional);\n', to: '' }],
    checkers: ['one history', 'C1, C2, C3, C5, C6', 'liveness'],
    seeds: seedsFrom(2),
    options: CUTS,
  },
];
