import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { clusterConfig } from './cluster-samples.ts';
import { type SimulatedNode, TotemWorld, type WorldOptions } from './world.ts';

/** A settled cluster of n nodes, each with one process in group `g`. */
function makeCluster(count: number, options: Partial<WorldOptions> = {}) {
  const lines: string[] = [];
  const world = new TotemWorld({
    seed: 1,
    config: clusterConfig(count),
    log: (line) => lines.push(line),
    ...options,
  });
  for (const node of world.nodes) {
    world.start(node);
    world.join(node, 'g');
  }
  assert.ok(world.settle(5000) !== undefined, 'the cluster forms');
  world.clock.advance(100);
  return { world, lines, nodes: world.nodes };
}

function status(node: SimulatedNode | undefined) {
  return node!.node!.status();
}

function check(world: TotemWorld): void {
  assert.equal(world.check(true), []);
}

test('three nodes form a ring, with the log of the original', () => {
  const { world, lines, nodes } = makeCluster(3);
  const own = lines.filter((line) => line.includes(' n1 [')).map((line) => line.trim().split(' n1 ')[1]);
  assert.equal(own, [
    '[QUORUM] notice: Sync members[1]: 1',
    '[QUORUM] notice: Sync joined[1]: 1',
    '[TOTEM] notice: A new membership (1.4) was formed. Members joined: 1',
    '[QUORUM] notice: Members[1]: 1',
    '[MAIN] notice: Completed service synchronization, ready to provide service.',
    '[QUORUM] notice: Sync members[3]: 1 2 3',
    '[QUORUM] notice: Sync joined[2]: 2 3',
    '[TOTEM] notice: A new membership (1.8) was formed. Members joined: 2 3',
    '[QUORUM] notice: This node is within the primary component and will provide service.',
    '[QUORUM] notice: Members[3]: 1 2 3',
    '[MAIN] notice: Completed service synchronization, ready to provide service.',
  ]);
  assert.equal(status(nodes[0]).view.members, [1, 2, 3]);
  check(world);
});

test('all nodes get all messages in one order, small ones packed', () => {
  const { world, nodes } = makeCluster(3);
  const framesBefore = status(nodes[0]).counters.framesSent;
  for (let i = 0; i < 100; i++) for (const node of nodes) world.send(node.processes[0]!, 100);
  world.clock.advance(100);
  for (const node of nodes) assert.is(node.processes[0]!.delivered, 300);
  assert.ok(status(nodes[0]).counters.framesSent - framesBefore <= 3, 'a hundred messages fit two datagrams');
  check(world);
});

test('a state of 10 MiB arrives whole through datagrams of 1400 bytes (G9)', () => {
  const { world, nodes } = makeCluster(3, { maxPayload: 1400 });
  assert.ok(world.send(nodes[1]!.processes[0]!, 32 + 40 * 262_144));
  assert.not(world.send(nodes[1]!.processes[0]!, 100), 'the queue is full: try again');
  world.clock.advance(5000);
  for (const node of nodes) assert.is(node.processes[0]!.delivered, 1);
  assert.ok(world.send(nodes[1]!.processes[0]!, 100));
  world.clock.advance(100);
  check(world);
});

test('a silent death is known within 2.5 s, and what the survivors sent meanwhile arrives', () => {
  const { world, nodes, lines } = makeCluster(3);
  world.crash(nodes[2]!);
  world.send(nodes[0]!.processes[0]!, 100);
  world.clock.advance(2500);
  assert.equal(status(nodes[0]).view.members, [1, 2]);
  assert.ok(status(nodes[0]).view.quorate);
  assert.is(nodes[1]!.processes[0]!.delivered, 1);
  assert.ok(
    lines.some((line) =>
      line.endsWith(
        'n1 [TOTEM] notice: A processor failed, forming new configuration: token timed out (1025ms), waiting 1230ms for consensus.',
      ),
    ),
  );
  assert.ok(lines.some((line) => line.endsWith('Failed to receive the leave message. failed: 3')));
  check(world);
});

test('a clean stop is known at once', () => {
  const { world, nodes, lines } = makeCluster(3);
  world.stop(nodes[0]!);
  world.clock.advance(50);
  assert.equal(status(nodes[1]).view.members, [2, 3]);
  assert.not(lines.some((line) => line.includes('Failed to receive')));
  check(world);
});

test('a stall of half a second of any process changes nothing, idle or busy', () => {
  for (const busy of [false, true]) {
    for (let victim = 0; victim < 3; victim++) {
      const { world, nodes } = makeCluster(3);
      const before = status(nodes[0]).view.ring;
      for (let second = 0; second < 5; second++) {
        world.pause(nodes[victim]!);
        for (let i = 0; i < 10; i++) {
          if (busy) world.send(nodes[(victim + 1) % 3]!.processes[0]!, 200);
          world.clock.advance(50);
        }
        world.resume(nodes[victim]!);
        world.clock.advance(300);
      }
      assert.equal(status(nodes[0]).view.ring, before);
      check(world);
    }
  }
});

