import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeLayout } from '../../../runtime/node/layout.ts';
import type { Notification } from '../ports.ts';
import { notifier } from './notifier.ts';

const folder = mkdtempSync(join(tmpdir(), 'pva-notify-'));
test.after(() => rmSync(folder, { recursive: true }));

const layout = nodeLayout(folder);
const notification: Notification = {
  out: 'notify',
  template: 'fencing',
  prefix: 'FENCE',
  subject: "Try to fence node 'n2'",
  data: {
    'failed-node': 'n2',
    'master-node': 'n1',
    'fence-status': "Try to fence node 'n2'",
    'fence-prefix': 'FENCE',
    'fence-timestamp': 1_700_000_000,
    'is-success': false,
    nodes: { n1: 'online', n2: 'fence' },
    resources: { 'vm:100': { state: 'fence', node: 'n2' } },
  },
};

const send = () => new Promise<string | undefined>((resolve) => notifier(layout, 'n1')(notification, resolve));

function configure(text: string): void {
  mkdirSync(dirname(layout.haDefaults), { recursive: true });
  writeFileSync(layout.haDefaults, text);
}

test('below another root nobody is told unless somebody is named', async () => {
  assert.is(await send(), undefined);
});

test('a web hook gets all of it; what it refuses, and what is not there, is told', async () => {
  const bodies: string[] = [];
  let code = 200;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(code).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fence`;
  configure(`# ours\nWATCHDOG_MODULE=softdog\nNOTIFY_WEBHOOK="${url}"\n`);
  assert.is(await send(), undefined);
  const body = JSON.parse(bodies[0]!) as Record<string, unknown>;
  assert.equal(
    [body.subject, body.severity, body.type, body.hostname],
    ["FENCE: Try to fence node 'n2'", 'error', 'fencing', 'n1'],
  );
  assert.equal(body.data, notification.data);
  assert.match(String(body.text), /vm:100: fence on n2\n/);
  code = 500;
  assert.is(await send(), `web hook ${url}: status 500`);
  await new Promise((resolve) => server.close(resolve));
  assert.match((await send())!, /^web hook http:/);
});

test.run();
