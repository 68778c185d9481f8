import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import { type LeaseEvent, leaseMachine } from './lease.ts';

function newLease() {
  const deeds: string[] = [];
  const deed = (name: string) => () => void deeds.push(name);
  const actor = createActor(
    leaseMachine.provide({
      actions: {
        make: deed('make'),
        renew: deed('renew'),
        askForDrop: deed('ask for drop'),
        remove: deed('remove'),
        pause: deed('pause'),
        answer: (_, { isGranted }) => void deeds.push(isGranted ? 'granted' : 'refused'),
        logAcquired: deed('log acquired'),
        logLost: deed('log lost'),
      },
    }),
    { input: { name: 'ha_agent_n1_lock' } },
  );
  actor.start();
  const give = (...events: LeaseEvent[]): string[] => {
    for (const event of events) actor.send(event);
    return deeds.splice(0);
  };
  return { give, state: () => actor.getSnapshot().value };
}

const acquire = (at: number): LeaseEvent => ({ type: 'ACQUIRE', at });
const done = (at: number): LeaseEvent => ({ type: 'DONE', at });
const failed = (at: number): LeaseEvent => ({ type: 'FAILED', at, reason: 'EACCES' });

test('a lock is made, renewed and removed', () => {
  const { give, state } = newLease();
  assert.equal(give(acquire(0), done(0)), ['make', 'log acquired', 'granted']);
  assert.equal(give(acquire(10), done(10)), ['renew', 'granted']);
  assert.equal(give({ type: 'RELEASE', at: 20 }, done(20)), ['remove', 'granted']);
  assert.is(state(), 'none');
  assert.equal(give({ type: 'RELEASE', at: 30 }), ['refused']);
});

test('A1 after 120 s it is not renewed but made again', () => {
  const { give } = newLease();
  give(acquire(0), done(0));
  assert.equal(give(acquire(119), done(119)), ['renew', 'granted']);
  assert.equal(give(acquire(239)), ['make']);
});

test('a renewal that fails has lost the lock, and it is tried to get it anew', () => {
  const { give, state } = newLease();
  give(acquire(0), done(0));
  assert.equal(give(acquire(10), failed(10)), ['renew', 'log lost', 'pause']);
  assert.equal(give({ type: 'RETRY', at: 11 }, done(11)), ['make', 'log acquired', 'granted']);
  assert.is(state(), 'held');
});

test('A2 A3 after six tries the answer is no, once', () => {
  const { give, state } = newLease();
  const deeds = give(acquire(0));
  for (let at = 0; state() !== 'none'; at++) {
    deeds.push(...give(failed(at), done(at)));
    if (state() === 'pausing') deeds.push(...give({ type: 'RETRY', at: at + 1 }));
  }
  assert.is(deeds.filter((deed) => deed === 'make').length, 6);
  assert.is(deeds.filter((deed) => deed === 'ask for drop').length, 6);
  assert.equal(
    deeds.filter((deed) => deed === 'refused' || deed === 'granted'),
    ['refused'],
  );
});

test.run();
