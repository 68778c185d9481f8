import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRealClock } from '../clock/real.ts';
import type { ClusterConfig } from '../formats/cluster-config.ts';
import { DEFAULT_NETMTU, readClusterConfig } from '../formats/corosync-conf-read.ts';
import type { Log } from '../log/log.ts';
import { createSystemRandom } from '../random/system.ts';
import { LinkOpenError } from './link-socket.ts';
import { openSealedUdp, type SealedUdp, type SealedUdpOptions } from './sealed-udp.ts';
import type { PeerStats } from './sealed-udp-stats.ts';
import { SEAL_OVERHEAD } from './sealing.ts';

const authkey = Buffer.alloc(128, 3);
const clock = createRealClock();
/** A loopback network of this process's own, so that test files can run side by side. */
const network = `127.${100 + (process.pid % 100)}.${(process.pid >>> 7) & 0xff}`;
const DEADLINE_MS = 10_000;

/** Addresses per node: `a b` are two links. */
function configOf(nodes: Readonly<Record<number, string>>, totem = ''): ClusterConfig {
  const list = Object.entries(nodes).map(([nodeid, addresses]) => {
    const rings = addresses.split(' ').map((address, link) => `ring${link}_addr: ${address}\n`);
    return `node {\nname: n${nodeid}\nnodeid: ${nodeid}\n${rings.join('')}}\n`;
  });
  const text = `totem {\nversion: 2\ncluster_name: test\ntoken: 400\n${totem}}\nnodelist {\n${list.join('')}}\n`;
  const result = readClusterConfig(text, 'test.conf');
  if ('errors' in result) throw new Error(result.errors.map(({ message }) => message).join('\n'));
  return result.config;
}

/** What a test opened; everything is closed at its end. */
class Bench {
  readonly lines: string[] = [];
  readonly #closing: { close(): void }[] = [];
  readonly log: Log = { write: (domain, level, message) => this.lines.push(`[${domain}] ${level}: ${message}`) };

  async open(nodeid: number, config: ClusterConfig, change: Partial<SealedUdpOptions> = {}): Promise<SealedUdp> {
    const udp = await openSealedUdp({
      nodeid,
      config,
      authkey,
      clock,
      random: createSystemRandom(),
      log: this.log,
      ...change,
    });
    this.#closing.push(udp);
    return udp;
  }

  async socket(address: string, port: number, type: 'udp4' | 'udp6' = 'udp4'): Promise<Socket> {
    const socket = createSocket(type);
    socket.bind(port, address);
    await once(socket, 'listening');
    this.#closing.push({ close: () => socket.close() });
    return socket;
  }

  /** Forwards datagrams from `address` to `target`, and keeps them. */
  async relay(
    address: string,
    target: string,
    port: number,
  ): Promise<{ recorded: Buffer[]; cut(): void; send(datagram: Buffer): void }> {
    const socket = await this.socket(address, port);
    const recorded: Buffer[] = [];
    let whole = true;
    const send = (datagram: Buffer) => socket.send(datagram, port, target);
    socket.on('message', (datagram) => {
      recorded.push(datagram);
      if (whole) send(datagram);
    });
    return { recorded, send, cut: () => (whole = false) };
  }

  close(): void {
    for (const each of this.#closing) each.close();
  }
}

function benchTest(name: string, body: (bench: Bench) => Promise<void>): void {
  test(name, async () => {
    const bench = new Bench();
    try {
      await body(bench);
    } finally {
      bench.close();
    }
  });
}

/** Waits for a condition; what never comes is a failure. */
async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline_ms = clock.monotonic_ms() + DEADLINE_MS;
  while (!condition()) {
    assert.ok(clock.monotonic_ms() < deadline_ms, `${what} within ${DEADLINE_MS} ms`);
    await delay(5);
  }
}

function peerOf(udp: SealedUdp, nodeid: number): PeerStats {
  return udp.stats().peers.find((peer) => peer.nodeid === nodeid)!;
}

