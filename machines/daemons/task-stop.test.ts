import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import { taskStopMachine } from './task-stop.ts';

function start() {
  const done: string[] = [];
  const note = (what: string) => () => {
    done.push(what);
  };
  const stop = createActor(
    taskStopMachine.provide({ actions: { terminate: note('term'), kill: note('kill'), lookLater: note('look') } }),
    {
      id: 'stop',
    },
  );
  stop.start();
  return { stop, done };
}

test('a task that goes is not killed', () => {
  const { stop, done } = start();
  stop.send({ type: 'LOOKED', isRunning: true });
  stop.send({ type: 'LOOKED', isRunning: false });
  assert.equal(done, ['term', 'look', 'look']);
  assert.is(stop.getSnapshot().value, 'ended');
});

test('S1, S2: one that stays is killed after the grace, once, and is over only when it is gone', () => {
  const { stop, done } = start();
  for (let look = 0; look < 49; look++) stop.send({ type: 'LOOKED', isRunning: true });
  assert.is(stop.getSnapshot().value, 'asking');
  for (let look = 0; look < 10; look++) stop.send({ type: 'LOOKED', isRunning: true });
  assert.is(stop.getSnapshot().value, 'killing');
  assert.is(done.filter((one) => one === 'kill').length, 1);
  stop.send({ type: 'LOOKED', isRunning: false });
  assert.is(stop.getSnapshot().value, 'ended');
});

test.run();
