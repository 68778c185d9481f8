import { Buffer } from 'node:buffer';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeResponseFrame, encodeRequestFrame } from '../../../runtime/formats/ipc-frame.ts';
import { Status } from '../status/status.ts';
import { Memdb } from '../tree/memdb.ts';
import { answerRequest, type PeerAccess, peerAccess } from './handler.ts';
import { encodeRequest, type IpcRequest } from './requests.ts';
import { ipcWorld } from './world.ts';

const [EPERM, ENOENT, EINVAL, EFBIG, ECHRNG] = [-1, -2, -22, -27, -44];
const NO_BODY = Buffer.alloc(0);

/** A node with files, asked through whole frames. */
function node(files: Readonly<Record<string, string>> = {}) {
  const tree = new Memdb({ mode: 'solo' });
  const stamp = { writer: 1, time: 1_700_000_000, monotonic_s: 0 };
  for (const [path, content] of Object.entries(files)) {
    const parts = path.split('/');
    parts.slice(1).forEach((_, at) => {
      const directory = parts.slice(0, at + 1).join('/');
      if (tree.lookup(directory) === undefined) tree.mkdir(directory, stamp);
    });
    tree.create(path, stamp);
    if (content !== '') tree.write(path, Buffer.from(content, 'latin1'), 0, false, stamp);
  }
  let now_s = 1_700_000_000;
  const status = new Status({
    nodeName: 'node1',
    pid: 1001,
    wall_s: () => now_s++,
    monotonic_s: () => 0,
    log: () => {},
  });
  const world = ipcWorld(status, tree);
  const ask = (frame: Buffer, access: 'read-write' | 'read-only') => {
    const response = decodeResponseFrame(answerRequest(frame, { access, pid: 4711 }, world));
    assert.ok(
      response !== undefined && response.id === frame.readInt32LE(0),
      'a response with the id of its request (I1)',
    );
    if (response.error !== 0) assert.is(response.body.length, 0, 'a failed request has no body (I2)');
    return response;
  };
  const raw = (id: number, body: Buffer, access: 'read-write' | 'read-only' = 'read-write') =>
    ask(encodeRequestFrame(id, body), access);
  const request = (request: IpcRequest, access: 'read-write' | 'read-only' = 'read-write') =>
    ask(encodeRequest(request), access);
  /** The body as text, or the error. */
  const answer = (asked: IpcRequest, access?: 'read-write' | 'read-only') => {
    const { error, body } = request(asked, access);
    return error === 0 ? body.toString('latin1') : error;
  };
  return { tree, status, raw, request, answer };
}

const config = (path: string): IpcRequest => ({ kind: 'get-config', path });
const property = (vmid: number, property: string): IpcRequest => ({ kind: 'get-guest-property', vmid, property });
const properties = (vmid: number, ...names: string[]): IpcRequest => ({
  kind: 'get-guest-properties',
  vmid,
  properties: names,
});

test('peers: root may write, www-data may read, others nothing (§6.9); without root, the same user may write (§13.2.6)', () => {
  const rows: readonly (readonly [uid: number, gid: number, own: number, PeerAccess])[] = [
    [0, 0, 0, 'read-write'],
    [33, 33, 0, 'read-only'],
    [1000, 33, 0, 'read-only'],
    [0, 33, 0, 'read-only'],
    [0, 1000, 0, 'refused'],
    [1000, 0, 0, 'refused'],
    [65534, 65534, 0, 'refused'],
    [1000, 1000, 1000, 'read-write'],
    [1001, 1001, 1000, 'refused'],
    [0, 0, 1000, 'read-write'],
  ];
  for (const [uid, gid, own, expected] of rows) {
    assert.is(peerAccess({ pid: 1, uid, gid }, { uid: own, readOnlyGid: 33 }), expected, `${uid}:${gid} at ${own}`);
  }
  assert.is(peerAccess({ pid: 1, uid: 33, gid: 33 }, { uid: 0, readOnlyGid: undefined }), 'refused');
});

test('unknown ids are ECHRNG, 9 too', () => {
  const { raw } = node();
  for (const id of [0, 9, 14, 99, -5]) assert.is(raw(id, NO_BODY).error, ECHRNG, `id ${id}`);
});

test('wrong sizes and empty variable parts are EINVAL', () => {
  const { raw } = node();
  const key = Buffer.alloc(256);
  const rows: readonly (readonly [id: number, bytes: Buffer])[] = [
    ...[1, 2, 3, 10].map((id) => [id, Buffer.alloc(1)] as const),
    [4, key.subarray(1)],
    [5, key],
    [5, Buffer.alloc(513)],
    [6, NO_BODY],
    [7, NO_BODY],
    [7, Buffer.from('\x06\x02\x02a\0b\0', 'latin1')],
    [7, Buffer.from('\x06\x00\x02b\0m\0', 'latin1')],
    [7, Buffer.from('\x06\x02\x02aab\0m\0', 'latin1')],
    [7, Buffer.from('\x06\x02\x02a\0bbm\0', 'latin1')],
    [7, Buffer.from('\x06\x02\x09a\0b\0m\0', 'latin1')],
    [7, Buffer.from('\x08\x02\x02a\0b\0m\0', 'latin1')],
    [8, Buffer.alloc(16)],
    [11, Buffer.alloc(4)],
    [12, NO_BODY],
    [13, Buffer.alloc(4)],
  ];
  for (const [id, bytes] of rows)
    assert.is(raw(id, bytes).error, EINVAL, `${id}: ${bytes.toString('hex').slice(0, 60)}`);
});

