/** Workers of both daemons in this process, over real sockets, on a real tree in local mode. */
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRealClock } from '../../runtime/clock/real.ts';
import { listenOn } from '../../runtime/http/listening-socket.ts';
import { startControlServer } from '../../runtime/ipc/control-server.ts';
import { newRsaKey } from '../../runtime/node/certificates.ts';
import { makeParentDirectory } from '../../runtime/node/host-files.ts';
import { nodeLayout } from '../../runtime/node/layout.ts';
import { makeNodeDirectories, ownUid } from '../../runtime/node/node-directories.ts';
import { createSystemRandom } from '../../runtime/random/system.ts';
import { controlHandlers } from '../node/cluster/control.ts';
import { startLocalTestNode } from '../node/local-test-node.ts';
import { startIpc } from '../pmxcfs/ipc.ts';
import { NodeClient } from '../pvecm/node-client.ts';
import { updateCertificates } from '../pvecm/update-certs.ts';
import { startWorker, type WorkerSettings } from './worker.ts';

const secret = '11111111-2222-3333-4444-555555555555';
const users = 'user:a@pve:1:0::::::\ntoken:a@pve!tok:0:0::\nacl:1:/:a@pve:Administrator:\n';

interface Site {
  readonly root: string;
  readonly authority: string;
  readonly port: number;
  close(): Promise<void>;
}

async function openSite(): Promise<Site> {
  const root = mkdtempSync(join(tmpdir(), 'api-'));
  const [clock, random] = [createRealClock(), createSystemRandom()];
  const layout = nodeLayout(root);
  makeNodeDirectories(layout, 0);
  makeParentDirectory(layout.bootSocket);
  const hostConfig = { path: layout.hostConfig, read: () => undefined, replace: () => undefined };
  const { node, log } = startLocalTestNode(clock, { random, hostConfig }, { nodeName: 'n1' });
  const control = await startControlServer({
    path: layout.controlSocket,
    domain: 'main',
    log,
    handlers: controlHandlers(node, () => undefined),
  });
  const ipc = await startIpc({
    path: layout.ipcSocket,
    uid: ownUid(),
    readOnlyGid: undefined,
    status: node.status,
    tree: node.memdb,
    log,
  });
  if ('failure' in control || 'failure' in ipc) throw new Error('the sockets of the test node are in use');
  const client = new NodeClient(layout);
  const closers: (() => Promise<unknown>)[] = [];
  // A short key of the authority: making the usual one takes seconds.
  await client.makeDirectories('priv');
  await client.write('priv/pve-root-ca.key', Buffer.from(await newRsaKey(2048)));
  await updateCertificates(
    { layout, client, clock, random, print: () => {}, warn: () => {} },
    { nodeName: 'n1', silent: true },
  );
  await client.write('user.cfg', Buffer.from(users));
  await client.write('priv/token.cfg', Buffer.from(`a@pve!tok ${secret}\n`));
  const open = async (daemon: WorkerSettings['daemon'], daemonPort: number) => {
    const socket = listenOn('127.0.0.1', 0);
    if ('failure' in socket) throw new Error(socket.failure.message);
    const daemonPlace = { host: '127.0.0.1', port: daemonPort };
    const settings: WorkerSettings = { daemon, root, nodeName: 'n1', daemonPlace, defaults: [] };
    const worker = await startWorker({ clock, random, log, fd: socket.fd, giveWay: () => {} }, settings);
    closers.unshift(() => worker.drain());
    return worker.port;
  };
  const port = await open('pveproxy', await open('pvedaemon', 0));
  const close = async () => {
    for (const closeOne of closers) await closeOne();
    client.close();
    await control.close();
    await ipc.close();
    node.stop();
    rmSync(root, { recursive: true, force: true });
  };
  return { root, authority: (await client.read('pve-root-ca.pem'))!.toString(), port, close };
}

const site = await openSite();
test.after(() => site.close());

interface Fetched {
  readonly status: number;
  readonly reason: string;
  readonly json: { readonly data: unknown; readonly errors?: Record<string, string>; readonly message?: string };
}

