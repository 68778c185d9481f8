import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reportSkip } from '../test-support/shared-corpus.ts';
import { WatchdogClient } from './client.ts';
import { openLinuxWatchdog } from './linux-device.ts';
import { isMuxServing, type MuxSocket, serveMuxSocket } from './mux-socket.ts';

const folder = mkdtempSync(join(tmpdir(), 'pva-watchdog-'));
test.after(() => rmSync(folder, { recursive: true }));

interface Server {
  readonly path: string;
  readonly socket: MuxSocket;
  /** The next thing that happens to a client. */
  readonly next: () => Promise<string>;
}

let servers = 0;
async function serve(): Promise<Server> {
  const path = join(folder, `${++servers}.sock`);
  const happened: string[] = [];
  let wake = () => {};
  const note = (text: string) => {
    happened.push(text);
    wake();
  };
  const socket = await serveMuxSocket(path, {
    connected: (client, pid) => note(`connected ${client} ${pid === process.pid}`),
    data: (client, bytes) => note(`data ${client} ${JSON.stringify(Buffer.from(bytes).toString())}`),
    disconnected: (client) => note(`disconnected ${client}`),
  });
  if ('failure' in socket) throw new Error(socket.failure);
  const next = async () => {
    while (happened.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return happened.shift()!;
  };
  return { path, socket, next };
}

function told(call: (done: (error: string | undefined) => void) => void): Promise<string | undefined> {
  return new Promise(call);
}

test('a client connects, feeds and leaves in order', async () => {
  const { next, path, socket } = await serve();
  const client = new WatchdogClient(path);
  assert.is(await told((done) => client.open(done)), undefined);
  assert.is(await next(), 'connected 1 true');
  assert.is(await told((done) => client.feed(done)), undefined);
  assert.is(await next(), 'data 1 "\\u0000"');
  assert.is(await told((done) => client.close(done)), undefined);
  assert.is(await next(), 'data 1 "V"');
  assert.is(await next(), 'disconnected 1');
  socket.close();
});

test('a feed that reaches nobody is an error', async () => {
  const { next, path, socket } = await serve();
  const client = new WatchdogClient(path);
  assert.is(await told((done) => client.feed(done)), 'it is not open');
  await told((done) => client.open(done));
  assert.is(await next(), 'connected 1 true');
  socket.close();
  let error: string | undefined;
  while (error === undefined) error = await told((done) => client.feed(done));
  assert.ok(error);
  assert.match((await told((done) => new WatchdogClient(path).open(done)))!, /^watchdog-mux is not running/);
});

test('whether one serves is told by its lock, never by a connection', async () => {
  const { path, socket } = await serve();
  assert.is(isMuxServing(path), true);
  const second = await serveMuxSocket(path, { connected: () => {}, data: () => {}, disconnected: () => {} });
  assert.ok('failure' in second);
  socket.close();
  assert.is(isMuxServing(path), false);
});

test('the device of Linux: a byte feeds it, V stops it; what has no timeout to set is told', async () => {
  const path = join(folder, 'device');
  writeFileSync(path, '');
  const warnings: string[] = [];
  const device = await openLinuxWatchdog(path, 10, (sentence) => warnings.push(sentence));
  assert.not('failure' in device);
  if ('failure' in device) return;
  device.feed();
  device.feed();
  device.disarm();
  assert.is(readFileSync(path, 'latin1'), '\0\0V');
  assert.equal(warnings, [`cannot set the timeout of ${path} to 10 s: it keeps its own`]);
  assert.ok('failure' in (await openLinuxWatchdog(join(folder, 'none', 'device'), 10, () => {})));
});

test("this machine's device: opened, fed, and stopped before it can reset anything", async () => {
  const path = '/dev/watchdog';
  if (!existsSync(path)) {
    reportSkip("this machine's watchdog device", `${path} is missing: modprobe softdog`);
    return;
  }
  const warnings: string[] = [];
  const device = await openLinuxWatchdog(path, 60, (sentence) => warnings.push(sentence));
  assert.not('failure' in device, JSON.stringify(device));
  if ('failure' in device) return;
  device.feed();
  device.disarm();
  assert.equal(warnings, []);
  assert.match(device.identity, /^driver '/);
});

test.run();
