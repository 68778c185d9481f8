import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRealClock } from '../../runtime/clock/real.ts';
import { embeddedTotemTimers } from '../../runtime/formats/totem-timers.ts';
import type { PvecmFailure } from './failure.ts';
import { setExpectedVotes, showNodes, showStatus } from './status.ts';
import { startTestNode } from './test-node.ts';

const root = mkdtempSync(join(tmpdir(), 'pvecm-status-'));
const node = await startTestNode({ root, name: 'n1', clock: createRealClock() });

const CONF = `totem {
  cluster_name: demo
  config_version: 3
  secauth: on
  version: 2
}
nodelist {
  node {
    name: n1
    nodeid: 1
    ring0_addr: 10.0.0.1
  }
}
quorum {
  provider: corosync_votequorum
}
`;

function failureOf(promise: Promise<unknown>): Promise<[string, number]> {
  return promise.then(
    () => ['no failure', 0],
    ({ message, exitCode }: PvecmFailure) => [message, exitCode],
  );
}

function asCluster(quorate: boolean): void {
  node.override({
    mode: 'cluster',
    quorate,
    totem: { nodeid: 1 },
    cluster: {
      name: 'demo',
      nodes: [{ nodeid: 1, name: 'n1', votes: 1, addresses: ['10.0.0.1'], online: true }],
      timers: embeddedTotemTimers({}, 1),
    },
    quorum: {
      quorate,
      ring: { rep: 1, seq: 4 },
      members: [1],
      present: [1],
      expected_votes: 1,
      highest_expected: 1,
      total_votes: 1,
      quorum: 1,
    },
  });
}

test('status, nodes and expected need a cluster: exit code 1', async () => {
  const sentence = `Error: Corosync config '${node.layout.mountPoint}/corosync.conf' does not exist - is this node part of a cluster?`;
  assert.equal(await failureOf(showStatus(node.ports)), [sentence, 1]);
  assert.equal(await failureOf(showNodes(node.ports)), [sentence, 1]);
  assert.equal(await failureOf(setExpectedVotes(node.ports, 1)), [sentence, 1]);
  await node.write('corosync.conf', CONF);
  assert.equal(await failureOf(showNodes(node.ports)), [
    'the cluster engine is not running: this node is in local mode',
    1,
  ]);
});

test('status and nodes end with 0 when quorate, with 2 when not', async () => {
  await node.write('corosync.conf', CONF);
  asCluster(true);
  assert.is(await showStatus(node.ports), 0);
  assert.is(await showNodes(node.ports), 0);
  asCluster(false);
  assert.is(await showStatus(node.ports), 2);
  assert.is(await showNodes(node.ports), 2);
  const titles = node.printed().match(/^[A-Z][a-z]+ (information|timers)$/gm);
  const ofStatus = ['Cluster information', 'Quorum information', 'Votequorum information'];
  const all = [...ofStatus, 'Membership information', 'Totem timers', 'Membership information'];
  assert.equal(titles?.slice(-all.length * 2), [...ofStatus, ...all.slice(3, 5), all[5], ...ofStatus, ...all.slice(3)]);
});

test('expected is asked of the cluster process', async () => {
  asCluster(true);
  assert.is(await setExpectedVotes(node.ports, 2), 0);
  assert.equal(node.calls, ['set-expected {"votes":2}']);
});

test('a node that does not run: what to start, and exit code 1', async () => {
  await node.close();
  const [sentence, code] = await failureOf(showStatus(node.ports));
  assert.is(code, 1);
  assert.match(
    sentence,
    new RegExp(`^the cluster process is not running .*; start the node with: pve-actors boot --root ${root}$`),
  );
});

test.after(() => rmSync(root, { recursive: true }));

test.run();
