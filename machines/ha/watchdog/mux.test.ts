import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type MuxEvent, WatchdogMux } from './mux.ts';

const connect = (client: number, at = 0): MuxEvent => ({ type: 'CONNECT', client, pid: 100 + client, at });
const data = (client: number, text: string, at: number): MuxEvent => ({
  type: 'DATA',
  client,
  bytes: new TextEncoder().encode(text),
  at,
});
const quiet = (at: number): MuxEvent => ({ type: 'QUIET', at });

function newMux(...events: MuxEvent[]) {
  const mux = new WatchdogMux();
  const give = (...more: MuxEvent[]) =>
    more.flatMap((event) => mux.step(event)).map((one) => (one.effect === 'log' ? one.text : one.effect));
  give(...events);
  return { mux, give };
}

test('a quiet second feeds the device, with and without clients', () => {
  const { give } = newMux();
  assert.equal(give(quiet(1)), ['feed-device']);
  assert.equal(give(connect(1)), ['make-marker', 'added new client (PID 101) to watch']);
  assert.equal(give(quiet(2)), ['feed-device']);
});

test('a client is warned about once, and may come back', () => {
  const { give } = newMux(connect(1));
  assert.equal(give(quiet(50)), ['feed-device']);
  assert.equal(give(quiet(51)), ['client (PID 101) watchdog is about to expire', 'sync-journal', 'feed-device']);
  assert.equal(give(quiet(52)), ['feed-device']);
  assert.equal(give(data(1, '\0', 53), quiet(54)), [
    'client (PID 101) watchdog was updated before expiring',
    'feed-device',
  ]);
});

test('X1 one late client is enough: the device is never fed again', () => {
  const { give, mux } = newMux(connect(1), connect(2));
  give(data(2, '\0', 55), quiet(60));
  assert.is(give(quiet(61)).includes('client (PID 101) watchdog expired - disable watchdog updates'), true);
  assert.is(mux.state, 'failing');
  assert.equal(give(data(1, '\0', 62), quiet(63), quiet(64)), []);
});

test('X3 a clean goodbye is the last byte', () => {
  const clean = newMux(connect(1));
  assert.equal(clean.give(data(1, '\0V', 1), { type: 'DISCONNECT', client: 1, at: 2 }), [
    'client (PID 101) has disconnected cleanly. Removing it gracefully from the watch',
    'all watchdog client connections to the multiplexer closed',
    'remove-marker',
  ]);
  const taken = newMux(connect(1));
  const lines = taken.give(data(1, 'V\0', 1), { type: 'DISCONNECT', client: 1, at: 2 });
  assert.is(lines[0], 'client (PID 101) did not stop watchdog - disable watchdog updates');
  assert.is(taken.mux.state, 'failing');
});

test('X2 only a request to terminate, and only without clients, disarms the device', () => {
  assert.equal(newMux().give({ type: 'TERMINATE' }), ['clean exit', 'disarm-device', 'exit']);
  assert.equal(newMux(connect(1)).give({ type: 'TERMINATE' }), ['exit watchdog-mux with active connections', 'exit']);
  const failed = newMux(connect(1), { type: 'DISCONNECT', client: 1, at: 1 });
  assert.not(failed.give({ type: 'TERMINATE' }).includes('disarm-device'));
  assert.equal(newMux().give({ type: 'HANGUP' }), ['got SIGHUP - ignored']);
});

test('no more than a hundred clients', () => {
  const { give, mux } = newMux(...Array.from({ length: 100 }, (_, i) => connect(i)));
  assert.equal(give(connect(100)), ['refuse']);
  assert.is(mux.clients, 100);
});

test.run();
