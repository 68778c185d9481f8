/**
 * Whether a node's tree is known to be a beginning of the leader's history (spec/pmxcfs.md §13.2.2). Then what the leader lacks was
 * removed by others after this node had gone, and nothing of this node's is given up; from the trees alone that can't be told from
 * a creation that others never saw.
 *
 * The tree of a node is *proven* since it completed a quorate round with all configured nodes, as long as every change was decided by
 * a ring with more than half of all configured votes. Two such rings have a node in common, and what the earlier may have decided is
 * carried into the later (`kept-changes.ts`): so they are in one order, which is that of their sequences.
 *
 *  H1 `proven` is taken back on disk before the first change that breaks it: one of local mode, one that is acknowledged locally, one in a
 *     ring that is quorate by an override, two_node, last_man_standing or a tie breaker; and before a tree is adopted from a leader that
 *     isn't proven, or without quorum.
 *  H2 It comes back with the next quorate round of all configured nodes, which have one tree then.
 *  H3 A proven tree whose primary ring isn't later than that of a proven leader is a beginning of the leader's history.
 */

export interface ProvenPort {
  /** 1 where the tree on this disk is proven, else 0. */
  readonly mark: { load(): number; save(mark: 0 | 1): { readonly message: string } | undefined };
  /** The nodes of the ring have more than half of all configured votes, and what is delivered has reached a majority. */
  hasMajority(): boolean;
  /** These are all configured nodes. */
  isWhole(nodeids: readonly number[]): boolean;
}

/** What a STATE message says of its sender's history beside the index; a number of 32 bits, 0 where nothing is known. */
export interface HistoryNote {
  /** Sequence of the last quorate ring whose round was completed; 0: none. */
  readonly primaryRing: number;
  readonly isProven: boolean;
}

const RING_MAX = 0x7fff_ffff;

export function encodeHistoryNote({ primaryRing, isProven }: HistoryNote): number {
  return primaryRing === 0 || primaryRing > RING_MAX ? 0 : primaryRing * 2 + Number(isProven);
}

export function decodeHistoryNote(note: number): HistoryNote {
  return { primaryRing: Math.floor(note / 2), isProven: note % 2 === 1 };
}

export class ProvenHistory {
  private readonly port: ProvenPort | undefined;
  private proven: boolean;

  /** Without a port nothing is ever proven. */
  constructor(port: ProvenPort | undefined) {
    this.port = port;
    this.proven = port?.mark.load() === 1;
  }

  get isProven(): boolean {
    return this.proven;
  }

  /** Changes of a quorate ring are about to be applied. A failure: they must not be. */
  entering(): { readonly message: string } | undefined {
    return this.port?.hasMajority() === true ? undefined : this.takeBack();
  }

  /** A leader's tree is about to be adopted. A failure: it must not be. */
  adopting(leader: HistoryNote, isQuorate: boolean): { readonly message: string } | undefined {
    return isQuorate && leader.isProven ? undefined : this.takeBack();
  }

  /** A quorate round of these nodes is complete. */
  completed(nodeids: readonly number[]): void {
    const { port } = this;
    if (this.proven || port === undefined || !port.hasMajority() || !port.isWhole(nodeids)) return;
    this.proven = port.mark.save(1) === undefined;
  }

  /** H3. */
  isBeginningOf(primaryRing: number, leader: HistoryNote): boolean {
    return this.proven && leader.isProven && primaryRing > 0 && primaryRing <= leader.primaryRing;
  }

  private takeBack(): { readonly message: string } | undefined {
    if (!this.proven) return undefined;
    const failure = this.port?.mark.save(0);
    if (failure === undefined) this.proven = false;
    return failure;
  }
}
