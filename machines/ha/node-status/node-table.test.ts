import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NodeState } from '../state-files.ts';
import { NodeTable } from './node-table.ts';

function table(status: Record<string, NodeState>) {
  const lines: string[] = [];
  const nodes = new NodeTable(status, (level, text) => lines.push(`${level} ${text}`));
  const round = (at: number, online: Record<string, boolean>, modes: Record<string, string> = {}) =>
    nodes.update({ quorate: true, online }, at, (node) => modes[node]);
  return { nodes, lines, round };
}

test('online, unknown, online: each change has its line, and a node never seen online has no entry', () => {
  const { lines, nodes, round } = table({});
  round(0, { n1: true, n2: false });
  assert.equal(nodes.status, { n1: 'online' });
  round(20, { n1: false, n2: false });
  round(40, { n1: true, n2: false });
  assert.equal(lines, [
    "info node 'n1': state changed from 'unknown' => 'online'",
    "info node 'n1': state changed from 'online' => 'unknown'",
    "info node 'n1': state changed from 'unknown' => 'online'",
  ]);
});

test('maintenance follows the mode of the LRM, and outlives the connection as long as the mode does', () => {
  const { nodes, round } = table({ n1: 'online' });
  round(0, { n1: true }, { n1: 'maintenance' });
  assert.is(nodes.state('n1'), 'maintenance');
  round(20, { n1: false }, { n1: 'maintenance' });
  assert.is(nodes.state('n1'), 'maintenance');
  round(40, { n1: false });
  assert.is(nodes.state('n1'), 'unknown');
  const back = table({ n1: 'maintenance' });
  back.round(0, { n1: true });
  assert.is(back.nodes.state('n1'), 'online');
});

test('N1 fence is left by its end alone', () => {
  const { nodes, round } = table({ n1: 'online' });
  assert.is(nodes.startFencing('n1'), true);
  assert.is(nodes.startFencing('n1'), false);
  round(20, { n1: true });
  round(40, { n1: false });
  round(60, {});
  assert.is(nodes.state('n1'), 'fence');
  nodes.endFencing('n1');
  assert.is(nodes.state('n1'), 'unknown');
});

test('N2 a member that vanishes takes a round for each step, and is forgotten an hour later', () => {
  const { lines, nodes, round } = table({ n1: 'online' });
  round(0, {});
  assert.is(nodes.state('n1'), 'unknown');
  round(20, {});
  assert.is(nodes.state('n1'), 'gone');
  round(40, {});
  round(3639, {});
  assert.is(nodes.has('n1'), true);
  round(3640, {});
  assert.is(nodes.has('n1'), false);
  assert.is(lines.at(-1), "notice deleting gone node 'n1', not a cluster member anymore.");
});

test('N3 the clock starts when the node was seen last, or at the first question', () => {
  const { nodes, round } = table({ n1: 'online', n2: 'unknown' });
  round(100, { n1: true, n2: false });
  round(120, { n1: false, n2: false });
  assert.is(nodes.isOffline('n1'), false);
  round(200, { n1: false, n2: false });
  assert.is(nodes.isOffline('n1'), true);
  assert.is(nodes.isOffline('n2'), false);
  round(259, { n1: false, n2: false });
  assert.is(nodes.isOffline('n2'), false);
  round(260, { n1: false, n2: false });
  assert.is(nodes.isOffline('n2'), true);
});

test('N3 a node that has no entry has a clock too', () => {
  const { nodes, round } = table({});
  round(0, {});
  assert.is(nodes.isOffline('gone'), false);
  round(60, {});
  assert.is(nodes.isOffline('gone'), true);
});

test('the list of nodes differs while a member was never online', () => {
  const { nodes } = table({ n1: 'online' });
  assert.is(nodes.differsFrom({ quorate: true, online: { n1: true } }), false);
  assert.is(nodes.differsFrom({ quorate: true, online: { n1: true, n2: false } }), true);
  assert.is(nodes.differsFrom({ quorate: true, online: {} }), true);
});

test.run();
