/**
 * Changes that a node has received in a quorate ring and may not apply, because the ring broke and no majority moves on
 * with it. Others may have applied them: the ring had told them that a majority has them (§13.2.1). So they are kept until the
 * next quorate round, which applies them before anything else (after Keidar and Dolev, "Efficient Message Ordering in Dynamic
 * Networks", 1996: what a quorate component may have decided is carried into the next one).
 *
 * Each replica names the last quorate ring whose round it has completed (its *primary ring*), on disk as in its STATE. In a
 * quorate round only what was kept in the highest primary ring of all members counts: a later one has decided on the rest.
 *
 *  C1 what is kept continues this node's tree, in the order of its primary ring, without a gap.
 *  C2 nothing is kept after the configuration change that follows the first refusal.
 *  C3 what a round applies, every member of it has received first: it travels as messages of the round.
 *  C4 a change whose version the leader's tree has reached is in that tree.
 */
import { Buffer } from 'node:buffer';
import { UNLOCK_REQUEST } from '../messages/file-message.ts';
import type { ReplayMessage } from '../messages/replay-message.ts';
import { Memdb, type TreeMode } from '../tree/memdb.ts';
import { rowOf } from '../tree/tree-load.ts';
import { applyChange, type TreeChange } from './tree-change.ts';

export class KeptChanges {
  private changes: TreeChange[] = [];
  private measured: readonly ReplayMessage[] | undefined;
  /** From the first refusal to the next configuration change. */
  isOpen = false;

  get length(): number {
    return this.changes.length;
  }

  add(change: TreeChange): void {
    // A question, and answered by whoever leads then.
    if (change.subtype === UNLOCK_REQUEST) return;
    // The message may be a view of a larger buffer.
    this.changes.push({ ...change, payload: Buffer.from(change.payload) });
  }

  drop(): void {
    this.changes = [];
    this.measured = undefined;
  }

  /**
   * The version of the tree after each change, by a rehearsal on a copy of `memdb`; once, while the tree is still the one that
   * they continue. Empty when the copy can't be made.
   */
  measure(memdb: Memdb, mode: TreeMode): readonly ReplayMessage[] {
    if (this.changes.length === 0) return [];
    this.measured ??= rehearse(this.changes, memdb, mode);
    return this.measured;
  }
}

function rehearse(changes: readonly TreeChange[], memdb: Memdb, mode: TreeMode): readonly ReplayMessage[] {
  const copy = new Memdb({ mode });
  const opened = copy.open(
    [...memdb.entries()].map((entry) => rowOf(entry)),
    { wall_s: 0, monotonic_s: 0 },
  );
  if ('failure' in opened) return [];
  return changes.map((change) => {
    applyChange(copy, change, 0);
    return { ...change, version: copy.root.version };
  });
}

/** A member's kept changes in a round. */
export interface Offer {
  readonly primaryRing: number;
  readonly changes: readonly ReplayMessage[];
}

/**
 * What a quorate round has to apply to the leader's tree of `version`: of the offers of the highest primary ring the one that
 * reaches farthest; all of them are beginnings of one order (C1).
 */
export function changesToReplay(
  offers: readonly Offer[],
  primaryRing: number,
  version: number,
): readonly ReplayMessage[] {
  let farthest: readonly ReplayMessage[] = [];
  for (const offer of offers) {
    if (offer.primaryRing !== primaryRing) continue;
    if (lastVersion(offer.changes) > lastVersion(farthest)) farthest = offer.changes;
  }
  return farthest.filter((change) => change.version > version);
}

function lastVersion(changes: readonly ReplayMessage[]): number {
  return changes.at(-1)?.version ?? 0;
}
