import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeRequest, encodeRequestBody, type IpcRequest, requestId } from '../../machines/pmxcfs/ipc/requests.ts';
import { Status } from '../../machines/pmxcfs/status/status.ts';
import { Memdb } from '../../machines/pmxcfs/tree/memdb.ts';
import { connectIpc, IpcClient } from '../../runtime/ipc/client.ts';
import { reportSkip } from '../../runtime/test-support/shared-corpus.ts';
import { startIpc } from './ipc.ts';

test('the twelve requests through the socket, as the user who runs the daemon', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ipc-'));
  const path = join(directory, 'pmxcfs.sock');
  const tree = new Memdb({ mode: 'solo' });
  const stamp = { writer: 1, time: 1, monotonic_s: 0 };
  for (const path of ['nodes', 'nodes/n1', 'nodes/n1/lxc', 'priv']) tree.mkdir(path, stamp);
  for (const [path, content] of [
    ['nodes/n1/lxc/100.conf', 'lock: x\n'],
    ['priv/token.cfg', 'a!b c\n'],
  ] as const) {
    tree.create(path, stamp);
    tree.write(path, Buffer.from(content), 0, false, stamp);
  }
  const status = new Status({
    nodeName: 'n1',
    pid: 1,
    wall_s: () => 1_700_000_000,
    monotonic_s: () => 0,
    log: () => {},
  });
  const uid = process.geteuid?.() ?? 0;
  const service = await startIpc({ path, uid, readOnlyGid: undefined, status, tree, log: { write: () => {} } });
  assert.not('failure' in service);
  const client = await connectIpc(path);
  assert.instance(client, IpcClient);
  const ask = async (request: IpcRequest) => {
    const reply = await (client as IpcClient).request(requestId(request.kind), encodeRequestBody(request));
    if ('failure' in reply) throw new Error(reply.failure.message);
    return reply.error === 0 ? reply.body.toString('latin1') : reply.error;
  };
  const strings = { ident: 'root@pam', tag: 't', message: Buffer.from('hello') };
  assert.match(String(await ask({ kind: 'get-fs-version' })), /"starttime": 1700000000,/);
  assert.match(String(await ask({ kind: 'get-cluster-info' })), /"nodename": "n1"/);
  assert.match(String(await ask({ kind: 'get-guest-list' })), /"100": \{ "node": "n1"/);
  assert.is(await ask({ kind: 'set-status', key: 'kv/x', value: Buffer.from('1\0') }), '');
  assert.is(await ask({ kind: 'get-status', key: 'kv/x', node: '' }), '1\0');
  assert.is(await ask({ kind: 'get-config', path: 'nodes/n1/lxc/100.conf' }), 'lock: x\n');
  assert.is(await ask({ kind: 'log-cluster-message', priority: 6, strings }), '');
  const log = await ask({ kind: 'get-cluster-log', max: 0, reserved: null, user: 'root@pam' });
  assert.match(String(log), new RegExp(`"pid": ${process.pid}, "node": "n1", "user": "root@pam", "msg": "hello"`));
  assert.is(await ask({ kind: 'get-rrd-dump' }), '\0');
  assert.is(await ask({ kind: 'get-guest-property', vmid: 0, property: 'lock' }), '{\n"100":{"lock": "x"}\n}\n');
  assert.is(await ask({ kind: 'verify-token', token: 'a!b c' }), '');
  assert.is(await ask({ kind: 'get-guest-properties', vmid: 100, properties: ['x'] }), '{\n\n}\n');
  (client as IpcClient).close();
  if (!('failure' in service)) await service.close();
  rmSync(directory, { recursive: true });
});

/** Sends frames from another user's process; prints the error field of each answer, or `closed`. */
const FOREIGN_CLIENT = `
const [path, ...frames] = process.argv.slice(1);
const socket = require('node:net').connect(path);
let got = Buffer.alloc(0);
const errors = () => {
  const found = [];
  for (let at = 0; at + 24 <= got.length; at += got.readInt32LE(at + 8)) found.push(got.readInt32LE(at + 16));
  return found;
};
const end = (text) => { console.log(text); process.exit(0); };
socket.on('data', (chunk) => {
  got = Buffer.concat([got, chunk]);
  if (errors().length === frames.length) end(errors().join(' '));
});
socket.on('error', (error) => end(error.code));
socket.on('close', () => end('closed'));
for (const frame of frames) socket.write(Buffer.from(frame, 'hex'));
`;

test('other users through the socket: the group may read, strangers are refused', async () => {
  if (process.geteuid?.() !== 0) return reportSkip('other users', 'only root may start processes of other users');
  const othersCanRunNode = await promisify(execFile)(process.execPath, ['-v'], { uid: 65534, gid: 65534 }).then(
    () => true,
    () => false,
  );
  if (!othersCanRunNode) return reportSkip('other users', `other users may not run ${process.execPath}`);
  const directory = mkdtempSync(join(tmpdir(), 'ipc-'));
  chmodSync(directory, 0o755);
  const path = join(directory, 'pmxcfs.sock');
  const tree = new Memdb({ mode: 'solo' });
  const status = new Status({ nodeName: 'n1', pid: 1, wall_s: () => 1, monotonic_s: () => 0, log: () => {} });
  const lines: string[] = [];
  const log = {
    write: (domain: string, level: string, message: string) => lines.push(`[${domain}] ${level}: ${message}`),
  };
  const service = await startIpc({ path, uid: 0, readOnlyGid: 33, status, tree, log });
  assert.not('failure' in service);
  const frames = [
    encodeRequest({ kind: 'get-cluster-info' }),
    encodeRequest({ kind: 'set-status', key: 'kv/x', value: Buffer.from('1') }),
    encodeRequest({ kind: 'get-config', path: 'priv/token.cfg' }),
    encodeRequest({ kind: 'get-config', path: 'nosuch' }),
  ].map((frame) => frame.toString('hex'));
  const asUser = async (uid: number, gid: number) => {
    const run = promisify(execFile)(process.execPath, ['-e', FOREIGN_CLIENT, path, ...frames], {
      uid,
      gid,
      timeout: 20_000,
    });
    return (await run).stdout.trim();
  };
  assert.is(await asUser(33, 33), '0 -1 -1 -2');
  assert.is(await asUser(65534, 65534), 'EACCES', 'the mode of the socket file');
  chmodSync(path, 0o666);
  const refused = await asUser(65534, 65534);
  assert.ok(['closed', 'ECONNRESET', 'EPIPE'].includes(refused), refused);
  assert.ok(lines.includes('[ipcs] crit: connection from bad user 65534! - rejected'));
  if (!('failure' in service)) await service.close();
  rmSync(directory, { recursive: true });
});

test.run();
