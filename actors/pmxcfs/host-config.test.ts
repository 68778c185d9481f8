import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { type HostFile, type HostFileFailure, hostFile } from '../../runtime/file-system/host-file.ts';
import { createHostConfig } from './host-config.ts';

const PATH = '/etc/corosync/corosync.conf';
const config = (version: number | string, rest = '') =>
  Buffer.from(`totem {\n  config_version: ${version}\n${rest}}\n`);

/** A host file in memory, everything that happens in the order in which it happens, and a clock in our hands. */
function world(content?: Buffer) {
  const events: string[] = [];
  const clock = new VirtualClock();
  const state = {
    content,
    readFailure: undefined as HostFileFailure | undefined,
    writeFailure: undefined as HostFileFailure | undefined,
    exitCode: 0,
  };
  const file: HostFile = {
    path: PATH,
    read: () => (state.readFailure === undefined ? state.content : { failure: state.readFailure }),
    replace: (written) => {
      if (state.writeFailure !== undefined) return state.writeFailure;
      state.content = written;
      events.push('write');
      return undefined;
    },
  };
  const hostConfig = createHostConfig({
    file,
    clock,
    log: { write: (domain, level, message) => events.push(`[${domain}] ${level}: ${message}`) },
    notify: (done) => {
      events.push(`notify at ${clock.monotonic_ms()}`);
      done(state.exitCode);
    },
  });
  return { events, clock, state, hostConfig };
}

const wrote = (version: number) => `[dcdb] notice: wrote new corosync config '${PATH}' (version = ${version})`;

test('a missing or empty tree file is left alone', () => {
  const { events, hostConfig } = world(config(3));
  hostConfig.synchronise(undefined, true);
  hostConfig.synchronise(Buffer.alloc(0), true);
  assert.equal(events, []);
});

test('a tree file without a version is refused (I1)', () => {
  for (const text of ['totem {}', 'config_version: 0', 'config_version: x']) {
    const { events, hostConfig } = world();
    hostConfig.synchronise(Buffer.from(text), true);
    assert.equal(events, ['[dcdb] crit: unable to parse cluster config_version'], text);
  }
});

test('the same bytes are not written again', () => {
  const { events, hostConfig } = world(config(3));
  hostConfig.synchronise(config(3), true);
  assert.equal(events, []);
});

test('a newer host file stays (I1); numbers beyond 2^53 are told apart', () => {
  const { events, hostConfig } = world(config(9));
  hostConfig.synchronise(config(8), true);
  assert.equal(events, ['[dcdb] crit: local corosync.conf is newer']);
  const big = world(config('18446744073709551615'));
  big.hostConfig.synchronise(config('18446744073709551614'), true);
  assert.equal(big.events, ['[dcdb] crit: local corosync.conf is newer']);
});

test('write, 1 s of delay, reload, in this order (I2)', () => {
  const { events, clock, state, hostConfig } = world(config(3));
  hostConfig.synchronise(config(4), true);
  assert.equal(events, ['write', wrote(4)]);
  clock.advance(999);
  assert.is(events.length, 2);
  clock.advance(1);
  assert.equal(events.slice(2), ['notify at 1000']);
  assert.equal(state.content, config(4));
});

test('an equal version with other content is written', () => {
  const { events, hostConfig } = world(config(3));
  hostConfig.synchronise(config(3, '  token: 1000\n'), false);
  assert.equal(events, ['write', wrote(3)]);
});

test('no reload for the first copy, nor where it is not asked for (I2)', () => {
  for (const [before, notify] of [
    [undefined, true],
    [Buffer.alloc(0), true],
    [config(1), false],
  ] as const) {
    const { events, clock, hostConfig } = world(before);
    hostConfig.synchronise(config(2), notify);
    clock.advance(5000);
    assert.equal(events, ['write', wrote(2)]);
  }
});

test('each change of ours gets its reload; stop drops those not due', () => {
  const { events, clock, hostConfig } = world(config(1));
  hostConfig.synchronise(config(2), true);
  clock.advance(600);
  hostConfig.synchronise(config(3), true);
  clock.advance(400);
  hostConfig.stop();
  clock.advance(5000);
  assert.equal(events, ['write', wrote(2), 'write', wrote(3), 'notify at 1000']);
});

test('failures are logged: reading, writing, reloading', () => {
  const { events, clock, state, hostConfig } = world(config(1));
  state.writeFailure = { message: "Failed to create file 'x.tmp': No space left on device", cause: '' };
  hostConfig.synchronise(config(2), true);
  state.writeFailure = undefined;
  state.exitCode = 1;
  hostConfig.synchronise(config(2), true);
  clock.advance(1000);
  state.readFailure = { message: '', cause: 'Input/output error' };
  hostConfig.synchronise(config(3), true);
  assert.equal(events, [
    "[main] crit: Failed to create file 'x.tmp': No space left on device",
    'write',
    wrote(2),
    'notify at 1000',
    '[dcdb] crit: corosync-cfgtool -R failed with exit code 1',
    `[dcdb] crit: unable to read cluster config file '${PATH}' - Input/output error`,
    'write',
    wrote(3),
  ]);
});

test('the real file: atomic, mode whatever the umask, nothing left behind', () => {
  const directory = mkdtempSync(join(tmpdir(), 'host-config-'));
  const umask = process.umask(0o077);
  try {
    const file = hostFile(join(directory, 'corosync.conf'), { mode: 0o644 });
    assert.is(file.read(), undefined);
    assert.is(file.replace(config(1)), undefined);
    assert.is(file.replace(config(2)), undefined);
    assert.equal(file.read(), config(2));
    assert.is(statSync(file.path).mode & 0o777, 0o644);
    assert.equal(readdirSync(directory), ['corosync.conf']);

    const missing = hostFile(join(directory, 'none', 'x'), { mode: 0o644 });
    assert.is(missing.read(), undefined);
    assert.match(
      missing.replace(config(1))?.message ?? '',
      /^Failed to create file '.*x\.tmp\.\d+': No such file or directory$/,
    );

    const occupied = hostFile(join(directory, 'occupied'), { mode: 0o644 });
    mkdirSync(occupied.path);
    writeFileSync(join(occupied.path, 'x'), '');
    const read = occupied.read();
    assert.ok(read !== undefined && 'failure' in read);
    assert.match(occupied.replace(config(1))?.message ?? '', /^Failed to rename file from '.*' to '.*occupied': /);
    assert.equal(readdirSync(directory).toSorted(), ['corosync.conf', 'occupied']);
    assert.ok(existsSync(file.path) && readFileSync(file.path).equals(config(2)));
  } finally {
    process.umask(umask);
    rmSync(directory, { recursive: true });
  }
});

test.run();
