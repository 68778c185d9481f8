import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../clock/virtual.ts';
import { SeededRandom } from '../random/seeded.ts';
import { PERFECT_LINK, SimulatedNetwork } from './simulated.ts';

function makeNetwork(seed = 1) {
  const clock = new VirtualClock();
  const network = new SimulatedNetwork({ clock, random: new SeededRandom(seed) });
  const got = new Map<number, string[]>();
  const open = (nodeid: number) => {
    const port = network.port(nodeid);
    const list: string[] = [];
    got.set(nodeid, list);
    port.onReceive((sender, payload) => list.push(`${sender}:${payload.toString()}`));
    return port;
  };
  return { clock, network, got, ports: [open(1), open(2), open(3)] as const, open };
}

test('a multicast reaches all peers and nobody else', () => {
  const { clock, got, ports } = makeNetwork();
  const payload = Buffer.from('x');
  ports[0].multicast([2, 3], payload);
  payload[0] = 0x79;
  clock.advance(1);
  assert.equal([got.get(1), got.get(2), got.get(3)], [[], ['1:x'], ['1:x']]);
});

test('a blocked direction loses, the other way is open; heal ends it', () => {
  const { clock, network, got, ports } = makeNetwork();
  network.block(1, 2);
  ports[0].send(2, Buffer.from('a'));
  ports[1].send(1, Buffer.from('b'));
  clock.advance(1);
  network.heal();
  ports[0].send(2, Buffer.from('c'));
  clock.advance(1);
  assert.equal([got.get(1), got.get(2)], [['2:b'], ['1:c']]);
});

test('a clogged direction delivers later', () => {
  const { clock, network, got, ports } = makeNetwork();
  network.clog(1, 2);
  ports[0].send(2, Buffer.from('a'));
  clock.advance(100);
  assert.equal(got.get(2), []);
  network.unclog(1, 2);
  assert.equal(got.get(2), ['1:a']);
});

test('nothing of an earlier incarnation arrives, neither from it nor at it', () => {
  const { clock, network, got, ports, open } = makeNetwork();
  network.setDefaults({ ...PERFECT_LINK, latency_min_ms: 10, latency_max_ms: 10 });
  ports[0].send(2, Buffer.from('old sender'));
  ports[2].send(1, Buffer.from('old receiver'));
  network.crash(1);
  open(1);
  clock.advance(100);
  assert.equal([got.get(1), got.get(2)], [[], []]);
});

test('loss and duplication follow their probabilities, and a seed repeats them', () => {
  const run = (seed: number): string => {
    const { clock, network, got, ports } = makeNetwork(seed);
    network.setDefaults({ latency_min_ms: 0, latency_max_ms: 5, loss: 0.2, duplication: 0.1 });
    for (let i = 0; i < 2000; i++) ports[0].send(2, Buffer.from(String(i)));
    clock.advance(10);
    const count = got.get(2)!.length;
    assert.ok(count > 1650 && count < 1850, `${count} of 2000 arrived`);
    return got.get(2)!.join();
  };
  assert.is(run(5), run(5));
  assert.is.not(run(5), run(6));
});

test('sending to oneself is refused', () => {
  const { ports } = makeNetwork();
  assert.throws(() => ports[0].send(1, Buffer.from('x')), /to itself/);
});

test("a slow way takes one datagram after the other, loses what finds its buffer full, and doesn't slow others", () => {
  const { clock, network, got, ports } = makeNetwork();
  // 946 bytes and 54 of headers take 100 ms.
  network.setLink(1, 2, { ...PERFECT_LINK, bandwidth_kbps: 80 });
  const payload = (letter: string): Buffer => Buffer.from(letter.repeat(946));
  for (const letter of ['a', 'b', 'c', 'd', 'e', 'f']) ports[0].send(2, payload(letter));
  ports[1].send(1, payload('x'));
  clock.advance(99);
  assert.equal([got.get(1)?.length, got.get(2)?.length], [1, 0]);
  clock.advance(2);
  assert.is(got.get(2)?.length, 1);
  clock.advance(1000);
  assert.equal(
    got.get(2)?.map((text) => text[2]),
    ['a', 'b', 'c', 'd', 'e'],
  );
  assert.is(network.counters.lost, 1);
});

test.run();
