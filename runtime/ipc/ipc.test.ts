import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeRequestFrame, encodeResponseFrame, MAX_REQUEST_BYTES, readFramePrefix } from '../formats/ipc-frame.ts';
import type { Log } from '../log/log.ts';
import { reportSkip } from '../test-support/shared-corpus.ts';
import { connectIpc, IpcClient, type IpcFailure, type IpcReply } from './client.ts';
import { hasPeerCredentials } from './peer-credentials.ts';
import { type IpcServerOptions, startIpcServer } from './server.ts';
import type { UnixListener } from './unix-listener.ts';

const directory = mkdtempSync(join(tmpdir(), 'ipc-test-'));
let sockets = 0;
const newPath = () => join(directory, `${++sockets}.sock`);

class Lines implements Log {
  readonly lines: string[] = [];
  write(domain: string, level: string, message: string): void {
    this.lines.push(`[${domain}] ${level}: ${message}`);
  }
}

/** Answers with the request's own body. */
function echo(frame: Buffer): Buffer {
  return encodeResponseFrame(readFramePrefix(frame).id, 0, frame.subarray(16));
}

async function started(
  options: Partial<IpcServerOptions> = {},
): Promise<{ path: string; log: Lines; server: UnixListener }> {
  const path = options.path ?? newPath();
  const log = new Lines();
  const server = await startIpcServer({
    path,
    gid: undefined,
    log,
    admit: () => 'read-write',
    answer: echo,
    ...options,
  });
  if ('failure' in server) throw new Error(server.failure.message);
  return { path, log, server };
}

async function connected(path: string): Promise<IpcClient> {
  const client = await connectIpc(path);
  if (!(client instanceof IpcClient)) throw new Error(client.failure.message);
  return client;
}

function failureOf(result: IpcReply | IpcFailure | IpcClient): { code: string; message: string } {
  return 'failure' in result ? result.failure : { code: 'none', message: 'no failure' };
}

/** Sends raw bytes and resolves with what came back when the server has closed the connection. */
function exchange(path: string, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(bytes));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EPIPE' || error.code === 'ECONNRESET' ? undefined : reject(error),
    );
    socket.on('close', () => resolve(Buffer.concat(chunks)));
  });
}

test('responses come in the order of requests, whatever their sizes (I1)', async () => {
  const { path, server } = await started();
  const client = await connected(path);
  const bodies = Array.from({ length: 300 }, (_, i) => Buffer.alloc((i * 7919) % 40_000, i % 256));
  const replies = await Promise.all(bodies.map((body, i) => client.request(i, body)));
  replies.forEach((reply, i) => {
    assert.ok('body' in reply && reply.error === 0 && reply.body.equals(bodies[i]!), `request ${i}`);
  });
  client.close();
  await server.close();
});

test('a request of exactly 1 MiB is served, one byte more ends the connection with a log line (I3)', async () => {
  const { path, log, server } = await started();
  const client = await connected(path);
  const body = Buffer.alloc(MAX_REQUEST_BYTES - 16, 7);
  const reply = await client.request(6, body);
  assert.ok('body' in reply && reply.body.equals(body));
  const refused = await client.request(6, Buffer.alloc(MAX_REQUEST_BYTES - 15));
  assert.is(failureOf(refused).code, 'closed');
  assert.match(
    log.lines.join('\n'),
    /\[ipcs\] crit: malformed request \(size 1048577\) from process \d+ - closing connection/,
  );
  await server.close();
});

test('impossible sizes end the connection before the handler sees anything (I3)', async () => {
  let handled = 0;
  const { path, server } = await started({
    answer: (frame) => {
      handled++;
      return echo(frame);
    },
  });
  for (const size of [0, 15, -1, -2147483648, 2147483647]) {
    const frame = encodeRequestFrame(1, Buffer.alloc(0));
    frame.writeInt32LE(size, 8);
    assert.is((await exchange(path, frame)).length, 0, `size ${size}`);
  }
  assert.is(handled, 0);
  await server.close();
});

