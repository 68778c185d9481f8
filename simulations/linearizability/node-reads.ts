/**
 * Reads are answered from a node's own memory (spec/pmxcfs.md §1.7), so that a node that lags behind reads what is no longer
 * so: they are not linearizable. What they promise is weaker: a node's reads, of all paths together, follow the one agreed history
 * of changes.
 *
 *  R1 What is read was there at some position of the agreed history, and the change that made it has happened.
 *  R2 The positions of one session's reads never fall.
 *  R3 A read comes after every change that was acknowledged to the session before.
 *
 * The lowest position that fits is taken each time: any other would forbid more later.
 */

/** What a path holds from a position on; `undefined` where nobody knows, which fits every read. */
export interface AgreedChange<Value> {
  readonly position: number;
  readonly key: string;
  readonly value: Value | undefined;
}

export interface StaleRead<Value> {
  readonly key: string;
  readonly value: Value;
  /** The reader knows the history up to here. */
  readonly floor: number;
  /** What was there then; undefined where nobody knows. */
  readonly valueAtFloor: Value | undefined;
}

/** Checks reads as they happen. `Value`s are compared by identity. */
export class NodeReads<Value> {
  readonly #changes = new Map<string, AgreedChange<Value>[]>();
  /** Position up to which a session has certainly seen the history. */
  readonly #floors = new Map<string, number>();

  /**
   * The next change of the agreed history; positions rise. What a key holds before its first one nobody knows, unless a change at position 0
   * says it.
   */
  agree(change: AgreedChange<Value>): void {
    const changes = this.#changes.get(change.key);
    if (changes === undefined) this.#changes.set(change.key, [change]);
    else changes.push(change);
  }

  /** A change was acknowledged to the session (R3). */
  acknowledge(session: string, position: number): void {
    this.#floors.set(session, Math.max(position, this.#floors.get(session) ?? 0));
  }

  /** The session has read; undefined where that is in order. */
  read(session: string, key: string, value: Value): StaleRead<Value> | undefined {
    const floor = this.#floors.get(session) ?? 0;
    const changes = this.#changes.get(key) ?? [];
    let at = lastUpTo(changes, floor);
    const valueAtFloor = changes[at]?.value;
    if (valueAtFloor === undefined || valueAtFloor === value) return undefined;
    while (at < changes.length && !fits(changes[at]!, value)) at += 1;
    const seen = changes[at];
    if (seen === undefined) return { key, value, floor, valueAtFloor };
    this.#floors.set(session, seen.position);
    return undefined;
  }
}

function fits<Value>({ value }: AgreedChange<Value>, seen: Value): boolean {
  return value === undefined || value === seen;
}

/** Index of the last change at or before `position`; -1 where there is none. */
function lastUpTo(changes: readonly AgreedChange<unknown>[], position: number): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (changes[middle]!.position <= position) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
