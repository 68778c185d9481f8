import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Answer, FencePrograms } from './ports.ts';
import { HaTestWorld, type TestWorldOptions } from './test-world.ts';

/** A cluster in which its services run. */
function running(services: Readonly<Record<string, string>>, options: TestWorldOptions = {}): HaTestWorld {
  const world = new HaTestWorld(options);
  for (const [sid, node] of Object.entries(services)) world.addService(sid, node);
  world.bootAll();
  world.until(() => Object.entries(services).every(([sid, node]) => world.whereRuns(sid).includes(node)));
  return world;
}

for (const latency_ms of [0, 30]) {
  test(`a service is started where its guest is (answers after ${latency_ms} ms)`, () => {
    const world = running({ 'vm:100': 'n2' }, { latency_ms });
    assert.is(world.cluster.lockHolder('ha_agent_n2_lock'), 'n2');
    assert.is(world.cluster.lockHolder('ha_manager_lock'), world.master);
    assert.is(world.state('n2', 'lrm'), 'active');
    assert.is(world.status.service_status?.['vm:100']?.state, 'started');
    assert.ok(world.said("n2/lrm info successfully acquired lock 'ha_agent_n2_lock'"));
    assert.ok(world.said('n2/lrm info watchdog active'));
    world.run(600);
    assert.equal(world.resets, []);
    assert.is(world.lines.filter((line) => line.includes('acquired lock')).length, 2, 'renewals are silent');
  });

  test(`a node that dies is fenced after the lock's life, and its service recovered elsewhere (${latency_ms} ms)`, () => {
    const world = running({ 'vm:100': 'n2', 'vm:101': 'n3' }, { latency_ms });
    const diedAt_s = world.now_s;
    world.powerOff('n2');
    world.until(() => world.whereRuns('vm:100').length === 1);
    const took_s = world.now_s - diedAt_s;
    assert.ok(took_s > 110 && took_s < 190, `recovered after ${took_s} s`);
    assert.is.not(world.cluster.guestNode('100'), 'n2');
    assert.equal(
      world.mails.map(({ prefix, subject }) => `${prefix} ${subject}`),
      ["FENCE Try to fence node 'n2'", "SUCCEED fencing: acknowledged - got agent lock for node 'n2'"],
    );
    assert.equal(world.whereRuns('vm:101'), ['n3']);
    assert.equal(world.overlaps(), []);
  });
}

test('a node that is cut off is reset by its watchdog before its service runs elsewhere', () => {
  const world = running({ 'vm:100': 'n2' }, { latency_ms: 10 });
  world.cluster.connect('n2', false);
  world.until(() => world.whereRuns('vm:100').some((node) => node !== 'n2'));
  assert.equal(world.resets, ['n2']);
  assert.equal(world.overlaps(), []);
});

test('the cut off node is the master: another takes over, fences it and recovers its service', () => {
  const world = running({ 'vm:100': 'n1', 'vm:101': 'n2', 'vm:102': 'n3' }, { latency_ms: 10 });
  const master = world.master!;
  const sid = `vm:${100 + world.nodes.indexOf(master)}`;
  world.cluster.connect(master, false);
  world.until(() => world.whereRuns(sid).some((node) => node !== master));
  assert.equal(world.resets, [master]);
  assert.is.not(world.master, master);
  assert.equal(world.overlaps(), []);
});

test('a short loss of quorum costs nothing: the lease is renewed when it is back', () => {
  const world = running({ 'vm:100': 'n2' }, { latency_ms: 10 });
  world.cluster.connect('n2', false);
  world.run(25);
  world.cluster.connect('n2', true);
  world.run(300);
  assert.equal(world.resets, []);
  assert.equal(world.whereRuns('vm:100'), ['n2']);
  assert.is(world.stays.get('vm:100')?.length, 1);
});