function isUp(udp: SealedUdp, nodeid: number, link = 0): boolean {
  return peerOf(udp, nodeid)?.links[link]?.up ?? false;
}

function inbox(udp: SealedUdp): string[] {
  const received: string[] = [];
  udp.onReceive((sender, payload) => received.push(`${sender}: ${payload.toString()}`));
  return received;
}

benchTest('three nodes find each other; send and multicast arrive', async (bench) => {
  const config = configOf({ 1: `${network}.1`, 2: `${network}.2`, 3: `${network}.3` });
  const [one, two, three] = [await bench.open(1, config), await bench.open(2, config), await bench.open(3, config)];
  const [second, third] = [inbox(two), inbox(three)];
  await until('all links', () =>
    [one, two, three].every((udp) => udp.stats().peers.every(({ nodeid }) => isUp(udp, nodeid))),
  );
  one.send(2, Buffer.from('to two'));
  one.multicast([2, 3], Buffer.from('to both'));
  await until('both messages', () => second.length === 2 && third.length === 1);
  assert.equal(second, ['1: to two', '1: to both']);
  assert.equal(third, ['1: to both']);
  assert.ok(bench.lines.includes('[KNET] info: rx: host: 2 link: 0 is up'));
  assert.ok(bench.lines.includes('[KNET] info: host: host: 2 (passive) best link: 0 (pri: 1)'));
  assert.ok(bench.lines.includes('[KNET] warning: host: host: 3 has no active links'));
  assert.ok(peerOf(one, 2).links[0]!.rtt_ms! < 1000);
  one.send(99, Buffer.from('nobody'));
  assert.throws(() => one.send(1, Buffer.from('myself')));
});

benchTest('10,000 datagrams of several sizes arrive, each once, unchanged', async (bench) => {
  const config = configOf({ 1: `${network}.1`, 2: `${network}.2` });
  const [one, two] = [await bench.open(1, config), await bench.open(2, config)];
  assert.is(one.maxPayload, 8192);
  await until('the link', () => isUp(one, 2) && isUp(two, 1));
  let received = 0;
  let wrong = 0;
  let waiting: (() => void) | undefined;
  two.onReceive((sender, payload) => {
    const good = sender === 1 && payload.readUInt32BE(0) === received && payload.at(-1) === (received & 0xff);
    if (!good) wrong++;
    received++;
    if (received % 50 === 0) waiting?.();
  });
  for (let sent = 0; sent < 10_000; sent += 50) {
    const batch = new Promise<void>((resolve) => {
      waiting = resolve;
    });
    for (let i = sent; i < sent + 50; i++) {
      const payload = Buffer.alloc(5 + (i % 8188), i & 0xff);
      payload.writeUInt32BE(i, 0);
      one.send(2, payload);
    }
    await Promise.race([batch, delay(DEADLINE_MS, undefined, { ref: false })]);
  }
  assert.is(received, 10_000);
  assert.is(wrong, 0);
  assert.is(two.stats().dropped.tag, 0);
});

benchTest('two links: fail-over when one is cut, silently for the receiver', async (bench) => {
  const config = configOf({ 1: `${network}.1 ${network}.11`, 2: `${network}.2 ${network}.12` });
  const throughRelay = configOf({ 1: `${network}.1 ${network}.11`, 2: `${network}.52 ${network}.12` });
  const relay = await bench.relay(`${network}.52`, `${network}.2`, 5405);
  const [one, two] = [await bench.open(1, throughRelay), await bench.open(2, config)];
  const received = inbox(two);
  await until('both links', () => [0, 1].every((link) => isUp(one, 2, link) && isUp(two, 1, link)));
  assert.is(peerOf(one, 2).links.find(({ best }) => best)?.link, 0);
  one.send(2, Buffer.from('on link 0'));
  await until('the first message', () => received.length === 1);
  relay.cut();
  await until('fail-over', () => !isUp(one, 2, 0) && isUp(one, 2, 1));
  assert.ok(bench.lines.includes('[KNET] info: link: host: 2 link: 0 is down'));
  assert.ok(bench.lines.includes('[KNET] info: host: host: 2 (passive) best link: 1 (pri: 1)'));
  one.send(2, Buffer.from('on link 1'));
  await until('the second message', () => received.length === 2);
  assert.equal(received, ['1: on link 0', '1: on link 1']);
});

