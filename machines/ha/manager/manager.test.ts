/** The manager within its CRM: rounds, commands, fencing, recovery, disarm, migration of groups (spec/ha.md §3, §6.3). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Crm } from '../crm/crm.ts';
import type { ServiceStatus } from '../state-files.ts';
import { done, refused, TestWorld } from '../test-daemon.ts';

const config = { node: 'n1', state: 'started', failback: true, max_restart: 1, max_relocate: 1 };

function newManager(
  service_status: Record<string, ServiceStatus> = {},
  arrange: (world: TestWorld) => void = () => {},
) {
  const world = new TestWorld(new Crm('n1'));
  const { files } = world;
  files.members.online = { n1: true, n2: true };
  files.resources = { 'vm:1': config };
  files.manager_status = { node_status: { n1: 'online', n2: 'online' }, service_status };
  arrange(world);
  world.tick(0);
  const service = (sid: string) => files.manager_status.service_status?.[sid];
  return { world, files, service, said: () => world.said().map((line) => line.replace(/^info /, '')) };
}

const running: ServiceStatus = { state: 'started', node: 'n1', uid: 'u', running: 1 };

test('a new service is added, started in the same round, and flushed', () => {
  const { said, service, files } = newManager();
  const lines = said();
  assert.ok(lines.includes("adding new service 'vm:1' on node 'n1'"));
  assert.is(service('vm:1')?.state, 'started');
  assert.equal([files.manager_status.master_node, files.manager_status.timestamp], ['n1', 0]);
});

test('a service without configuration, or ignored, is removed', () => {
  const { files, said, service, world } = newManager({ 'vm:1': running });
  said();
  files.resources = { 'vm:1': { ...config, state: 'ignored' } };
  world.tick(20);
  assert.equal(said(), ["removing stale service 'vm:1' (ignored state requested)"]);
  assert.is(service('vm:1'), undefined);
});

test('M1 an error ends the round without a flush; what changed in memory stays', () => {
  const { files, said, service, world } = newManager({ 'vm:1': running });
  said();
  files.resources = { 'vm:1': { ...config, state: 'disabled' } };
  world.override = (ask) => (ask.op === 'write' && ask.what === 'manager_status' ? refused('full') : undefined);
  world.tick(20);
  assert.is(said().at(-1), 'err got unexpected error - full');
  assert.is(service('vm:1')?.state, 'started');
  world.override = () => undefined;
  world.tick(40);
  assert.is(service('vm:1')?.state, 'request_stop');
  assert.equal(said(), []);
});

test('commands: what is said to each', () => {
  const { said, service, world } = newManager({ 'vm:1': running });
  said();
  const answers: Record<string, string> = {
    'migrate vm:9 n2': 'err crm command error - no such service: migrate vm:9 n2',
    'migrate vm:1 n9': 'err crm command error - node not online: migrate vm:1 n9',
    'migrate vm:1 n1': 'ignore crm command - service already on target node: migrate vm:1 n1',
    'stop vm:9 0': 'err crm command error - no such service: stop vm:9 0',
    'enable-node-maintenance n9': 'err crm command error - node not online: enable-node-maintenance n9',
    'disable-node-maintenance n1': "warning clearing maintenance of node n1 requested, but it's in state online",
    'arm-ha': 'notice ignoring arm-ha command - HA stack is not disarmed',
    'disarm-ha odd': 'err unable to parse crm command: disarm-ha odd',
    nonsense: 'err unable to parse crm command: nonsense',
  };
  let at = 20;
  for (const [line, answer] of Object.entries(answers)) {
    world.commands = [line];
    world.tick(at);
    at += 20;
    assert.equal(said(), [answer]);
  }
  world.commands = ['relocate vm:1 n2'];
  world.tick(at);
  assert.is(said()[0], 'got crm command: relocate vm:1 n2');
  assert.equal([service('vm:1')?.state, service('vm:1')?.target], ['relocate', 'n2']);
});

test('a stop by command changes the configuration too', () => {
  const { service, world } = newManager({ 'vm:1': running });
  world.asks.splice(0);
  world.commands = ['stop vm:1 30'];
  world.tick(20);
  assert.equal([service('vm:1')?.state, service('vm:1')?.timeout], ['request_stop', '30']);
  const patch = world.asks.find((ask) => ask.op === 'patchService');
  assert.equal(patch, { op: 'patchService', sid: 'vm:1', set: { state: 'stopped' } });
});

/** n2 is lost with its service; time goes on until it is to be fenced. */
function newLoss() {
  const lost = newManager({ 'vm:1': { ...running, node: 'n2' } });
  lost.files.resources = { 'vm:1': { ...config, node: 'n2' } };
  lost.files.members.online = { n1: true, n2: false };
  lost.said();
  lost.world.tick(20);
  lost.world.tick(40);
  lost.said();
  lost.world.did();
  return lost;
}