test('frames may arrive byte by byte or many at once', async () => {
  const { path, server } = await started();
  const frames = Buffer.concat([1, 2, 3].map((id) => encodeRequestFrame(id, Buffer.from(`body ${id}`))));
  const expected = Buffer.concat([1, 2, 3].map((id) => encodeResponseFrame(id, 0, Buffer.from(`body ${id}`))));
  const received = await new Promise<Buffer>((resolve) => {
    const socket = connect(path);
    socket.setNoDelay(true);
    let got = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk]);
      if (got.length >= expected.length) {
        socket.destroy();
        resolve(got);
      }
    });
    for (const byte of frames) socket.write(Buffer.of(byte));
  });
  assert.equal(received, expected);
  await server.close();
});

test('a client that does not read is not buffered for (I2)', async () => {
  let answered = 0;
  const big = Buffer.alloc(1_000_000);
  const { path, server } = await started({
    answer: (frame) => {
      answered++;
      return encodeResponseFrame(readFramePrefix(frame).id, 0, big);
    },
  });
  const lazy = connect(path);
  lazy.pause();
  lazy.write(Buffer.concat(Array.from({ length: 100 }, () => encodeRequestFrame(1, Buffer.alloc(0)))));
  // Another client's round trips show that the server has had its turns.
  const other = await connected(path);
  for (let i = 0; i < 50; i++) await other.request(2, Buffer.alloc(0));
  assert.ok(answered - 50 < 10, `${answered - 50} responses made for a reader that reads nothing`);
  lazy.destroy();
  other.close();
  await server.close();
});

test('many slow requests of one connection do not starve another (I4)', async () => {
  let flooded = 0;
  const { path, server } = await started({
    answer: (frame) => {
      const end_ms = performance.now() + 1;
      while (readFramePrefix(frame).id === 1 && performance.now() < end_ms);
      if (readFramePrefix(frame).id === 1) flooded++;
      return echo(frame);
    },
  });
  const [flood, other] = [await connected(path), await connected(path)];
  const floods = Array.from({ length: 200 }, () => flood.request(1, Buffer.alloc(0)));
  await other.request(2, Buffer.alloc(0));
  assert.ok(flooded < 100, `${flooded} of 200 requests were served first`);
  await Promise.all(floods);
  flood.close();
  other.close();
  await server.close();
});

test('a handler that throws costs its connection only', async () => {
  const { path, log, server } = await started({
    answer: (frame) => {
      if (readFramePrefix(frame).id === 66) throw new Error('broken');
      return echo(frame);
    },
  });
  const [bad, good] = [await connected(path), await connected(path)];
  assert.is(failureOf(await bad.request(66, Buffer.alloc(0))).code, 'closed');
  assert.ok('body' in (await good.request(1, Buffer.alloc(0))));
  assert.match(log.lines.join('\n'), /\[ipcs\] crit: request 66 failed \(broken\)/);
  good.close();
  await server.close();
});

