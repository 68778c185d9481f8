import { Buffer } from 'node:buffer';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DfsmIo } from '../dfsm/application.ts';
import { ChangeCounters } from '../tree/change-counters.ts';
import { GuestList } from '../tree/guest-list.ts';
import { LogRing, RING_BYTES } from './log-ring.ts';
import { nodeFiles } from './node-files.ts';
import { Status } from './status.ts';
import { StatusApplication } from './status-application.ts';

const CLUSTER = {
  clusterName: 'testcl',
  configVersion: 7,
  nodes: [
    { nodeid: 1, name: 'node1', votes: 1 },
    { nodeid: 2, name: 'node2', votes: 1 },
  ],
};

const text = (value: string) => Buffer.from(value, 'latin1');

/** A status with its application, what it sent and logged, and clocks in our hands. */
function node(nodeName = 'node1', nodeid = 1) {
  const time = { wall_s: 1_700_000_000, monotonic_s: 0 };
  const logs: string[] = [];
  const sent: { readonly subtype: number; readonly payload: Buffer }[] = [];
  const log = (level: string, message: string) => logs.push(`${level}: ${message}`);
  const wall_s = () => time.wall_s;
  const status = new Status({ nodeName, pid: 1000 + nodeid, wall_s, monotonic_s: () => time.monotonic_s, log });
  const application = new StatusApplication({ status, address: `10.0.0.${nodeid}` });
  const self = { nodeid, pid: 1000 + nodeid };
  const io: DfsmIo = {
    self,
    lowestNodeid: () => 1,
    post: (subtype, payload) => sent.push({ subtype, payload }),
    sendUpdate: () => {},
    sendUpdateComplete: () => {},
    log,
  };
  const attach = () => application.attach(io);
  return { status, application, self, time, logs, sent, attach };
}

/** Delivers what `from` has sent to `to`. */
function carry(from: ReturnType<typeof node>, to: ReturnType<typeof node>): void {
  for (const { subtype, payload } of from.sent.splice(0)) to.application.deliver(from.self, subtype, 0, payload, false);
}

const keysOf = (versionText: string) =>
  (JSON.parse(versionText) as { kvstore: Record<string, Record<string, number>> }).kvstore;
const versionOf = (status: Status) => status.versionText({ vmlist: 0, paths: [] });

test('keys: new 0, every set adds one, empty removes, a removed key starts anew (§6.2)', () => {
  const { status } = node();
  assert.is(status.set('kv/a', text('1\0')), 0);
  assert.equal(keysOf(versionOf(status)), { node1: { 'kv/a': 0 } });
  status.set('kv/a', text('1\0'));
  status.set('kv/b', text('x'));
  assert.equal(keysOf(versionOf(status)), { node1: { 'kv/a': 1, 'kv/b': 0 } });
  assert.equal(status.get('kv/a', ''), text('1\0'));
  assert.equal(status.get('kv/a', 'node1'), text('1\0'));
  assert.is(status.get('kv/a', 'node2'), undefined);
  status.set('kv/a', Buffer.alloc(0));
  assert.is(status.get('kv/a', ''), undefined);
  status.set('kv/a', text('2'));
  assert.equal(keysOf(versionOf(status)).node1?.['kv/a'], 0);
});

test('values: 32768 bytes are taken, one more is EFBIG and not sent; keys are cut to 255 bytes', () => {
  const { status, sent, attach } = node();
  attach();
  assert.is(status.set('big', Buffer.alloc(32_768, 1)), 0);
  assert.is(status.set('big', Buffer.alloc(32_769, 1)), -27);
  assert.is(sent.length, 1);
  status.set('k'.repeat(300), text('v'));
  assert.equal(status.get('k'.repeat(255), ''), text('v'));
  assert.is(sent[1]!.payload.toString('latin1', 0, 257), `${'k'.repeat(255)}\0v`);
});

test('sets are sent, with zeros behind the key (Q13), also while nobody is joined (status I1)', () => {
  const { status, sent, attach } = node();
  assert.is(status.set('before', text('1')), 0);
  attach();
  status.set('kv/x', text('1\0'));
  const padded = Buffer.alloc(256);
  padded.write('kv/x');
  assert.equal(sent, [{ subtype: 1, payload: Buffer.concat([padded, text('1\0')]) }]);
});

