import { type ChildProcess, spawn } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isParentOfMarked, killNode, markChildren, markedProcesses, unmarkedEnvironment } from './marked-processes.ts';

const ROOT = `/nowhere/${process.pid}`;

/** Resolves when the shell runs, and has started what it was to start. */
async function start(script: string, env: NodeJS.ProcessEnv = process.env): Promise<ChildProcess> {
  const child = spawn('/bin/sh', ['-c', `${script} echo up; wait`], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env,
  });
  await new Promise<void>((resolve) => child.stdout!.once('data', () => resolve()));
  return child;
}

const ended = (child: ChildProcess) =>
  new Promise<NodeJS.Signals | null>((resolve) => {
    if (child.signalCode !== null || child.exitCode !== null) resolve(child.signalCode);
    else child.once('exit', (_, signal) => resolve(signal));
  });

test('all that a marked process starts is found and ended, in whatever session; others are left alone', async () => {
  markChildren(ROOT);
  const node = await start('sleep 100 & setsid sleep 100 &');
  const other = await start('sleep 100 &', unmarkedEnvironment());
  const neighbour = await start('sleep 100 &', { ...process.env, PVE_ACTORS_NODE: `${ROOT}0` });
  assert.ok(markedProcesses(ROOT).length >= 3, 'the shell and both of its children');
  assert.is(isParentOfMarked(process.pid, ROOT), true);
  assert.is(isParentOfMarked(other.pid!, ROOT), false);
  assert.ok(killNode(ROOT, undefined) >= 3);
  assert.is(await ended(node), 'SIGKILL');
  assert.equal(markedProcesses(ROOT), []);
  assert.equal([other.exitCode, other.signalCode, neighbour.signalCode], [null, null, null]);
  for (const { pid } of [other, neighbour]) process.kill(-pid!, 'SIGKILL');
  await Promise.all([ended(other), ended(neighbour)]);
});

test('the supervisor is ended with its node', async () => {
  const supervisor = await start('sleep 100 &', unmarkedEnvironment());
  assert.is(killNode(ROOT, supervisor.pid), 1);
  assert.is(await ended(supervisor), 'SIGKILL');
  process.kill(-supervisor.pid!, 'SIGKILL');
});

test.run();
