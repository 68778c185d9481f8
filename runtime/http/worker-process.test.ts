import { request } from 'node:http';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ListeningSocket, listenOn } from './listening-socket.ts';
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts';

interface Started {
  readonly worker: WorkerProcess;
  readonly ready: Promise<void>;
  readonly ended: Promise<string>;
}

function start(fd: number, name: string, limit = 0): Started {
  let [ready, ended] = [() => {}, (_reason: string) => {}];
  const isReady = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const hasEnded = new Promise<string>((resolve) => {
    ended = resolve;
  });
  const order = { module: 'runtime/http/probes/worker.ts', settings: { name, limit }, fd, title: 'probe worker' };
  const worker = startWorkerProcess(order, { ready, ended, log: (_level, _domain, message) => console.error(message) });
  return { worker, ready: isReady, ended: hasEnded };
}

/** The port that the system has chosen: this test asks for one that is free, and takes another when it was faster lost. */
function listen(): ListeningSocket {
  for (let port = 42_000 + (process.pid % 1000); ; port++) {
    const socket = listenOn('127.0.0.1', port);
    if ('fd' in socket) return socket;
    if (port > 60_000) throw new Error(socket.failure.message);
  }
}

function ask(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, headers: { Connection: 'close' } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('a connection that comes between two workers waits for the next one', async () => {
  const socket = listen();
  const first = start(socket.fd, 'first');
  try {
    await first.ready;
    assert.is(await ask(socket.port), 'first');
    first.worker.terminate();
    assert.is(await first.ended, 'exit code 0');
    const waiting = ask(socket.port);
    const second = start(socket.fd, 'second');
    assert.is(await waiting, 'second');
    second.worker.kill();
    assert.is(await second.ended, 'SIGKILL');
  } finally {
    first.worker.kill();
    socket.close();
  }
});

test('a worker that has served its number gives way by itself', async () => {
  const socket = listen();
  const { worker, ready, ended } = start(socket.fd, 'short', 2);
  try {
    await ready;
    assert.equal([await ask(socket.port), await ask(socket.port)], ['short', 'short']);
    assert.is(await ended, 'exit code 0');
  } finally {
    worker.kill();
    socket.close();
  }
});

test('a taken port and a foreign address are refused with their code', () => {
  const socket = listen();
  const again = listenOn('127.0.0.1', socket.port);
  socket.close();
  assert.is('failure' in again && again.failure.code, 'EADDRINUSE');
  const foreign = listenOn('192.0.2.1', 1);
  assert.is('failure' in foreign && foreign.failure.code, 'EADDRNOTAVAIL');
});

test.run();
