import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRealClock } from '../../runtime/clock/real.ts';
import { replaceHostFile } from '../../runtime/node/host-files.ts';
import { admitNode, dismissNode, type NodeRequest } from './admit-node.ts';
import type { ClusterMember, NodeDescription } from './node-client.ts';
import { startTestNode } from './test-node.ts';

const root = mkdtempSync(join(tmpdir(), 'pvecm-admit-'));
/** Whether the configuration was written already when a node was killed. */
const isWrittenAtKill: boolean[] = [];
const node = await startTestNode({
  root,
  name: 'n1',
  clock: createRealClock(),
  onCall: async (method, { read }) => {
    if (method === 'kill-node') isWrittenAtKill.push((await read('corosync.conf')) !== TWO_NODES);
  },
});

const TWO_NODES = `nodelist {
  node {
    name: n1
    nodeid: 1
    quorum_votes: 1
    ring0_addr: 10.0.0.1
  }
  node {
    name: n2
    nodeid: 2
    quorum_votes: 1
    ring0_addr: 10.0.0.2
  }
}

totem {
  cluster_name: demo
  config_version: 7
  interface {
    linknumber: 0
  }
  secauth: on
  version: 2
}

`;

function sentenceOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no failure',
    (error: Error) => error.message,
  );
}

function request(name: string, address: string | undefined, more: Partial<NodeRequest> = {}): NodeRequest {
  return { name, links: new Map(address === undefined ? [] : [[0, address]]), apiVersion: 1, ...more };
}

async function unchanged(): Promise<void> {
  assert.is(await node.read('corosync.conf'), TWO_NODES);
  assert.is(await node.client.exists('priv/lock/file-corosync_conf'), false);
}

test.before.each(async () => {
  await node.write('corosync.conf', TWO_NODES);
  replaceHostFile(node.layout.authkey, Buffer.alloc(256, 7), 0o400);
  node.override({});
  node.calls.length = 0;
  node.warned.length = 0;
});

test('addnode: the configuration, the directories, the log, and what the joiner gets', async () => {
  const information = await admitNode(node.ports, request('n4', '10.0.0.4', { votes: 2 }));
  const text = (await node.read('corosync.conf'))!;
  assert.is(information.corosync_conf, text);
  assert.equal(Buffer.from(information.corosync_authkey, 'base64'), Buffer.alloc(256, 7));
  assert.equal(information.warnings, []);
  assert.match(text, 'config_version: 8');
  assert.match(text, 'name: n4\n    nodeid: 3\n    quorum_votes: 2\n    ring0_addr: 10.0.0.4');
  for (const folder of ['lxc', 'qemu-server', 'openvz', 'priv']) {
    assert.ok(await node.client.exists(`nodes/n4/${folder}`), folder);
  }
  assert.equal(node.calls, [
    `log-message {"priority":5,"ident":"root@pam","tag":"pvecm","pid":${process.pid},"message":"adding node n4 to cluster"}`,
  ]);
  assert.is(await node.client.exists('corosync.conf.new'), false);
  assert.is(await node.client.exists('priv/lock/file-corosync_conf'), false);
});

test('addnode: the fallback address is used for a single link', async () => {
  await admitNode(node.ports, request('n4', undefined, { newNodeAddress: '10.0.0.9', nodeid: 9 }));
  assert.match((await node.read('corosync.conf'))!, 'nodeid: 9\n    quorum_votes: 1\n    ring0_addr: 10.0.0.9');
});

test('addnode: a present node only with force and the same nodeid and votes', async () => {
  assert.is(await sentenceOf(admitNode(node.ports, request('n2', '10.0.0.2'))), "can't add existing node 'n2'");
  const other = request('n2', '10.0.0.2', { force: true, nodeid: 5 });
  assert.is(await sentenceOf(admitNode(node.ports, other)), "can't add existing node 'n2'");
  await unchanged();
  await admitNode(node.ports, request('n2', '10.0.0.22', { force: true }));
  assert.equal(node.warned, ["forcing overwrite of configured node 'n2'"]);
  assert.match((await node.read('corosync.conf'))!, 'ring0_addr: 10.0.0.22');
});