test('Q18: a log message must end in NUL itself', () => {
  const { raw, answer } = node();
  assert.is(raw(7, Buffer.from('\x06\x02\x02a\0b\0message', 'latin1')).error, EINVAL);
  assert.is(raw(7, Buffer.from('\x06\x02\x02a\0b\0message\0', 'latin1')).error, 0);
  const log = answer({ kind: 'get-cluster-log', max: 1, reserved: null, user: '' });
  assert.match(String(log), /"pri": 6, "tag": "b", "pid": 4711, "node": "node1", "user": "a", "msg": "message"/);
});

test('read-only peers: no writing (EPERM, whatever the body), no private files (I3)', () => {
  const { raw, answer, status } = node({ 'priv/token.cfg': 'x', 'nodes/n1/priv/a.key': 'k', 'storage.cfg': 's' });
  assert.is(raw(4, Buffer.alloc(300), 'read-only').error, EPERM);
  assert.is(raw(4, NO_BODY, 'read-only').error, EPERM);
  assert.is(raw(7, Buffer.from('\x06\x02\x02a\0b\0m\0', 'latin1'), 'read-only').error, EPERM);
  assert.is(status.get('', ''), undefined);
  for (const path of [
    'priv/token.cfg',
    '/priv/token.cfg',
    '///priv/token.cfg',
    'priv//token.cfg',
    'nodes/n1/priv/a.key',
    'nodes//n1/priv/a.key',
    'nodes/n1//priv/a.key',
    'priv/missing',
    'priv',
  ]) {
    assert.is(answer(config(path), 'read-only'), EPERM, path);
  }
  assert.is(answer(config('storage.cfg'), 'read-only'), 's');
  assert.is(answer(config('priv/token.cfg')), 'x');
});

test('GET_CONFIG: bytes, empty files; ENOENT for directories, computed files and links', () => {
  const { answer } = node({ 'storage.cfg': 'dir: local\n\xff', 'empty.cfg': '', 'nodes/n1/qemu-server/100.conf': '' });
  assert.is(answer(config('storage.cfg')), 'dir: local\n\xff');
  assert.is(answer(config('/storage.cfg')), 'dir: local\n\xff');
  assert.is(answer(config('empty.cfg')), '');
  for (const path of ['nosuch', 'nodes', '', '/', '.version', 'local', 'storage.cfg/x']) {
    assert.is(answer(config(path)), ENOENT, path);
  }
});

test('status values: own and of nodes, ENOENT, EFBIG', () => {
  const { answer, request } = node();
  const set = (value: Buffer) => request({ kind: 'set-status', key: 'kv/x', value }).error;
  assert.is(set(Buffer.from('value\0')), 0);
  assert.is(answer({ kind: 'get-status', key: 'kv/x', node: '' }), 'value\0');
  assert.is(answer({ kind: 'get-status', key: 'kv/x', node: 'node1' }, 'read-only'), 'value\0');
  assert.is(answer({ kind: 'get-status', key: 'kv/x', node: 'node2' }), ENOENT);
  assert.is(answer({ kind: 'get-status', key: 'nosuch', node: '' }), ENOENT);
  assert.is(set(Buffer.alloc(32_769)), EFBIG);
  assert.is(set(Buffer.alloc(32_768)), 0);
  assert.is(set(NO_BODY), 0);
  assert.is(answer({ kind: 'get-status', key: 'kv/x', node: '' }), ENOENT, 'an empty value removes');
});

test('texts: version, members, guest list; one NUL behind the rrd dump, cached or not (Q14)', () => {
  const { answer, status } = node({ 'nodes/n1/lxc/101.conf': 'x' });
  assert.match(String(answer({ kind: 'get-fs-version' })), /^\{\n"starttime": \d+,\n/);
  assert.is(answer({ kind: 'get-cluster-info' }), '{\n"nodename": "node1",\n"version": 0\n}\n');
  assert.match(
    String(answer({ kind: 'get-guest-list' })),
    /"101": \{ "node": "n1", "type": "lxc", "version": \d+ \}\}/,
  );
  status.set('rrd/x', Buffer.from('1\0'));
  assert.is(answer({ kind: 'get-rrd-dump' }), 'x:1\n\0');
  assert.is(answer({ kind: 'get-rrd-dump' }, 'read-only'), 'x:1\n\0');
});

