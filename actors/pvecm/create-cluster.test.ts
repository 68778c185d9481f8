import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRealClock } from '../../runtime/clock/real.ts';
import { newRsaKey } from '../../runtime/node/certificates.ts';
import { createSystemRandom } from '../../runtime/random/system.ts';
import { reportSkip, sharedPath } from '../../runtime/test-support/shared-corpus.ts';
import { createCluster, generateKey } from './create-cluster.ts';
import { startTestNode, type TestNode } from './test-node.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvecm-create-'));
const authorityKey = await newRsaKey(2048);

/** The supervisor's restart makes the node a cluster of one. */
async function start(name: string, supervised = true): Promise<TestNode> {
  const node = await startTestNode({
    root: join(folder, name),
    name: 'pve1',
    clock: createRealClock(),
    supervised,
    onCall: (method, node) => {
      if (method === 'restart') node.override({ mode: 'cluster', ready: true });
    },
  });
  // A smaller key than the cluster's real one, which takes seconds to make.
  await node.write('priv/pve-root-ca.key', authorityKey);
  return node;
}

const links = new Map([[0, '10.0.0.1']]);
const request = { clusterName: 'demo', nodeName: 'pve1', links };

test('create: key, configuration in tree and host copy, restart, and the lines of the original', async () => {
  const node = await start('one');
  await createCluster(node.ports, request);
  const { layout } = node;
  assert.is(
    node.printed(),
    `Writing corosync config to ${layout.mountPoint}/corosync.conf\nRestart corosync and cluster filesystem\n`,
  );
  assert.equal(node.calls, ['restart {"name":"cluster"}']);
  assert.is(statSync(layout.authkey).size, 256);
  assert.is(statSync(layout.authkey).mode & 0o777, 0o400);
  const text = (await node.read('corosync.conf'))!;
  assert.is(readFileSync(layout.hostConfig, 'utf8'), text);
  assert.ok(await node.client.exists('nodes/pve1/qemu-server'));

  const created = sharedPath('pmxcfs', 'corosync-conf', 'created-demo.conf');
  if (created === undefined) reportSkip('created-demo.conf', '../shared is not there');
  else assert.is(text, readFileSync(created, 'utf8'));

  const again = await createCluster(node.ports, request).catch((error: Error) => error.message);
  assert.is(again, `cluster config '${layout.mountPoint}/corosync.conf' already exists`);
  assert.is(await node.read('corosync.conf'), text);
  await node.close();
});

test('create: an existing key stays, options are taken, and what is refused changes nothing', async () => {
  const node = await start('two', false);
  const refused = await createCluster(node.ports, { ...request, clusterName: 'sixteen-letters-' }).catch(
    (error: Error) => error.message,
  );
  assert.match(String(refused), /^'sixteen-letters-' is not a cluster name/);
  assert.is(await node.client.exists('corosync.conf'), false);
  assert.is(statSync(node.layout.authkey, { throwIfNoEntry: false }), undefined);

  generateKey({ random: createSystemRandom() }, node.layout.authkey);
  const key = readFileSync(node.layout.authkey);
  await createCluster(node.ports, {
    ...request,
    links: new Map([[1, '10.1.0.1,priority=20']]),
    nodeid: 5,
    votes: 2,
    tokenCoefficient: 0,
  });
  assert.equal(readFileSync(node.layout.authkey), key);
  const text = (await node.read('corosync.conf'))!;
  for (const line of ['nodeid: 5', 'quorum_votes: 2', 'ring1_addr: 10.1.0.1', 'knet_link_priority: 20']) {
    assert.match(text, line);
  }
  assert.match(text, 'token_coefficient: 0');
  assert.equal(node.warned, [
    `this node's cluster process is not supervised; start the node with: pve-actors boot --root ${join(folder, 'two')}`,
  ]);
  await node.close();
});

test('keygen does not overwrite', () => {
  const path = join(folder, 'keys', 'authkey');
  generateKey({ random: createSystemRandom() }, path);
  const key = readFileSync(path);
  assert.throws(
    () => generateKey({ random: createSystemRandom() }, path),
    (error: Error) => error.message === `key file '${path}' already exists`,
  );
  assert.equal(readFileSync(path), key);
});

test.after(() => rmSync(folder, { recursive: true }));

test.run();
