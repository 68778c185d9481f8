import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FILE_LIMIT_BYTES, SplitWrites } from './split-writes.ts';

const PAGE = 4096;
const PIECE = 32 * PAGE;

/** What the kernel makes of one write(2): cuts at the pages of a buffer that starts `skew` bytes into a page. */
function requestsOf(start: number, length: number, skew: number): { offset: number; length: number }[] {
  const requests: { offset: number; length: number }[] = [];
  let room = PIECE - skew;
  for (let done = 0; done < length; room = PIECE) {
    const size = Math.min(room, length - done);
    requests.push({ offset: start + done, length: size });
    done += size;
  }
  return requests;
}

/** Applies requests as the tree does: refused as a whole beyond the limit. Returns the bytes that were written. */
function written(splitWrites: SplitWrites, requests: readonly { offset: number; length: number }[]): number {
  let sum = 0;
  for (const { offset, length } of requests) {
    const piece = splitWrites.piece('f', Buffer.alloc(length), offset);
    if (offset + piece.length > FILE_LIMIT_BYTES) return sum;
    sum += piece.length;
    if (piece.length < length) return sum;
  }
  return sum;
}

test('a cut write across the limit fills the file, wherever its buffer lies (spec §1.6)', () => {
  const property = fc.property(
    fc.integer({ min: 0, max: PAGE - 1 }),
    fc.integer({ min: 1, max: 300_000 }),
    (skew, extra) => {
      const requests = requestsOf(0, FILE_LIMIT_BYTES + extra, skew);
      assert.is(written(new SplitWrites(), requests), FILE_LIMIT_BYTES);
    },
  );
  fc.assert(property);
});

test('a small write across the limit is refused as a whole', () => {
  const splitWrites = new SplitWrites();
  assert.is(splitWrites.piece('f', Buffer.alloc(2), FILE_LIMIT_BYTES - 1).length, 2);
  // Also after a write that ended there, if that one was not cut.
  splitWrites.piece('f', Buffer.alloc(1000), FILE_LIMIT_BYTES - 1001);
  assert.is(splitWrites.piece('f', Buffer.alloc(2), FILE_LIMIT_BYTES - 1).length, 2);
});

test('a write at the limit, or of another file, is left alone', () => {
  const splitWrites = new SplitWrites();
  splitWrites.piece('f', Buffer.alloc(PIECE), FILE_LIMIT_BYTES - PIECE);
  assert.is(splitWrites.piece('f', Buffer.alloc(9), FILE_LIMIT_BYTES).length, 9);
  splitWrites.piece('f', Buffer.alloc(PIECE), FILE_LIMIT_BYTES - PIECE - 5);
  assert.is(splitWrites.piece('g', Buffer.alloc(9), FILE_LIMIT_BYTES - 5).length, 9);
});

test.run();
