/** A fault that is being drawn, and the round that it belongs to. */
import type { SeededRandom } from '../../runtime/random/seeded.ts';
import type { Act } from './act.ts';
import type { SimulatedNode } from './node.ts';
import type { ClusterWorld } from './world.ts';

export interface Round {
  readonly world: ClusterWorld;
  readonly victims: readonly SimulatedNode[];
  readonly random: SeededRandom;
  /** What was begun in an earlier round doesn't end in this one. */
  isOver: boolean;
}

export interface Strike {
  readonly round: Round;
  readonly world: ClusterWorld;
  readonly victims: readonly SimulatedNode[];
  readonly random: SeededRandom;
  now(act: Act): void;
  /** What ends the fault after up to `longest_ms`, often much sooner, unless its round has ended before. */
  later(longest_ms: number, acts: () => readonly Act[]): void;
}
