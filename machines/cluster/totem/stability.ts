/**
 * How far the ring is proven to be safe: the rule behind 13.2.1's acknowledgement.
 *
 * A frame may be handed to the layers above once members with a majority of the expected votes have received it; in a
 * ring whose members have no majority together, once all of them have. The original hands a message over as soon as its sender
 * has sent it. That isn't safe here: replicas choose their leader by the highest version (spec/pmxcfs.md §5.4), so an
 * isolated node that applied its own unacknowledged writes could win over acknowledged ones after a merge. With this
 * rule every tree is a prefix of the majority's history, and own delivery is the acknowledgement.
 *
 * Limit: when the member that acknowledged a frame is lost and, before its survivors have formed a ring, no majority is
 * connected either, each survivor alone refuses the frame (recovery.ts, step 2). The promise is about the loss of a minority
 * while a majority stays connected.
 */
export interface VoteWeights {
  /** Votes per member, in ring order. */
  readonly votes: readonly number[];
  /** Smallest number of votes that is a majority of the expected ones. */
  readonly majority: number;
}

/**
 * A holder that keeps the token sends frames to all and waits for the word of some. True when the holder and the members between
 * it and `index`, both places in ring order, have no majority together: then the word of `index` is needed.
 */
export function isWordNeeded(holder: number, index: number, { votes, majority }: VoteWeights): boolean {
  let sum = 0;
  for (let at = holder; at !== index; at = (at + 1) % votes.length) sum += votes[at]!;
  return sum < majority;
}

/** True when each member knows a frame of `holder` to be stable as soon as it has the frame itself. */
export function isKnownByReceipt(holder: number, { votes, majority }: VoteWeights): boolean {
  return votes.every((own, index) => index === holder || own + votes[holder]! >= majority);
}

/** Largest n such that frames 1..n are held by members that suffice. */
export function stablePoint(received: readonly number[], weights: VoteWeights): number {
  let total = 0;
  let minimum = Number.POSITIVE_INFINITY;
  for (let i = 0; i < received.length; i++) {
    total += weights.votes[i] ?? 0;
    minimum = Math.min(minimum, received[i]!);
  }
  if (total < weights.majority) return minimum;
  // Few members: for each candidate, sum the votes of those that are at least as far. No sorting, no allocation.
  let best = minimum;
  for (let i = 0; i < received.length; i++) {
    const candidate = received[i]!;
    if (candidate <= best) continue;
    let sum = 0;
    for (let j = 0; j < received.length; j++) if (received[j]! >= candidate) sum += weights.votes[j] ?? 0;
    if (sum >= weights.majority) best = candidate;
  }
  return best;
}
