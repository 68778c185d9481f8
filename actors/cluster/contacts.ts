/** A contact is answered at most this often per peer. */
const REPLY_INTERVAL_MS = 20;
/** A peer that was silent for this many merge intervals isn't heard. */
const SILENT_INTERVALS = 3;

/** Which peers this node hears, and whom it told so lately. */
export class Contacts {
  readonly #heardAt_ms = new Map<number, number>();
  readonly #repliedAt_ms = new Map<number, number>();

  hear(peer: number, now_ms: number): void {
    this.#heardAt_ms.set(peer, now_ms);
  }

  /** Those of `nodes` that were heard during the last few merge intervals. */
  heard(nodes: readonly number[], merge_ms: number, now_ms: number): number[] {
    const since_ms = now_ms - SILENT_INTERVALS * merge_ms;
    return nodes.filter((node) => (this.#heardAt_ms.get(node) ?? Number.NEGATIVE_INFINITY) >= since_ms);
  }

  /** True when `peer` may be answered now; remembers that it is. */
  mayReply(peer: number, now_ms: number): boolean {
    if (now_ms - (this.#repliedAt_ms.get(peer) ?? Number.NEGATIVE_INFINITY) < REPLY_INTERVAL_MS) return false;
    this.#repliedAt_ms.set(peer, now_ms);
    return true;
  }
}