test('addnode: refusals, which change nothing', async () => {
  const cases: readonly [NodeRequest, string][] = [
    [request('n4', '10.0.0.2'), "corosync: address '10.0.0.2' already used on link ring0_addr by node 'n2'"],
    [
      { ...request('n4', '10.0.0.4'), links: new Map([[1, '10.1.0.4']]) },
      "corosync: link 0 exists in cluster config but wasn't specified for new node\n" +
        "corosync: link 1 specified for new node doesn't exist in cluster config",
    ],
    [request('n4', 'a b'), "link 'a b': 'a b' is neither an IP address nor a host name"],
    [request('-x', '10.0.0.4'), "'-x' is not a node name"],
    [request('n4', '10.0.0.4', { nodeid: 2 }), 'nodeid 2 is already used by another node'],
    [
      request('n4', '10.0.0.4', { apiVersion: 2 }),
      'the joining node asks for join API version 2, this member knows 1 at most; update this member first',
    ],
  ];
  for (const [asked, sentence] of cases) {
    assert.is(await sentenceOf(admitNode(node.ports, asked)), sentence);
    await unchanged();
  }
});

test('addnode: a configuration that is broken already, a missing key, no quorum, no cluster', async () => {
  const added = request('n4', '10.0.0.4');
  await node.write('corosync.conf', TWO_NODES.replace('linknumber: 0', 'linknumber: 1'));
  assert.match(
    await sentenceOf(admitNode(node.ports, added)),
    /^invalid corosync.conf\nnode 'n1' has 'ring0_addr', but there is no interface number 0 configured\n/,
  );
  await node.write('corosync.conf', TWO_NODES);
  rmSync(node.layout.authkey);
  assert.is(await sentenceOf(admitNode(node.ports, added)), `${node.layout.authkey} is missing on this member`);
  node.override({ quorate: false });
  assert.is(await sentenceOf(admitNode(node.ports, added)), 'cluster not ready - no quorum?');
  node.override({});
  await node.client.call('file-remove', { path: 'corosync.conf' });
  assert.is(
    await sentenceOf(admitNode(node.ports, added)),
    `Error: Corosync config '${node.layout.mountPoint}/corosync.conf' does not exist - is this node part of a cluster?`,
  );
});

function clusterOf(members: readonly ClusterMember[], quorum: number): Partial<NodeDescription> {
  const online = members.filter((member) => member.online);
  return {
    mode: 'cluster',
    cluster: { name: 'demo', nodes: members, timers: {} as NonNullable<NodeDescription['cluster']>['timers'] },
    quorum: {
      quorate: true,
      ring: { rep: 1, seq: 4 },
      members: online.map(({ nodeid }) => nodeid),
      present: online.map(({ nodeid }) => nodeid),
      expected_votes: members.length,
      highest_expected: members.length,
      total_votes: online.length,
      quorum,
    },
  };
}

const member = (nodeid: number, online: boolean): ClusterMember => ({
  nodeid,
  name: `n${nodeid}`,
  votes: 1,
  addresses: [`10.0.0.${nodeid}`],
  online,
});

const LOG = `log-message {"priority":5,"ident":"root@pam","tag":"pvecm","pid":${process.pid},"message":"deleting node n2 from cluster"}`;

test('delnode: by name and by address; log, kill, and the configuration without it', async () => {
  for (const name of ['n2', '10.0.0.2']) {
    await node.write('corosync.conf', TWO_NODES);
    node.calls.length = 0;
    await dismissNode(node.ports, name, 'n1');
    const text = (await node.read('corosync.conf'))!;
    assert.not.match(text, 'n2');
    assert.match(text, 'config_version: 8');
    assert.equal(node.calls, [LOG, 'kill-node {"nodeid":2}']);
    assert.is(await node.client.exists('priv/lock/file-corosync_conf'), false);
  }
});

test('delnode: a live node is killed last where the others would have no quorum to write with', async () => {
  isWrittenAtKill.length = 0;
  node.override(clusterOf([member(1, true), member(2, true)], 2));
  await dismissNode(node.ports, 'n2', 'n1');
  await node.write('corosync.conf', TWO_NODES);
  node.override(clusterOf([member(1, true), member(2, true), member(3, true)], 2));
  await dismissNode(node.ports, 'n2', 'n1');
  await node.write('corosync.conf', TWO_NODES);
  node.override(clusterOf([member(1, true), member(2, false)], 1));
  await dismissNode(node.ports, 'n2', 'n1');
  assert.equal(isWrittenAtKill, [true, false, false]);
});

test('delnode: refusals', async () => {
  assert.is(await sentenceOf(dismissNode(node.ports, 'n1', 'n1')), 'Cannot delete myself from cluster!');
  assert.is(await sentenceOf(dismissNode(node.ports, 'n9', 'n1')), 'Node/IP: n9 is not a known host of the cluster.');
  node.override({ quorate: false });
  assert.is(await sentenceOf(dismissNode(node.ports, 'n2', 'n1')), 'cluster not ready - no quorum?');
  await unchanged();
  assert.equal(node.calls, []);
});

test.after(async () => {
  await node.close();
  rmSync(root, { recursive: true });
});

test.run();