test('cluster log: 0 means 50, a user filters', () => {
  const { answer, request } = node();
  for (let i = 0; i < 60; i++) {
    const strings = { ident: i % 2 === 0 ? 'root@pam' : 'x@pve', tag: 't', message: Buffer.from(`${i}`) };
    assert.is(request({ kind: 'log-cluster-message', priority: 6, strings }).error, 0);
  }
  const count = (max: number, user: string) =>
    JSON.parse(String(answer({ kind: 'get-cluster-log', max, reserved: null, user }))).data.length;
  assert.equal([count(0, ''), count(10, ''), count(1000, '')], [50, 10, 61]);
  assert.equal([count(0, 'x@pve'), count(0, 'root'), count(0, 'nobody')], [30, 1, 0]);
});

test('VERIFY_TOKEN: one line that equals it exactly; malformed ones are EINVAL; read-only peers too', () => {
  const { raw, answer } = node({ 'priv/token.cfg': 'root@pam!a 1\nx@pve!b 2\nlast!c 3' });
  const verify = (token: string) => answer({ kind: 'verify-token', token }, 'read-only');
  for (const token of ['root@pam!a 1', 'x@pve!b 2', 'last!c 3']) assert.is(verify(token), '', token);
  for (const token of ['root@pam!a', 'root@pam!a 12', 'oot@pam!a 1', ' ', '2']) assert.is(verify(token), ENOENT, token);
  for (const body of ['\0', 'a\nb\0', 'root@pam!a 1', 'a\0b\0', 'a\0\0', '\n\0']) {
    assert.is(raw(12, Buffer.from(body)).error, EINVAL, JSON.stringify(body));
  }
  assert.is(node().answer({ kind: 'verify-token', token: 'root@pam!a 1' }), ENOENT, 'no file');
});

const GUESTS = {
  'nodes/n1/qemu-server/100.conf':
    'lock: backup\nname:  vm one \t\r\ntags: a;b\n#lock: no\nlock2: x\n[snap]\nparent: y\n',
  'nodes/n1/lxc/200.conf': 'hostname: "q\\uote"\nlock:\nname: last line',
  'nodes/n2/qemu-server/300.conf': '',
};

test('guest properties: of one guest', () => {
  const { answer } = node(GUESTS);
  assert.is(answer(property(100, 'lock')), '{\n"100":{"lock": "backup"}\n}\n');
  assert.is(answer(property(100, 'name'), 'read-only'), '{\n"100":{"name": "vm one"}\n}\n');
  assert.is(answer(property(100, 'parent')), '{\n\n}\n', 'snapshots are not searched');
  assert.is(answer(property(200, 'name')), '{\n"200":{"name": "last line"}\n}\n');
  assert.is(answer(property(200, 'lock')), '{\n"200":{"lock": ""}\n}\n');
  assert.is(answer(property(200, 'hostname')), '{\n"200":{"hostname": "\\"q\\\\uote\\""}\n}\n');
  assert.is(answer(property(300, 'lock')), '{\n\n}\n', 'Q23: an empty configuration is an empty object');
  assert.is(answer(property(100, 'lock: backup\nname')), '{\n\n}\n', 'no property reaches over a line');
  assert.is(answer(property(400, 'lock')), ENOENT);
  for (const vmid of [1, 99]) assert.is(answer(property(vmid, 'lock')), EINVAL);
});

test('guest properties: of all guests, several at once', () => {
  const { answer } = node(GUESTS);
  assert.is(answer(property(0, 'nosuch')), '{\n\n}\n');
  assert.is(
    answer(properties(0, 'name', 'lock')),
    '{\n"100":{"name": "vm one","lock": "backup"},\n"200":{"name": "last line","lock": ""}\n}\n',
  );
  assert.is(answer(properties(100, 'tags', 'nosuch')), '{\n"100":{"tags": "a;b"}\n}\n');
  assert.is(answer(properties(99, 'tags')), EINVAL);
  assert.is(answer(properties(999, 'tags')), ENOENT);
});

test('guest properties: malformed lists are EINVAL', () => {
  const { raw } = node(GUESTS);
  const ask = (rest: string) => raw(13, Buffer.concat([Buffer.of(100, 0, 0, 0), Buffer.from(rest, 'latin1')])).error;
  assert.is(ask('\x01lock\0'), 0);
  for (const rest of [
    '\0',
    '\x02lock\0',
    '\x01lock',
    '\x01lock\0x',
    '\x01Lock\0',
    '\x01\0',
    '\x011a\0',
    '\x00lock\0',
  ]) {
    assert.is(ask(rest), EINVAL, JSON.stringify(rest));
  }
});

test('Q23: a repeated property: the second wins; asked for alone, it ends the search', () => {
  const { answer } = node({ 'nodes/n1/lxc/200.conf': 'a: 1\na: 2\na: 3\nb: 4\n' });
  assert.is(answer(property(200, 'a')), '{\n"200":{"a": "2"}\n}\n');
  assert.is(answer(properties(200, 'a', 'b')), '{\n"200":{"a": "3","b": "4"}\n}\n');
});

test.run();
