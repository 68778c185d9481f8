/** Queues (spec/pmxcfs.md §4.6) and waiters (§4.7, I10). */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MessageQueue, type QueuedMessage } from './queues.ts';
import { Waiters } from './waiters.ts';

const NO_BYTES = Buffer.alloc(0);

function queued(count: number, nodeid: number): QueuedMessage {
  const sender = { nodeid, pid: nodeid };
  return { sender, count, subtype: 1, time_s: 0, payload: NO_BYTES, message: NO_BYTES };
}

test('the message queue is sorted by count; equal counts keep the order of arrival', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 6 })), (counts) => {
      const queue = new MessageQueue();
      const arrived = counts.map((count, at) => queued(count, at));
      for (const message of arrived) queue.insert(message);
      // Array.prototype.sort is stable.
      assert.equal(
        queue.takeAll(),
        [...arrived].sort((a, b) => a.count - b.count),
      );
      assert.is(queue.length, 0);
    }),
  );
});

test('I10: every waiter gets one result, in the order of count, whatever happens', () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('register' as const) }),
    fc.record({ kind: fc.constant('settle' as const), at: fc.nat(10) }),
    fc.record({ kind: fc.constant('unsent' as const), at: fc.nat(10) }),
    fc.record({ kind: fc.constant('flush' as const) }),
  );
  fc.assert(
    fc.property(fc.array(event), (events) => {
      const waiters = new Waiters();
      const results = new Map<number, number[]>();
      let last = 0;
      for (const happening of events) {
        if (happening.kind === 'register') {
          last += 1;
          const count = last;
          results.set(count, []);
          waiters.register(count, (result) => results.get(count)!.push(result));
        } else if (happening.kind === 'settle') waiters.settle(happening.at, 0);
        else if (happening.kind === 'unsent') waiters.settleUnsent(happening.at);
        else waiters.flush();
      }
      waiters.abortAll();
      waiters.flush();
      assert.is(waiters.pending, 0);
      for (const [count, got] of results) assert.is(got.length, 1, `count ${count}`);
    }),
  );
});

test('a later own delivery ends earlier waiters as unknown', () => {
  const waiters = new Waiters();
  const results: string[] = [];
  for (const count of [1, 2, 3]) waiters.register(count, (result) => results.push(`${count}: ${result}`));
  waiters.settle(2, 7);
  waiters.flush();
  assert.equal(results, ['1: -16', '2: 7']);
  waiters.abortAll();
  waiters.flush();
  assert.is(results.at(-1), '3: -16');
});

test('a batch that is not durable ends in -EIO; what was unknown stays unknown', () => {
  const waiters = new Waiters();
  const results: number[] = [];
  for (const count of [1, 2]) waiters.register(count, (result) => results.push(result));
  waiters.settle(2, 10);
  waiters.failSettled();
  waiters.flush();
  assert.equal(results, [-16, -5]);
});

test('a waiter that submits again from its result is not lost', () => {
  const waiters = new Waiters();
  const results: number[] = [];
  waiters.register(1, (result) => {
    results.push(result);
    waiters.refuse((refused) => results.push(refused), -13);
    waiters.flush();
  });
  waiters.settle(1, 0);
  waiters.flush();
  assert.equal(results, [0, -13]);
});

test.run();