test('M4 a lost service waits for the lock of its node, and is recovered with its configuration', () => {
  const { said, service, world } = newLoss();
  world.override = (ask) => (ask.op === 'lock' && ask.name === 'ha_agent_n2_lock' ? done(false) : undefined);
  world.tick(60);
  assert.equal(said(), [
    "service 'vm:1': state changed from 'started' to 'fence'",
    "node 'n2': state changed from 'unknown' => 'fence'",
    "mail FENCE: Try to fence node 'n2'",
  ]);
  world.tick(80);
  assert.is(service('vm:1')?.state, 'fence');
  assert.equal(said(), []);
  world.did();
  world.override = () => undefined;
  world.tick(100);
  assert.equal(said(), [
    "fencing: acknowledged - got agent lock for node 'n2'",
    "node 'n2': state changed from 'fence' => 'unknown'",
    "mail SUCCEED: fencing: acknowledged - got agent lock for node 'n2'",
    "service 'vm:1': state changed from 'fence' to 'recovery'",
    "recover service 'vm:1' from fenced node 'n2' to node 'n1'",
    "service 'vm:1': state changed from 'recovery' to 'started'  (node = n1)",
  ]);
  assert.ok(world.did().includes('steal vm:1 n2 n1'));
  assert.equal([service('vm:1')?.state, service('vm:1')?.node], ['started', 'n1']);
});

test('a configuration that is elsewhere ends every round before the service changes', () => {
  const { said, service, world } = newLoss();
  world.override = (ask) => (ask.op === 'steal' ? refused('elsewhere') : undefined);
  for (const at of [60, 80]) {
    world.tick(at);
    assert.is(said().at(-1), 'err got unexpected error - elsewhere');
    assert.is(service('vm:1')?.state, 'started');
  }
});

test('a leftover lock is removed first', () => {
  const { said, world } = newLoss();
  world.override = (ask) => (ask.op === 'removeLock' ? done('backup') : undefined);
  world.tick(60);
  assert.ok(
    said().includes("warning removed leftover lock 'backup' from recovered service 'vm:1' to allow its start."),
  );
});

test('a node in fence without services is fenced too', () => {
  const { files, said } = newManager({}, ({ files: { manager_status }, files: all }) => {
    all.manager_status = { ...manager_status, node_status: { n1: 'online', n2: 'fence' } };
  });
  assert.ok(said().includes("notice node 'n2' in fence state but no services to-fence! admin interference?!"));
  assert.is(files.manager_status.node_status?.n2, 'unknown');
});

test('a master whose own node is to be fenced does nothing', () => {
  const { said, world } = newManager({}, ({ files }) => {
    files.manager_status = { ...files.manager_status, node_status: { n1: 'fence', n2: 'online' } };
  });
  assert.is(said().at(-1), 'master seems offline');
  assert.not(world.did().includes('write manager_status'));
});

