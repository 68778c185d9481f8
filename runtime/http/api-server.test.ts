import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRealClock } from '../clock/real.ts';
import { makeAuthority, makeServerCertificate, newRsaKey } from '../node/certificates.ts';
import { readRanges } from './access-list.ts';
import type { AccessEntry } from './access-log.ts';
import { ApiServer, type ApiServerOptions } from './api-server.ts';
import type { HttpRequest } from './http-message.ts';
import { listenOn } from './listening-socket.ts';
import { createPassOn } from './pass-on.ts';

interface Context {
  readonly log: AccessEntry[];
  readonly seen: HttpRequest[];
  server: ApiServer;
}

async function withServer(options: Partial<ApiServerOptions>, use: (context: Context) => Promise<void>): Promise<void> {
  const log: AccessEntry[] = [];
  const seen: HttpRequest[] = [];
  const server = await ApiServer.start(
    {
      handler: async (request) => {
        seen.push(request);
        return { status: 200, headers: { 'Content-Type': 'text/plain' }, body: Buffer.from('hello'), user: 'a@pve' };
      },
      tls: undefined,
      compresses: true,
      accessLog: (entry) => void log.push(entry),
      clock: createRealClock(),
      ...options,
    },
    { host: '127.0.0.1', port: 0 },
  );
  try {
    await use({ log, seen, server });
  } finally {
    await server.close();
  }
}