test('peers are known by their credentials, bad ones are rejected with the log line', async () => {
  if (!hasPeerCredentials()) return reportSkip('peer credentials', 'koffi cannot be loaded here');
  let seen: { pid: number; uid: number; gid: number } | undefined;
  let access: unknown;
  const { path, server } = await started({
    admit: (peer) => {
      seen = peer;
      return 'read-only';
    },
    answer: (frame, peer) => {
      access = peer;
      return echo(frame);
    },
  });
  const client = await connected(path);
  await client.request(1, Buffer.alloc(0));
  assert.equal(seen, { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
  assert.equal(access, { access: 'read-only', pid: process.pid });
  client.close();
  await server.close();

  const closed = await started({ admit: () => 'refused' });
  const refused = await connected(closed.path);
  assert.is(failureOf(await refused.request(1, Buffer.alloc(0))).code, 'closed');
  assert.ok(closed.log.lines.includes(`[ipcs] crit: connection from bad user ${process.getuid?.()}! - rejected`));
  await closed.server.close();
});

test('socket file: mode 0660, gone after close, log lines of start and stop', async () => {
  const { path, log, server } = await started();
  assert.is(statSync(path).mode & 0o777, hasPeerCredentials() ? 0o660 : 0o600);
  await server.close();
  assert.not(existsSync(path));
  assert.equal(log.lines, ['[libqb] info: server name: pve2', '[libqb] info: withdrawing server sockets']);
});

test('a leftover socket file is replaced, a living server is not', async () => {
  const path = newPath();
  writeFileSync(path, '');
  const { server } = await started({ path });
  const second = await startIpcServer({ path, gid: undefined, log: new Lines(), admit: () => 'refused', answer: echo });
  assert.ok('failure' in second);
  assert.is('failure' in second && second.failure.code, 'in-use');
  const client = await connected(path);
  assert.ok('body' in (await client.request(1, Buffer.alloc(0))));
  client.close();
  await server.close();
});

test('paths longer than a socket address take a detour', async () => {
  const deep = join(directory, 'a'.repeat(100), 'b'.repeat(60));
  mkdirSync(deep, { recursive: true });
  const { path, server } = await started({ path: join(deep, 'pmxcfs.sock') });
  const client = await connected(path);
  assert.ok('body' in (await client.request(1, Buffer.from('x'))));
  client.close();
  await server.close();
  assert.not(existsSync(path));
});

test('listening in a missing directory is a failure with a sentence', async () => {
  const path = join(directory, 'missing', 'x.sock');
  const server = await startIpcServer({ path, gid: undefined, log: new Lines(), admit: () => 'refused', answer: echo });
  assert.ok('failure' in server && server.failure.message.startsWith(`cannot listen on ${path}: `));
});

test('client: no daemon, dead daemon, deadline, malformed answers', async () => {
  const missing = newPath();
  assert.equal(failureOf(await connectIpc(missing)), {
    code: 'not-running',
    message: `pmxcfs is not running (no ${missing})`,
  });
  const silent = newPath();
  const garbage = newPath();
  const servers = [
    createServer((socket) => socket.resume()).listen(silent),
    createServer((socket) => socket.end(Buffer.alloc(64, 255))).listen(garbage),
  ];
  const late = await (await connected(silent)).request(1, Buffer.alloc(0), 50);
  assert.equal(failureOf(late), { code: 'deadline', message: 'pmxcfs did not answer request 1 within 50 ms' });
  assert.is(failureOf(await (await connected(garbage)).request(1, Buffer.alloc(0))).code, 'malformed');
  for (const server of servers) server.close();
});

test('client: an answer with another id is malformed, for the open requests too', async () => {
  const path = newPath();
  const server = createServer((socket) => socket.end(encodeResponseFrame(9, 0, Buffer.alloc(0)))).listen(path);
  const client = await connected(path);
  const [first, second] = await Promise.all([client.request(1, Buffer.alloc(0)), client.request(2, Buffer.alloc(0))]);
  assert.is(failureOf(first).code, 'malformed');
  assert.is(failureOf(second).code, 'malformed');
  server.close();
});

test('client: a restart is awaited while its flag is there', async () => {
  const path = newPath();
  const flag = join(directory, 'cfs-restart-flag');
  writeFileSync(flag, '');
  const connecting = connectIpc(path, { restartFlag: flag });
  const { server } = await started({ path });
  const client = await connecting;
  assert.ok(client instanceof IpcClient);
  client.close();
  await server.close();
});

test('client: no permission is said so', async () => {
  if (process.getuid?.() === 0) return reportSkip('no permission', 'root may connect to everything');
  const { path, server } = await started();
  chmodSync(path, 0);
  assert.is(failureOf(await connectIpc(path)).code, 'no-permission');
  await server.close();
});

test.after(() => rmSync(directory, { recursive: true, force: true }));
test.run();
