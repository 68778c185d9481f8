import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import { endpointMachine } from './endpoint.ts';

function endpoint() {
  const asked: string[] = [];
  const note = (name: string) => () => {
    asked.push(name);
  };
  const actor = createActor(
    endpointMachine.provide({
      actions: {
        open: note('open'),
        close: note('close'),
        announce: note('announce'),
        complain: note('complain'),
        retryLater: note('retryLater'),
        finished: note('finished'),
      },
    }),
  ).start();
  return { actor, asked };
}

test('E1, E2: opened, closed, finished once', () => {
  const { actor, asked } = endpoint();
  actor.send({ type: 'OPENED' });
  actor.send({ type: 'CLOSE' });
  actor.send({ type: 'CLOSE' });
  actor.send({ type: 'CLOSED' });
  assert.equal(asked, ['open', 'announce', 'close', 'finished']);
});

test('E1: an end that is asked for while opening closes what was opened', () => {
  const { actor, asked } = endpoint();
  actor.send({ type: 'CLOSE' });
  actor.send({ type: 'OPENED' });
  actor.send({ type: 'CLOSED' });
  assert.equal(asked, ['open', 'close', 'finished']);
});

test('E2: a refusal is complained about, and the end needs no close', () => {
  const { actor, asked } = endpoint();
  actor.send({ type: 'REFUSED', reason: 'no device' });
  assert.is(actor.getSnapshot().context.reason, 'no device');
  actor.send({ type: 'CLOSE' });
  assert.equal(asked, ['open', 'complain', 'finished']);
});

test('E2: a refusal after the end was asked for finishes in silence', () => {
  const { actor, asked } = endpoint();
  actor.send({ type: 'CLOSE' });
  actor.send({ type: 'REFUSED', reason: 'no device' });
  assert.equal(asked, ['open', 'finished']);
});

test('E1, E3: what was taken away is closed and opened again, and complained about', () => {
  const { actor, asked } = endpoint();
  actor.send({ type: 'OPENED' });
  actor.send({ type: 'LOST', reason: 'unmounted' });
  assert.is(actor.getSnapshot().context.reason, 'unmounted');
  actor.send({ type: 'CLOSED' });
  actor.send({ type: 'OPENED' });
  assert.is(actor.getSnapshot().context.reason, '');
  actor.send({ type: 'CLOSE' });
  actor.send({ type: 'CLOSED' });
  const again = ['open', 'announce', 'complain', 'close', 'open', 'announce', 'close', 'finished'];
  assert.equal(asked, again);
});

test('E3: it is tried again until it opens, with one complaint per reason', () => {
  const { actor, asked } = endpoint();
  actor.send({ type: 'OPENED' });
  actor.send({ type: 'LOST', reason: 'unmounted' });
  actor.send({ type: 'CLOSED' });
  asked.length = 0;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    actor.send({ type: 'REFUSED', reason: 'in use' });
    actor.send({ type: 'RETRY' });
  }
  actor.send({ type: 'OPENED' });
  assert.is(asked.filter((what) => what === 'complain').length, 1);
  assert.is(asked.filter((what) => what === 'retryLater').length, 3);
  assert.is(asked.at(-1), 'announce');
});

test('E3: what never was open is not tried again', () => {
  const { actor, asked } = endpoint();
  actor.send({ type: 'REFUSED', reason: 'no device' });
  actor.send({ type: 'RETRY' });
  assert.equal(asked, ['open', 'complain']);
});

test('E1, E2: an end that is asked for while it is lost comes after what is left was closed', () => {
  const { actor, asked } = endpoint();
  actor.send({ type: 'OPENED' });
  actor.send({ type: 'LOST', reason: 'unmounted' });
  actor.send({ type: 'CLOSE' });
  actor.send({ type: 'CLOSED' });
  assert.equal(asked, ['open', 'announce', 'complain', 'close', 'finished']);
});

test.run();
