import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Log } from '../log/log.ts';
import { ControlClient, connectControl } from './control-client.ts';
import { type ControlHandler, MAX_LINE_BYTES, startControlServer } from './control-server.ts';

const directory = mkdtempSync(join(tmpdir(), 'control-test-'));
let sockets = 0;

async function started(handlers: Record<string, ControlHandler>) {
  const path = join(directory, `${++sockets}.sock`);
  const lines: string[] = [];
  const log: Log = { write: (domain, level, message) => lines.push(`[${domain}] ${level}: ${message}`) };
  const server = await startControlServer({ path, domain: 'main', log, handlers });
  if ('failure' in server) throw new Error(server.failure.message);
  const client = await connectControl('the cluster process', path);
  if (!(client instanceof ControlClient)) throw new Error(client.failure.message);
  return { path, lines, server, client };
}

/** Sends raw bytes and resolves with all that came back when the server has closed the connection. */
function exchange(path: string, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path, () => socket.write(bytes));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

test('results, errors, unknown methods and throwing handlers (I1)', async () => {
  const { client, server, lines } = await started({
    add: (params) => ({ result: (params as number[]).reduce((a, b) => a + b) }),
    nothing: () => ({ result: undefined }),
    refuse: async () => ({ error: { code: 'not-quorate', message: 'the node is not quorate' } }),
    broken: () => {
      throw new Error('boom');
    },
  });
  assert.equal(await client.call('add', [1, 2, 3]), { result: 6 });
  assert.equal(await client.call('nothing', null), { result: null });
  assert.equal(await client.call('refuse', {}), { error: { code: 'not-quorate', message: 'the node is not quorate' } });
  assert.equal(await client.call('toString', {}), {
    error: { code: 'no-such-method', message: "unknown command 'toString'" },
  });
  assert.equal(await client.call('broken', {}), {
    error: { code: 'internal', message: "command 'broken' failed: boom" },
  });
  assert.equal(lines, ["[main] error: command 'broken' failed: boom"]);
  client.close();
  await server.close();
});

test('text of any script and long values cross unchanged', async () => {
  const { client, server } = await started({ echo: (params) => ({ result: params }) });
  const value = { text: 'ü€😀\n"\\\u0000', bytes: 'x'.repeat(2_000_000), list: [1.5, null, true] };
  assert.equal(await client.call('echo', value), { result: value });
  client.close();
  await server.close();
});

test('calls run at the same time and answer in any order', async () => {
  let release: () => void = () => {};
  const { client, server } = await started({
    wait: () =>
      new Promise((resolve) => {
        release = () => resolve({ result: 'late' });
      }),
    now: () => ({ result: 'soon' }),
  });
  const order: unknown[] = [];
  const late = client.call('wait', {}).then((outcome) => order.push(outcome));
  order.push(await client.call('now', {}));
  release();
  await late;
  assert.equal(order, [{ result: 'soon' }, { result: 'late' }]);
  client.close();
  await server.close();
});

test('events precede the response; after it none are sent', async () => {
  let later: (value: unknown) => void = () => {};
  const { client, server } = await started({
    follow: (_params, call) => {
      later = call.event;
      call.event('one');
      call.event({ two: 2 });
      return { result: 'end' };
    },
    poke: () => {
      later('too late');
      return { result: null };
    },
  });
  const events: unknown[] = [];
  const outcome = await client.call('follow', {}, { deadline_ms: undefined, onEvent: (value) => events.push(value) });
  await client.call('poke', {});
  assert.equal(events, ['one', { two: 2 }]);
  assert.equal(outcome, { result: 'end' });
  client.close();
  await server.close();
});

test('the end of a connection aborts its calls (I2)', async () => {
  let aborted: () => void = () => {};
  const whenAborted = new Promise<void>((resolve) => {
    aborted = resolve;
  });
  const { client, server } = await started({
    follow: (_params, call) => {
      call.signal.addEventListener('abort', () => aborted());
      call.event('started');
      return new Promise(() => {});
    },
  });
  const outcome = client.call('follow', {}, { deadline_ms: undefined, onEvent: () => client.close() });
  await whenAborted;
  assert.equal(await outcome, { error: { code: 'closed', message: 'the cluster process closed the connection' } });
  await server.close();
});

test('malformed and overlong lines end the connection with a log line (I3)', async () => {
  const { path, client, server, lines } = await started({ echo: (params) => ({ result: params }) });
  for (const line of ['hello', '{"id":"1","method":"echo"}', '{"id":1}', '[]', 'null', '{"id":1,"method":1}']) {
    assert.is(await exchange(path, `${line}\n`), '', line);
  }
  assert.equal(lines, Array(6).fill('[main] error: control socket: malformed request - closing connection'));
  await exchange(path, Buffer.alloc(MAX_LINE_BYTES + 1, 0x20));
  assert.match(lines.at(-1) ?? '', /a line is longer than 8388608 bytes/);
  assert.equal(await client.call('echo', 1), { result: 1 });
  client.close();
  await server.close();
});

test('too many open calls end the connection (I3)', async () => {
  const { client, server, lines } = await started({ wait: () => new Promise(() => {}) });
  const outcomes = await Promise.all(Array.from({ length: 65 }, () => client.call('wait', {})));
  assert.ok(outcomes.every((outcome) => 'error' in outcome && outcome.error.code === 'closed'));
  assert.match(lines.join('\n'), /more than 64 open calls/);
  await server.close();
});

test('deadline of a call; its late answer disturbs nobody', async () => {
  let release: () => void = () => {};
  const { client, server } = await started({
    wait: () =>
      new Promise((resolve) => {
        release = () => resolve({ result: 'late' });
      }),
    now: () => ({ result: 'soon' }),
  });
  assert.equal(await client.call('wait', {}, { deadline_ms: 30 }), {
    error: { code: 'deadline', message: "the cluster process did not answer 'wait' within 30 ms" },
  });
  release();
  assert.equal(await client.call('now', {}), { result: 'soon' });
  client.close();
  await server.close();
});

test('only the owner may connect', async () => {
  const { path, client, server } = await started({});
  assert.is(statSync(path).mode & 0o777, 0o600);
  client.close();
  await server.close();
  const gone = await connectControl('the cluster process', path);
  assert.ok('failure' in gone && gone.failure.message === `the cluster process is not running (no ${path})`);
});

test.after(() => rmSync(directory, { recursive: true, force: true }));
test.run();
