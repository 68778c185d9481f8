import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../../../runtime/clock/virtual.ts';
import { nodeLayout } from '../../../runtime/node/layout.ts';
import { makeNodeDirectories, ownUid } from '../../../runtime/node/node-directories.ts';
import { createSystemRandom } from '../../../runtime/random/system.ts';
import { startLocalTestNode } from '../../node/local-test-node.ts';
import { startIpc } from '../../pmxcfs/ipc.ts';
import { keepPublished } from './published-info.ts';

const folder = mkdtempSync(join(tmpdir(), 'pva-info-'));
test.after(() => rmSync(folder, { recursive: true }));

test('what is missing is published, also later; what somebody else has published stays', async () => {
  const clock = new VirtualClock();
  const layout = nodeLayout(folder);
  makeNodeDirectories(layout, 0);
  const hostConfig = { path: layout.hostConfig, read: () => undefined, replace: () => undefined };
  const { node, log } = startLocalTestNode(clock, { random: createSystemRandom(), hostConfig }, { nodeName: 'n1' });
  const { memdb: tree, status } = node;
  const ipc = await startIpc({ path: layout.ipcSocket, uid: ownUid(), readOnlyGid: undefined, status, tree, log });
  assert.not('failure' in ipc);
  if ('failure' in ipc) return;
  const published = async (key: string, text: string): Promise<void> => {
    while (status.get(key, '')?.toString() !== text) {
      clock.advance(60_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  status.set('kv/other', Buffer.from('"theirs"'));
  const end = keepPublished({ clock, socket: layout.ipcSocket, values: { mine: { a: 1 }, other: { b: 2 } } });
  await published('kv/mine', '{"a":1}');
  assert.is(status.get('kv/other', '')?.toString(), '"theirs"');
  status.set('kv/mine', Buffer.alloc(0));
  await published('kv/mine', '{"a":1}');
  end();
  await ipc.close();
});

test.run();