test('an LRM that is killed costs its node', () => {
  const world = running({ 'vm:100': 'n2' }, { latency_ms: 10 });
  world.kill('n2', 'lrm');
  world.until(() => world.resets.length > 0, 20);
  world.until(() => world.whereRuns('vm:100').some((node) => node !== 'n2'));
  assert.equal(world.overlaps(), []);
});

/** Answers of this operation on this path come late; what they ask for happens at once. */
function late(daemon: string, operation: 'mkdir' | 'setTime', path: string, by_ms: () => number): TestWorldOptions {
  return {
    between: (id, files, clock) => {
      if (id !== daemon) return files;
      const answerLate =
        (done: Answer<number>): Answer<number> =>
        (errno) =>
          void clock.setTimeout(() => done(errno), by_ms());
      const isLate = (one: string): boolean => one === path;
      return {
        ...files,
        mkdir: (one, done) => files.mkdir(one, operation === 'mkdir' && isLate(one) ? answerLate(done) : done),
        setTime: (one, mtime_s, done) =>
          files.setTime(one, mtime_s, operation === 'setTime' && isLate(one) ? answerLate(done) : done),
      };
    },
  };
}

test('H3 H4 no watchdog is opened for a lock that was obtained too long ago', () => {
  const world = new HaTestWorld(late('n2/lrm', 'mkdir', 'priv/lock/ha_agent_n2_lock', () => 51_000));
  world.addService('vm:100', 'n2');
  world.bootAll();
  world.until(() => world.ends.length > 0);
  assert.equal(world.ends, ['n2/lrm failed']);
  assert.ok(world.said('n2/lrm error watchdog not opened, the lock was renewed too long ago'));
  assert.equal([world.machines.get('n2')!.openWatchdogs, world.whereRuns('vm:100'), world.resets], [0, [], []]);
});

test('H3 a renewal that is answered too late resets the node before its service runs elsewhere', () => {
  let by_ms = 0;
  const world = running(
    { 'vm:100': 'n2' },
    late('n2/lrm', 'setTime', 'priv/lock/ha_agent_n2_lock', () => by_ms),
  );
  by_ms = 55_000;
  world.run(400);
  assert.equal(world.resets, ['n2']);
  assert.equal(world.overlaps(), []);
  assert.is(world.whereRuns('vm:100').length, 1);
});

test('H1 a daemon that is killed between ask and answer hears nothing of it', () => {
  const world = new HaTestWorld(late('n2/lrm', 'mkdir', 'priv/lock/ha_agent_n2_lock', () => 20_000));
  world.addService('vm:100', 'n2');
  world.bootAll();
  world.run(15);
  assert.is(world.cluster.lockHolder('ha_agent_n2_lock'), 'n2');
  world.kill('n2', 'lrm');
  const { length } = world.lines.filter((line) => line.includes('n2/lrm'));
  world.run(60);
  assert.is(world.lines.filter((line) => line.includes('n2/lrm')).length, length);
});

test('maintenance moves services away, its end brings them back', () => {
  const world = running({ 'vm:100': 'n2' }, { latency_ms: 10 });
  world.command('enable-node-maintenance n2');
  world.until(() => world.whereRuns('vm:100').some((node) => node !== 'n2'));
  world.until(() => world.cluster.lockHolder('ha_agent_n2_lock') === undefined);
  assert.is(world.state('n2', 'lrm'), 'maintenance');
  world.command('disable-node-maintenance n2');
  world.until(() => world.whereRuns('vm:100').includes('n2'));
  assert.equal([world.resets, world.overlaps()], [[], []]);
});