benchTest('without any live link a datagram is still tried', async (bench) => {
  const config = configOf({ 1: `${network}.1`, 2: `${network}.2` });
  const [one, two] = [await bench.open(1, config), await bench.open(2, config)];
  await until('the link', () => isUp(one, 2));
  two.close();
  await until('link down', () => !isUp(one, 2));
  assert.ok(bench.lines.includes('[KNET] warning: host: host: 2 has no active links'));
  const again = await bench.open(2, config);
  const received = inbox(again);
  await until('established again', () => peerOf(again, 1).established);
  one.send(2, Buffer.from('hello again'));
  await until('the message', () => received.length === 1);
});

benchTest('another authkey is no peer', async (bench) => {
  const config = configOf({ 1: `${network}.1`, 2: `${network}.2` });
  const one = await bench.open(1, config);
  const stranger = await bench.open(2, config, { authkey: Buffer.alloc(128, 4) });
  const received = inbox(one);
  await until('a rejected hello', () => (peerOf(one, 2).dropped.tag ?? 0) > 0);
  stranger.send(1, Buffer.from('let me in'));
  await until('a rejected datagram', () => (peerOf(one, 2).dropped['unknown-incarnation'] ?? 0) > 0);
  assert.equal(received, []);
  assert.not(peerOf(one, 2).established);
  const told = bench.lines.filter((line) => line.includes("host: 2 sends datagrams that can't be authenticated"));
  assert.is(told.length, 1);
});

benchTest('recorded datagrams are refused, also after a restart of the receiver', async (bench) => {
  const config = configOf({ 1: `${network}.1`, 2: `${network}.2` });
  const relay = await bench.relay(`${network}.52`, `${network}.2`, 5405);
  const one = await bench.open(1, configOf({ 1: `${network}.1`, 2: `${network}.52` }));
  const two = await bench.open(2, config);
  const received = inbox(two);
  await until('the link', () => isUp(one, 2));
  one.send(2, Buffer.from('once'));
  await until('the message', () => received.length === 1);
  const recording = [...relay.recorded];
  for (const datagram of recording) relay.send(datagram);
  await until('replays counted', () => (two.stats().dropped.replay ?? 0) >= recording.length);
  assert.equal(received, ['1: once']);

  two.close();
  const reborn = await bench.open(2, config);
  const receivedLater = inbox(reborn);
  await until('established again', () => peerOf(reborn, 1).established);
  for (const datagram of recording) relay.send(datagram);
  await until('replays counted again', () => (reborn.stats().dropped.replay ?? 0) >= recording.length);
  one.send(2, Buffer.from('new'));
  await until('the new message', () => receivedLater.length > 0);
  assert.equal(receivedLater, ['1: new']);
});

benchTest('reconfigure: a removed node is refused at once, an added one greeted, moved links follow', async (bench) => {
  const both = configOf({ 1: `${network}.1`, 2: `${network}.2` });
  const [one, two] = [await bench.open(1, both), await bench.open(2, both)];
  const received = inbox(one);
  await until('the link', () => isUp(one, 2) && isUp(two, 1));

  assert.equal(await one.reconfigure(configOf({ 1: `${network}.1` })), { problems: [] });
  two.send(1, Buffer.from('refused'));
  await until('the refusal', () => one.stats().dropped['unknown-sender'] > 0);
  assert.equal(one.stats().peers, []);

  const three = configOf({ 1: `${network}.21`, 2: `${network}.2`, 3: `${network}.3` });
  await one.reconfigure(three);
  await two.reconfigure(three);
  const third = await bench.open(3, three);
  await until('all links', () => isUp(two, 1) && isUp(third, 1) && isUp(third, 2));
  third.send(1, Buffer.from('hello'));
  await until('the message', () => received.length === 1);
  assert.equal(received, ['3: hello']);
  assert.match((await one.reconfigure({ ...three, clusterName: 'other' })).problems[0]!, 'cluster_name');
});

