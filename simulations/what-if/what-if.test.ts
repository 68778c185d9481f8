// test-timeout: 600
/** Futures of small clusters: what must come, what must not, and how it is told. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ClusterDescription, describeCluster } from '../../actors/doctor/cluster-description.ts';
import { type TestCluster, testTree } from '../../actors/doctor/clusters-for-tests.ts';
import { readActs, type TimedAct } from './acts.ts';
import { type Assumptions, assumed } from './assumptions.ts';
import { eachNodeCode, eachNodeText, reportEachNode } from './each-node.ts';
import { forecastText } from './forecast-text.ts';
import { Futures, runShare } from './futures.ts';
import type { Future, Happening } from './happening.ts';
import { planCode, planRollingReboot, planText } from './rolling-reboot.ts';
import { EXIT, exitCode, type Forecast, forecast } from './timeline.ts';

const assumptions: Assumptions = { ...assumed, memory_bytes: {}, countsDevice: true };
const nodes = ['n1', 'n2', 'n3'];
const manager = { 'ha/manager_status': '{"master_node":"n1","node_status":{},"service_status":{}}' };
const three: TestCluster = {
  nodes,
  guests: { 'vm:101': 'n1', 'vm:102': 'n2', 'ct:103': 'n3' },
  resources: { 'vm:101': '', 'vm:102': '', 'ct:103': '' },
  files: manager,
};

function described(cluster: TestCluster): ClusterDescription {
  const description = describeCluster(testTree(cluster));
  if ('failure' in description) throw new Error(description.failure);
  return description;
}

function actsOf(cluster: ClusterDescription, texts: readonly string[]): readonly TimedAct[] {
  const acts = readActs(texts, { nodes: cluster.nodes, sids: [...cluster.resources.ids.keys()] });
  if ('problem' in acts) throw new Error(acts.problem);
  return acts;
}

interface Told {
  readonly futures: readonly Future[];
  readonly forecast: Forecast;
  readonly code: number;
  readonly text: string;
}

function whatIf(test: TestCluster, texts: readonly string[], phases = 3): Told {
  const cluster = described(test);
  const acts = actsOf(cluster, texts);
  const all = Array.from({ length: phases }, (_, phase) => phase);
  const futures = runShare({ cluster, acts, assumptions, phases }, all);
  const told = forecast(futures);
  return { futures, forecast: told, code: exitCode(told), text: forecastText({ cluster, acts, assumptions }, told) };
}

function timesOf<What extends Happening['what']>(
  { happenings }: Future,
  what: What,
  is: (happening: Extract<Happening, { what: What }>) => boolean = () => true,
): readonly number[] {
  return happenings.flatMap(({ at_s, happening }) =>
    happening.what === what && is(happening as Extract<Happening, { what: What }>) ? [at_s] : [],
  );
}

const endOf = ({ forecast: told }: Told, sid: string): string =>
  [...told.services.find((service) => service.sid === sid)!.ends.keys()].join();

test('a node that loses its power: its services start elsewhere once its lock is had', () => {
  const told = whatIf(three, ['power n2 off']);
  assert.is(told.code, EXIT.recovers);
  for (const future of told.futures) {
    const [fenced] = timesOf(future, 'fenced');
    const [given] = timesOf(future, 'recovered');
    const [runs] = timesOf(future, 'started', ({ sid }) => sid === 'vm:102');
    // A lock lives 120 s after its last renewal, which was at most a round ago.
    assert.ok(fenced! > 105 && fenced! < 145, `fenced after ${fenced}`);
    assert.ok(given! >= fenced! && runs! > given!);
    assert.equal(future.reset, []);
  }
  assert.not.equal(endOf(told, 'vm:102'), 'n2');
  assert.match(told.text, /vm:102 {2}n2 → n[13], down for \d+–\d+ s, back after \d+–\d+ s/);
  assert.match(told.text, '2 others stay as they are');
});

test('a node that loses its network is reset before its services start elsewhere, and comes back', () => {
  const told = whatIf(three, ['network n2 off'], 6);
  assert.is(told.code, EXIT.recovers);
  for (const future of told.futures) {
    const [reset] = timesOf(future, 'node-down', ({ how }) => how === 'reset');
    const [given] = timesOf(future, 'recovered');
    assert.ok(reset! > 50 && reset! <= 75, `reset after ${reset}`);
    assert.ok(given! > reset!, `given away at ${given}, reset at ${reset}`);
    assert.equal(timesOf(future, 'twice'), []);
    assert.ok(future.upAtEnd.includes('n2') && !future.quorateAtEnd.includes('n2'));
  }
});

test('W1: the same phase gives the same future, also in another process', async () => {
  const cluster = described(three);
  const options = { cluster, acts: actsOf(cluster, ['network n1 off']), assumptions, phases: 6 };
  const here = runShare(options, [0, 1, 2, 3, 4, 5]);
  assert.is.not(JSON.stringify(here[0]), JSON.stringify(here[1]));
  const pool = new Futures(2);
  try {
    assert.is(JSON.stringify(await pool.run(options)), JSON.stringify(here));
  } finally {
    pool.close();
  }
});

test('the loss of the master takes longer: another one must take over first', () => {
  const { futures } = whatIf(three, ['power n1 off']);
  for (const future of futures) {
    const [master] = timesOf(future, 'master');
    const [fenced] = timesOf(future, 'fenced');
    assert.ok(master! > 100 && fenced! - master! >= 55, `master ${master}, fenced ${fenced}`);
  }
});

test('a strict rule without room, and why', () => {
  const rules = 'node-affinity: pinned\n\tnodes n2\n\tresources vm:102\n\tstrict 1\n';
  const told = whatIf({ ...three, rules }, ['power n2 off'], 2);
  assert.is(told.code, EXIT.staysDown);
  assert.match(told.text, 'no node for vm:102: its node affinity rule allows no node that is online');
  assert.match(told.text, 'vm:102  n2 → nowhere (recovery), STAYS DOWN');
});

test('the same rule, and the node comes back: it fails back', () => {
  const rules = 'node-affinity: pinned\n\tnodes n2\n\tresources vm:102\n\tstrict 1\n';
  const told = whatIf({ ...three, rules }, ['power n2 off', 'power n2 on at 2m'], 2);
  assert.is(told.code, EXIT.recovers);
  assert.is(endOf(told, 'vm:102'), 'n2');
});

test('rules decide where, and are named', () => {
  const rules = [
    'node-affinity: order\n\tnodes n2:3,n3:2,n1:1\n\tresources vm:102\n',
    'resource-affinity: apart\n\taffinity negative\n\tresources vm:102,ct:103\n',
  ].join('\n');
  const told = whatIf({ ...three, rules: rules.split('\n\n')[0]! }, ['power n2 off'], 2);
  assert.is(endOf(told, 'vm:102'), 'n3');
  assert.match(told.text, 'vm:102 is given to n3: no other node is online and as much wanted by its rules');
});

test('a guest that is kept separate says from whom', () => {
  const rules = 'resource-affinity: apart\n\taffinity negative\n\tresources vm:102,ct:103\n';
  const told = whatIf({ ...three, rules }, ['power n2 off'], 2);
  assert.is(endOf(told, 'vm:102'), 'n1');
  assert.match(told.text, 'the only node left: not n3, kept separate from ct:103');
  assert.match(told.text, /vm:102 {2}n2 → n1, .*; by rule apart/);
});

test('a guest whose disks are local is given away, and fails to start', () => {
  const files = { ...manager, 'storage.cfg': 'lvmthin: local-lvm\n\tthinpool data\n' };
  const guests = { ...three.guests, 'vm:102': ['n2', 'memory: 512\nscsi0: local-lvm:vm-102-disk-0\n'] as const };
  const told = whatIf({ ...three, guests, files }, ['power n2 off'], 2);
  assert.is(told.code, EXIT.staysDown);
  assert.match(told.text, /vm:102 can't start on n[13]: its disks are on local-lvm, which is local/);
  assert.match(told.text, 'STAYS DOWN');
});

test('fence devices: the lock is had as soon as the power is proven to be off', () => {
  const device = nodes.map((node, at) => `connect pdu node=${node} plug=${at + 1}\n`).join('');
  const files = {
    ...manager,
    'datacenter.cfg': 'fencing: hardware\n',
    'ha/fence.cfg': `device pdu fence_apc ip=192.0.2.8\n${device}`,
  };
  const told = whatIf({ ...three, files }, ['network n2 off'], 2);
  assert.is(told.code, EXIT.recovers);
  assert.match(told.text, 'a fence device takes the power of n2');
  for (const future of told.futures) {
    const [cut] = timesOf(future, 'cut');
    const [fenced] = timesOf(future, 'fenced');
    assert.ok(cut! < 75 && fenced! > cut! && fenced! < 105, `cut at ${cut}, fenced at ${fenced}`);
  }
});

test('two nodes without a tie-breaker: the survivor has no quorum and ends too', () => {
  const two: TestCluster = {
    ...three,
    nodes: ['n1', 'n2'],
    guests: { 'vm:101': 'n1', 'vm:102': 'n2' },
    resources: { 'vm:101': '', 'vm:102': '' },
  };
  const told = whatIf(two, ['power n2 off'], 2);
  assert.is(told.code, EXIT.staysDown);
  assert.match(told.text, 'n1 loses quorum');
  assert.match(told.text, 'n1 is reset by its watchdog');
  const device = '  device {\n    model: net\n    votes: 1\n  }\n';
  const helped = whatIf({ ...two, quorum: device }, ['power n2 off'], 2);
  assert.is(helped.code, EXIT.recovers);
  assert.is(endOf(helped, 'vm:102'), 'n1');
});

test('two_node: a broken network lets a guest run twice, and that is called a danger', () => {
  const two: TestCluster = {
    nodes: ['n1', 'n2'],
    quorum: '  two_node: 1\n  wait_for_all: 0\n',
    guests: { 'vm:101': 'n1', 'vm:102': 'n2' },
    resources: { 'vm:101': '', 'vm:102': '' },
    files: manager,
  };
  const told = whatIf(two, ['network n2 off'], 2);
  assert.is(told.code, EXIT.staysDown);
  assert.match(told.text, /DANGER: vm:10[12] runs on n1 and n2 at once/);
});

test('what differs from phase to phase is told with its outcomes', () => {
  const told = whatIf(three, ['network n2 off', 'network n2 on at 54s'], 8);
  assert.is(told.code, EXIT.differs);
  assert.match(told.text, 'It depends on chance: ');
  assert.match(told.text, /in \d of 8: n2 is reset or fenced; vm:102 → n[13]/);
  assert.match(told.text, /n2 is reset by its watchdog after .* s \(in \d of 8\)/);
});

test('a network that is back within the minute costs nothing', () => {
  const told = whatIf(three, ['network n2 off', 'network n2 on at 30s']);
  assert.is(told.code, EXIT.recovers);
  assert.match(told.text, 'Every service runs on without a break.');
});

test('a reboot: services stop, wait for their node, and start there', () => {
  const told = whatIf(three, ['reboot n2'], 2);
  assert.is(told.code, EXIT.recovers);
  assert.is(endOf(told, 'vm:102'), 'n2');
  for (const future of told.futures) assert.equal([...future.reset, ...future.fenced], []);
  const [gap] = told.futures[0]!.services.find(({ sid }) => sid === 'vm:102')!.gaps;
  assert.ok(gap!.to_s! - gap!.from_s > assumed.boot_s);
});

test('a reboot with the policy migrate: services move away before, and back', () => {
  const files = { ...manager, 'datacenter.cfg': 'ha: shutdown_policy=migrate\n' };
  const told = whatIf({ ...three, files }, ['reboot n2'], 2);
  assert.is(told.code, EXIT.recovers);
  assert.is(endOf(told, 'vm:102'), 'n2');
  assert.equal(told.forecast.services.find(({ sid }) => sid === 'vm:102')!.down_s, undefined);
});

test('a shutdown: the lock is free, so a minute is enough', () => {
  const told = whatIf(three, ['shutdown n2'], 2);
  assert.is(told.code, EXIT.recovers);
  assert.not.equal(endOf(told, 'vm:102'), 'n2');
  for (const future of told.futures) {
    const [down] = timesOf(future, 'node-down');
    const [fenced] = timesOf(future, 'fenced');
    assert.ok(fenced! - down! < 85, `down at ${down}, fenced at ${fenced}`);
  }
});

test('maintenance moves a VM alive and a container with a break', () => {
  const told = whatIf(three, ['maintenance n2 on', 'maintenance n3 on at 2m'], 2);
  const of = (sid: string) => told.forecast.services.find((service) => service.sid === sid)!;
  assert.is(endOf(told, 'vm:102'), 'n1');
  assert.is(endOf(told, 'ct:103'), 'n1');
  assert.is(of('vm:102').down_s, undefined);
  assert.ok(of('ct:103').down_s!.from >= assumed.start_s);
  assert.match(told.text, /vm:102 moves from n2 to n[13] \(migrate\): /);
});

test('while HA is disarmed nothing is recovered, and what was frozen waits for its node', () => {
  const disarmed = whatIf(three, ['disarm freeze', 'power n2 off at 60s'], 2);
  assert.is(disarmed.code, EXIT.staysDown);
  for (const future of disarmed.futures) assert.equal(future.fenced, []);
  const armed = whatIf(three, ['disarm freeze', 'power n2 off at 60s', 'arm at 5m'], 2);
  assert.is(armed.code, EXIT.staysDown);
  assert.match(armed.text, 'n2 → nowhere (freeze), STAYS DOWN');
  const back = whatIf(three, ['disarm freeze', 'power n2 off at 60s', 'arm at 5m', 'power n2 on at 6m'], 2);
  assert.is(back.code, EXIT.recovers);
});

test('what somebody wants stopped is not missed', () => {
  const told = whatIf(three, ['service 102 stopped', 'power n2 off at 60s'], 2);
  assert.is(told.code, EXIT.recovers);
  assert.is(told.forecast.services.find(({ sid }) => sid === 'vm:102')!.down_s, undefined);
});

test('a command for a guest: it moves, or is refused with HA’s words', () => {
  assert.is(endOf(whatIf(three, ['migrate vm:102 n3'], 2), 'vm:102'), 'n3');
  const away = whatIf(three, ['power n3 off', 'migrate vm:102 n3 at 30s'], 2);
  assert.match(away.text, 'HA says: crm command error - node not online: migrate vm:102 n3');
});

test('guests that HA does not manage go down with their node, and start with it', () => {
  const guests = { ...three.guests, 'vm:900': ['n2', 'name: nas\nonboot: 1\n'] as const };
  const lost = whatIf({ ...three, guests }, ['power n2 off'], 2);
  assert.is(lost.code, EXIT.recovers);
  assert.match(lost.text, 'Not managed by HA, and down at the end: vm:900 (nas)');
  const back = whatIf({ ...three, guests }, ['power n2 off', 'power n2 on at 1m'], 2);
  assert.not.match(back.text, 'Not managed by HA');
});

test('a node that is down already stays out of it', () => {
  const members = JSON.stringify({ nodelist: { n1: { online: 1 }, n2: { online: 0 }, n3: { online: 1 } } });
  const told = whatIf({ ...three, files: { ...manager, '.members': members } }, ['power n3 off'], 2);
  assert.is(told.code, EXIT.staysDown);
  assert.match(told.text, 'n1 loses quorum');
});

test('acts are read, or refused with a sentence', () => {
  const known = { nodes, sids: ['vm:101', 'ct:103'] };
  const problem = (text: string): string => (readActs([text], known) as { problem: string }).problem;
  assert.equal(readActs(['power n2 off at 2m', ' network  n3 off', 'migrate 101 n3 at 30.5s'], known), [
    { at_s: 0, act: { act: 'network', node: 'n3', isOn: false }, text: 'network n3 off' },
    { at_s: 30.5, act: { act: 'move', verb: 'migrate', sid: 'vm:101', target: 'n3' }, text: 'migrate 101 n3' },
    { at_s: 120, act: { act: 'power', node: 'n2', isOn: false }, text: 'power n2 off' },
  ]);
  assert.match(problem('power n9 off'), "there is no node 'n9'; there are: n1, n2, n3");
  assert.match(problem('explode n1'), "'explode' is no command; there are: power NODE on|off");
  assert.match(problem('power n1'), 'write: power NODE on|off');
  assert.match(problem('power n1 maybe'), 'write: power NODE on|off');
  assert.match(problem('arm n1'), 'write: arm');
  assert.match(problem('service vm:555 started'), "HA doesn't manage 'vm:555'; it manages: vm:101, ct:103");
  assert.match(problem('power n1 off at noon'), "'noon' is no time");
  assert.match(problem('power n1 off at 2h'), 'not later than 3600 s');
  assert.match(problem('network n1 off at -5s'), "'-5s' is no time");
});

test('the loss of each node: who goes where, what does not fit, what cannot move', async () => {
  const guests = {
    ...three.guests,
    'vm:102': ['n2', 'memory: 6144\n'] as const,
    'vm:900': ['n3', 'onboot: 1\nmemory: 4096\nhostpci0: 0000:01:00.0\n'] as const,
  };
  const pool = new Futures(1);
  const cluster = described({ ...three, guests });
  const memory_bytes = { '': 8 * 1024 ** 3, n1: 4 * 1024 ** 3 };
  const question = { cluster, assumptions: { ...assumptions, memory_bytes }, phases: 2, futures: pool };
  const report = await reportEachNode(question);
  assert.equal(
    report.losses.map(({ node, placed }) => [node, Object.keys(placed)]),
    [
      ['n1', ['vm:101']],
      ['n2', ['vm:102']],
      ['n3', ['ct:103']],
    ],
  );
  const [, second, third] = report.losses;
  assert.equal(
    second!.overfull.map(({ node, wanted_bytes }) => [node, wanted_bytes / 1024 ** 3]),
    [['n1', 7]],
  );
  assert.equal(third!.unmanaged, ['vm:900']);
  assert.equal(
    report.bound.map(({ sid }) => sid),
    ['vm:900'],
  );
  assert.is(eachNodeCode(report), EXIT.staysDown);
  const text = eachNodeText(report);
  assert.match(text, 'TOO FULL: the guests of n1 then want 7 GiB of 4 GiB');
  assert.match(text, 'not managed by HA, down until n3 is back: vm:900');
  const unsized = await reportEachNode({ ...question, assumptions });
  assert.match(eachNodeText(unsized), "The memory of n1, n2 and n3 isn't known");
  assert.is(eachNodeCode(unsized), EXIT.recovers);
});

test('a rolling reboot: the master last, each step tried out; or not now', async () => {
  const pool = new Futures(1);
  const cluster = described(three);
  const plan = await planRollingReboot({ cluster, assumptions, phases: 2, futures: pool });
  assert.equal(
    plan.steps.map(({ node }) => node),
    ['n2', 'n3', 'n1'],
  );
  assert.equal(
    plan.steps[0]!.moves.map(({ from, sid, to }) => [sid, from, to]),
    [
      ['vm:102', 'n2', 'n1'],
      ['vm:102', 'n1', 'n2'],
    ],
  );
  assert.is(planCode(plan), EXIT.recovers);
  assert.match(planText(plan), 'ha-manager crm-command node-maintenance enable n2');
  const two = described({ ...three, nodes: ['n1', 'n2'], guests: { 'vm:101': 'n1' }, resources: { 'vm:101': '' } });
  const none = await planRollingReboot({ cluster: two, assumptions, phases: 2, futures: pool });
  assert.is(planCode(none), EXIT.staysDown);
  assert.match(planText(none), 'without one more node the cluster has no quorum');
});

const anyAct = fc.constantFrom(
  'power N off',
  'power N on',
  'network N off',
  'network N on',
  'reboot N',
  'shutdown N',
  'maintenance N on',
  'maintenance N off',
  'service S stopped',
  'service S started',
  'migrate S N',
  'disarm freeze',
  'disarm ignore',
  'arm',
);
const anyRules = fc.constantFrom(
  '',
  'node-affinity: a\n\tnodes n1,n2:2\n\tresources vm:101,vm:102\n\tstrict 1\n',
  'resource-affinity: b\n\taffinity negative\n\tresources vm:101,vm:102\n',
  'resource-affinity: b\n\taffinity positive\n\tresources vm:101,ct:103\n',
);

test('whatever is done, no service runs twice, none is given away while it runs, and all can be told', () => {
  const anyActs = fc.array(fc.tuple(anyAct, fc.nat(2), fc.nat(2), fc.integer({ min: 0, max: 300 })), {
    minLength: 1,
    maxLength: 5,
  });
  const policy = fc.constantFrom('conditional', 'freeze', 'failover', 'migrate');
  fc.assert(
    fc.property(anyActs, anyRules, policy, fc.nat(31), (acts, rules, shutdown, phase) => {
      const files = { ...manager, 'datacenter.cfg': `ha: shutdown_policy=${shutdown}\n` };
      const cluster = described({ ...three, rules, files });
      const sids = Object.keys(three.resources!);
      const texts = acts.map(
        ([act, node, sid, at_s]) => `${act.replace('N', nodes[node]!).replace('S', sids[sid]!)} at ${at_s}s`,
      );
      const timed = actsOf(cluster, texts);
      const [future] = runShare({ cluster, acts: timed, assumptions, phases: 32 }, [phase]);
      assert.equal(timesOf(future!, 'twice'), []);
      const running = new Set(sids);
      for (const { happening } of future!.happenings) {
        if (happening.what === 'started') running.add(happening.sid);
        else if (happening.what === 'stopped' || happening.what === 'lost') running.delete(happening.sid);
        else if (happening.what === 'recovered') assert.not.ok(running.has(happening.sid), JSON.stringify(happening));
      }
      const text = forecastText({ cluster, acts: timed, assumptions }, forecast([future!]));
      assert.not.match(text, /undefined|NaN|\[object/);
    }),
    { numRuns: 25 },
  );
});

test.run();