test('shutdown policies: conditional stops, migrate moves, freeze waits for the node', () => {
  const stopping = running({ 'vm:100': 'n2' }, { latency_ms: 10 });
  stopping.shutdown('n2', 'lrm', 'shutdown');
  stopping.until(() => stopping.ends.includes('n2/lrm exit'));
  assert.equal(stopping.whereRuns('vm:100'), []);
  assert.is(stopping.machines.get('n2')!.openWatchdogs, stopping.master === 'n2' ? 1 : 0);

  const moving = running({ 'vm:100': 'n2' }, { latency_ms: 10 });
  moving.cluster.put('datacenter.cfg', 'ha: shutdown_policy=migrate\n');
  moving.shutdown('n2', 'lrm', 'reboot');
  moving.until(() => moving.ends.includes('n2/lrm exit'));
  moving.until(() => moving.whereRuns('vm:100').some((node) => node !== 'n2'));
  assert.equal(moving.overlaps(), []);

  const freezing = running({ 'vm:100': 'n2' }, { latency_ms: 10 });
  freezing.cluster.put('datacenter.cfg', 'ha: shutdown_policy=freeze\n');
  freezing.shutdown('n2', 'lrm', 'shutdown');
  freezing.until(() => freezing.ends.includes('n2/lrm exit'));
  assert.is(freezing.status.service_status?.['vm:100']?.state, 'freeze');
  freezing.startDaemon('n2', 'lrm');
  freezing.until(() => freezing.whereRuns('vm:100').includes('n2'));
  assert.equal(freezing.overlaps(), []);
});

test('a restart of the LRM freezes its services, which run on', () => {
  const world = running({ 'vm:100': 'n2' }, { latency_ms: 10 });
  world.shutdown('n2', 'lrm');
  world.until(() => world.ends.includes('n2/lrm exit'));
  assert.equal(world.whereRuns('vm:100'), ['n2']);
  assert.is(world.cluster.lockHolder('ha_agent_n2_lock'), undefined);
  world.startDaemon('n2', 'lrm');
  world.until(() => world.status.service_status?.['vm:100']?.state === 'started');
  assert.is(world.stays.get('vm:100')?.length, 1);
});

test('a daemon without anything to put away ends at once', () => {
  const world = new HaTestWorld({ latency_ms: 10 });
  world.bootAll();
  world.run(33);
  for (const kind of ['lrm', 'crm'] as const) world.shutdown('n1', kind);
  world.run(0.5);
  assert.equal(world.ends, ['n1/crm exit', 'n1/lrm exit'].sort());
});

test('disarm and arm: no watchdog is open meanwhile, and the service runs on', () => {
  const world = running({ 'vm:100': 'n2' }, { latency_ms: 10 });
  world.command('disarm-ha freeze');
  world.until(() => world.status.disarm?.state === 'disarmed');
  world.run(20);
  assert.equal(
    world.nodes.map((node) => world.machines.get(node)!.openWatchdogs),
    [0, 0, 0],
  );
  assert.is(world.cluster.lockHolder('ha_agent_n2_lock'), undefined);
  world.run(300);
  world.command('arm-ha');
  world.until(() => world.status.service_status?.['vm:100']?.state === 'started');
  world.until(() => world.machines.get('n2')!.openWatchdogs > 0);
  assert.is(world.stays.get('vm:100')?.length, 1);
});

test('commands are taken under the domain lock, once', () => {
  const world = running({ 'vm:100': 'n2' }, { latency_ms: 10 });
  world.cluster.files('n1').mkdir('priv/lock/domain-ha', () => {});
  world.command('relocate vm:100 n3');
  world.run(9);
  assert.is(world.cluster.text('ha/crm_commands'), 'relocate vm:100 n3\n');
  world.until(() => world.whereRuns('vm:100').includes('n3'));
  assert.ok(world.said("got unexpected error - cfs-lock 'domain-ha' error: got lock request timeout"));
  assert.is(world.cluster.text('ha/crm_commands'), '');
  assert.equal(world.overlaps(), []);
});

