import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { takeInstanceLock } from '../../runtime/node/instance-lock.ts';
import type { PvecmFailure } from './failure.ts';
import { fileLockId, withClusterLock, withLocalLock } from './locks.ts';
import { startTestNode, type TestNode } from './test-node.ts';

const root = mkdtempSync(join(tmpdir(), 'pvecm-locks-'));
const clock = new VirtualClock();
const node: TestNode = await startTestNode({ root, name: 'n1', clock });

/** Outcome of `run`; while it goes on, virtual time runs, one timer per turn of the event loop. */
async function pumped<T>(run: () => Promise<T>): Promise<T | PvecmFailure> {
  let outcome: { readonly value: T | PvecmFailure } | undefined;
  run().then(
    (value) => {
      outcome = { value };
    },
    (error: PvecmFailure) => {
      outcome = { value: error };
    },
  );
  while (outcome === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    clock.step();
  }
  return outcome.value;
}

test('the id of a file lock', () => {
  assert.is(fileLockId('corosync.conf'), 'file-corosync_conf');
  assert.is(fileLockId('priv/pve-root-ca.srl'), 'file-priv_pve-root-ca_srl');
});

test('a cluster lock is a directory for as long as the code runs, also where that fails', async () => {
  const path = 'priv/lock/file-corosync_conf';
  const seen = await withClusterLock(node.ports, 'file-corosync_conf', () => node.client.exists(path));
  assert.is(seen, true);
  assert.is(await node.client.exists(path), false);
  const fail = () => Promise.reject(new Error('broken'));
  const failure = await withClusterLock(node.ports, 'file-corosync_conf', fail).catch((error: Error) => error);
  assert.is((failure as Error).message, 'broken');
  assert.is(await node.client.exists(path), false);
});

test('a lock that somebody holds is waited for, with a line at most once per second, for ten seconds', async () => {
  await node.client.makeDirectories('priv/lock/domain-held');
  const start_ms = clock.monotonic_ms();
  const outcome = await pumped(() => withClusterLock(node.ports, 'domain-held', async () => 'done'));
  assert.is((outcome as PvecmFailure).message, "cfs-lock 'domain-held' error: got lock request timeout");
  const lines = node.printed().split('\n').filter(Boolean);
  assert.ok(lines.every((line) => line === "trying to acquire cfs lock 'domain-held' ..."));
  const waited_ms = clock.monotonic_ms() - start_ms;
  assert.ok(waited_ms >= 10_000 && waited_ms < 12_000, `${waited_ms} ms`);
  assert.ok(lines.length >= 5 && lines.length <= 11, `${lines.length} lines`);
  assert.is(await node.client.exists('priv/lock/domain-held'), true, "the holder's lock stays");
});

test('the lock of a holder that has vanished is taken over when it has expired', async () => {
  await node.client.makeDirectories('priv/lock/domain-old');
  clock.setTimeout(() => {}, 121_000);
  clock.step();
  const outcome = await pumped(() => withClusterLock(node.ports, 'domain-old', async () => 'done'));
  assert.is(outcome, 'done');
  assert.is(await node.client.exists('priv/lock/domain-old'), false);
});

test('code under a cluster lock is given up after a minute', async () => {
  const outcome = await pumped(() => withClusterLock(node.ports, 'domain-slow', () => new Promise(() => {})));
  assert.is((outcome as PvecmFailure).message, "'domain-slow'-locked command timed out - aborting");
});

test('without quorum there is no lock', async () => {
  node.override({ quorate: false });
  const outcome = await withClusterLock(node.ports, 'domain-x', async () => 'done').catch((error: Error) => error);
  node.override({});
  assert.is((outcome as Error).message, "cfs-lock 'domain-x' error: no quorum!");
});

test('one pvecm per node: the second waits, and gives up after ten seconds', async () => {
  assert.is(await withLocalLock(node.ports, async () => 'done'), 'done');
  const held = takeInstanceLock(node.layout.pvecmLock);
  assert.ok('release' in held);
  const outcome = await pumped(() => withLocalLock(node.ports, async () => 'done'));
  assert.match((outcome as PvecmFailure).message, `can't lock file '${node.layout.pvecmLock}' - got timeout`);
  if ('release' in held) held.release();
  assert.is(await withLocalLock(node.ports, async () => 'done'), 'done');
});

test.after(async () => {
  await node.close();
  rmSync(root, { recursive: true });
});

test.run();