function fetchJson(verb: string, path: string, body = ''): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    const headers = {
      Authorization: `PVEAPIToken=a@pve!tok=${secret}`,
      Connection: 'close',
      ...(body !== '' && {
        'Content-Type': 'application/x-www-form-urlencoded',
        'Content-Length': Buffer.byteLength(body),
      }),
    };
    const { port, authority } = site;
    const request = httpsRequest(
      { host: '127.0.0.1', port, method: verb, path: `/api2/json${path}`, ca: authority, headers },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({
            status: response.statusCode!,
            reason: response.statusMessage!,
            json: text === '' ? { data: null } : JSON.parse(text),
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

test('the API over TLS with the certificate of the cluster: reads here, changes in pvedaemon', async () => {
  const version = await fetchJson('GET', '/version');
  assert.equal([version.status, (version.json.data as { release: string }).release], [200, '9.2']);
  assert.is((await fetchJson('POST', '/access/groups', 'groupid=team&comment=K%C3%B6ln')).status, 200);
  assert.equal((await fetchJson('GET', '/access/groups')).json.data, [{ groupid: 'team', comment: 'Köln', users: '' }]);
  const again = await fetchJson('POST', '/access/groups', 'groupid=team');
  assert.equal([again.status, again.reason], [500, again.json.message!.trim()]);
  assert.match(again.reason, /already exists/);
  const bad = await fetchJson('POST', '/access/groups', 'groupid=a%2Fb');
  assert.equal([bad.status, Object.keys(bad.json.errors!)], [400, ['groupid']]);
});

test('users, tokens and their secrets, roles, access lists and pools live their lives', async () => {
  const call = async (verb: string, path: string, body?: string) => {
    const { status, json } = await fetchJson(verb, path, body);
    assert.is(status, 200, `${verb} ${path}: ${json.message} ${JSON.stringify(json.errors)}`);
    return json.data;
  };
  await call('POST', '/access/users', 'userid=bob@pve&password=secret123&email=b%40x.org');
  const made = (await call('POST', '/access/users/bob%40pve/token/ci', 'privsep=1&comment=c')) as Record<
    string,
    unknown
  >;
  assert.is(made['full-tokenid'], 'bob@pve!ci');
  assert.match(String(made.value), /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  await call('POST', '/access/roles', 'roleid=R&privs=VM.Audit,Sys.Audit');
  await call('PUT', '/access/acl', 'path=/&roles=R&users=bob@pve');
  await call('PUT', '/access/acl', 'path=/vms&roles=R&tokens=bob@pve!ci');
  assert.equal(await call('GET', '/access/permissions?userid=bob@pve!ci&path=/vms'), {
    '/vms': { 'VM.Audit': 1, 'Sys.Audit': 1 },
  });
  await call('POST', '/pools', 'poolid=p');
  await call('POST', '/pools', 'poolid=p/q');
  assert.is((await fetchJson('DELETE', '/pools?poolid=p')).reason, "pool 'p' is not empty (contains pool 'p/q')");
  await call('DELETE', '/pools?poolid=p/q');
  await call('DELETE', '/pools/p');
  const login = (await call('POST', '/access/ticket', 'username=bob@pve&password=secret123').catch(
    (error) => error,
  )) as Error;
  assert.match(login.message, /not available with API token/);
  await call('DELETE', '/access/users/bob@pve');
  assert.equal(await call('GET', '/access/acl'), [
    { path: '/', type: 'user', ugid: 'a@pve', roleid: 'Administrator', propagate: 1 },
  ]);
});

test('storages and options are changed whole, with digests', async () => {
  const made = await fetchJson('POST', '/storage', 'storage=nas&type=nfs&server=10.0.0.1&export=/x&content=iso,backup');
  assert.equal(made.json, { data: { storage: 'nas', type: 'nfs' } });
  const { digest, content } = (await fetchJson('GET', '/storage/nas')).json.data as Record<string, string>;
  assert.is(content, 'backup,iso');
  const stale = await fetchJson('PUT', '/storage/nas', `content=iso&digest=${'0'.repeat(40)}`);
  assert.is(stale.reason, 'detected modified configuration - file changed by other user? Try again.');
  assert.is((await fetchJson('PUT', '/storage/nas', `content=iso&digest=${digest}`)).status, 200);
  assert.is((await fetchJson('PUT', '/storage/nas', 'export=/y')).status, 400);
  assert.match(
    (await fetchJson('POST', '/storage', 'storage=x&type=dir')).reason,
    /required option|verification failed/,
  );
  assert.is((await fetchJson('DELETE', '/storage/nas')).status, 200);
  assert.is((await fetchJson('PUT', '/cluster/options', 'keyboard=de&console=html5')).status, 200);
  assert.equal((await fetchJson('GET', '/cluster/options')).json.data, {
    keyboard: 'de',
    console: 'html5',
    'allowed-tags': [],
  });
  assert.equal((await fetchJson('GET', '/version')).json.data, {
    version: '9.2.11',
    release: '9.2',
    repoid: '70766561637473a1',
    console: 'html5',
  });
});

test('jobs, node options, second factors and certificates', async () => {
  const ok = async (verb: string, path: string, body?: string) => {
    const { status, json } = await fetchJson(verb, path, body);
    assert.is(status, 200, `${verb} ${path}: ${json.message} ${JSON.stringify(json.errors)}`);
    return json.data as Record<string, unknown> & readonly Record<string, unknown>[];
  };
  await ok('POST', '/cluster/backup', 'id=nightly&all=1&storage=local&schedule=02:00&prune-backups=keep-last%3D3');
  const job = await ok('GET', '/cluster/backup/nightly');
  assert.equal([job.schedule, job['prune-backups'], job.enabled], ['02:00', 'keep-last=3', 1]);
  await ok('PUT', '/cluster/backup/nightly', 'enabled=0&delete=prune-backups');
  assert.is((await ok('GET', '/cluster/backup'))[0]?.enabled, 0);
  const hook = await fetchJson('PUT', '/cluster/backup/nightly', 'script=/tmp/x');
  assert.equal(hook.json.errors, { script: 'Only root may set this option.' });
  await ok('DELETE', '/cluster/backup/nightly');
  const times = await ok(
    'GET',
    '/cluster/jobs/schedule-analyze?schedule=*:0/30%20UTC&starttime=1700000000&iterations=2',
  );
  assert.equal(
    times.map(({ timestamp }) => timestamp),
    [1700001000, 1700002800],
  );
  await ok(
    'PUT',
    '/nodes/n1/config',
    `description=${encodeURIComponent('Größe: 1\nzwei')}&wakeonlan=00:11:22:33:44:55`,
  );
  const options = await ok('GET', '/nodes/n1/config');
  assert.equal([options.description, options.wakeonlan], ['Größe: 1\nzwei\n', '00:11:22:33:44:55']);
  const [authority, own] = await ok('GET', '/nodes/n1/certificates/info');
  assert.equal([authority?.filename, own?.filename], ['pve-root-ca.pem', 'pve-ssl.pem']);
  assert.is(own?.issuer, authority?.subject);
  const late = await fetchJson('POST', '/access/tfa/a@pve', 'type=recovery&password=x');
  assert.equal([late.status, late.reason.slice(0, 23)], [403, 'Permission check failed']);
  assert.equal(await ok('GET', '/access/tfa'), []);
});

test('a service that cannot be restarted here is a task that tells so', async () => {
  const { json } = await fetchJson('POST', '/nodes/n1/services/pve-ha-crm/restart');
  const upid = String(json.data);
  assert.match(upid, /^UPID:n1:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:srvrestart:pve-ha-crm:a@pve!tok:$/);
  const path = `/nodes/n1/tasks/${encodeURIComponent(upid)}`;
  type Status = { readonly status: string; readonly exitstatus?: string };
  let status: Status;
  do {
    status = (await fetchJson('GET', `${path}/status`)).json.data as Status;
    if (status.status === 'stopped') break;
    assert.is(status.exitstatus, undefined);
  } while (status.status === 'running');
  assert.match(status.exitstatus!, /^the node is not running/);
  const log = (await fetchJson('GET', `${path}/log`)).json.data as readonly { readonly t: string }[];
  assert.match(log.at(-1)!.t, /^TASK ERROR: the node is not running/);
  const [listed] = (await fetchJson('GET', '/nodes/n1/tasks?errors=1')).json.data as readonly Record<string, unknown>[];
  assert.equal(
    [listed?.upid, listed?.user, listed?.tokenid, listed?.status],
    [upid, 'a@pve', 'tok', status.exitstatus],
  );
});

test.run();