test('remote keys: stored by node, dropped for nodes that are not in the cluster info (status I2)', () => {
  const [one, two] = [node(), node('node2', 2)];
  two.attach();
  two.status.set('kv/x', text('1\0'));
  carry(two, one);
  assert.is(one.status.get('kv/x', 'node2'), undefined);
  one.status.installClusterInfo(CLUSTER);
  two.status.set('kv/x', text('2\0'));
  two.status.set('kv/y', text('3\0'));
  two.status.set('kv/y', Buffer.alloc(0));
  carry(two, one);
  assert.equal(one.status.get('kv/x', 'node2'), text('2\0'));
  assert.is(
    versionOf(one.status),
    '{\n"starttime": 1700000000,\n"clinfo": 1,\n"vmlist": 0,\n"kvstore": {\n"node1": {\n}\n,\n"node2": {\n"kv/x": 0}\n}\n}\n',
  );
});

test('new cluster info keeps maps and online flags by node id, and drops the others (cluster info I2)', () => {
  const [one, two] = [node(), node('node2', 2)];
  one.status.installClusterInfo(CLUSTER);
  one.application.configurationChanged([one.self, two.self]);
  two.attach();
  two.status.set('kv/x', text('1\0'));
  carry(two, one);
  const renamed = { ...CLUSTER, configVersion: 8, nodes: [{ nodeid: 2, name: 'new2', votes: 1 }] };
  one.status.installClusterInfo(renamed);
  assert.equal(one.status.get('kv/x', 'new2'), text('1\0'));
  assert.is(one.status.info.nodeById(2)?.online, true);
  one.status.installClusterInfo({ ...CLUSTER, nodes: [{ nodeid: 3, name: 'new2', votes: 1 }] });
  assert.is(one.status.get('kv/x', 'new2'), undefined);
  assert.equal(one.logs, [
    'notice: update cluster info (cluster name  testcl, version = 7)',
    'notice: update cluster info (cluster name  testcl, version = 8)',
    'notice: update cluster info (cluster name  testcl, version = 7)',
  ]);
});

test('a node that is in the group before it is in the cluster info is online at once (cluster info I3)', () => {
  const { status, application, self } = node();
  application.configurationChanged([self, { nodeid: 2, pid: 1002 }]);
  status.installClusterInfo(CLUSTER);
  assert.equal(
    status.info.nodes.map(({ online }) => online),
    [true, true],
  );
});

test('clinfo version: cluster info, membership, a changed address, shutdown, nothing else (cluster info I1)', () => {
  const { status, application, self } = node();
  const { info } = status;
  assert.is(info.version, 0);
  application.configurationChanged([self]);
  assert.is(info.version, 0, 'no cluster info yet');
  status.installClusterInfo(CLUSTER);
  assert.is(info.version, 1);
  application.configurationChanged([self]);
  assert.is(info.version, 2);
  status.set('nodeip', text('10.0.0.1\0'));
  assert.is(info.version, 3);
  status.set('nodeip', text('10.0.0.1\0'));
  for (const value of ['10.0.0.2', '', `${'x'.repeat(255)}\0`]) status.set('nodeip', text(value));
  status.set('kv/x', text('1'));
  status.setQuorate(true);
  assert.is(info.version, 3, 'the same address, malformed ones, keys and quorum');
  status.shutDown();
  assert.is(info.version, 4);
});

test('.members: online means in the group, addresses as published (§6.3, §6.7)', () => {
  const [one, two] = [node(), node('node2', 2)];
  assert.is(one.status.membersText(), '{\n"nodename": "node1",\n"version": 0\n}\n');
  one.status.installClusterInfo({ ...CLUSTER, configVersion: 4_294_967_295 });
  one.status.setQuorate(true);
  one.application.configurationChanged([one.self]);
  two.attach();
  two.application.synced();
  carry(two, one);
  assert.is(
    one.status.membersText(),
    '{\n"nodename": "node1",\n"version": 3,\n' +
      '"cluster": { "name": "testcl", "version": -1, "nodes": 2, "quorate": 1 },\n"nodelist": {\n' +
      '  "node1": { "id": 1, "online": 1},\n  "node2": { "id": 2, "online": 0, "ip": "10.0.0.2"}\n  }\n}\n',
  );
});

