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

test.run();
