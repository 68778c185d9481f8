// test-timeout: 300
/** The watchdog multiplexer of a real node with its stand-in, at a tenth of the times: who takes the node along, and who doesn't. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { killNode, markedProcesses } from '../../runtime/node/marked-processes.ts';
import { RealNode } from './real-node.ts';
import { until } from './until.ts';

interface Fixture {
  folder: string;
  node: RealNode;
}

const test = suite<Fixture>('watchdog of a real node');

test.before((fixture) => {
  fixture.folder = mkdtempSync(join(tmpdir(), 'pva-wd-'));
});

test.before.each(async (fixture) => {
  const root = join(fixture.folder, 'n1');
  fixture.node = new RealNode({
    name: 'n1',
    root,
    flags: ['--no-mount', '-l', '--time-scale', '0.1'],
    highAvailability: true,
  });
  await fixture.node.start().serving();
});

test.after.each(async ({ node }) => {
  // The supervisor first: it would start anew what is killed.
  await node.destroy();
  try {
    process.kill(muxPid(node) ?? 0x7fffffff, 'SIGKILL');
  } catch {
    // It has ended.
  }
  killNode(node.layout.root, undefined);
  rmSync(node.layout.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

test.after(({ folder }) => rmSync(folder, { recursive: true, force: true }));

function muxPid({ layout }: RealNode): number | undefined {
  try {
    return Number(readFileSync(layout.daemonPidFile('watchdog-mux'), 'utf8'));
  } catch {
    return undefined;
  }
}

function log({ layout }: RealNode): string {
  return readFileSync(layout.watchdogLogFile, 'utf8');
}

/** A client of the multiplexer that has been heard of. */
async function client(node: RealNode): Promise<Socket> {
  const socket = connect(node.layout.watchdogSocket);
  socket.on('error', () => {});
  await until('it has a client', 10_000, () => existsSync(node.layout.watchdogMarker));
  return socket;
}

test('an orderly end stops it cleanly', async ({ node }) => {
  assert.is((await node.stop()).code, 0);
  assert.match(log(node), /clean exit\n$/);
  assert.equal([existsSync(node.layout.watchdogSocket), muxPid(node)], [false, undefined]);
});

test('a daemon is stopped and started by its unit', async ({ node }) => {
  const states = async (): Promise<readonly string[]> => {
    const outcome = await node.callBoot('actors');
    const actors = ('result' in outcome ? outcome.result : []) as readonly { name: string; state: string }[];
    return actors.map(({ name, state }) => `${name} ${state}`);
  };
  for (const [action, state] of [
    ['stop', 'stopped'],
    ['start', 'running'],
    ['start', 'running'],
  ] as const) {
    const { code, complaint } = await node.command('pve-actors', ['daemon', action, 'pve-ha-lrm']);
    assert.equal([code, complaint], [0, '']);
    assert.equal(await states(), ['cluster running', 'pve-ha-crm running', `pve-ha-lrm ${state}`]);
  }
  const { code, complaint } = await node.command('pve-actors', ['daemon', 'stop', 'nobody']);
  assert.equal([code, complaint], [1, 'there is no actor nobody\n']);
});

test('a client that says goodbye leaves the node alone', async ({ node }) => {
  const socket = await client(node);
  socket.end('V');
  await until('it has left', 10_000, () => !existsSync(node.layout.watchdogMarker));
  assert.match(log(node), /has disconnected cleanly/);
  assert.is((await node.stop()).code, 0);
});

test('a client that is gone without a word costs all of the node', async ({ node }) => {
  const socket = await client(node);
  socket.destroy();
  assert.is((await node.ended()).signal, 'SIGKILL');
  assert.match(log(node), /did not stop watchdog - disable watchdog updates\n.*ending all processes of the node/);
  assert.equal(markedProcesses(node.layout.root), []);
  // As after a reset, nothing is in the way of the next start.
  await node.start().serving();
  assert.is((await node.stop()).code, 0);
});

test('a multiplexer that is killed while it has clients takes the node along, without any it is replaced', async ({
  node,
}) => {
  const first = muxPid(node)!;
  process.kill(first, 'SIGKILL');
  await until('there is another', 10_000, () => muxPid(node) !== first && existsSync(node.layout.watchdogSocket));
  const socket = await client(node);
  process.kill(muxPid(node)!, 'SIGKILL');
  assert.is((await node.ended()).signal, 'SIGKILL');
  assert.equal(markedProcesses(node.layout.root), []);
  socket.destroy();
});

test('a supervisor that is killed leaves no multiplexer behind where nobody is watched', async ({ node }) => {
  await node.kill();
  await until('it has ended', 10_000, () => muxPid(node) === undefined);
  assert.match(log(node), /clean exit\n$/);
});

test.run();
