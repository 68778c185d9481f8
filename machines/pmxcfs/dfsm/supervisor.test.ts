/** One test or more per row of the table in spec/pmxcfs.md §9.1. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import { supervisorMachine } from './supervisor.ts';

function service(period_s?: number) {
  const effects: string[] = [];
  const note = (effect: string) => () => {
    effects.push(effect);
  };
  const actor = createActor(
    supervisorMachine.provide({
      actions: {
        connect: note('connect'),
        disconnect: note('disconnect'),
        logCannotInitialize: note('log'),
        runPeriodic: note('periodic'),
      },
    }),
    { input: { period_s } },
  ).start();
  const tick = (now_s: number, isRestartable = true) => actor.send({ type: 'TICK', now_s, isRestartable });
  return { actor, effects, tick, state: () => actor.getSnapshot().value };
}

test('idle TICK: the first one starts, whatever the clock says', () => {
  const { tick, state, effects } = service();
  tick(0.01);
  assert.equal([state(), effects], ['starting', ['connect']]);
});

test('idle TICK: not before more than 5 s have passed since the last attempt (S1)', () => {
  const { actor, tick, state, effects } = service();
  tick(0);
  actor.send({ type: 'LOST' });
  for (const now_s of [1, 2, 3, 4, 5]) tick(now_s);
  assert.equal([state(), effects.filter((effect) => effect === 'connect').length], ['idle', 1]);
  tick(5.01);
  assert.is(state(), 'starting');
});

test('idle TICK: not while the replica may not be restarted', () => {
  const { tick, state } = service();
  tick(10, false);
  assert.is(state(), 'idle');
});

test('starting INIT_FAIL: one line per error streak (S2); INIT_OK ends the streak', () => {
  const { actor, tick, effects } = service();
  for (const now_s of [0, 6, 12]) {
    tick(now_s);
    actor.send({ type: 'LOST' });
  }
  assert.equal(effects, ['connect', 'log', 'connect', 'connect']);
  tick(18);
  actor.send({ type: 'JOINED' });
  actor.send({ type: 'LOST' });
  tick(24);
  actor.send({ type: 'LOST' });
  assert.is(effects.filter((effect) => effect === 'log').length, 2);
});

test('running: after a long life the restart follows the next tick (§4.9)', () => {
  const { actor, tick, state } = service();
  tick(0);
  actor.send({ type: 'JOINED' });
  assert.is(state(), 'running');
  tick(100);
  actor.send({ type: 'LEFT' });
  assert.is(state(), 'idle');
  tick(101);
  assert.is(state(), 'starting');
});

test('running TIMER: each period from the first tick, in running only (S3)', () => {
  const { actor, tick, effects } = service(3600);
  const runs = () => effects.filter((effect) => effect === 'periodic').length;
  tick(1);
  tick(3601);
  assert.is(runs(), 0, 'starting');
  actor.send({ type: 'JOINED' });
  tick(3602);
  tick(3603);
  assert.is(runs(), 1);
  tick(7201);
  assert.is(runs(), 1);
  tick(7202);
  assert.is(runs(), 2);
});

test('any STOP: disconnected once, for good', () => {
  const { actor, tick, state, effects } = service();
  tick(0);
  actor.send({ type: 'JOINED' });
  actor.send({ type: 'STOP' });
  actor.send({ type: 'STOP' });
  tick(100);
  assert.equal([state(), effects], ['stopped', ['connect', 'disconnect']]);
});

test.run();
