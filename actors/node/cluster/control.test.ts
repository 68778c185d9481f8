import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../../../runtime/clock/virtual.ts';
import type { ControlOutcome } from '../../../runtime/ipc/control-server.ts';
import { startLocalTestNode } from '../local-test-node.ts';
import { silenceText, statusText } from '../status-text.ts';
import { controlHandlers } from './control.ts';

/** A node in local mode with its control socket's answers. */
function localNode() {
  const { node } = startLocalTestNode(new VirtualClock(), {
    losingSides: { nextPath: () => '', note: () => {}, list: () => [], dismiss: (id) => id === 'kept' },
  });
  const handlers = controlHandlers(node, () => undefined);
  const call = async (method: string, params: unknown = {}): Promise<ControlOutcome> =>
    handlers[method]!(params, { event: () => {}, signal: new AbortController().signal });
  return { node, call };
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

test('a file is written, read, listed, renamed and removed without a mount', async () => {
  const { call } = localNode();
  assert.equal(await call('file-make-directory', { path: 'nodes' }), { result: 0 });
  assert.equal(await call('file-write', { path: '/nodes/ü', data: base64('one') }), { result: 3 });
  assert.equal(await call('file-write', { path: 'nodes/ü', data: base64('2') }), { result: 1 });
  assert.equal(await call('file-read', { path: 'nodes/ü' }), { result: base64('2') });
  assert.equal(await call('file-list', { path: 'nodes' }), { result: [{ name: 'ü', kind: 'file' }] });
  assert.equal(await call('file-rename', { path: 'nodes/ü', to: 'nodes/x' }), { result: 0 });
  assert.equal(await call('file-set-times', { path: 'nodes/x', mtime: 5 }), { result: 0 });
  const attributes = (await call('file-attributes', { path: 'nodes/x' })) as {
    result: { mtime: number; size: number };
  };
  assert.equal([attributes.result.mtime, attributes.result.size], [5, 1]);
  assert.equal(await call('file-link', { path: 'local' }), { result: 'nodes/n1' });
  assert.equal(await call('file-remove', { path: 'nodes/x' }), { result: 0 });
  assert.equal(await call('file-remove-directory', { path: 'nodes' }), { result: 0 });
});

test('what the file system refuses comes back as its errno', async () => {
  const { call } = localNode();
  assert.equal(await call('file-read', { path: 'missing' }), { result: { errno: -2 } });
  assert.equal(await call('file-write', { path: 'no/where', data: '' }), { result: { errno: -2 } });
  assert.equal(await call('file-remove', { path: '.version' }), { result: { errno: -13 } });
});

test('parameters that do not fit are refused with a sentence', async () => {
  const { call } = localNode();
  assert.equal(await call('file-read', {}), { error: { code: 'bad-parameters', message: 'path is a text' } });
  assert.equal(await call('file-write', { path: 'x' }), {
    error: { code: 'bad-parameters', message: 'data is the content in base64' },
  });
  assert.equal(await call('set-expected', { votes: 'many' }), {
    error: { code: 'bad-parameters', message: 'votes is a whole number' },
  });
});

test('a node that is in no cluster says so', async () => {
  const { call } = localNode();
  assert.equal(await call('set-expected', { votes: 1 }), {
    error: { code: 'local-mode', message: 'this node is not part of a cluster' },
  });
  assert.is('error' in (await call('dismiss-losing-side', { id: 'none' })), true);
  assert.equal(await call('dismiss-losing-side', { id: 'kept' }), { result: {} });
});

test('the state is shown to people, with what is unknown left out', async () => {
  const { call } = localNode();
  const { result } = (await call('describe')) as { result: { [key: string]: unknown } };
  const text = statusText({ cluster: result, actors: { failure: 'the node is not running' } });
  assert.match(text, /^node {12}n1 \(local, pid 7\)\nquorate {9}yes\ndatabase {8}version 1, 1 entries, 0 bytes\n/);
  assert.match(text, /\nthe node is not running\n$/);
  assert.not.match(text, /undefined|NaN|\[object/);
});

test('a process that does not answer: since when, what the kernel says of it, what to do', () => {
  const now = new Date(Date.UTC(2026, 0, 1, 12, 0, 10));
  const text = (state: string | undefined, silent_ms: number | undefined) =>
    silenceText({ pid: 77, state, silent_ms }, now, '/r');
  const start = 'the cluster process is alive (pid 77) but does not answer';
  const end = [
    'its supervisor ends and restarts it after some seconds without a sign of life, at once: kill -9 77',
    'look at: pve-actors log --root /r',
  ].join('; ');
  assert.is(
    text('T', 4200),
    `${start} since 2026-01-01T12:00:05.800Z (4 s); it is stopped: let it go on by kill -CONT 77; ${end}`,
  );
  assert.is(text(undefined, undefined), `${start}; it sleeps; ${end}`);
  assert.match(silenceText(undefined, now, '/r'), /does not answer, and neither does its supervisor$/);
});

test('what keeps a node out of its cluster is shown', () => {
  const text = statusText({ cluster: { node: 'n1', hindrance: 'unable to store the id of a new ring' }, actors: [] });
  assert.match(text, /\nout of the ring unable to store the id of a new ring\n/);
});

test('a full state is shown without holes', () => {
  const cluster = {
    node: 'n1',
    mode: 'cluster',
    pid: 5,
    quorate: true,
    cluster: {
      name: 'demo',
      config_version: 3,
      nodes: [{ nodeid: 1, name: 'n1', votes: 1, addresses: ['10.0.0.1'], online: true }],
      timers: { token_ms: 1025, token_retransmit_ms: 244, hold_ms: 185, consensus_ms: 1230 },
      restart_needed: ['totem.cluster_name changed'],
    },
    quorum: { ring: { rep: 1, seq: 12 }, members: [1], total_votes: 1, expected_votes: 3, quorum: 2 },
    losing_sides: [{ id: 'losing-side-5', time: 5, paths: ['a', 'b'] }],
  };
  const actors = [{ name: 'cluster', mode: 'forked', state: 'running', pid: 5, restarts: 1, mailboxes: { dcdb: 2 } }];
  const text = statusText({ cluster, actors });
  assert.match(text, /votes {11}1 of 3 expected, quorum 2\nring {12}1\.c, members 1\n/);
  assert.match(text, /restart needed {2}totem\.cluster_name changed\n/);
  assert.match(text, /losing side {5}losing-side-5 kept at 1970-01-01T00:00:05\.000Z: changes given up at a, b\n/);
  assert.match(text, /cluster {10}forked {5}running {5}5 {8}1 {8}dcdb:2\n/);
});

test.run();
