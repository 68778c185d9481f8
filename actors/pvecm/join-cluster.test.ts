import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRealClock } from '../../runtime/clock/real.ts';
import { newRsaKey } from '../../runtime/node/certificates.ts';
import { replaceHostFile } from '../../runtime/node/host-files.ts';
import { openSqliteStore } from '../../runtime/store/sqlite.ts';
import type { JoinInformation, NodeRequest } from './admit-node.ts';
import { type JoinRequest, joinCluster } from './join-cluster.ts';
import { type MemberCommand, memberCommand } from './member-command.ts';
import { startTestNode, type TestNode } from './test-node.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvecm-join-'));
let count = 0;
const authorityKey = await newRsaKey(2048);

const INFORMATION: JoinInformation = {
  corosync_authkey: Buffer.alloc(256, 9).toString('base64'),
  corosync_conf: 'totem {\n  cluster_name: d\xe9mo\n}\n',
  warnings: ['warning: something'],
};

/** A node whose supervisor, when it starts the cluster process, finds it joined. */
async function start(supervised = true): Promise<TestNode> {
  const node = await startTestNode({
    root: join(folder, String(++count)),
    name: 'n4',
    clock: createRealClock(),
    supervised,
    onCall: (method, node) => {
      if (method === 'start') node.override({ mode: 'cluster', ready: true });
    },
  });
  // A smaller key than the cluster's real one, which takes seconds to make.
  await node.write('priv/pve-root-ca.key', authorityKey);
  return node;
}

function member(asked: NodeRequest[] = [], version = 1): MemberCommand {
  return {
    joinApiVersion: async () => version,
    addNode: async (request) => {
      asked.push(request);
      return INFORMATION;
    },
  };
}

function request(more: Partial<JoinRequest> = {}): JoinRequest {
  return { nodeName: 'n4', member: member(), links: new Map([[0, '127.0.0.44']]), workingDirectory: '/', ...more };
}

/** A database as the cluster process leaves it when it is stopped. */
function makeDatabase(node: TestNode): void {
  const store = openSqliteStore(node.layout.database);
  assert.ok('commit' in store);
  if ('commit' in store) store.close();
}

function sentenceOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no failure',
    (error: Error) => error.message,
  );
}

test('add: the steps and the lines of the original', async () => {
  const node = await start();
  const { layout } = node;
  makeDatabase(node);
  const asked: NodeRequest[] = [];
  await joinCluster(node.ports, request({ member: member(asked), votes: 2 }));
  assert.equal(asked, [
    {
      name: 'n4',
      links: new Map([[0, '127.0.0.44']]),
      nodeid: undefined,
      votes: 2,
      force: undefined,
      newNodeAddress: undefined,
      apiVersion: 1,
    },
  ]);
  assert.equal(readFileSync(layout.authkey), Buffer.alloc(256, 9));
  assert.is(statSync(layout.authkey).mode & 0o777, 0o400);
  assert.equal(readFileSync(layout.hostConfig), Buffer.from(INFORMATION.corosync_conf, 'latin1'));
  assert.equal(node.calls, ['stop {"name":"cluster"}', 'start {"name":"cluster"}']);
  const [backup] = readdirSync(layout.backupDirectory).sort();
  assert.match(backup!, /^config-\d+\.sql\.gz$/);
  assert.is(existsSync(layout.database), false);
  const lines = node.printed().split('\n');
  const certificate = lines.indexOf('generated new node certificate, restart pveproxy and pvedaemon services');
  // Without openssl the certificate is left for later, with a warning.
  if (certificate >= 0) lines.splice(certificate, 1);
  assert.equal(lines, [
    'check cluster join API version',
    'Request addition of this node',
    'Join request OK, finishing setup locally',
    'stopping pve-cluster service',
    `backup old database to '${join(layout.backupDirectory, backup!)}'`,
    'waiting for quorum...OK',
    "successfully added node 'n4' to cluster.",
    '',
  ]);
  assert.is(node.warned[0], 'warning: something');
  await node.close();
});

test('add: what forbids it is listed, and nothing is asked or changed (I1)', async () => {
  const node = await start();
  const { layout } = node;
  replaceHostFile(layout.authkey, Buffer.alloc(256), 0o400);
  replaceHostFile(layout.hostConfig, Buffer.from('x'), 0o644);
  await node.write('nodes/n4/qemu-server/100.conf', 'name: x\n');
  node.override({ mode: 'cluster' });
  const asked: NodeRequest[] = [];
  const unfit = request({ member: member(asked), links: new Map([[0, '203.0.113.9']]) });
  assert.is(await sentenceOf(joinCluster(node.ports, unfit)), 'Check if node may join a cluster failed!');
  assert.equal(node.warned, [
    [
      'detected the following error(s):',
      `* authentication key '${layout.authkey}' already exists`,
      `* cluster config '${layout.hostConfig}' already exists`,
      '* this host already contains virtual guests',
      '* corosync is running already: this node is in a cluster',
      "* link 0: '203.0.113.9' is not an address of this node",
    ].join('\n'),
  ]);
  assert.equal(asked, []);
  assert.equal(node.calls, []);
  assert.is(node.printed(), '');
  await joinCluster(node.ports, request({ member: member(asked), force: true }));
  assert.is(asked[0]?.force, true);
  await node.close();
});

