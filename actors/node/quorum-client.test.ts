import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { MemoryLog } from '../../runtime/log/memory.ts';
import { QuorumClient } from './quorum-client.ts';

function client() {
  const log = new MemoryLog(new VirtualClock(), 20);
  const flags: boolean[] = [];
  const quorum = new QuorumClient(log, (quorate) => flags.push(quorate));
  const lines = () => log.entries().map(({ domain, level, message }) => `[${domain}] ${level}: ${message}`);
  return { quorum, flags, lines };
}

test('the flag follows notifications, and each change is logged once', () => {
  const { quorum, flags, lines } = client();
  quorum.send({ type: 'CONNECTED' });
  for (const quorate of [false, true, true, false]) quorum.send({ type: 'NOTIFY', quorate });
  assert.equal(flags, [true, false]);
  assert.equal(lines(), ['[status] notice: node has quorum', '[status] notice: node lost quorum']);
  assert.is(quorum.quorate, false);
});

test('an engine that is lost takes the quorum with it', () => {
  const { quorum, lines } = client();
  quorum.send({ type: 'CONNECTED' });
  quorum.send({ type: 'NOTIFY', quorate: true });
  quorum.send({ type: 'ENGINE_LOST', reason: 'CS_ERR_LIBRARY' });
  assert.is(quorum.quorate, false);
  assert.equal(lines().slice(1), [
    '[quorum] crit: quorum_dispatch failed: CS_ERR_LIBRARY',
    '[status] notice: node lost quorum',
  ]);
});

test('local mode is quorate for ever, and an orderly shutdown is silent', () => {
  const { quorum, flags, lines } = client();
  quorum.send({ type: 'LOCAL_MODE' });
  quorum.send({ type: 'NOTIFY', quorate: false });
  assert.is(quorum.quorate, true);
  quorum.send({ type: 'SHUTDOWN' });
  assert.equal(flags, [true, false]);
  assert.equal(lines(), []);
});

test.run();
