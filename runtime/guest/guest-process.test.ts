import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GuestProcesses } from './guest-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'pva-guest-'));
test.after(() => rmSync(folder, { recursive: true }));

const stopped = (guests: GuestProcesses, id: string, within_ms: number) =>
  new Promise<void>((resolve) => guests.stop(id, within_ms, resolve));

test('it runs until it is stopped, also for one that has not started it', async () => {
  const guests = new GuestProcesses(folder);
  assert.is(guests.isRunning('vm:100'), false);
  assert.is(guests.start('vm:100', 'sleep 100; true'), undefined);
  assert.is(guests.isRunning('vm:100'), true);
  const others = new GuestProcesses(folder);
  assert.is(others.isRunning('vm:100'), true);
  await stopped(others, 'vm:100', 10_000);
  assert.is(guests.isRunning('vm:100'), false);
  await stopped(guests, 'vm:100', 0);
});

test('what does not listen is ended by force', async () => {
  const guests = new GuestProcesses(folder);
  guests.start('ct:7', 'trap "" TERM; while :; do sleep 1; done');
  await stopped(guests, 'ct:7', 200);
  assert.is(guests.isRunning('ct:7'), false);
});

test('a pid that another process has got since is not the guest', () => {
  const guests = new GuestProcesses(folder);
  writeFileSync(join(folder, 'vm-8.json'), JSON.stringify({ pid: process.pid, began: '1' }));
  assert.is(guests.isRunning('vm:8'), false);
  writeFileSync(join(folder, 'vm-9.json'), '{');
  assert.is(guests.isRunning('vm:9'), false);
  assert.ok(readdirSync(folder).length > 0);
});

test.run();