test('synced: publishes the address last set, else the one of the start (§6.3)', () => {
  const { status, application, sent, attach } = node();
  attach();
  application.synced();
  status.set('nodeip', text('10.9.9.9\0'));
  application.synced();
  assert.equal(
    sent.map(({ payload }) => payload.toString('latin1', 256)),
    ['10.0.0.1\0', '10.9.9.9\0', '10.9.9.9\0'],
  );
});

test('rrd: not in the map; purged after 300 s; a dump lives 2 s (rrd I1, I2)', () => {
  const { status, time } = node();
  status.set('rrd/pve2-node/n1', text('1:2:3\0'));
  assert.equal(keysOf(versionOf(status)), { node1: {} });
  assert.is(status.rrdText(), 'pve2-node/n1:1:2:3\n');
  for (const bad of ['no end', '', `${'x'.repeat(4095)}\0`]) status.set('rrd/bad', text(bad));
  status.set('rrd/late', text('9\0'));
  time.monotonic_s = 1.9;
  assert.is(status.rrdText(), 'pve2-node/n1:1:2:3\n', 'cached');
  time.monotonic_s = 2;
  assert.is(status.rrdText(), 'pve2-node/n1:1:2:3\nlate:9\n');
  time.monotonic_s = 300;
  assert.is(status.rrdText(), 'pve2-node/n1:1:2:3\nlate:9\n');
  status.set('rrd/new', text('1\0'));
  time.monotonic_s = 302.5;
  assert.is(status.rrdText(), 'new:1\n');
});

test('rrd and addresses of remote nodes; unknown nodes are dropped', () => {
  const [one, two] = [node(), node('node2', 2)];
  two.attach();
  two.status.set('rrd/a', text('1\0'));
  two.status.set('nodeip', text('10.0.0.2\0'));
  carry(two, one);
  assert.is(one.status.rrdText(), '');
  one.time.monotonic_s = 10;
  one.status.installClusterInfo(CLUSTER);
  two.status.set('rrd/a', text('1\0'));
  carry(two, one);
  assert.is(one.status.rrdText(), 'a:1\n');
});

test('own messages change nothing on delivery (application I2)', () => {
  const { status, application, self, sent, logs, attach } = node();
  attach();
  status.installClusterInfo(CLUSTER);
  status.set('kv/x', text('1'));
  status.logMessage({ priority: 6, ident: 'root', tag: 't', message: text('m'), pid: 1 });
  for (const { subtype, payload } of sent) {
    assert.equal(application.deliver(self, subtype, 0, payload, true), { result: 0 });
  }
  assert.equal(keysOf(versionOf(status)), { node1: { 'kv/x': 0 } });
  assert.is(logs.length, 1);
});

test('malformed messages: the log lines of §6.1, and the node stays (application I1)', () => {
  const { application, logs, attach } = node();
  attach();
  const peer = { nodeid: 2, pid: 1002 };
  const deliver = (subtype: number, payload: Buffer) => {
    logs.length = 0;
    assert.equal(application.deliver(peer, subtype, 0, payload, false), { result: 0 });
    return [...logs];
  };
  assert.equal(deliver(1, Buffer.alloc(3)), [
    'crit: received short kvstore message (3 < 256)',
    'crit: cant parse update message',
  ]);
  assert.equal(deliver(1, Buffer.alloc(256, 65)), ['crit: cant parse update message']);
  assert.equal(deliver(2, Buffer.alloc(0)), ['crit: received unknown message type 2']);
  assert.equal(deliver(3, Buffer.alloc(47)), [
    'notice: received log',
    'crit: received short log message (47 < 48)',
    'crit: cant parse log message',
  ]);
  assert.equal(deliver(3, Buffer.alloc(50)), [
    'notice: received log',
    'crit: received log message with wrong size (50 != 48)',
    'crit: cant parse log message',
  ]);
  const unterminated = Buffer.alloc(52);
  unterminated.set([1, 1, 1], 37);
  unterminated.writeUInt32LE(1, 40);
  unterminated.fill(65, 44);
  assert.equal(deliver(3, unterminated), [
    'notice: received log',
    'crit: unterminated string in log message',
    'crit: cant parse log message',
  ]);
  assert.is(application.processUpdate(Buffer.alloc(0)), 'leave');
  assert.equal(logs.at(-1), 'crit: dfsm_process_update: received unexpected update message');
});

