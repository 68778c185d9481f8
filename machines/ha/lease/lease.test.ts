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
const retry = (at: number): LeaseEvent => ({ type: 'RETRY', at });
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
  assert.equal(give(acquire(239)), ['log lost', 'make']);
});

test('A5 a refused renewal is tried again, and the lock is kept when the tries are over', () => {
  const { give, state } = newLease();
  give(acquire(0), done(0));
  assert.equal(give(acquire(10), failed(10)), ['renew', 'pause']);
  assert.equal(give(retry(11), done(11)), ['renew', 'granted']);
  const deeds = give(acquire(20));
  for (let at = 20; state() !== 'held'; at++)
    deeds.push(...give(failed(at)), ...(state() === 'pausing' ? give(retry(at + 1)) : []));
  assert.equal(deeds, [...Array(5).fill(['renew', 'pause']).flat(), 'renew', 'refused']);
  assert.equal(give(acquire(60), done(60)), ['renew', 'granted']);
});

test('A5 a lock without directory is lost, and it is tried to get it anew', () => {
  const { give, state } = newLease();
  give(acquire(0), done(0));
  const gone: LeaseEvent = { type: 'FAILED', at: 10, reason: 'No such file or directory', isMissing: true };
  assert.equal(give(acquire(10), gone, failed(10)), ['renew', 'log lost', 'ask for drop', 'pause']);
  assert.equal(give(retry(11), done(11)), ['make', 'log acquired', 'granted']);
  assert.is(state(), 'held');
});

test('A1 refused renewals until its life is over have lost the lock', () => {
  const { give, state } = newLease();
  give(acquire(0), done(0));
  assert.equal(give(acquire(119), failed(119)), ['renew', 'pause']);
  assert.equal(give(retry(120)), ['log lost', 'make']);
  give(failed(120), failed(120), { type: 'RETRY', at: 121 }, failed(124), failed(124.5));
  assert.is(state(), 'none');
});

test("A1 after its life a lock is not removed: it may be another's", () => {
  const { give, state } = newLease();
  give(acquire(0), done(0));
  assert.equal(give({ type: 'RELEASE', at: 120 }), ['granted']);
  assert.is(state(), 'none');
});

test('A4 its life counts from the asking, not from the answer', () => {
  const { give } = newLease();
  give(acquire(0), done(50));
  assert.equal(give(acquire(119), done(119)), ['renew', 'granted']);
  assert.equal(give(acquire(239)), ['log lost', 'make']);
});

test('A2 A3 after six tries the answer is no, once', () => {
  const { give, state } = newLease();
  const deeds = give(acquire(0));
  for (let at = 0; state() !== 'none'; at++) {
    deeds.push(...give(failed(at), done(at)));
    if (state() === 'pausing') deeds.push(...give(retry(at + 1)));
  }
  assert.is(deeds.filter((deed) => deed === 'make').length, 6);
  assert.is(deeds.filter((deed) => deed === 'ask for drop').length, 6);
  assert.equal(
    deeds.filter((deed) => deed === 'refused' || deed === 'granted'),
    ['refused'],
  );
});

test.run();
