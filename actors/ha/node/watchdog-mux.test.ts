import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { haTimes } from '../../../machines/ha/times.ts';
import { VirtualClock } from '../../../runtime/clock/virtual.ts';
import { standInWatchdog } from '../../../runtime/watchdog/stand-in.ts';
import { WatchdogMuxHost } from './watchdog-mux.ts';

function newMux() {
  const clock = new VirtualClock();
  const deeds: string[] = [];
  const deed = (name: string) => deeds.push(`${clock.monotonic_ms() / 1000} ${name}`);
  const device = standInWatchdog({ clock, timeout_s: 10, reset: () => deed('reset') });
  const mux = new WatchdogMuxHost(
    {
      clock,
      device,
      log: deed,
      sync: () => deed('sync'),
      setMarker: (isThere) => deed(isThere ? 'marker' : 'no marker'),
      refuse: (client) => deed(`refuse ${client}`),
      exit: (isClean) => deed(isClean ? 'exit' : 'exit with the device running'),
    },
    haTimes(),
  );
  return {
    mux,
    clock,
    /** What was done since the last call. */
    did: () => deeds.splice(0),
    feed: (client: number, text = '\0') => mux.data(client, Buffer.from(text)),
  };
}

test('quiet seconds feed the device, with and without clients', () => {
  const { clock, did, feed, mux } = newMux();
  clock.advance(120_000);
  mux.connected(1, 77);
  for (let round = 0; round < 20; round++) {
    feed(1);
    clock.advance(10_000);
  }
  assert.equal(did(), ['120 marker', '120 added new client (PID 77) to watch']);
});

test('a client that says nothing more costs the node: warned, expired, reset', () => {
  const { clock, did, mux } = newMux();
  mux.connected(1, 77);
  did();
  clock.advance(200_000);
  assert.equal(did(), [
    '51 client (PID 77) watchdog is about to expire',
    '51 sync',
    '61 client (PID 77) watchdog expired - disable watchdog updates',
    '61 sync',
    '70 reset',
  ]);
});

test('a client that is gone without a word costs the node', () => {
  const { clock, did, mux } = newMux();
  mux.connected(1, 77);
  clock.advance(5500);
  did();
  mux.disconnected(1);
  clock.advance(20_000);
  assert.match(did().at(-1)!, /^1\d(\.\d+)? reset$/);
});

test('a request to end: clean without clients, with the device running where there is one', () => {
  const { did, mux, clock } = newMux();
  mux.terminate();
  clock.advance(60_000);
  assert.equal(did(), ['0 clean exit', '0 exit']);
  const other = newMux();
  other.mux.connected(1, 77);
  other.mux.terminate();
  other.clock.advance(60_000);
  assert.equal(other.did().slice(2), [
    '0 exit watchdog-mux with active connections',
    '0 exit with the device running',
    '10 reset',
  ]);
});

test('without its supervisor it ends when nobody is watched any more, and not before', () => {
  const { clock, did, feed, mux } = newMux();
  mux.connected(1, 77);
  mux.orphan();
  clock.advance(30_000);
  feed(1, 'V');
  did();
  mux.disconnected(1);
  assert.equal(did().slice(-2), ['30 clean exit', '30 exit']);
  clock.advance(60_000);
  assert.equal(did(), []);
});

test.run();
