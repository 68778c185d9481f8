/**
 * The ProcessGroup port: closed process groups over a totally ordered multicast (spec/pmxcfs.md §7.5, §7.6).
 *
 * Contract (§7.6 "Contract for a TS group layer"), tested over every implementation:
 *  G1 one totally ordered stream per group and configuration, of messages and configuration changes;
 *  G2 self-delivery only through that stream;
 *  G3 FIFO per sender across configurations;
 *  G4 a message is delivered in the configuration it was sent in, or in the next one, or nowhere; never twice;
 *  G5 members that move together deliver the same messages before the next configuration;
 *  G6 member lists are complete and sorted by (nodeid, pid), the same at the same stream position;
 *  G7 a merge is one change whose joined list is non-empty on both sides;
 *  G8 nothing accepted by `mcast` is lost silently while its sender stays up;
 *  G9 messages of up to 1 MiB + 64 KiB and state blobs of up to 32 + 40 × 262144 bytes arrive whole;
 *  G10 an incarnation is (nodeid, pid).
 */
export interface GroupMember {
  readonly nodeid: number;
  readonly pid: number;
}

export interface GroupChange {
  readonly members: readonly GroupMember[];
  readonly joined: readonly GroupMember[];
  readonly left: readonly GroupMember[];
}

/** Callbacks of one joined group; called one at a time, never from inside `join`, `mcast` or `leave`. */
export interface GroupListener {
  /** `message` is not reused, but may be a view of a larger buffer: what is kept for long is copied. */
  deliver(sender: GroupMember, message: Buffer): void;
  configurationChange(change: GroupChange): void;
  /** End of a batch: no further callback follows in this turn. One SQLite transaction per batch hangs on it. */
  batchEnd(): void;
  /** The engine died or was stopped; the handle is dead. */
  lost(): void;
}

/** `try-again`: flow control or a reconfiguration; ask again after 100 ms. `not-joined`: the handle is dead or left. */
export type McastResult = 'sent' | 'try-again' | 'not-joined';

export interface GroupHandle {
  readonly self: GroupMember;
  /** Takes ownership of `message`. */
  mcast(message: Buffer): McastResult;
  /** Announces leaving; the listener gets the change without itself, then nothing more. */
  leave(): void;
}

export interface ProcessGroup {
  readonly nodeid: number;
  /** Joins `group`. The first callback is the change that contains `self`. Re-joining after a leave is allowed at once. */
  join(group: string, pid: number, listener: GroupListener): GroupHandle;
}
