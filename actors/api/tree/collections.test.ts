import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decide, run } from '../dispatch.ts';
import { handledKeys } from '../handlers.ts';
import { methodFacts } from '../inventory/registry.ts';
import { childrenOf } from '../route.ts';
import { createTestWorld, type TestWorld } from '../test-world.ts';
import { collections } from './collections.ts';

async function call(world: TestWorld, path: string, params: Record<string, string> = {}, identity = 'root@pam') {
  const caller = { identity, isToken: false };
  const place = { nodeName: 'n1', isPrivileged: true, forwarding: 'anywhere' } as const;
  const decision = await decide({ verb: 'GET', path, params, caller }, place, world);
  if (decision.kind !== 'run') throw new Error(JSON.stringify(decision));
  const answer = await run(decision, caller, world);
  return answer.ok ? answer.data : answer.refusal;
}

test('every handler is that of a method, and lies in the file of its path', async () => {
  for (const [prefix, load] of Object.entries(collections)) {
    for (const { verb, path } of (await load()).methods) {
      assert.ok(methodFacts(verb, path) !== undefined, `${verb} ${path} is no method`);
      assert.ok(path === prefix || path.startsWith(prefix === '/' ? '/' : `${prefix}/`), `${path} lies in ${prefix}`);
    }
  }
  assert.ok((await handledKeys()).size > 130);
});

test('every index names children that exist', async () => {
  const world = createTestWorld({ 'ha/groups.cfg': 'group: g\n\tnodes n1\n' });
  for (const key of await handledKeys()) {
    const [verb, path = ''] = key.split(' ');
    const childKey = methodFacts(verb!, path)?.returns.childKey;
    if (verb !== 'GET' || path.includes('{') || typeof childKey !== 'string') continue;
    const rows = await call(world, path);
    assert.ok(Array.isArray(rows), `${key}: ${JSON.stringify(rows)}`);
    for (const row of rows as readonly Record<string, unknown>[]) {
      const child = String(row[childKey]);
      assert.ok(childrenOf(path)?.hasVariable || childrenOf(path)?.literals.includes(child), `${key}: ${child}`);
    }
  }
});

function worldWithGuests(): TestWorld {
  const world = createTestWorld({
    'user.cfg': 'user:a@pve:1:0::::::\nuser:none@pve:1:0::::::\npool:p::100:local:\nacl:1:/vms/100:a@pve:PVEAuditor:\n',
    'nodes/n1/qemu-server/100.conf': 'name: web\ncores: 2\nsockets: 2\nmemory: 1024\ntags: x\n[snap]\nname: old\n',
    'nodes/n2/lxc/101.conf': 'hostname: db\nmemory: 256\ntemplate: 1\n',
    '.rrd':
      'pve-vm-9.0/100:77:web:running:0:1700000000:4:0.25:1073741824:1000:0:0:1:2:3:4:5\npve2-node/n2:99::1700000000:1:2:0.5:0:100:50\n',
  });
  world.guestList.set('101', { node: 'n2', type: 'lxc', version: 1 });
  world.guestList.set('100', { node: 'n1', type: 'qemu', version: 2 });
  world.members = {
    nodename: 'n1',
    version: 3,
    cluster: { name: 'c', version: 2, nodes: 2, quorate: 1 },
    nodelist: { n2: { id: 2, online: 1, ip: '10.0.0.2' }, n1: { id: 1, online: 1, ip: '10.0.0.1' } },
  };
  return world;
}

test('resources: guests with figures, nodes, storages and pools, each for who may see it', async () => {
  const world = worldWithGuests();
  const all = (await call(world, '/cluster/resources')) as readonly Record<string, unknown>[];
  assert.equal(
    all.map(({ id }) => id),
    ['/pool/p', 'qemu/100', 'lxc/101', 'node/n1', 'node/n2', 'storage/n1/local', 'storage/n2/local'],
  );
  const web = all.find(({ id }) => id === 'qemu/100')!;
  assert.equal(
    [web.name, web.status, web.cpu, web.maxcpu, web.uptime, web.pool, web.tags],
    ['web', 'running', 0.25, 4, 77, 'p', 'x'],
  );
  assert.equal((all.find(({ id }) => id === 'lxc/101') as Record<string, unknown>).template, 1);
  const node = all.find(({ id }) => id === 'node/n2')!;
  assert.equal([node.cpu, node.maxmem, node.uptime], [0.5, 100, 99]);
  const few = (await call(world, '/cluster/resources', { type: 'vm' }, 'a@pve')) as readonly Record<string, unknown>[];
  assert.equal(
    few.map(({ vmid }) => vmid),
    [100],
  );
  assert.equal(await call(world, '/cluster/resources', { type: 'vm' }, 'none@pve'), []);
});

test('status lists the cluster first, and a node on its own alone', async () => {
  const [cluster, first] = (await call(worldWithGuests(), '/cluster/status')) as readonly Record<string, unknown>[];
  assert.equal(cluster, { type: 'cluster', id: 'cluster', name: 'c', nodes: 2, version: 2, quorate: 1 });
  assert.equal([first?.name, first?.local, first?.online, first?.ip], ['n1', 1, 1, '10.0.0.1']);
  const alone = (await call(createTestWorld(), '/cluster/status')) as readonly object[];
  assert.equal(alone, [{ type: 'node', id: 'node/n1', name: 'n1', nodeid: 0, local: 1, online: 1, level: '' }]);
});

test('the next number is the lowest that is free; one that is asked for is refused when it is taken', async () => {
  const world = worldWithGuests();
  assert.is(await call(world, '/cluster/nextid'), 102);
  assert.is(await call(world, '/cluster/nextid', { vmid: '500' }), '500');
  assert.equal(await call(world, '/cluster/nextid', { vmid: '100' }), {
    status: 400,
    message: 'Parameter verification failed.\n',
    errors: { vmid: 'VM 100 already exists' },
  });
  world.files.set('datacenter.cfg', 'next-id: lower=100,upper=102\n');
  assert.equal(await call(world, '/cluster/nextid'), {
    status: 500,
    message: 'unable to get any free VMID in range [100, 101]',
  });
});

test('guests of a node', async () => {
  const world = worldWithGuests();
  const [guest, ...others] = (await call(world, '/nodes/n1/qemu')) as readonly Record<string, unknown>[];
  assert.equal([guest?.vmid, guest?.name, guest?.status, guest?.cpus, others.length], [100, 'web', 'running', 4, 0]);
  assert.equal(await call(world, '/nodes/n1/lxc'), []);
});

test.run();
