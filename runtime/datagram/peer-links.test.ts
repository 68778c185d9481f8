import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LinkOptions } from '../formats/cluster-config.ts';
import { PeerLinks } from './peer-links.ts';

const link = (linknumber: number, priority = 1): LinkOptions => ({
  linknumber,
  priority,
  port: 5405 + linknumber,
  ping_interval_ms: 100,
  ping_timeout_ms: 200,
  pong_count: 2,
});

function bringUp(links: PeerLinks, number: number, now_ms: number): void {
  links.pong(number, now_ms, now_ms);
  links.pong(number, now_ms, now_ms);
}

test('a link comes up after pong_count pongs, the first ones asked for at once', () => {
  const links = new PeerLinks([link(0)]);
  assert.equal(links.pong(0, 0, 1), { events: [], again: true });
  assert.equal(links.pong(0, 1, 2), {
    events: [
      { type: 'up', link: 0 },
      { type: 'best', link: 0, priority: 1, active: true },
    ],
    again: false,
  });
  assert.equal(links.pong(0, 2, 3), { events: [], again: false });
});

test('a link goes down when no pong came for the timeout, and needs as many pongs again, without haste', () => {
  const links = new PeerLinks([link(0)]);
  bringUp(links, 0, 1000);
  assert.equal(links.check(1200, 0), []);
  assert.equal(links.check(1201, 0), [
    { type: 'down', link: 0 },
    { type: 'best', link: 0, priority: 1, active: false },
  ]);
  assert.equal(links.pong(0, 1300, 1300), { events: [], again: false });
  assert.is(links.pong(0, 1400, 1400).events.length, 2);
});

test('I1: the highest priority wins, the lowest number among equals', () => {
  const links = new PeerLinks([link(0, 1), link(1, 5), link(2, 5)]);
  assert.is(links.best, 1);
  bringUp(links, 0, 1000);
  assert.is(links.best, 0);
  bringUp(links, 2, 1000);
  assert.is(links.best, 2);
  bringUp(links, 1, 1000);
  assert.is(links.best, 1);
});

test('fail-over and back', () => {
  const links = new PeerLinks([link(0), link(1)]);
  bringUp(links, 0, 1000);
  bringUp(links, 1, 1000);
  links.pong(1, 1200, 1200);
  assert.equal(links.check(1250, 0), [
    { type: 'down', link: 0 },
    { type: 'best', link: 1, priority: 1, active: true },
  ]);
  bringUp(links, 0, 1300);
  assert.is(links.best, 0);
});

test('I2: without a live link there is still one to try', () => {
  const links = new PeerLinks([link(0), link(1, 9)]);
  assert.is(links.best, 1);
  assert.equal(links.choice(), { type: 'best', link: 1, priority: 9, active: false });
});

test('I3: a stall of this process counts against no link', () => {
  const links = new PeerLinks([link(0)]);
  bringUp(links, 0, 1000);
  assert.equal(links.check(1700, 600), []);
  assert.is(links.check(1900, 0).length, 2);
});

test('pongs that come too late, from the future or for an unknown link count nothing', () => {
  const links = new PeerLinks([link(0)]);
  for (const [number, pinged_ms] of [
    [0, 700],
    [0, 1001],
    [0, Number.NaN],
    [3, 1000],
  ] as const) {
    assert.equal(links.pong(number, pinged_ms, 1000), { events: [], again: false });
  }
});

test('pings come at the interval, and at once after a restart of the peer', () => {
  const links = new PeerLinks([link(0), link(1)]);
  assert.equal(links.pingsDue(1000), [0, 1]);
  assert.equal(links.pingsDue(1099), []);
  assert.equal(links.pingsDue(1100), [0, 1]);
  links.restart();
  assert.equal(links.pingsDue(1101), [0, 1]);
});

test('a reconfiguration keeps the state of links, except those that moved', () => {
  const links = new PeerLinks([link(0), link(1)]);
  bringUp(links, 0, 1000);
  bringUp(links, 1, 1000);
  links.reconfigure([link(0), link(1, 7), link(2)], new Set([0]));
  assert.equal(
    links.view().map(({ up }) => up),
    [false, true, false],
  );
  assert.is(links.best, 1);
});

test.run();