/** Sends bytes and reads until the connection ends. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.on('error', reject);
  });
}

async function statusLine(port: number, text: string): Promise<string> {
  return (await raw(port, text)).split('\r\n')[0]!;
}

test('an answer has the headers of the original and the log its line', async () => {
  await withServer({}, async ({ server, log, seen }) => {
    const text = await raw(server.port, 'GET /api2/json/version?x=1 HTTP/1.1\r\nHost: n1\r\nConnection: close\r\n\r\n');
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    for (const header of [
      'Cache-Control: max-age=0',
      'Pragma: no-cache',
      'Server: pve-api-daemon/3.0',
      'Connection: close',
    ]) {
      assert.ok(text.toLowerCase().includes(header.toLowerCase()), header);
    }
    assert.match(text, /Expires: /i);
    assert.match(text, /content-length: 5\r\n/i);
    assert.ok(text.endsWith('\r\n\r\nhello'));
    assert.is(seen[0]?.target, '/api2/json/version?x=1');
    assert.is(log[0]?.requestLine, 'GET /api2/json/version?x=1 HTTP/1.1');
    assert.is(log[0]?.user, 'a@pve');
    assert.is(log[0]?.bytes, 5);
  });
});

test('what is not accepted is refused with its phrase', async () => {
  const cases: readonly (readonly [string, string])[] = [
    ['PATCH / HTTP/1.1\r\n\r\n', "501 method 'PATCH' not available"],
    ['OPTIONS / HTTP/1.1\r\n\r\n', "501 method 'OPTIONS' not available"],
    ['HEAD / HTTP/1.1\r\n\r\n', "501 method 'HEAD' not available"],
    ['FOO / HTTP/1.1\r\n\r\n', "501 method 'FOO' not available"],
    ['GET / HTTP/3.0\r\n\r\n', '506 http protocol version 3.0 not supported'],
    ['nonsense\r\n\r\n', '400 bad request'],
    ['POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n', '501 chunked transfer encoding not supported'],
    ['GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc', "501 Unexpected content for method 'GET'"],
    ['POST / HTTP/1.1\r\nContent-Length: 524289\r\n\r\n', '501 for data too large'],
    [
      'POST / HTTP/1.1\r\nContent-Type: text/xml\r\nContent-Length: 3\r\n\r\nabc',
      "506 upload 'Content-Type 'text/xml' not implemented",
    ],
    ['GET a@b/c HTTP/1.1\r\n\r\n', '400 bad request'],
    ['GET / HTTP/1.1\r\nbad header\r\n\r\n', '506 unable to parse request header'],
  ];
  await withServer({}, async ({ server, seen }) => {
    for (const [sent, expected] of cases) assert.is(await statusLine(server.port, sent), `HTTP/1.1 ${expected}`, sent);
    assert.is(seen.length, 0);
  });
});

test('too many or too long header lines get no answer', async () => {
  await withServer({}, async ({ server, seen }) => {
    const lines = (count: number) => Array.from({ length: count }, (_, n) => `X-${n}: 1\r\n`).join('');
    assert.is(await raw(server.port, `GET / HTTP/1.1\r\n${lines(63)}\r\n`), '');
    assert.is(await raw(server.port, `GET / HTTP/1.1\r\nX: ${'a'.repeat(9000)}\r\n\r\n`), '');
    assert.is(seen.length, 0);
    assert.match(
      await raw(server.port, `GET / HTTP/1.1\r\nConnection: close\r\n${lines(61)}\r\n`),
      /^HTTP\/1.1 200 OK/,
    );
  });
});

test('the reason carries the text of an error, and the connection ends', async () => {
  const handler = async () => ({ status: 500, reason: "Größe 'x' does not exist" });
  await withServer({ handler }, async ({ server }) => {
    const text = await raw(server.port, 'GET / HTTP/1.1\r\n\r\n');
    assert.is(Buffer.from(text.split('\r\n')[0]!, 'latin1').toString(), "HTTP/1.1 500 Größe 'x' does not exist");
    assert.match(text, /Connection: close/i);
  });
});

test('HTTP/1.0 keeps a connection only on request, and a connection has its number of requests', async () => {
  await withServer({}, async ({ server }) => {
    assert.match(await raw(server.port, 'GET / HTTP/1.0\r\n\r\n'), /Connection: close/i);
    const text = await raw(server.port, 'GET / HTTP/1.1\r\n\r\n'.repeat(101));
    assert.is(text.match(/HTTP\/1\.1 200 OK/g)?.length, 100);
    assert.is(text.match(/Connection: Keep-Alive/gi)?.length, 99);
  });
});

test('bodies above 1 KiB are compressed for those who ask', async () => {
  const body = Buffer.alloc(1025, 'a');
  await withServer({ handler: async () => ({ status: 200, body }) }, async ({ server }) => {
    const fetched = await fetchPlain(server.port, { 'Accept-Encoding': 'deflate, gzip' });
    assert.is(fetched.headers['content-encoding'], 'gzip');
    assert.equal(gunzipSync(fetched.body), body);
    assert.is((await fetchPlain(server.port, {})).headers['content-encoding'], undefined);
  });
});

function fetchPlain(port: number, headers: Record<string, string>) {
  return new Promise<{ headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
    const request = httpRequest(
      { port, host: '127.0.0.1', headers: { ...headers, Connection: 'close' } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
      },
    );
    request.on('error', reject);
    request.end();
  });
}

test('a denied peer is closed without an answer and logged as 403', async () => {
  const deny = readRanges('127.0.0.0/8') as Exclude<ReturnType<typeof readRanges>, string>;
  await withServer({ accessList: { allow: [], deny, policy: 'allow' } }, async ({ server, log }) => {
    assert.is(await raw(server.port, 'GET / HTTP/1.1\r\n\r\n').catch(() => ''), '');
    assert.is(log[0]?.status, 403);
  });
});

test('drain lets running requests end and accepts no more', async () => {
  let finish: (() => void) | undefined;
  const handler = () =>
    new Promise<{ status: number; body: Buffer }>((resolve) => {
      finish = () => resolve({ status: 200, body: Buffer.from('late') });
    });
  await withServer({ handler }, async ({ server }) => {
    const { port } = server;
    const answer = raw(port, 'GET / HTTP/1.1\r\n\r\n');
    while (finish === undefined) await new Promise((resolve) => setImmediate(resolve));
    const drained = server.drain();
    finish();
    const text = await answer;
    await drained;
    assert.match(text, /Connection: close/i);
    assert.ok(text.endsWith('late'));
    assert.ok(
      await raw(port, 'GET / HTTP/1.1\r\n\r\n').then(
        () => false,
        () => true,
      ),
    );
  });
});

test('TLS: requests are answered, plain HTTP is sent there, rubbish ends', async () => {
  const [key, authorityKey] = await Promise.all([newRsaKey(2048), newRsaKey(2048)]);
  const authority = { key: authorityKey, certificate: await makeAuthority(authorityKey) };
  const issue = (serial: string) =>
    makeServerCertificate({
      authority,
      key,
      serial,
      commonName: 'n1',
      alternativeNames: ['127.0.0.1'],
      wall_ms: Date.now(),
    });
  const [cert, other] = await Promise.all([issue('01'), issue('02')]);
  await withServer({ tls: { key, cert } }, async ({ server, log }) => {
    const { port } = server;
    const secured = await new Promise<string>((resolve, reject) => {
      const request = httpsRequest(
        { port, host: '127.0.0.1', ca: authority.certificate, headers: { Connection: 'close' } },
        (response) => {
          response.setEncoding('utf8').once('data', resolve);
        },
      );
      request.on('error', reject);
      request.end();
    });
    assert.is(secured, 'hello');
    const redirected = await raw(port, 'GET /x?y=1 HTTP/1.1\r\nHost: n1:8006\r\n\r\n');
    assert.match(redirected, /^HTTP\/1\.1 301 Moved Permanently\r\n/);
    assert.match(redirected, /Location: https:\/\/n1:8006\/x\?y=1\r\n/i);
    assert.match(
      await raw(port, 'POST /x HTTP/1.1\r\nHost: n1\r\nContent-Length: 0\r\n\r\n'),
      /^HTTP\/1\.1 308 Permanent Redirect\r\n/,
    );
    assert.is(await raw(port, '\x16\x03\x01\x00\x05rubbish').then((text) => text.includes('HTTP')), false);
    assert.is(log.length, 1);
    const passOn = createPassOn();
    const common = { verb: 'POST', target: '/', headers: {}, body: undefined, host: '127.0.0.1', port };
    assert.is((await passOn({ ...common, pins: [cert] })).status, 200);
    for (let round = 0; round < 5; round++) {
      const kept = await Promise.all(Array.from({ length: 4 }, () => passOn({ ...common, verb: 'GET', pins: [cert] })));
      for (const { status, reason } of kept) assert.equal([status, reason], [200, 'OK']);
    }
    const refused = await passOn({ ...common, pins: [other] });
    assert.is(refused.status, 596);
    assert.is(refused.reason, 'Certificate verify failed');
  });
});

test('who cannot be reached is 595', async () => {
  const socket = listenOn('127.0.0.1', 0);
  assert.ok('fd' in socket);
  socket.close();
  const answer = await createPassOn()({
    verb: 'GET',
    target: '/',
    headers: {},
    body: undefined,
    host: '127.0.0.1',
    port: 1,
    pins: undefined,
  });
  assert.is(answer.status, 595);
  assert.is(answer.reason, 'Connection refused');
});

test.run();
