// test-exclusive
// test-timeout: 1800
/**
 * High availability on three real nodes in network namespaces of their own, with a service that is a real process. The service itself
 * records on which node it runs, and when, outside of the cluster file system: that record is the judge.
 *
 * Promises checked here (spec/ha.md §16.1, §16.5, §16.7): a node that loses its network is reset by its watchdog before its service
 * runs elsewhere, also when it was the master; maintenance moves it away and back. All at a tenth of the times; at full length with
 * HA_FULL_LENGTH=1. Waits are for conditions; no verdict depends on how long something took.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { killNode, markedProcesses } from '../../runtime/node/marked-processes.ts';
import { reportSkip } from '../../runtime/test-support/shared-corpus.ts';
import { corosyncConf, installClusterFiles, newAuthkey } from './cluster-files.ts';
import { NamespaceNetwork, whyNoNamespaces } from './namespaces.ts';
import { type Ended, RealNode } from './real-node.ts';
import { until } from './until.ts';

interface Fixture {
  folder: string;
  network: NamespaceNetwork;
  nodes: RealNode[];
}

/** A life of the service: one process, from its first to its last record. */
interface Life {
  readonly node: string;
  readonly pid: string;
  readonly from_s: number;
  to_s: number;
}

const SCALE = process.env.HA_FULL_LENGTH === '1' ? 1 : 0.1;
/** A recovery takes less than 200 s at full length; starting nodes takes time of its own. */
const BOUND_MS = 400_000 * SCALE + 60_000;
const NAMES = ['n1', 'n2', 'n3'];
const SID = 'vm:100';
const lacking = whyNoNamespaces();
const test = suite<Fixture>('high availability on real nodes');

test.before(async (fixture) => {
  fixture.folder = mkdtempSync(join(tmpdir(), 'pva-ha-'));
  fixture.network = new NamespaceNetwork(`h${process.pid}`, NAMES);
  const authkey = newAuthkey();
  fixture.nodes = NAMES.map((name) => {
    const node = new RealNode({
      name,
      root: join(fixture.folder, name),
      enter: fixture.network.enter(name),
      flags: ['--no-mount', '--time-scale', String(SCALE), '--hypervisor', 'process'],
      highAvailability: true,
    });
    installClusterFiles(node.layout, corosyncConf(fixture.network.nodes, { totem: ['token: 1000'] }), authkey);
    return node;
  });
  for (const node of fixture.nodes) node.start();
  await Promise.all(fixture.nodes.map((node) => node.ready()));
});