test('M2 disarmed: services freeze, the LRMs let go, and nothing moves until it is armed again', () => {
  const { files, said, service, world } = newManager({ 'vm:1': running });
  said();
  world.commands = ['disarm-ha freeze'];
  world.tick(20);
  assert.equal(said(), ['got crm command: disarm-ha freeze', "disarm: freezing service 'vm:1' (was 'started')"]);
  assert.is(files.manager_status.disarm?.state, 'disarming');
  files.lrm_status = { n1: { mode: 'disarm' }, n2: { mode: 'disarm' } };
  world.tick(40);
  assert.is(files.manager_status.disarm?.state, 'disarmed');
  said();
  files.resources = { ...files.resources, 'vm:2': config };
  world.tick(60);
  assert.equal(said(), []);
  world.commands = ['arm-ha'];
  files.lrm_status = { n1: { mode: 'active' }, n2: { mode: 'active' } };
  world.tick(80);
  world.tick(100);
  assert.is(service('vm:1')?.state, 'started');
});

test('a disarm waits for services that are on their way', () => {
  const { said, world } = newManager({ 'vm:1': { state: 'migrate', node: 'n1', target: 'n2', uid: 'u' } });
  said();
  world.commands = ['disarm-ha ignore'];
  world.tick(20);
  assert.is(said().at(-1), "deferring disarm - service 'vm:1' is in 'migrate' state");
});

test('services that were moved while ignored are found where they are', () => {
  const { files, said, service, world } = newManager({ 'vm:1': running }, ({ files: all }) => {
    all.manager_status = { ...all.manager_status, disarm: { mode: 'ignore', state: 'disarmed' } };
  });
  said();
  files.resources = { 'vm:1': { ...config, node: 'n2' } };
  world.commands = ['arm-ha'];
  world.tick(20);
  assert.ok(said().includes("service 'vm:1': updating node 'n1' => 'n2' (changed while disarmed)"));
  assert.is(service('vm:1')?.node, 'n2');
});

test('groups become rules when all nodes are ready, and it is tried again later when one is not', () => {
  const { files, said, world } = newManager({ 'vm:1': running }, ({ files: all }) => {
    all.groups = 'group: g\n\tnodes n1:2,n2\n\tnofailback 1\n';
    all.resources = { 'vm:1': { ...config, group: 'g' } };
    all.lrm_status = { n1: { state: 'active', mode: 'active' }, n2: { state: 'wait_for_agent_lock', mode: 'active' } };
    all.versions = { n1: '9.0.0', n2: '9.0.0~2' };
  });
  world.tick(20);
  said();
  world.tick(40);
  assert.equal(said().slice(-3), [
    "err abort ha groups migration: node 'n2' needs at least pve-manager version '9.0.0~16'",
    'err ha groups migration failed',
    'notice retry ha groups migration in 6 rounds (~ 60 seconds)',
  ]);
  files.versions = { n1: '9.0.0', n2: '9.0.0~16' };
  world.asks.splice(0);
  for (let round = 1; round <= 6; round++) world.tick(40 + round * 20);
  assert.ok(said().includes('notice ha groups migration successful'));
  const patch = world.asks.find((ask) => ask.op === 'patchService');
  assert.equal(patch, { op: 'patchService', sid: 'vm:1', set: { group: null, failback: 0 } });
  const written = world.asks.filter((ask) => ask.op === 'write' && ask.what !== 'manager_status');
  assert.equal(
    written.map((ask) => ask.op === 'write' && ask.what),
    ['rules', 'groups'],
  );
});

test('a status with an unknown word is not taken over', () => {
  const { world } = newManager({ 'vm:1': { state: 'odd' as never, node: 'n1' } });
  const error = "could not take over the manager status: service 'vm:1' has the unknown state 'odd'";
  assert.equal(world.end, { out: 'failed', error });
});

test('uids of one manager, and of managers one after the other, are never the same', () => {
  const uids = [0, 1000].map((at) => {
    const world = new TestWorld(new Crm('n1'));
    world.files.resources = { 'vm:1': config };
    world.tick(at);
    return world.files.manager_status.service_status?.['vm:1']?.uid;
  });
  assert.is(new Set(uids).size, 2);
});

test.run();
