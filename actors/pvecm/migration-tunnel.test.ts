import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRealClock } from '../../runtime/clock/real.ts';
import { answerTunnel, migrationNetwork, type TunnelQuestion } from './migration-tunnel.ts';
import type { NodeDescription } from './node-client.ts';
import { startTestNode } from './test-node.ts';

const root = mkdtempSync(join(tmpdir(), 'pvecm-tunnel-'));
const node = await startTestNode({ root, name: 'n1', clock: createRealClock() });
const addresses = ['10.0.0.1', '10.1.0.1', 'fd00::1'];
const own = { nodeid: 1, name: 'n1', votes: 1, addresses, online: true };
const cluster = { name: 'c', nodes: [own], timers: {} } as unknown as NonNullable<NodeDescription['cluster']>;

async function answer(question: TunnelQuestion): Promise<string> {
  const before = node.printed().length;
  await answerTunnel(node.ports, question);
  return node.printed().slice(before);
}

test('the network of datacenter.cfg', () => {
  assert.is(migrationNetwork('keyboard: de\nmigration: secure,network=10.0.0.0/8\n'), '10.0.0.0/8');
  assert.is(migrationNetwork('migration: network=fd00::/64,type=insecure  \n'), 'fd00::/64');
  assert.is(migrationNetwork('migration: secure\n'), undefined);
  assert.is(migrationNetwork('# migration: network=10.0.0.0/8\n'), undefined);
});

test('mtunnel: online, without quorum, and the address in the migration network', async () => {
  assert.is(await answer({}), 'tunnel online\n');
  node.override({ quorate: false });
  assert.is(await answer({}), 'no quorum\n');
  assert.is(await answer({ wantsAddress: true, network: '10.0.0.0/24' }), 'no quorum\n');
  node.override({ cluster });
  assert.is(await answer({ wantsAddress: true }), 'no ip\n');
  assert.is(await answer({ wantsAddress: true, network: '192.168.0.0/16' }), 'no ip\n');
  assert.is(await answer({ wantsAddress: true, network: '10.1.0.0/24' }), "ip: '10.1.0.1'\n");
  assert.is(await answer({ wantsAddress: true, network: 'fd00::/8' }), "ip: 'fd00::1'\n");
  await node.write('datacenter.cfg', 'migration: type=secure,network=10.0.0.0/24\n');
  assert.is(await answer({ wantsAddress: true }), "ip: '10.0.0.1'\n");
});

test('mtunnel: what is no network, and what is ambiguous', async () => {
  const sentence = (network: string) => answer({ wantsAddress: true, network }).catch((error: Error) => error.message);
  assert.is(await sentence('10.0.0.1'), "migration_network: '10.0.0.1' is no network in CIDR notation");
  assert.is(await sentence('10.0.0.0/33'), "migration_network: '10.0.0.0/33' is no network in CIDR notation");
  assert.is(
    await sentence('10.0.0.0/8'),
    'this node has several addresses in the migration network 10.0.0.0/8: 10.0.0.1, 10.1.0.1',
  );
});

test.after(async () => {
  await node.close();
  rmSync(root, { recursive: true });
});

test.run();
