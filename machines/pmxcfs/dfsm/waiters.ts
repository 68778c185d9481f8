/**
 * Local callers that wait for their own message to be delivered (spec/pmxcfs.md §4.7, §9.6).
 *
 * Every waiter gets exactly one result, in the order of `count` (I10): the result of its delivery, or -EBUSY ("outcome
 * unknown") when a later own message is delivered first, or the connection is reset. A result is handed out by `flush`
 * only: at the end of a batch, when the batch is durable.
 */
export type Done = (result: number) => void;

interface Settled {
  readonly done: Done;
  readonly result: number;
}

const RESULT_EBUSY = -16;
const RESULT_EIO = -5;

export class Waiters {
  /** By count; insertion order is ascending count. */
  private readonly waiting = new Map<number, Done>();
  private settled: Settled[] = [];

  /** Waiters without a result yet. */
  get pending(): number {
    return this.waiting.size;
  }

  register(count: number, done: Done): void {
    this.waiting.set(count, done);
  }

  /** An own message was delivered: everything up to its count is decided now. */
  settle(count: number, result: number): void {
    if (this.waiting.size === 0) return;
    for (const [waiting, done] of this.waiting) {
      if (waiting > count) return;
      this.waiting.delete(waiting);
      this.settled.push({ done, result: waiting === count ? result : RESULT_EBUSY });
    }
  }

  /** A request that was never sent ends with `result`; one that nobody waits for just ends. */
  refuse(done: Done | undefined, result: number): void {
    if (done !== undefined) this.settled.push({ done, result });
  }

  /** The message with this count could not be sent: its own waiter, and no other, ends with -EBUSY. */
  settleUnsent(count: number): void {
    const done = this.waiting.get(count);
    if (done === undefined) return;
    this.waiting.delete(count);
    this.settled.push({ done, result: RESULT_EBUSY });
  }

  /** The connection was reset (§4.7), or the node is in error (Q12): everybody ends with -EBUSY. */
  abortAll(): void {
    for (const done of this.waiting.values()) this.settled.push({ done, result: RESULT_EBUSY });
    this.waiting.clear();
  }

  /** The batch could not be made durable: what it was about to report as done is -EIO instead. */
  failSettled(): void {
    this.settled = this.settled.map(({ done, result }) => ({
      done,
      result: result === RESULT_EBUSY ? result : RESULT_EIO,
    }));
  }

  /** Hands out all results; a caller may submit the next request from inside. */
  flush(): void {
    if (this.settled.length === 0) return;
    const settled = this.settled;
    this.settled = [];
    for (const { done, result } of settled) done(result);
  }
}