test('add: guests are also found where no process runs', async () => {
  const node = await start();
  const store = openSqliteStore(node.layout.database);
  if ('message' in store) throw new Error(store.message);
  const row = { version: 1, writer: 0, mtime: 1, data: null };
  store.commit([
    { kind: 'replace', row: { ...row, inode: 0, parent: 0, type: 8, name: '__version__' } },
    { kind: 'replace', row: { ...row, inode: 2, parent: 0, type: 4, name: 'lxc' } },
    { kind: 'replace', row: { ...row, inode: 3, parent: 2, type: 8, name: '101.conf' } },
  ]);
  store.close();
  await node.close();
  assert.is(await sentenceOf(joinCluster(node.ports, request())), 'Check if node may join a cluster failed!');
  assert.equal(node.warned, ['detected the following error(s):\n* this host already contains virtual guests']);
});

test('add: a node that does not run is prepared, and told how to start', async () => {
  const node = await start(false);
  makeDatabase(node);
  await node.close();
  await joinCluster(node.ports, request());
  assert.is(existsSync(node.layout.database), false);
  const last = node.printed().trimEnd().split('\n').at(-1);
  assert.is(last, `node 'n4' is a member; start it with: pve-actors boot --root ${node.layout.root}`);
});

test('add: a process that nobody supervises is left alone (I2)', async () => {
  const node = await start(false);
  makeDatabase(node);
  const asked: NodeRequest[] = [];
  assert.match(
    await sentenceOf(joinCluster(node.ports, request({ member: member(asked) }))),
    /^the cluster process of this node runs without a supervisor; end it/,
  );
  assert.equal(asked, []);
  assert.ok(existsSync(node.layout.database));
  await node.close();
});

test('add: a database that cannot be dumped is set aside (I2)', async () => {
  const node = await start();
  writeFileSync(node.layout.database, 'this is no database, but its bytes may matter to somebody. '.repeat(20));
  await joinCluster(node.ports, request());
  assert.is(existsSync(node.layout.database), false);
  const [aside] = readdirSync(node.layout.stateDirectory)
    .sort()
    .filter((name) => name.endsWith('.bak'));
  assert.match(aside!, /^config\.db\.\d+\.bak$/);
  assert.match(node.warned[1]!, /^backup failed: .*; the old database is now /);
  await node.close();
});

test('add: not from below the mount point, and not to a newer cluster', async () => {
  const node = await start();
  const below = request({ workingDirectory: join(node.layout.mountPoint, 'nodes') });
  assert.match(await sentenceOf(joinCluster(node.ports, below)), 'working directory');
  const newer = request({ member: member([], 2) });
  assert.match(await sentenceOf(joinCluster(node.ports, newer)), /^the cluster has join API version 2, /);
  assert.equal(node.calls, []);
  await node.close();
});

test('the command of a member: its arguments, its answer, and its failures', async () => {
  const script = join(folder, 'pvecm-of-member');
  const warned: string[] = [];
  const asked = { name: 'n4', links: new Map([[0, '10.0.0.4,priority=3']]), nodeid: 4, force: true, apiVersion: 1 };
  const run = (body: string) => {
    writeFileSync(script, `#!/bin/sh\n${body}\n`);
    chmodSync(script, 0o755);
    return memberCommand(`${script} --root /x`, (line) => warned.push(line));
  };
  const answer = JSON.stringify({ ...INFORMATION, corosync_conf: 'x' });
  const echo = run(`echo "$@" >&2; if [ "$3" = apiver ]; then echo 1; else echo '${answer}'; fi`);
  assert.is(await echo.joinApiVersion(), 1);
  assert.equal(await echo.addNode(asked), { ...INFORMATION, corosync_conf: 'x' });
  assert.equal(warned, [
    '--root /x apiver',
    '--root /x addnode n4 --join-info --link0 10.0.0.4,priority=3 --apiversion 1 --nodeid 4 --force',
  ]);
  const failing = run('echo "cluster not ready - no quorum?" >&2; exit 255');
  assert.is(await sentenceOf(failing.addNode(asked)), `'${script} --root /x addnode' failed: exit code 255`);
  assert.is(warned.at(-1), 'cluster not ready - no quorum?');
  assert.is(
    await sentenceOf(run('echo hello').addNode(asked)),
    `'${script} --root /x addnode' gave no join information`,
  );
  assert.match(await sentenceOf(run('echo hello').joinApiVersion()), 'answered no version: hello');
  const strange = { ...asked, name: 'n4; reboot' };
  assert.is(await sentenceOf(echo.addNode(strange)), "'n4; reboot' can't be passed on to a member");
});

test.after(() => rmSync(folder, { recursive: true }));

test.run();
