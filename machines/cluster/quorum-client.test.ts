import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import { type QuorumClientEvent, quorumClientMachine } from './quorum-client.ts';

function start() {
  const lines: string[] = [];
  const flags: boolean[] = [];
  const machine = quorumClientMachine.provide({
    actions: {
      log: (_, { domain, level, message }) => void lines.push(`[${domain}] ${level}: ${message}`),
      changed: (_, { quorate }) => void flags.push(quorate),
    },
  });
  const actor = createActor(machine, { id: 'quorum' });
  actor.start();
  const tell = (...events: QuorumClientEvent[]): void => {
    for (const event of events) actor.send(event);
  };
  return { tell, lines, flags, state: () => actor.getSnapshot().value };
}

test('the flag follows the notifications, each change told once (I1)', () => {
  const client = start();
  client.tell({ type: 'CONNECTED' });
  for (const quorate of [false, true, true, false, false]) client.tell({ type: 'NOTIFY', quorate });
  assert.equal(client.flags, [true, false]);
  assert.equal(client.lines, ['[status] notice: node has quorum', '[status] notice: node lost quorum']);
});

test('the loss of the engine is the loss of quorum', () => {
  const client = start();
  client.tell({ type: 'CONNECTED' }, { type: 'NOTIFY', quorate: true });
  client.tell({ type: 'ENGINE_LOST', reason: 'CS_ERR_LIBRARY' });
  assert.is(client.state(), 'disconnected');
  assert.equal(client.lines.slice(1), [
    '[quorum] crit: quorum_dispatch failed: CS_ERR_LIBRARY',
    '[status] notice: node lost quorum',
  ]);
  client.tell({ type: 'CONNECT_FAILED', reason: 'CS_ERR_LIBRARY (failed to connect to corosync)' });
  assert.is(client.lines[3], '[quorum] crit: quorum_initialize failed: CS_ERR_LIBRARY (failed to connect to corosync)');
});

test('an orderly shutdown has no log', () => {
  const client = start();
  client.tell({ type: 'CONNECTED' }, { type: 'NOTIFY', quorate: true }, { type: 'SHUTDOWN' });
  assert.equal(client.flags, [true, false]);
  assert.equal(client.lines, ['[status] notice: node has quorum']);
});

test('local mode is quorate for ever', () => {
  const client = start();
  client.tell({ type: 'LOCAL_MODE' }, { type: 'NOTIFY', quorate: false }, { type: 'ENGINE_LOST', reason: 'x' });
  assert.equal(client.flags, [true]);
  assert.is(client.state(), 'local');
});

test.run();
