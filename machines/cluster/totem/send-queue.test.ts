import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FRAME_HEADER_SIZE, isWellFormedFrame, writeFrameHeader } from './messages.ts';
import { Reassembly } from './reassembly.ts';
import { SendQueue } from './send-queue.ts';

/** Empties the queue into frames of at most `size` bytes. */
function drain(queue: SendQueue, size: number, sender = 1): Buffer[] {
  const frames: Buffer[] = [];
  while (!queue.isIdle) {
    const buffer = Buffer.alloc(size);
    const end = queue.fill(buffer, FRAME_HEADER_SIZE, size);
    assert.ok(end > FRAME_HEADER_SIZE, 'a frame carries something');
    writeFrameHeader(buffer, { rep: 1, seq: 4 }, sender, frames.length + 1, 0);
    frames.push(buffer.subarray(0, end));
  }
  return frames;
}

test('messages of any size come back whole and in order (I1, I3)', () => {
  const message = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes));
  const head = fc.option(fc.uint8Array({ minLength: 1, maxLength: 30 }).map((bytes) => Buffer.from(bytes)));
  fc.assert(
    fc.property(fc.array(fc.tuple(head, message)), fc.integer({ min: 120, max: 4000 }), (messages, size) => {
      const queue = new SendQueue(1_000_000);
      for (const [prefix, body] of messages) assert.ok(queue.push(prefix ?? undefined, body));
      const got: string[] = [];
      const reassembly = new Reassembly((_sender, bytes) => got.push(bytes.toString('hex')));
      for (const frame of drain(queue, size)) {
        assert.ok(isWellFormedFrame(frame));
        reassembly.take(frame);
      }
      assert.equal(
        got,
        messages.map(([prefix, body]) => Buffer.concat([prefix ?? Buffer.alloc(0), body]).toString('hex')),
      );
      assert.is(queue.bytes, 0);
    }),
  );
});

test('the bound refuses further messages, but takes one of any size below it (I2)', () => {
  const queue = new SendQueue(1000);
  assert.ok(queue.push(undefined, Buffer.alloc(999)));
  assert.ok(queue.push(undefined, Buffer.alloc(50_000)));
  assert.not(queue.push(undefined, Buffer.alloc(1)));
  queue.pushAlways(Buffer.alloc(1));
  drain(queue, 8192);
  assert.ok(queue.push(undefined, Buffer.alloc(1)));
});

test('while closed only urgent messages leave, and a partly sent one starts anew after a rewind', () => {
  const queue = new SendQueue(100_000);
  queue.push(undefined, Buffer.alloc(5000, 1));
  queue.fill(Buffer.alloc(1000), FRAME_HEADER_SIZE, 1000);
  queue.rewind();
  queue.closed = true;
  assert.ok(queue.isIdle);
  queue.pushUrgent(Buffer.from('sync'));
  const got: Buffer[] = [];
  const reassembly = new Reassembly((_sender, bytes) => got.push(bytes));
  for (const frame of drain(queue, 1000)) reassembly.take(frame);
  assert.equal(got.map(String), ['sync']);
  queue.closed = false;
  for (const frame of drain(queue, 1000)) reassembly.take(frame);
  assert.ok(got[1]!.equals(Buffer.alloc(5000, 1)));
});

test('an urgent message waits for the end of a partly sent one (I1)', () => {
  const queue = new SendQueue(100_000);
  queue.push(undefined, Buffer.alloc(1500, 1));
  const first = Buffer.alloc(1000);
  queue.fill(first, FRAME_HEADER_SIZE, 1000);
  writeFrameHeader(first, { rep: 1, seq: 4 }, 1, 1, 0);
  queue.pushUrgent(Buffer.from('sync'));
  const sizes: number[] = [];
  const reassembly = new Reassembly((_sender, bytes) => sizes.push(bytes.length));
  for (const frame of [first, ...drain(queue, 1000)]) reassembly.take(frame);
  assert.equal(sizes, [1500, 4]);
});

test('chunks without a beginning are dropped', () => {
  const queue = new SendQueue(100_000);
  queue.push(undefined, Buffer.alloc(2500, 1));
  queue.push(undefined, Buffer.from('next'));
  const frames = drain(queue, 1000);
  const got: string[] = [];
  const late = new Reassembly((_sender, bytes) => got.push(String(bytes)));
  for (const frame of frames.slice(1)) late.take(frame);
  assert.equal(got, ['next']);
});

test('senders are reassembled apart', () => {
  const parts = [1, 2].map((sender) => {
    const queue = new SendQueue(100_000);
    queue.push(undefined, Buffer.alloc(1500, sender));
    return drain(queue, 1000, sender);
  });
  const got: string[] = [];
  const reassembly = new Reassembly((sender, bytes) => got.push(`${sender}:${bytes.length}:${bytes[1400]}`));
  for (const frame of [parts[0]![0]!, parts[1]![0]!, parts[1]![1]!, parts[0]![1]!]) reassembly.take(frame);
  assert.equal(got, ['2:1500:2', '1:1500:1']);
});

test.run();
