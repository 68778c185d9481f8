import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AgentCall } from '../../../machines/ha/lrm-worker/command.ts';
import { VirtualClock } from '../../../runtime/clock/virtual.ts';
import { GuestProcesses } from '../../../runtime/guest/guest-process.ts';
import { MemoryCluster } from '../memory-cluster.ts';
import { noHypervisor, processHypervisor } from './hypervisors.ts';

const folder = mkdtempSync(join(tmpdir(), 'pva-hyper-'));
test.after(() => rmSync(folder, { recursive: true }));

const lines: string[] = [];
const log = { write: (_domain: string, level: string, text: string) => void lines.push(`${level} ${text}`) };
const said = () => lines.splice(0);

test('a node without hypervisor runs nothing, and says so', async () => {
  const { call } = noHypervisor(log);
  const ask = (agentCall: AgentCall) => new Promise<boolean>((done) => call('vm:100', agentCall, done));
  assert.equal([await ask({ call: 'check-running' }), await ask({ call: 'start' })], [false, false]);
  assert.equal(said(), ['error unable to start vm:100: this node has no hypervisor yet']);
});

test('guests that are processes: started, stopped, moved with their configuration', async () => {
  const clock = new VirtualClock();
  const cluster = new MemoryCluster({ clock, nodes: ['n1', 'n2'] });
  const guests = new GuestProcesses(folder);
  const files = cluster.files('n1');
  const { call } = processHypervisor({ node: 'n1', clock, files, guests, log });
  const ask = (agentCall: AgentCall) => new Promise<boolean>((done) => call('vm:100', agentCall, done));
  cluster.put('nodes/n1/qemu-server/100.conf', 'memory: 16\n');
  assert.is(await ask({ call: 'start' }), false);
  assert.equal(said(), ["error guest vm:100 names no 'process' to run"]);

  cluster.put('nodes/n1/qemu-server/100.conf', 'process: exec sleep 100\n');
  assert.is(await ask({ call: 'start' }), true);
  assert.is(await ask({ call: 'check-running' }), true);
  assert.is(await ask({ call: 'shutdown', timeout: '20' }), true);
  assert.is(await ask({ call: 'check-running' }), false);

  await ask({ call: 'start' });
  assert.is(await ask({ call: 'migrate', target: 'n2', isOnline: true }), true);
  assert.equal([cluster.guestNode('100'), guests.isRunning('vm:100')], ['n2', false]);
  cluster.put('nodes/n1/qemu-server/100.conf', 'process: true\n');
  cluster.remove('nodes/n2/qemu-server/100.conf');
  cluster.connect('n1', false);
  assert.is(await ask({ call: 'migrate', target: 'n2', isOnline: false }), false);
  assert.match(said()[0]!, /^error unable to move vm:100: rename .* failed - Permission denied$/);
});

test.run();