test('the first write after idling waits for a few hops, not for the hold', () => {
  const { world, nodes } = makeCluster(3);
  for (const writer of nodes) {
    world.clock.advance(1000);
    assert.ok(
      nodes.some((node) => status(node).counters.holds > 0),
      'the token was held',
    );
    world.send(writer.processes[0]!, 100);
    world.clock.advance(6);
    for (const node of nodes) assert.is(node.processes[0]!.delivered, nodes.indexOf(writer) + 1);
  }
});

test('an idle ring rests: few token visits per second', () => {
  const { world, nodes } = makeCluster(3);
  world.clock.advance(1000);
  const before = status(nodes[0]).counters.visits;
  world.clock.advance(10_000);
  assert.ok(status(nodes[0]).counters.visits - before < 150);
});

test('the minority loses quorum before it sees what it may not apply', () => {
  const { world, nodes } = makeCluster(3);
  const order: string[] = [];
  const victim = nodes[2]!.node!;
  const handle = victim.group.join('watch', 99, {
    deliver: (_sender, message) => order.push(`${message} ${victim.quorate ? 'applied' : 'refused'}`),
    configurationChange: () => {},
    batchEnd: () => {},
    lost: () => {},
  });
  world.clock.advance(100);
  handle.mcast(Buffer.from('before'));
  world.clock.advance(100);
  world.network.partition([[1, 2], [3]]);
  handle.mcast(Buffer.from('isolated'));
  world.clock.advance(3000);
  assert.equal(order, ['before applied', 'isolated refused']);
});

test('a node that hears us but is not heard does not make the others reconfigure for ever', () => {
  const { world, nodes } = makeCluster(3);
  for (const other of [1, 2]) world.network.block(3, other);
  world.clock.advance(5000);
  const before = status(nodes[0]).counters.ringsFormed;
  world.clock.advance(30_000);
  assert.equal(status(nodes[0]).view.members, [1, 2]);
  assert.is(status(nodes[0]).counters.ringsFormed, before);
  world.network.heal();
  for (const other of [1, 2]) world.network.block(other, 3);
  world.clock.advance(5000);
  const heard = status(nodes[0]).counters.ringsFormed;
  world.clock.advance(30_000);
  assert.is(status(nodes[0]).counters.ringsFormed, heard, 'nor one that is heard but does not hear');
  world.network.heal();
  assert.ok(world.settle(5000) !== undefined);
  check(world);
});

test('expected votes: refused into loss of quorum, accepted on a survivor, and told to all', () => {
  const { world, nodes } = makeCluster(3);
  const refused = nodes[0]!.node!.setExpected(2);
  assert.is(refused.ok, false);
  world.crash(nodes[1]!);
  world.crash(nodes[2]!);
  world.clock.advance(3000);
  assert.not(status(nodes[0]).view.quorate);
  assert.ok(nodes[0]!.node!.setExpected(1).ok);
  world.clock.advance(10);
  assert.ok(status(nodes[0]).view.quorate);
  assert.is(status(nodes[0]).view.quorum, 1);
});

test('two_node: the survivor stays quorate, and a node that starts alone waits for the other', () => {
  const { world, nodes } = makeCluster(2, { config: clusterConfig(2, { two_node: true, wait_for_all: true }) });
  world.crash(nodes[1]!);
  world.clock.advance(4000);
  assert.equal(status(nodes[0]).view.members, [1]);
  assert.ok(status(nodes[0]).view.quorate);
  world.network.block(1, 2);
  world.network.block(2, 1);
  world.start(nodes[1]!);
  world.clock.advance(4000);
  assert.not(status(nodes[1]).view.quorate);
  assert.ok(status(nodes[1]).waitingForAll);
  world.network.heal();
  assert.ok(world.settle(5000) !== undefined);
});

test('last_man_standing: after the window the survivors expect only one another', () => {
  const { world, nodes } = makeCluster(4, { config: clusterConfig(4, { last_man_standing: true }) });
  world.crash(nodes[3]!);
  world.clock.advance(8000);
  assert.is(status(nodes[0]).view.quorum, 3);
  world.clock.advance(10_000);
  for (const node of nodes.slice(0, 3)) assert.is(status(node).view.quorum, 2);
  world.crash(nodes[2]!);
  world.clock.advance(4000);
  assert.ok(status(nodes[0]).view.quorate);
});