test.after(async ({ nodes, network, folder }) => {
  // The supervisors first: they would start anew what is killed.
  await Promise.all(nodes?.map((node) => node.destroy()) ?? []);
  for (const node of nodes ?? []) killAll(node);
  network?.destroy();
  if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

/** Also what is in no group of the node: its watchdog, which would wait for its clients, and its guests. */
function killAll({ layout }: RealNode): void {
  try {
    process.kill(Number(readFileSync(layout.daemonPidFile('watchdog-mux'), 'utf8')), 'SIGKILL');
  } catch {
    // It has ended.
  }
  killNode(layout.root, undefined);
}

// What the service has recorded

function recordPath({ folder }: Fixture): string {
  return join(folder, 'record');
}

/** Writes where it runs, as which process, and when, twenty times a second. */
function recorder(fixture: Fixture): string {
  const line = '"$PVE_ACTORS_NODE $$ $up"';
  return `while read up rest < /proc/uptime; do echo ${line} >> ${recordPath(fixture)}; sleep 0.05; done`;
}

function lives(fixture: Fixture): readonly Life[] {
  let text = '';
  try {
    text = readFileSync(recordPath(fixture), 'utf8');
  } catch {
    return [];
  }
  const found = new Map<string, Life>();
  for (const line of text.split('\n').slice(0, -1)) {
    const [root, pid, at] = line.split(' ') as [string, string, string];
    const life = found.get(pid);
    if (life !== undefined) life.to_s = Number(at);
    else found.set(pid, { node: root.slice(root.lastIndexOf('/') + 1), pid, from_s: Number(at), to_s: Number(at) });
  }
  return [...found.values()];
}

function uptime_s(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
}

/** Waits until the service has written something new on a node that fits. */
async function runsOn(fixture: Fixture, fits: (node: string) => boolean, bound_ms = BOUND_MS): Promise<string> {
  const since_s = uptime_s();
  return until(
    'the service runs',
    bound_ms,
    () => lives(fixture).find(({ node, to_s }) => to_s > since_s && fits(node))?.node,
    () => `${JSON.stringify(lives(fixture))}\n${fixture.nodes.map((node) => node.output.slice(-6000)).join('\n')}`,
  );
}

/** By its own record, it never ran twice at a time. */
function assertNeverTwice(fixture: Fixture): void {
  const all = lives(fixture);
  for (const [index, one] of all.entries()) {
    for (const other of all.slice(index + 1)) {
      const areApart = one.to_s < other.from_s || other.to_s < one.from_s;
      assert.ok(areApart, `two at a time: ${JSON.stringify(one)} and ${JSON.stringify(other)}`);
    }
  }
}

// The cluster

function nodeNamed({ nodes }: Fixture, name: string): RealNode {
  return nodes.find((node) => node.name === name)!;
}

async function write(node: RealNode, path: string, text: string): Promise<void> {
  const parts = path.split('/').slice(0, -1);
  for (const depth of parts.keys()) {
    await node.call('file-make-directory', { path: parts.slice(0, depth + 1).join('/') });
  }
  const data = Buffer.from(text).toString('base64');
  const outcome = await node.call('file-write', { path, data });
  assert.equal(outcome, { result: Buffer.byteLength(text) }, path);
}

interface Status {
  readonly master_node?: string;
  readonly timestamp?: number;
  readonly node_status?: Readonly<Record<string, string>>;
  readonly service_status?: Readonly<Record<string, { readonly state: string; readonly node: string }>>;
}

async function status(node: RealNode): Promise<Status> {
  const outcome = await node.call('file-read', { path: 'ha/manager_status' });
  if (!('result' in outcome) || typeof outcome.result !== 'string') return {};
  return JSON.parse(Buffer.from(outcome.result, 'base64').toString()) as Status;
}

function statusShows<Value>(
  fixture: Fixture,
  node: RealNode,
  what: string,
  look: (status: Status) => Value | undefined,
) {
  return until(
    what,
    BOUND_MS,
    async () => look(await status(node)),
    () => fixture.nodes.map(({ output }) => output.slice(-6000)).join('\n'),
  );
}

test('a service starts where its guest is, and moves to the node of the master on command', async (fixture) => {
  const node = nodeNamed(fixture, 'n1');
  await write(node, 'nodes/n1/qemu-server/100.conf', `memory: 16\nprocess: ${recorder(fixture)}\n`);
  await write(node, 'ha/resources.cfg', 'vm: 100\n\tmax_relocate 3\n\tstate started\n\n');
  assert.is(await runsOn(fixture, (name) => name === 'n1'), 'n1');
  const master = await statusShows(fixture, node, 'there is a master', ({ master_node }) => master_node);
  if (master !== 'n1') {
    await write(node, 'ha/crm_commands', `migrate ${SID} ${master}\n`);
    await runsOn(fixture, (name) => name === master);
  }
  assertNeverTwice(fixture);
});

test('the node of the master loses its network: reset by its watchdog, then the service runs elsewhere', async (fixture) => {
  const { network } = fixture;
  const master = (await status(nodeNamed(fixture, 'n1'))).master_node!;
  assert.is(await runsOn(fixture, () => true), master);
  const others = NAMES.filter((name) => name !== master);
  network.split([master], others);
  const victim = nodeNamed(fixture, master);
  const survivor = nodeNamed(fixture, others[0]!);
  const { signal } = await victim.ended(BOUND_MS);
  assert.is(signal, 'SIGKILL', victim.output.slice(-3000));
  await runsOn(fixture, (name) => name !== master);
  const next = (await status(survivor)).master_node!;
  assert.is.not(next, master);
  assertNeverTwice(fixture);
  const last = lives(fixture).findLast(({ node }) => node === master)!;
  const recovered = lives(fixture).at(-1)!;
  assert.is.not(recovered.node, master);
  assert.ok(last.to_s < recovered.from_s);
  assert.equal(markedProcesses(victim.layout.root), [], 'nothing of it is left');

  const log = readFileSync(victim.layout.watchdogLogFile, 'utf8');
  assert.match(log, /client \(PID \d+\) watchdog expired - disable watchdog updates/);
  assert.match(log, /ending all processes of the node/);
  assert.match(
    nodeNamed(fixture, next).output,
    new RegExp(`fencing: acknowledged - got agent lock for node '${master}'`),
  );
  const box = readFileSync(nodeNamed(fixture, next).layout.daemonBlackBox('crm'), 'utf8');
  assert.match(box, /"event":"decision","detail":\{[^\n]*"sid":"vm:100"/);
});

test('the reset node comes back, and the service stays where it is', async (fixture) => {
  fixture.network.heal();
  const back = fixture.nodes.find((node) => !node.isRunning)!;
  back.start();
  await back.ready();
  await statusShows(
    fixture,
    back,
    'it is online',
    ({ node_status }) => node_status?.[back.name] === 'online' || undefined,
  );
  assert.is.not(await runsOn(fixture, () => true), back.name);
  assertNeverTwice(fixture);
});

test('maintenance moves the service away, its end brings it back', async (fixture) => {
  const home = await runsOn(fixture, () => true);
  const node = nodeNamed(fixture, home);
  await write(node, 'ha/crm_commands', `enable-node-maintenance ${home}\n`);
  await runsOn(fixture, (name) => name !== home);
  await statusShows(
    fixture,
    node,
    'maintenance',
    ({ node_status }) => node_status?.[home] === 'maintenance' || undefined,
  );
  await write(node, 'ha/crm_commands', `disable-node-maintenance ${home}\n`);
  await runsOn(fixture, (name) => name === home);
  assertNeverTwice(fixture);
});

test('nodes that end in order leave their services running, and take them up again', async (fixture) => {
  const home = await runsOn(fixture, () => true);
  const { nodes } = fixture;
  // First the one with the service: the master has to freeze it while there is a quorum.
  const ends: Ended[] = [];
  for (const node of [nodeNamed(fixture, home), ...nodes.filter(({ name }) => name !== home)]) {
    node.signal('SIGTERM');
    ends.push(await node.ended(BOUND_MS));
  }
  assert.equal(
    ends.map(({ code }) => code),
    [0, 0, 0],
  );
  for (const { layout } of nodes) assert.match(readFileSync(layout.watchdogLogFile, 'utf8'), /clean exit\n$/);
  assert.is(await runsOn(fixture, () => true, 5000), home);
  const { pid } = lives(fixture).at(-1)!;

  for (const node of nodes) node.start();
  await Promise.all(nodes.map((node) => node.ready()));
  const node = nodeNamed(fixture, home);
  const began_s = Date.now() / 1000;
  await until(
    'the service is started again',
    BOUND_MS,
    async () => {
      const { service_status, timestamp = 0 } = await status(node);
      return timestamp > began_s && service_status?.[SID]?.state === 'started';
    },
    () => nodes.map(({ output }) => output.slice(-6000)).join('\n'),
  );
  await node.logged('watchdog active');
  assert.is(lives(fixture).at(-1)!.pid, pid, 'it was never stopped');
  assertNeverTwice(fixture);
});

if (lacking === undefined) test.run();
else reportSkip('high availability on real nodes', lacking);
