/**
 * Sending of one replica: in the order of the calls, retried while the group answers `try-again` (spec/pmxcfs.md §4.7,
 * §9.6). The original holds its send mutex meanwhile; here later messages wait in a queue behind the first one.
 */
import type { Clock, TimerHandle } from '../../runtime/clock/clock.ts';
import type { Log } from '../../runtime/log/log.ts';
import type { McastResult } from '../../runtime/process-group/process-group.ts';

const RETRY_MS = 100;
const MAX_RETRIES = 100;
const LOGGED_EVERY = 10;
/** Bound on waiting messages: four times the inodes of the largest tree that is advertised. */
const MAX_WAITING = 1_048_576;
const COMPACT_AFTER = 1024;

interface Outgoing {
  readonly message: () => Buffer | undefined;
  readonly onFailure: () => void;
}

export interface SenderOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly logDomain: string;
  readonly mcast: (message: Buffer) => McastResult;
  /** After a retry by the timer, which may have called failure callbacks. */
  readonly afterRetry: () => void;
}

export class ReplicaSender {
  private readonly options: SenderOptions;
  private waiting: Outgoing[] = [];
  /** Messages of `waiting` that are done with. */
  private done = 0;
  /** The first waiting message, encoded when it was first tried. */
  private encoded: Buffer | undefined;
  private retries = 0;
  private timer: TimerHandle | undefined;

  constructor(options: SenderOptions) {
    this.options = options;
  }

  /** Messages that wait for the group to take them. */
  get backlog(): number {
    return this.waiting.length - this.done;
  }

  /** Sends, or queues behind what waits. A message that is undefined when its turn comes is skipped. `onFailure`: it will never go out; may be called before this returns. */
  send(message: () => Buffer | undefined, onFailure: () => void): void {
    if (this.backlog >= MAX_WAITING) {
      this.logFailure('CS_ERR_TRY_AGAIN');
      onFailure();
      return;
    }
    this.waiting.push({ message, onFailure });
    if (this.backlog === 1) this.pump();
  }

  /** Tries again without counting it as a retry: the group has moved, so that there may be room. */
  pump(): void {
    while (this.backlog > 0) {
      this.encoded ??= this.waiting[this.done]!.message();
      if (this.encoded === undefined) {
        this.takeFirst();
        continue;
      }
      const result = this.options.mcast(this.encoded);
      if (result === 'try-again') {
        this.timer ??= this.options.clock.setTimeout(() => this.retry(), RETRY_MS);
        return;
      }
      const { onFailure } = this.takeFirst();
      if (result === 'not-joined') {
        // The original logs a hard error in its low layer and in the caller.
        this.logFailure('CS_ERR_BAD_HANDLE');
        this.logFailure('CS_ERR_BAD_HANDLE');
        onFailure();
      }
    }
    this.stopTimer();
  }

  /** Drops everything without a word: the connection ends, and whoever waits is told by that. */
  clear(): void {
    this.waiting = [];
    this.done = 0;
    this.encoded = undefined;
    this.retries = 0;
    this.stopTimer();
  }

  private retry(): void {
    this.timer = undefined;
    this.retries += 1;
    if (this.retries % LOGGED_EVERY === 0) this.logNotice(`cpg_send_message retry ${this.retries}`);
    if (this.retries >= MAX_RETRIES) this.giveUp();
    this.pump();
    this.options.afterRetry();
  }

  private giveUp(): void {
    const { onFailure } = this.takeFirst();
    this.logFailure('CS_ERR_TRY_AGAIN');
    onFailure();
  }

  private takeFirst(): Outgoing {
    const first = this.waiting[this.done]!;
    this.done += 1;
    if (this.done === this.waiting.length) {
      this.waiting.length = 0;
      this.done = 0;
    } else if (this.done >= COMPACT_AFTER && this.done * 2 > this.waiting.length) {
      this.waiting = this.waiting.slice(this.done);
      this.done = 0;
    }
    if (this.retries > 0) this.logNotice(`cpg_send_message retried ${this.retries} times`);
    this.retries = 0;
    this.encoded = undefined;
    return first;
  }

  private stopTimer(): void {
    if (this.timer !== undefined) this.options.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private logNotice(message: string): void {
    this.options.log.write(this.options.logDomain, 'notice', message);
  }

  private logFailure(error: string): void {
    this.options.log.write(this.options.logDomain, 'crit', `cpg_send_message failed: ${error}`);
  }
}