test('a node is added and removed without a restart', () => {
  const small = clusterConfig(3);
  const large = clusterConfig(4);
  const { world, nodes } = makeCluster(4, { config: large });
  for (const node of nodes.slice(0, 3)) node.node!.reconfigure(small);
  world.clock.advance(3000);
  assert.equal(status(nodes[0]).view.members, [1, 2, 3]);
  assert.is(status(nodes[0]).view.quorum, 2);
  assert.equal(status(nodes[3]).view.members, [4]);
  assert.not(status(nodes[3]).view.quorate);
  for (const node of nodes.slice(0, 3)) node.node!.reconfigure(large);
  assert.ok(world.settle(5000) !== undefined);
  assert.is(status(nodes[0]).view.quorum, 3);
});

test('a node with an older list of nodes says so: no ring forms with those who count on others', () => {
  const { world, lines, nodes } = makeCluster(4);
  world.crash(nodes[2]!);
  world.clock.advance(4000);
  world.start(nodes[2]!);
  nodes[2]!.node!.reconfigure(clusterConfig(3));
  lines.length = 0;
  world.clock.advance(4000);
  assert.equal(status(nodes[2]).view.members, [3]);
  const told = lines.filter((line) =>
    line.includes('counts on nodes that are not in the configuration of this node: 4'),
  );
  assert.ok(told.length > 0 && told.length < 4, `told ${told.length} times`);
});

test('a killed node leaves, and its listeners learn that the engine is lost', () => {
  const { world, nodes } = makeCluster(3);
  let lost = 0;
  const listener = { deliver() {}, configurationChange() {}, batchEnd() {}, lost: () => void lost++ };
  nodes[2]!.node!.group.join('watch', 99, listener);
  world.clock.advance(100);
  assert.ok(nodes[0]!.node!.killNode(3).ok);
  assert.not(nodes[0]!.node!.killNode(9).ok);
  world.clock.advance(100);
  assert.is(lost, 1);
  assert.equal(status(nodes[0]).view.members, [1, 2]);
});

test('a stopped engine refuses: handles are dead', () => {
  const { world, nodes } = makeCluster(2);
  const process = nodes[0]!.processes[0]!;
  world.stop(nodes[0]!);
  assert.is(process.handle.mcast(Buffer.alloc(16)), 'not-joined');
});

test('random bytes from a peer are counted and dropped', () => {
  const { world, nodes } = makeCluster(3);
  const before = status(nodes[0]).view.ring;
  const random = world.random.split('noise');
  const port = world.network.port(3);
  for (let i = 0; i < 5000; i++) {
    const bytes = random.bytes(random.below(80));
    if (bytes.length > 1 && random.chance(0.9)) bytes[0] = 1;
    if (bytes.length > 1 && random.chance(0.9)) bytes[1] = random.below(8);
    port.send(1, bytes);
  }
  world.clock.advance(10);
  assert.ok(status(nodes[0]).counters.malformed > 3000);
  assert.equal(status(nodes[0]).view.ring, before);
});

test('a restarted node never takes part in a ring id twice', () => {
  const { world, nodes } = makeCluster(3);
  const seen = new Set<string>();
  for (let round = 0; round < 4; round++) {
    world.crash(nodes[2]!);
    world.start(nodes[2]!);
    const first = JSON.stringify(status(nodes[2]).view.ring);
    assert.not(seen.has(first));
    seen.add(first);
    assert.ok(world.settle(5000) !== undefined);
  }
});

// Representative, whose failure to make the commit token would be awaited, and one that would swallow it.
for (const full of [1, 2]) {
  test(`I2 of membership: node ${full}, whose disk doesn't take the new ring's id, leaves; the others form the ring`, () => {
    const { world, lines, nodes } = makeCluster(4);
    const node = nodes[full - 1]!;
    const stored = node.ringSeq;
    node.isDiskFull = true;
    world.crash(nodes[3]!);
    world.start(nodes[3]!);
    world.clock.advance(8000);
    const others = [1, 2, 3, 4].filter((nodeid) => nodeid !== full);
    for (const other of nodes.filter((one) => one !== node)) {
      assert.equal(status(other).view.members, others);
      assert.is(status(other).view.quorate, true);
    }
    assert.is(status(node).state, 'left');
    assert.is(lines.filter((line) => line.includes(`n${full} can't store`)).length, 1);
    const mine = lines.filter((line) => line.includes(` n${full} [TOTEM] notice: A new membership`));
    assert.is(
      Number.parseInt(/\(\d\.([0-9a-f]+)\)/.exec(mine.at(-1) ?? '')?.[1] ?? '', 16),
      stored,
      'no ring unstored',
    );

    node.isDiskFull = false;
    world.crash(node);
    world.start(node);
    world.join(node, 'g');
    assert.ok(world.settle(5000) !== undefined, 'it is back after a restart');
    check(world);
  });
}

test.run();
