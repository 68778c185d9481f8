import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import { type WorkerPoolEvent, workerPoolMachine } from './worker-pool.ts';

function start(wanted: number) {
  const orders: string[] = [];
  const machine = workerPoolMachine.provide({
    actions: {
      carryOut: ({ context }) => {
        for (const { kind, id } of context.orders) orders.push(`${kind} ${id}`);
      },
      armGrace: () => {
        orders.push('grace');
      },
      finished: () => {
        orders.push('finished');
      },
    },
  });
  const pool = createActor(machine, { id: 'pool', input: { wanted } });
  pool.start();
  const send = (...events: readonly WorkerPoolEvent[]) => {
    orders.length = 0;
    for (const event of events) pool.send(event);
    return orders.join(', ');
  };
  return { pool, orders, send };
}

test('as many as wanted are started', () => {
  assert.is(start(3).orders.join(', '), 'start 1, start 2, start 3');
});

test('P1: a worker that was ready is replaced at once, another at the next look', () => {
  const { send } = start(2);
  send({ type: 'READY', id: 1 });
  assert.is(send({ type: 'ENDED', id: 1 }), 'start 3');
  assert.is(send({ type: 'ENDED', id: 2 }), '');
  assert.is(send({ type: 'LOOK' }), 'start 4');
  assert.is(send({ type: 'LOOK' }), '');
});

test('P2: a reload starts the new ones first, and ends the old ones when one of them is ready', () => {
  const { send } = start(2);
  send({ type: 'READY', id: 1 }, { type: 'READY', id: 2 });
  assert.is(send({ type: 'RELOAD' }), 'start 3, start 4');
  assert.is(send({ type: 'READY', id: 3 }), 'terminate 1, terminate 2');
  assert.is(send({ type: 'READY', id: 4 }, { type: 'ENDED', id: 1 }, { type: 'ENDED', id: 2 }, { type: 'LOOK' }), '');
});

test('P2: two reloads in a row end all older workers once', () => {
  const { send } = start(1);
  send({ type: 'READY', id: 1 });
  assert.is(send({ type: 'RELOAD' }, { type: 'RELOAD' }), 'start 2, start 3');
  assert.is(send({ type: 'READY', id: 2 }), '');
  assert.is(send({ type: 'READY', id: 3 }), 'terminate 1, terminate 2');
});

test('P3, P4: all are asked to end, those left are killed after the grace, and only then it is over', () => {
  const { pool, send } = start(2);
  assert.is(send({ type: 'STOP' }), 'terminate 1, terminate 2, grace');
  assert.is(send({ type: 'ENDED', id: 1 }), '');
  assert.is(send({ type: 'GRACE_OVER' }), 'kill 2');
  assert.is(pool.getSnapshot().status, 'active');
  assert.is(send({ type: 'ENDED', id: 2 }), 'finished');
  assert.is(pool.getSnapshot().status, 'done');
});

test('P3: a worker that was asked to end by a reload is not asked again at the stop', () => {
  const { send } = start(1);
  send({ type: 'READY', id: 1 }, { type: 'RELOAD' }, { type: 'READY', id: 2 });
  assert.is(send({ type: 'STOP' }), 'terminate 2, grace');
});

test.run();
