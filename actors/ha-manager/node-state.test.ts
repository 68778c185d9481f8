import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { requestArm, requestMaintenance, requestStop } from '../../machines/ha/management/manager-commands.ts';
import { answered } from '../../machines/ha/management/outcome.ts';
import {
  createResource,
  listResources,
  removeResource,
  updateResource,
} from '../../machines/ha/management/resource-config.ts';
import { createRule } from '../../machines/ha/management/rule-config.ts';
import { createRealClock } from '../../runtime/clock/real.ts';
import { startTestNode } from '../pvecm/test-node.ts';
import { ask, change } from './node-state.ts';

const root = mkdtempSync(join(tmpdir(), 'ha-state-'));
const node = await startTestNode({ root, name: 'n1', clock: createRealClock() });
const LOCK = 'priv/lock/domain-ha';

const sentence = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    ({ message }: Error) => message,
  );

test.before(async () => {
  for (const vmid of [100, 101]) await node.write(`nodes/n1/qemu-server/${vmid}.conf`, 'name: guest\n');
  await node.write('nodes/n1/lxc/200.conf', 'hostname: container\n');
});

test('a node in local mode: its guests, and only itself', async () => {
  const state = await ask(node.ports, 'n1', (found) => answered(found));
  assert.equal(state.nodes, ['n1']);
  assert.ok(state.quorate);
  assert.equal([...state.guests.entries()].sort(), [
    ['100', { node: 'n1', type: 'vm' }],
    ['101', { node: 'n1', type: 'vm' }],
    ['200', { node: 'n1', type: 'ct' }],
  ]);
});

test('files are written as a whole, in a folder that may be missing, and the lock is gone afterwards', async () => {
  await change(node.ports, 'n1', (state) => createResource(state, { sid: '100', comment: 'ä' }));
  await change(node.ports, 'n1', (state) => createResource(state, { sid: '200', state: 'stopped' }));
  assert.is(await node.read('ha/resources.cfg'), 'vm: 100\n\tcomment %C3%A4\n\nct: 200\n\tstate stopped\n\n');
  assert.is(await node.client.exists(LOCK), false);
  const listed = await ask(node.ports, 'n1', (state) => listResources(state, {}));
  assert.equal(
    listed.map(({ sid, comment }) => [sid, comment]),
    [
      ['ct:200', undefined],
      ['vm:100', 'ä'],
    ],
  );
});

test('commands are added at the end of the queue', async () => {
  await node.write('ha/crm_commands', 'migrate vm:1 n1\n');
  await change(node.ports, 'n1', (state) => requestStop(state, { sid: '100', timeout: 5 }));
  await change(node.ports, 'n1', (state) => requestMaintenance(state, 'enable', { node: 'n1' }));
  await change(node.ports, 'n1', (state) => requestArm(state, {}));
  assert.is(await node.read('ha/crm_commands'), 'migrate vm:1 n1\nstop vm:100 5\nenable-node-maintenance n1\narm-ha\n');
});

test('a refusal writes nothing and takes no lock', async () => {
  await node.client.makeDirectories(LOCK);
  const text = await node.read('ha/resources.cfg');
  assert.is(
    await sentence(change(node.ports, 'n1', (state) => createResource(state, { sid: '100' }))),
    "resource ID 'vm:100' already defined",
  );
  assert.is(
    await sentence(
      change(node.ports, 'n1', (state) =>
        createRule(state, { rule: 'rr', type: 'resource-affinity', affinity: 'positive', resources: 'vm:100' }),
      ),
    ),
    "400 Rule 'rr' is invalid.\nresources: rule is ineffective as there are less than two resources",
  );
  assert.is(await node.read('ha/resources.cfg'), text);
  assert.is(await node.read('ha/rules.cfg'), undefined);
  await node.client.tryRemoveDirectory(LOCK);
});

test('what is decided counts from the state under the lock, not from before it', async () => {
  let runs = 0;
  const late = change(node.ports, 'n1', (state) => {
    runs++;
    const outcome = createResource(state, { sid: '101' });
    assert.is(runs === 1 ? outcome.ok : true, true);
    return outcome;
  });
  const early = change(node.ports, 'n1', (state) => createResource(state, { sid: '101', state: 'ignored' }));
  const told = await Promise.all([sentence(late), sentence(early)]);
  assert.equal(told.sort(), ['done', "resource ID 'vm:101' already defined"]);
});

test('a resource can be changed and removed by its number while its guest is there', async () => {
  await change(node.ports, 'n1', (state) => updateResource(state, { sid: '101', delete: 'state' }));
  await change(node.ports, 'n1', (state) => removeResource(state, { sid: '101' }));
  assert.not.match((await node.read('ha/resources.cfg'))!, '101');
});

test('what is wrong with a file is told once', async () => {
  const text = (await node.read('ha/resources.cfg'))!;
  await node.write('ha/resources.cfg', `${text}lxd: 77\n\n`);
  node.warned.splice(0);
  await change(node.ports, 'n1', (state) => updateResource(state, { sid: '100', comment: 'x' }));
  assert.equal(node.warned, ["file ha/resources.cfg line 7 (skip section 'lxd:77'): unsupported type 'lxd'"]);
  assert.not.match((await node.read('ha/resources.cfg'))!, 'lxd');
});

test('without quorum a change is refused in words', async () => {
  node.override({ quorate: false });
  assert.is(
    await sentence(change(node.ports, 'n1', (state) => createResource(state, { sid: '101' }))),
    "cfs-lock 'domain-ha' error: no quorum!",
  );
  node.override({});
});

test.after(async () => {
  await node.close();
  rmSync(root, { recursive: true });
});

test.run();
