import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import { haTimes } from '../times.ts';
import { type FenceJobEvent, fenceJobMachine } from './job.ts';

function newJob(tries: readonly number[]) {
  const deeds: string[] = [];
  const actor = createActor(
    fenceJobMachine.provide({
      actions: {
        execute: (_, params) => void deeds.push(`execute ${params.try}`),
        askStatus: (_, params) => void deeds.push(`status ${params.try}`),
        killAll: () => void deeds.push('kill'),
        pause: (_, { seconds }) => void deeds.push(`pause ${seconds}`),
        logFailed: (_, { command, code }) => void deeds.push(`failed ${command} ${code}`),
        logExhausted: () => void deeds.push('exhausted'),
        logBare: () => void deeds.push('bare'),
        confirm: () => void deeds.push('confirm'),
      },
    }),
    { input: { node: 'n1', tries, times: haTimes() } },
  );
  actor.start();
  const give = (...events: FenceJobEvent[]): string[] => {
    for (const event of events) actor.send(event);
    return deeds.splice(0);
  };
  return { give, state: () => actor.getSnapshot().value };
}

const ended = (command: number, code = 0): FenceJobEvent => ({ type: 'COMMAND_ENDED', command, code });
const status = (command: number, code = 2): FenceJobEvent => ({ type: 'STATUS', command, code });
const timer: FenceJobEvent = { type: 'TIMER' };

test('F1 all commands of a try, then off from all of its devices', () => {
  const { give, state } = newJob([2]);
  assert.equal(give(ended(0)), ['execute 0']);
  assert.equal(give(ended(0)), [], 'the same command twice is one');
  assert.equal(give(ended(1)), ['status 0']);
  assert.equal(give(status(1), status(1)), []);
  assert.equal(give(status(0)), ['confirm']);
  assert.is(state(), 'confirmed');
});

test('F1 a device that is still on is asked again, and an earlier off does not count then', () => {
  const { give, state } = newJob([2]);
  give(ended(0), ended(1), status(0));
  assert.equal(give(status(1, 0)), ['pause 2']);
  assert.equal(give(timer, status(1)), ['status 0']);
  assert.is(state(), 'confirming');
  assert.equal(give(status(0)), ['confirm']);
});

test('F2 after 20 s without a proof the try has failed', () => {
  const { give } = newJob([1, 1]);
  give(ended(0));
  const deeds: string[] = [];
  for (let turn = 0; turn < 10; turn++) deeds.push(...give(status(0, 1), timer));
  assert.is(deeds.filter((deed) => deed === 'pause 2').length, 10);
  assert.equal(deeds.slice(-2), ['kill', 'execute 1']);
});

test('F3 a failed command kills the others and goes to the next device, at last to a rest', () => {
  const { give, state } = newJob([2, 1]);
  assert.equal(give(ended(1, 5)), ['execute 0', 'failed 1 5', 'kill', 'execute 1']);
  assert.equal(give(ended(0, 1)), ['failed 0 1', 'kill', 'exhausted', 'pause 60']);
  assert.is(state(), 'resting');
  assert.equal(give(timer), ['execute 0']);
});

test('a node without devices, and a job that is no longer wanted', () => {
  const bare = newJob([]);
  assert.equal([bare.give(), bare.state()], [['bare'], 'bare']);
  const { give, state } = newJob([1]);
  assert.equal(give({ type: 'END' }), ['execute 0', 'kill']);
  assert.is(state(), 'ended');
});

test.run();
