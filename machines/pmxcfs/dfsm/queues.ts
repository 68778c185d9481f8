/**
 * The two queues of the dfsm (spec/pmxcfs.md §4.6), as data only; what is done with their messages stands in `core.ts`.
 *
 *  message queue: sorted by `count` ascending, equal counts in order of arrival. Messages of members that are not
 *                 synced, and everything received before the node knows who is synced.
 *  sync queue:    order of arrival, only used in mode update. Messages of synced members.
 */
import type { DfsmMember } from './members.ts';

/** A NORMAL message with its decoded header; `message` is the whole of it, as received. */
export interface QueuedMessage {
  readonly sender: DfsmMember;
  readonly subtype: number;
  readonly time_s: number;
  readonly count: number;
  readonly payload: Buffer;
  readonly message: Buffer;
}

export class MessageQueue {
  private entries: QueuedMessage[] = [];

  get length(): number {
    return this.entries.length;
  }

  /** Inserts behind the last entry whose count is not greater. Nearly always that is the end. */
  insert(entry: QueuedMessage): void {
    const last = this.entries.at(-1);
    if (last === undefined || last.count <= entry.count) {
      this.entries.push(entry);
      return;
    }
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.entries[middle]!.count <= entry.count) low = middle + 1;
      else high = middle;
    }
    this.entries.splice(low, 0, entry);
  }

  /** Takes everything out, in order. */
  takeAll(): readonly QueuedMessage[] {
    const taken = this.entries;
    this.entries = [];
    return taken;
  }

  /** Puts back what a walk has kept; the queue must be empty and `kept` in the order in which it was taken. */
  restore(kept: QueuedMessage[]): void {
    this.entries = kept;
  }

  clear(): void {
    this.entries = [];
  }
}

export class SyncQueue {
  private entries: QueuedMessage[] = [];

  get length(): number {
    return this.entries.length;
  }

  push(entry: QueuedMessage): void {
    this.entries.push(entry);
  }

  takeAll(): readonly QueuedMessage[] {
    const taken = this.entries;
    this.entries = [];
    return taken;
  }

  clear(): void {
    this.entries = [];
  }
}
