import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRealClock } from '../../../runtime/clock/real.ts';
import { EEXIST, ENOENT } from '../../../runtime/file-system/errno.ts';
import { nodeLayout } from '../../../runtime/node/layout.ts';
import { startTestNode } from '../../pvecm/test-node.ts';
import { ENOTCONN, ETIMEDOUT } from '../outcome.ts';
import { SocketFiles } from './socket-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'pva-files-'));
test.after(() => rmSync(folder, { recursive: true }));

function told<Value>(call: (done: (value: Value) => void) => void): Promise<Value> {
  return new Promise(call);
}

const text = (content: Buffer | number) => (typeof content === 'number' ? content : content.toString());

test('files and directories of a node, by its control socket', async () => {
  const node = await startTestNode({ root: join(folder, 'n1'), name: 'n1', clock: createRealClock() });
  const files = new SocketFiles(node.layout, 5000);
  assert.is(await told((done) => files.read('ha/manager_status', (content) => done(text(content)))), -ENOENT);
  assert.is(await told<number>((done) => files.replace('ha/x', Buffer.from('1'), done)), -ENOENT);
  assert.is(await told<number>((done) => files.mkdir('ha', done)), 0);
  assert.is(await told<number>((done) => files.mkdir('ha', done)), -EEXIST);
  for (const content of ['one', '', 'a longer one', 'short']) {
    assert.is(await told<number>((done) => files.replace('ha/x', Buffer.from(content), done)), 0);
    assert.is(await told((done) => files.read('ha/x', (read) => done(text(read)))), content);
  }
  assert.is(await told<number>((done) => files.rename('ha/x', 'ha/y', done)), 0);
  assert.is(await told<number>((done) => files.rename('ha/x', 'ha/z', done)), -ENOENT);
  const name = Buffer.from('ä', 'utf8').toString('latin1');
  assert.is(await told<number>((done) => files.mkdir(`ha/${name}`, done)), 0);
  assert.equal(await told((done) => files.list('ha', done)), ['y', name]);
  assert.is(await told<number>((done) => files.rmdir(`ha/${name}`, done)), 0);
  assert.is(await told<number>((done) => files.setTime('ha/y', 12, done)), 0);
  assert.is(await told<number>((done) => files.unlink('ha/y', done)), 0);
  assert.equal(await told((done) => files.list('ha', done)), []);
  files.close();
  await node.close();
  assert.is(await told((done) => files.read('ha/y', (content) => done(text(content)))), -ENOTCONN);
});

test('a cluster process that stands still costs the deadline, and no more', async () => {
  const layout = nodeLayout(join(folder, 'n2'));
  mkdirSync(dirname(layout.controlSocket), { recursive: true });
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(layout.controlSocket, resolve));
  const files = new SocketFiles(layout, 50);
  assert.is(await told<number>((done) => files.mkdir('ha', done)), -ETIMEDOUT);
  assert.is(await told<number>((done) => files.mkdir('ha', done)), -ETIMEDOUT);
  files.close();
  server.close();
});

test.run();