test('log entries reach all; the same one is taken once', () => {
  const [one, two] = [node(), node('node2', 2)];
  two.attach();
  two.status.logMessage({ priority: 6, ident: 'root@pam', tag: 't', message: text('hello'), pid: 9 });
  const [message] = two.sent;
  one.application.attach({ ...noIo(one), post: () => {} });
  one.application.deliver(two.self, 3, 0, message!.payload, false);
  one.application.deliver(two.self, 3, 0, message!.payload, false);
  const { data } = JSON.parse(one.status.clusterLogText(50)) as { data: { msg: string; node: string }[] };
  assert.equal(
    data.map(({ msg, node }) => `${node}: ${msg}`),
    ['node2: hello', 'node1: starting cluster log'],
  );
  assert.equal(one.logs, [
    'notice: received log',
    'notice: received log',
    'notice: ignore insert of duplicate cluster log',
  ]);
});

function noIo(of: ReturnType<typeof node>): DfsmIo {
  return {
    self: of.self,
    lowestNodeid: () => 1,
    post: () => {},
    sendUpdate: () => {},
    sendUpdateComplete: () => {},
    log: (level, message) => of.logs.push(`${level}: ${message}`),
  };
}

test('a round: everybody synced, logs merged, own keys sent again but no rrd and no address (§6.3)', () => {
  const nodes = [node(), node('node2', 2), node('node3', 3)];
  for (const { status, attach } of nodes) {
    attach();
    status.set('kv/own', text(status.nodeName));
    status.set('rrd/x', text('1\0'));
    status.set('nodeip', text('10.0.0.9\0'));
  }
  const states = nodes.map(({ self, application }) => ({ member: self, state: application.getState(), note: 0 }));
  assert.ok(states.every(({ state }) => state.length === RING_BYTES));
  for (const { application, sent } of nodes) {
    sent.length = 0;
    assert.equal(application.processStates(states), { synced: nodes.map(({ self }) => self) });
    assert.equal(
      sent.map(({ payload }) => payload.toString('latin1', 0, 6)),
      ['kv/own'],
    );
  }
  const rings = nodes.map(({ application }) => application.getState());
  assert.ok(rings.every((ring) => ring.equals(rings[0]!)));
  assert.is([...LogRing.of(rings[0]!)!.walk()].length, 3);
});

test('a round with a bad blob: a line, and the others are merged', () => {
  const [one, two] = [node(), node('node2', 2)];
  one.attach();
  const states = [
    { member: one.self, state: one.application.getState(), note: 0 },
    { member: two.self, state: two.application.getState(), note: 0 },
    { member: { nodeid: 3, pid: 1003 }, state: Buffer.alloc(8), note: 0 },
  ];
  assert.is(one.application.processStates(states).synced.length, 3);
  assert.equal(one.logs, ['crit: received log with wrong size 8']);
  assert.is([...one.status.clusterLog.walk()].length, 2);
});

test('files of a node: .version, .vmlist and the first fifty log entries', () => {
  const { status, time } = node();
  const guests = new GuestList();
  const counters = new ChangeCounters();
  const files = nodeFiles(status, { guests, counters });
  assert.is(files.vmlist(), '{\n"version": 0\n\n}\n');
  guests.register({ vmid: 101, node: 'n2', type: 'lxc' });
  guests.register({ vmid: 100, node: 'n1', type: 'qemu' });
  counters.count('storage.cfg');
  assert.is(
    files.vmlist(),
    '{\n"version": 2,\n"ids": {\n"100": { "node": "n1", "type": "qemu", "version": 2 },\n' +
      '"101": { "node": "n2", "type": "lxc", "version": 1 }}\n\n}\n',
  );
  assert.match(files.version(), /"vmlist": 2,\n"corosync\.conf": 0,\n"corosync\.conf\.new": 0,\n"storage\.cfg": 1,\n/);
  for (let i = 0; i < 60; i++) {
    time.wall_s++;
    status.logMessage({ priority: 6, ident: 'root', tag: 't', message: text(`${i}`), pid: 1 });
  }
  assert.is(JSON.parse(files.clusterlog()).data.length, 50);
});

test.run();
