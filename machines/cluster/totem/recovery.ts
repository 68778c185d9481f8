/**
 * What becomes of the messages of an old ring when a new one is formed.
 *
 * The members that move together (the *transitional* members: same old ring) send one another, inside the new ring,
 * every frame of the old ring that one of them lacks. When all have all, each of them ends the old ring by delivering
 * the same messages:
 *
 *  1. frames up to the stable point that any of them knew: they were safe in the old ring;
 *  2. then quorum is judged by the transitional members' votes alone. Without a majority, the layer above learns that it isn't
 *     quorate *before* it sees the rest, and refuses those writes: an unstable message must never be applied by a minority;
 *  3. the remaining frames; behind a gap that nobody can fill, only those of transitional members (the senders of the
 *     others are gone, and what they sent behind the gap may depend on what is missing).
 *
 *  I1 Transitional members deliver the same messages of the old ring (§7.5, extended virtual synchrony).
 *  I2 A message of a transitional member that was sent as a whole is delivered (process group contract G8).
 *  I3 A message that was stable in the old ring, and whose frames a transitional member held, is delivered before step 2.
 */
import { type CommitEntry, frameSenderOf, type RingId, sameRing } from './messages.ts';
import type { Ring } from './ring.ts';

export interface RecoveryPlan {
  /** Members that come from the same old ring as this node, itself included; ascending. */
  readonly transitional: readonly number[];
  /** Frames of the old ring that this node has to send, ascending. */
  readonly rebroadcast: readonly number[];
  /** Step 1 ends here. */
  readonly stable: number;
  /** Highest frame that a transitional member holds. */
  readonly high: number;
}

/** Decides what `self` has to send; the same entries give a consistent plan on every member. */
export function planRecovery(
  self: number,
  oldRing: RingId,
  entries: readonly CommitEntry[],
  has: (seq: number) => boolean,
): RecoveryPlan {
  const together = entries.filter((entry) => sameRing(entry.oldRing, oldRing));
  const lowest = Math.min(...together.map((entry) => entry.received));
  const highestReceived = Math.max(...together.map((entry) => entry.received));
  const high = Math.max(...together.map((entry) => entry.high));
  const stable = Math.max(...together.map((entry) => entry.stable));
  // Up to the highest received-up-to value one member has everything; the lowest node id of those sends it.
  const source = together.find((entry) => entry.received === highestReceived)?.nodeid;
  const rebroadcast: number[] = [];
  if (together.length > 1) {
    for (let seq = lowest + 1; seq <= high; seq++) {
      if ((seq > highestReceived || source === self) && has(seq)) rebroadcast.push(seq);
    }
  }
  return { transitional: together.map((entry) => entry.nodeid), rebroadcast, stable, high };
}

/** Step 1. */
export function deliverStable(ring: Ring, plan: RecoveryPlan): void {
  const limit = Math.min(plan.stable, ring.store.received);
  while (ring.delivered < limit) ring.deliverNext(false);
}

/** Step 3. */
export function deliverRest(ring: Ring, plan: RecoveryPlan): void {
  let isBehindGap = false;
  while (ring.delivered < plan.high) {
    const frame = ring.store.get(ring.delivered + 1);
    if (frame === undefined) isBehindGap = true;
    ring.deliverNext(frame === undefined || (isBehindGap && !plan.transitional.includes(frameSenderOf(frame))));
  }
}
