import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { Contacts } from './contacts.ts';
import { Deadline } from './deadline.ts';

test('a deadline that is moved expires once, at its last time', () => {
  const clock = new VirtualClock();
  const expired_ms: number[] = [];
  const deadline = new Deadline(clock, () => expired_ms.push(clock.monotonic_ms()));
  deadline.set(0, 100);
  for (let i = 0; i < 5; i++) {
    clock.advance(50);
    deadline.set(clock.monotonic_ms(), 100);
  }
  clock.advance(1000);
  assert.equal(expired_ms, [350]);
  assert.not(deadline.isSet);
});

test('it may be moved forward in time, too, and cleared', () => {
  const clock = new VirtualClock();
  const expired_ms: number[] = [];
  const deadline = new Deadline(clock, () => expired_ms.push(clock.monotonic_ms()));
  deadline.set(0, 1000);
  deadline.set(0, 10);
  clock.advance(20);
  assert.equal(expired_ms, [10]);
  deadline.set(20, 100);
  deadline.clear();
  clock.advance(5000);
  deadline.set(clock.monotonic_ms(), 10);
  deadline.close();
  clock.advance(5000);
  assert.is(expired_ms.length, 1);
  assert.is(clock.pending, 0);
});

test('a process that was stalled reads its datagrams before it judges', () => {
  let skew_ms = 0;
  const inner = new VirtualClock();
  const clock = {
    monotonic_ms: () => inner.monotonic_ms() + skew_ms,
    wall_ms: () => inner.wall_ms(),
    setTimeout: (callback: () => void, delay_ms: number) => inner.setTimeout(callback, delay_ms),
    clearTimeout: inner.clearTimeout.bind(inner),
  };
  let expired = 0;
  const deadline = new Deadline(clock, () => expired++);
  deadline.set(0, 100);
  skew_ms = 2000;
  inner.advance(100);
  assert.is(expired, 0, 'noticed 2 s late: deferred');
  assert.is(deadline.deferrals, 1);
  inner.advance(30);
  assert.is(expired, 1);
  deadline.set(clock.monotonic_ms(), 100);
  inner.advance(50);
  skew_ms += 2000;
  inner.advance(50);
  deadline.set(clock.monotonic_ms(), 100);
  inner.advance(60);
  assert.is(expired, 1, 'a datagram that waited has moved it');
});

test('contacts: who was heard lately, and one answer at a time', () => {
  const contacts = new Contacts();
  contacts.hear(2, 1000);
  contacts.hear(3, 1500);
  assert.equal(contacts.heard([1, 2, 3], 200, 1600), [2, 3]);
  assert.equal(contacts.heard([1, 2, 3], 200, 1601), [3]);
  assert.ok(contacts.mayReply(2, 1000));
  assert.not(contacts.mayReply(2, 1010));
  assert.ok(contacts.mayReply(3, 1010));
  assert.ok(contacts.mayReply(2, 1020));
});

test.run();
