/**
 * Memory of the periodic verification (spec/pmxcfs.md §4.8): which request was sent last, and the checksum that this
 * node computed when it received one.
 */
import { hex16 } from '../messages/u64.ts';

export type VerificationResult =
  | { readonly kind: 'equal' }
  | { readonly kind: 'different'; readonly received: string; readonly own: string }
  | { readonly kind: 'none-saved' };

const NO_EPOCH = Buffer.alloc(16);

export class Verification {
  /** Id of the last request that this process sent. */
  private counter = 0;
  private id = 0;
  private epoch: Buffer = NO_EPOCH;
  private checksum: Buffer | undefined;

  /** True while a request of ours has not come back. */
  get isOutstanding(): boolean {
    return this.counter !== this.id;
  }

  get nextId(): number {
    return this.counter + 1;
  }

  takeNextId(): number {
    this.counter += 1;
    return this.counter;
  }

  /** A configuration change: nothing that was saved is comparable any more (§4.4 step 2). */
  invalidate(): void {
    this.id = this.counter;
    this.epoch = NO_EPOCH;
    this.checksum = undefined;
  }

  remember(id: number, epoch: Buffer, checksum: Buffer): void {
    this.id = id;
    this.epoch = epoch;
    this.checksum = checksum;
  }

  /** Judges a received checksum. The two numbers are the first eight bytes as `%016X`. */
  judge(id: number, epoch: Buffer, received: Buffer): VerificationResult {
    if (this.checksum === undefined || id !== this.id || !epoch.equals(this.epoch)) return { kind: 'none-saved' };
    if (received.equals(this.checksum)) return { kind: 'equal' };
    return { kind: 'different', received: firstWord(received), own: firstWord(this.checksum) };
  }
}

function firstWord(checksum: Buffer): string {
  return hex16(checksum.readBigUInt64LE(0));
}