test('an interrupted steal is taken over where the guest is', () => {
  const world = running({ 'vm:100': 'n2' }, { latency_ms: 10 });
  world.powerOff('n2');
  world.until(() => world.said("'vm:100': state changed from 'started' to 'fence'"));
  const content = world.cluster.text('nodes/n2/qemu-server/100.conf')!;
  world.cluster.remove('nodes/n2/qemu-server/100.conf');
  world.cluster.put('nodes/n1/qemu-server/100.conf', content);
  world.until(() => world.whereRuns('vm:100').includes('n1'));
  assert.is(world.cluster.guestNode('100'), 'n1');
  assert.equal(world.overlaps(), []);
});

test('a leftover lock is removed from the configuration of a recovered guest', () => {
  const world = running({ 'vm:100': 'n2' }, { latency_ms: 10 });
  world.cluster.put('nodes/n2/qemu-server/100.conf', 'lock: backup\nmemory: 512\n\n[snap]\nlock: backup\n');
  world.powerOff('n2');
  world.until(() => world.whereRuns('vm:100').length === 1);
  const node = world.cluster.guestNode('100');
  assert.is(world.cluster.text(`nodes/${node}/qemu-server/100.conf`), 'memory: 512\n\n[snap]\nlock: backup\n');
  assert.ok(world.said("removed leftover lock 'backup' from recovered service 'vm:100' to allow its start."));
});

// Fence devices

interface Programs extends FencePrograms {
  readonly lines: string[];
}

/** `codes` by action. */
function programs(codes: { off: number; status: number }): Programs {
  const lines: string[] = [];
  return {
    lines,
    run: (line: string, done: Answer<number>) => {
      lines.push(line);
      done(line.endsWith('--action=off') ? codes.off : codes.status);
      return () => {};
    },
  };
}

const FENCE_CFG = 'device apc fence_apc ip=192.0.2.8 action=reboot\nconnect apc node=n2 plug=2\n';

test('hardware: off, confirmed off, and the lock is ours long before it expires', () => {
  const devices = programs({ off: 0, status: 2 });
  const world = running({ 'vm:100': 'n2' }, { latency_ms: 10, programs: devices });
  world.cluster.put('ha/fence.cfg', FENCE_CFG);
  world.cluster.put('datacenter.cfg', 'fencing: hardware\n');
  const diedAt_s = world.now_s;
  world.powerOff('n2');
  world.until(() => world.whereRuns('vm:100').length === 1);
  assert.ok(world.now_s - diedAt_s < 105, `recovered after ${world.now_s - diedAt_s} s`);
  const base = 'fence_apc --ip=192.0.2.8 --plug=2';
  assert.equal(devices.lines, [`${base} --action=off`, `${base} --action=status`]);
  assert.ok(world.said(`notice [fence 'n2'] execute cmd: ${base} --action=off`));
});

test('hardware: without the word of the device nothing is recovered, and it is tried again', () => {
  const devices = programs({ off: 0, status: 0 });
  const world = running({ 'vm:100': 'n2' }, { latency_ms: 10, programs: devices });
  world.cluster.put('ha/fence.cfg', FENCE_CFG);
  world.cluster.put('datacenter.cfg', 'fencing: hardware\n');
  world.powerOff('n2');
  world.run(400);
  assert.equal(world.whereRuns('vm:100'), []);
  assert.ok(world.said("error tried all fence devices for node 'n2'"));
  assert.ok(devices.lines.filter((line) => line.endsWith('off')).length > 2);
  world.cluster.put('datacenter.cfg', 'fencing: both\n');
  world.until(() => world.whereRuns('vm:100').length === 1, 60);
});

test('hardware: a node without device is fenced as by watchdog', () => {
  const world = running({ 'vm:100': 'n2' }, { latency_ms: 10, programs: programs({ off: 0, status: 2 }) });
  world.cluster.put('datacenter.cfg', 'fencing: hardware\n');
  world.powerOff('n2');
  world.until(() => world.whereRuns('vm:100').length === 1);
  assert.is(world.lines.filter((line) => line.includes("no fence commands for node 'n2'")).length, 1);
  assert.equal(world.overlaps(), []);
});

test.run();
