/** The watchdogs of all nodes: a handle per daemon that asked for one (spec/ha.md §1.8, §14.7). */
import { isWatchdogExpired } from '../../machines/ha/watchdog/handle.ts';

interface Handle {
  readonly node: string;
  fed_at: number;
}

export class Watchdogs {
  readonly #handles = new Map<number, Handle>();
  #last = 0;

  open(node: string, now: number): number {
    this.#last++;
    this.#handles.set(this.#last, { node, fed_at: now });
    return this.#last;
  }

  /** False for a handle that is unknown or has expired. */
  feed(id: number, now: number): boolean {
    const handle = this.#alive(id, now);
    if (handle === undefined) return false;
    handle.fed_at = now;
    return true;
  }

  close(id: number, now: number): boolean {
    return this.#alive(id, now) !== undefined && this.#handles.delete(id);
  }

  isOpen(id: number): boolean {
    return this.#handles.has(id);
  }

  removeAll(node: string): void {
    for (const [id, handle] of this.#handles) if (handle.node === node) this.#handles.delete(id);
  }

  /** Removes what has expired; the nodes that are to be reset. */
  sweep(now: number): ReadonlySet<string> {
    const nodes = new Set<string>();
    for (const [id, { fed_at, node }] of this.#handles) {
      if (!isWatchdogExpired(fed_at, now)) continue;
      nodes.add(node);
      this.#handles.delete(id);
    }
    return nodes;
  }

  #alive(id: number, now: number): Handle | undefined {
    const handle = this.#handles.get(id);
    return handle === undefined || isWatchdogExpired(handle.fed_at, now) ? undefined : handle;
  }
}
