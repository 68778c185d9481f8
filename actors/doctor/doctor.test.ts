/** What the doctor finds in clusters, and what it leaves in peace. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ClusterDescription, describeCluster } from './cluster-description.ts';
import { type TestCluster, testTree } from './clusters-for-tests.ts';
import { type Examination, examinationCode, examinationText, examine } from './doctor.ts';
import { checkClocks, checkHostConfig, checkTimeService, checkWatchdog, type Machine } from './machine-checks.ts';
import { readTree } from './tree-files.ts';

function described(cluster: TestCluster): ClusterDescription {
  const description = describeCluster(testTree(cluster));
  if ('failure' in description) throw new Error(description.failure);
  return description;
}

function examined(cluster: TestCluster): Examination {
  return examine(described(cluster), undefined);
}

const codes = (cluster: TestCluster): readonly string[] => examined(cluster).findings.map(({ code }) => code);
const three: TestCluster = { nodes: ['n1', 'n2', 'n3'] };
const service = { guests: { 'vm:101': 'n1' }, resources: { 'vm:101': '\tstate started\n' } };
const managed = { 'ha/manager_status': '{"master_node":"n1","node_status":{},"service_status":{}}' };

test('a cluster that is well has nothing to be told, and the code 0', () => {
  const examination = examined({ ...three, ...service, files: managed });
  assert.equal(examination.findings, []);
  assert.is(examinationCode(examination), 0);
  assert.match(examinationText(examination), 'quorum is 2 of 3 votes, 1 node may fail');
});

test('two nodes need a third vote', () => {
  const nodes = ['n1', 'n2'];
  assert.equal(codes({ nodes }), ['two-nodes']);
  assert.is(examinationCode(examined({ nodes })), 2);
  assert.equal(codes({ nodes, quorum: '  two_node: 1\n' }), ['two-node-split']);
  const withDevice = examined({ nodes, quorum: '  device {\n    model: net\n    votes: 1\n  }\n' });
  assert.equal(
    withDevice.findings.map(({ code, gravity }) => [code, gravity]),
    [['device-uncounted', 'note']],
  );
  assert.equal(withDevice.votes, { expected: 3, quorum: 2, losable: 1 });
});

for (const [count, quorum, losable] of [
  [1, 1, 0],
  [3, 2, 1],
  [4, 3, 1],
  [5, 3, 2],
  [7, 4, 3],
] as const) {
  test(`votes of ${count} nodes`, () => {
    const nodes = Array.from({ length: count }, (_, index) => `n${index + 1}`);
    assert.equal(examined({ nodes }).votes, { expected: count, quorum, losable });
  });
}

test('four nodes are told what halves mean, which is no fault', () => {
  const examination = examined({ nodes: ['n1', 'n2', 'n3', 'n4'] });
  assert.equal(
    examination.findings.map(({ code, gravity }) => [code, gravity]),
    [['even-number', 'note']],
  );
  assert.is(examinationCode(examination), 0);
});

test('votes that were bent', () => {
  assert.equal(codes({ ...three, quorum: '  expected_votes: 1\n' }), ['expected-votes-low']);
  const conf = testTree(three).get('corosync.conf')!.replace('quorum_votes: 1', 'quorum_votes: 3');
  const found = codes({ ...three, files: { 'corosync.conf': conf } });
  assert.ok(found.includes('unequal-votes') && found.includes('no-node-may-fail'), found.join());
});

test('links: too few, or in one network', () => {
  assert.equal(codes({ ...three, links: 1 }), ['one-link']);
  const conf = testTree(three).get('corosync.conf')!;
  const one = conf.replaceAll('ring1_addr: 10.0.1.', 'ring1_addr: 10.0.0.10');
  assert.equal(codes({ ...three, files: { 'corosync.conf': one } }), ['links-share-network']);
});

test('names that lead nowhere', () => {
  const rules = 'node-affinity: r1\n\tnodes n1,n9\n\tresources vm:101,vm:777\n';
  const found = codes({ ...three, ...service, rules, files: managed });
  assert.equal([...found].sort(), ['rule-unknown-node', 'rule-unknown-resource']);
  const lost = codes({ ...three, resources: { 'vm:105': '\tgroup nowhere\n' }, files: managed });
  assert.equal([...lost].sort(), ['resource-without-guest', 'unknown-group']);
  const left = codes({ ...three, files: { 'nodes/old/': '', 'nodes/old/lxc/300.conf': 'memory: 64\n' } });
  assert.equal(left, ['guests-of-removed-node']);
  const twice = codes({
    ...three,
    guests: { 'vm:101': 'n1' },
    files: { 'nodes/n2/qemu-server/101.conf': 'cores: 1\n' },
  });
  assert.equal(twice, ['guest-twice']);
});

test('rules that contradict each other are those that the manager drops', () => {
  const rules = [
    'resource-affinity: near\n\taffinity positive\n\tresources vm:101,vm:102\n',
    'resource-affinity: far\n\taffinity negative\n\tresources vm:101,vm:102\n',
  ].join('\n');
  const guests = { 'vm:101': 'n1', 'vm:102': 'n1' };
  const resources = { 'vm:101': '', 'vm:102': '' };
  const { findings } = examined({ ...three, guests, resources, rules, files: managed });
  assert.equal(
    findings.map(({ code }) => code),
    ['rule-dropped', 'rule-dropped'],
  );
  assert.match(findings[0]!.what, "HA ignores rule 'far': rule shares two or more resources with a positive");
});

test('services without room when one node is lost', () => {
  const guests = { 'vm:101': 'n1', 'vm:102': 'n2', 'vm:103': 'n3' };
  const resources = { 'vm:101': '', 'vm:102': '', 'vm:103': '\tstate stopped\n' };
  const strict = (id: string, node: string, sid: string): string =>
    `node-affinity: ${id}\n\tnodes ${node}\n\tresources ${sid}\n\tstrict 1\n`;
  const rules = `${strict('r1', 'n1', 'vm:101')}\n${strict('r3', 'n3', 'vm:103')}`;
  const bound = examined({ ...three, guests, resources, rules, files: managed });
  // What is to be stopped needs no room.
  assert.equal(
    bound.findings.map(({ what }) => what),
    ['when n1 is lost, strict rules leave no node for vm:101'],
  );
  const apart = 'resource-affinity: apart\n\taffinity negative\n\tresources vm:101,vm:102,vm:103\n';
  assert.equal(codes({ ...three, guests, resources, rules: apart, files: managed }), ['no-room-kept-apart']);
});

test('guests that are bound to their node', () => {
  const storage = 'dir: local\n\tpath /var/lib/vz\n\nrbd: pool\n\tpool x\n\nlvm: san\n\tvgname v\n\tshared 1\n';
  const guests = (text: string) => ({ 'vm:101': ['n1', text] as const });
  const with_ = (text: string, more: Readonly<Record<string, string>> = {}) =>
    codes({
      ...three,
      guests: guests(text),
      resources: { 'vm:101': '' },
      files: { ...managed, 'storage.cfg': storage, ...more },
    });
  assert.equal(with_('scsi0: pool:vm-101-disk-0,size=8G\nvirtio1: san:vm-101-disk-1\n'), []);
  assert.equal(with_('scsi0: local:101/vm-101-disk-0.qcow2,size=8G\n'), ['cannot-move']);
  assert.equal(with_('scsi0: local:101/x.qcow2\n', { 'replication.cfg': 'local: 101-0\n\ttarget n2\n' }), []);
  assert.equal(with_('scsi0: pool:x\nhostpci0: 0000:01:00.0\n'), ['cannot-move']);
  assert.equal(with_('scsi0: pool:x\nhostpci0: mapping=gpu\nusb0: host=spice\n'), []);
  // A snapshot's disks are not those of the guest.
  assert.equal(with_('scsi0: pool:x\n[snap]\nscsi0: local:y\n'), []);
});

test('what HA says of itself', () => {
  const manager_status = JSON.stringify({
    master_node: 'n1',
    node_status: { n1: 'online', n2: 'maintenance', n3: 'unknown' },
    service_status: { 'vm:101': { state: 'error', node: 'n1', uid: 'x' } },
    disarm: { mode: 'freeze', state: 'disarmed' },
  });
  const found = codes({ ...three, ...service, files: { 'ha/manager_status': manager_status } });
  assert.equal([...found].sort(), ['disarmed', 'node-in-maintenance', 'node-not-online', 'service-in-error']);
  assert.equal(codes({ ...three, ...service }), ['no-master-yet']);
});

test('fence devices', () => {
  const hardware = { 'datacenter.cfg': 'fencing: hardware\n' };
  const device = 'device pdu fence_apc ip=192.0.2.8\nconnect pdu node=n1 plug=1\n';
  const found = examined({ ...three, files: { ...hardware, 'ha/fence.cfg': device } });
  assert.equal(
    found.findings.map(({ what }) => what),
    ["fencing is 'hardware', but n2 and n3 have no fence device"],
  );
  assert.equal(codes({ ...three, files: { ...hardware, 'ha/fence.cfg': 'connect pdu node=n1 x=1\n' } }), [
    'fence-cfg-broken',
  ]);
});

test('a tree without a cluster is refused with a sentence', () => {
  assert.match((describeCluster(new Map()) as { failure: string }).failure, 'there is no corosync.conf in it');
  const broken = describeCluster(new Map([['corosync.conf', 'totem {\n']]));
  assert.ok('failure' in broken);
});

test('the machine: watchdog, clocks, copy of the configuration', () => {
  const files = new Map<string, string>();
  const machine: Machine = {
    isWhole: false,
    now_ms: 1_000_000_000,
    list: (path) => [...files.keys()].flatMap((file) => file.match(new RegExp(`^${path}/([^/]+)`))?.[1] ?? []),
    read: (path) => files.get(path),
  };
  const found = (): readonly string[] => checkWatchdog(machine, true).map(({ code }) => code);
  assert.equal(found(), ['no-watchdog']);
  files.set('run/watchdog-mux.sock', '');
  assert.equal(found(), ['stand-in-watchdog']);
  files.delete('run/watchdog-mux.sock');
  files.set('dev/watchdog', '');
  assert.equal(found(), ['watchdog-unserved']);
  files.set('run/watchdog-mux.sock', '');
  assert.equal(found(), []);
  files.set('sys/class/watchdog/watchdog0/identity', 'Software Watchdog\n');
  assert.equal(found(), ['software-watchdog']);
  files.set('sys/class/watchdog/watchdog1/identity', 'iTCO_wdt\n');
  assert.equal(found(), []);

  assert.equal(
    checkTimeService(machine).map(({ code }) => code),
    ['no-time-service'],
  );
  files.set('run/chrony/chronyd.pid', '1\n');
  assert.equal(checkTimeService(machine), []);

  const status = (stamp: number): string => JSON.stringify({ timestamp: stamp, state: 'active', mode: 'active' });
  const clocks = described({
    ...three,
    files: {
      'nodes/n2/lrm_status': status(1_000_060),
      'nodes/n3/lrm_status': status(1_000_001),
      'ha/manager_status': '{"master_node":"n1","timestamp":999000}',
    },
  });
  assert.equal(
    checkClocks(machine, clocks).map(({ what }) => what),
    ["the clock of n2 is 60 s ahead of this machine's", "the manager's status is 1000 s old"],
  );
  files.set('etc/corosync/corosync.conf', 'totem {\n  config_version: 2\n}\n');
  assert.equal(
    checkHostConfig(machine, clocks).map(({ code }) => code),
    ['config-version-differs'],
  );
});

test('of a tree, what tells of the cluster is read', async () => {
  const files = testTree({ ...three, ...service, files: managed });
  const names = (path: string): string[] => {
    const inside = [...files.keys()].filter((file) => file.startsWith(`${path}/`));
    return [...new Set(inside.map((file) => file.slice(path.length + 1).split('/')[0]!))].filter((name) => name !== '');
  };
  const read = await readTree({
    list: async (path) => [...names(path), 'notes.txt'],
    read: async (path) => files.get(path) ?? (path.endsWith('.txt') ? 'x' : undefined),
  });
  for (const [path, text] of files) assert.is(read.get(path), text, path);
  assert.not.ok([...read.keys()].some((path) => path.endsWith('notes.txt')));
});

test.run();
