/** Sending with retries (spec/pmxcfs.md §4.7, §9.6). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import type { McastResult } from '../../runtime/process-group/process-group.ts';
import { ReplicaSender } from './replica-sender.ts';

function sender() {
  const clock = new VirtualClock();
  const world = { answer: 'sent' as McastResult };
  const sent: string[] = [];
  const logs: string[] = [];
  const failed: string[] = [];
  const made = new ReplicaSender({
    clock,
    log: { write: (domain, level, message) => logs.push(`[${domain}] ${level}: ${message}`) },
    logDomain: 'dcdb',
    mcast: (message) => {
      if (world.answer === 'sent') sent.push(message.toString());
      return world.answer;
    },
    afterRetry: () => {},
  });
  const send = (text: string) =>
    made.send(
      () => Buffer.from(text),
      () => failed.push(text),
    );
  return { made, clock, world, sent, logs, failed, send };
}

test('what the group takes goes out at once', () => {
  const { send, sent, clock } = sender();
  send('a');
  send('b');
  assert.equal([sent, clock.pending], [['a', 'b'], 0]);
});

test('try again: in order, every 100 ms, a line per ten retries and one for the success', () => {
  const { send, sent, logs, clock, world, made } = sender();
  world.answer = 'try-again';
  send('a');
  send('b');
  clock.advance(2050);
  assert.equal(sent, []);
  world.answer = 'sent';
  clock.advance(100);
  assert.equal(sent, ['a', 'b']);
  const line = (text: string) => `[dcdb] notice: cpg_send_message ${text}`;
  assert.equal(logs, [line('retry 10'), line('retry 20'), line('retried 21 times')]);
  assert.equal([clock.pending, made.backlog], [0, 0]);
});

test('after 100 retries a message is given up; the next one has its own', () => {
  const { send, failed, logs, clock, world } = sender();
  world.answer = 'try-again';
  send('a');
  send('b');
  clock.advance(9950);
  assert.equal(failed, []);
  clock.advance(100);
  assert.equal(failed, ['a']);
  assert.equal(logs.slice(-2), [
    '[dcdb] notice: cpg_send_message retried 100 times',
    '[dcdb] crit: cpg_send_message failed: CS_ERR_TRY_AGAIN',
  ]);
  clock.advance(10_000);
  assert.equal(failed, ['a', 'b']);
  clock.advance(1000);
  assert.is(clock.pending, 0);
});

test('pump: a moving group takes messages before the timer, which is no retry', () => {
  const { send, sent, logs, world, made, clock } = sender();
  world.answer = 'try-again';
  send('a');
  made.pump();
  world.answer = 'sent';
  made.pump();
  assert.equal([sent, logs, clock.pending], [['a'], [], 0]);
});

test('a hard error fails at once, logged twice', () => {
  const { send, failed, logs, world } = sender();
  world.answer = 'not-joined';
  send('a');
  const line = '[dcdb] crit: cpg_send_message failed: CS_ERR_BAD_HANDLE';
  assert.equal([failed, logs], [['a'], [line, line]]);
});

test('clear drops what waits, and the timer, without a word', () => {
  const { send, failed, logs, world, made, clock } = sender();
  world.answer = 'try-again';
  send('a');
  made.clear();
  clock.advance(20_000);
  assert.equal([failed, logs, made.backlog], [[], [], 0]);
});

test('a message is encoded once, when it is first tried', () => {
  const { made, world, clock } = sender();
  let encoded = 0;
  world.answer = 'try-again';
  for (const at of [0, 1]) {
    made.send(
      () => {
        encoded += 1;
        return Buffer.from(`${at}`);
      },
      () => {},
    );
  }
  clock.advance(1000);
  assert.is(encoded, 1);
});

test('a message that is of no use any more when its turn comes is skipped', () => {
  const { made, world, sent, failed, send } = sender();
  world.answer = 'try-again';
  send('a');
  made.send(
    () => undefined,
    () => failed.push('skipped'),
  );
  send('c');
  world.answer = 'sent';
  made.pump();
  assert.equal([sent, failed, made.backlog], [['a', 'c'], [], 0]);
});

test('long backlogs keep their order', () => {
  const { send, sent, world, made } = sender();
  world.answer = 'try-again';
  for (let n = 0; n < 5000; n += 1) send(`${n}`);
  assert.is(made.backlog, 5000);
  world.answer = 'sent';
  made.pump();
  assert.equal(sent.map(Number), [...Array(5000).keys()]);
});

test.run();