benchTest('an address that is not local, and a port in use, are told in a sentence', async (bench) => {
  const refusalOf = async (nodeid: number, config: ClusterConfig) => {
    try {
      await bench.open(nodeid, config, { configFile: '/etc/x.conf' });
    } catch (error) {
      assert.instance(error, LinkOpenError);
      return error as LinkOpenError;
    }
    throw new Error('it opened');
  };
  const config = configOf({ 1: `${network}.1`, 2: '192.0.2.1' });
  const notLocal = await refusalOf(2, config);
  assert.is(notLocal.code, 'EADDRNOTAVAIL');
  assert.match(
    notLocal.message,
    "192.0.2.1 port 5405: no interface of this machine has that address; correct ring0_addr of node 'n2' in /etc/x.conf",
  );
  await bench.open(1, config);
  const inUse = await refusalOf(1, config);
  assert.is(inUse.code, 'EADDRINUSE');
  assert.match(inUse.message, `${network}.1 port 5405: the port is in use`);
  assert.is((await refusalOf(3, configOf({ 3: 'name.example' }))).code, 'ENOTLITERAL');
  assert.is((await refusalOf(4, config)).code, 'ENODE');
});

benchTest('a node with one good link starts, and takes the other one when it can be had', async (bench) => {
  const config = configOf({ 1: `192.0.2.1 ${network}.11`, 2: `${network}.2 ${network}.12` });
  const [one, two] = [await bench.open(1, config), await bench.open(2, config)];
  assert.ok(bench.lines.some((line) => line.includes("link 0 can't use 192.0.2.1") && line.includes('tried again')));
  await until('link 1', () => isUp(one, 2, 1) && isUp(two, 1, 1));
  assert.not(isUp(one, 2, 0));
  const corrected = configOf({ 1: `${network}.1 ${network}.11`, 2: `${network}.2 ${network}.12` });
  assert.equal(await one.reconfigure(corrected), { problems: [] });
  await two.reconfigure(corrected);
  await until('link 0', () => isUp(one, 2, 0) && isUp(two, 1, 0));
});

benchTest('IPv6: a socket on ::1 sends and receives', async (bench) => {
  const port = 20_000 + (process.pid % 20_000);
  const config = configOf({ 1: '::1' }, `interface {\nlinknumber: 0\nmcastport: ${port}\n}\n`);
  const one = await bench.open(1, config);
  const stranger = await bench.socket('::1', 0, 'udp6');
  stranger.send(Buffer.from('garbage'), port, '::1');
  await until('the drop', () => one.stats().dropped.short === 1);
  // There is one loopback address only: a peer "at the same address" makes the node hear its own greeting.
  await one.reconfigure({
    ...config,
    nodes: [...config.nodes, { nodeid: 2, name: 'n2', votes: 1, addresses: ['::1'] }],
  });
  await until('the echo', () => one.stats().dropped.self > 0);
});

benchTest('the payload follows netmtu where links are not loopback, or netmtu is set', async (bench) => {
  const set = configOf({ 1: `${network}.1` }, 'netmtu: 9000\n');
  assert.is((await bench.open(1, set)).maxPayload, 9000 - 48 - SEAL_OVERHEAD);
  const elsewhere = configOf({ 1: '192.0.2.1', 2: '192.0.2.2' });
  const bound = await bench.open(2, elsewhere, { bindAddresses: [`${network}.2`] });
  assert.is(bound.maxPayload, DEFAULT_NETMTU - SEAL_OVERHEAD);
});

test.run();
