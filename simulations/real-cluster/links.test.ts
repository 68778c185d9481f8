// test-exclusive
// test-timeout: 150
/** Three real nodes in network namespaces: all over IPv6, and with two links of which one dies and comes back (spec/pmxcfs.md §7.4). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reportSkip } from '../../runtime/test-support/shared-corpus.ts';
import { corosyncConf, installClusterFiles, newAuthkey } from './cluster-files.ts';
import { type Family, NamespaceNetwork, whyNoNamespaces } from './namespaces.ts';
import { type NodeDescription, RealNode } from './real-node.ts';
import { until } from './until.ts';

const NAMES = ['n1', 'n2', 'n3'];
const lacking = whyNoNamespaces();

type Trio = readonly [RealNode, RealNode, RealNode];

/** Runs `body` with three nodes that are ready. */
async function withNodes(
  links: readonly Family[],
  totem: readonly string[],
  body: (nodes: Trio, network: NamespaceNetwork) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pva-'));
  const network = new NamespaceNetwork(String(process.pid), NAMES, links);
  const authkey = newAuthkey();
  const nodes = NAMES.map((name) => new RealNode({ name, root: join(folder, name), enter: network.enter(name) }));
  try {
    for (const node of nodes) {
      installClusterFiles(node.layout, corosyncConf(network.nodes, { totem }), authkey);
      node.start();
    }
    for (const node of nodes) await node.ready();
    await allIn(nodes);
    await body(nodes as unknown as Trio, network);
    for (const node of nodes) assert.equal(await node.stop(), { code: 0, signal: null }, node.output.slice(-3000));
  } finally {
    for (const node of nodes) await node.destroy();
    network.destroy();
    rmSync(folder, { recursive: true, force: true });
  }
}

function allIn(nodes: readonly RealNode[]): Promise<true> {
  return until(
    'all are in one ring',
    30_000,
    async () => {
      const states = await Promise.all(nodes.map((node) => node.describe()));
      return states.every((state) => state?.ready && state.quorum?.members.length === nodes.length);
    },
    () => nodes.map(({ output }) => output.slice(-2000)).join('\n'),
  ) as Promise<true>;
}

/** A write on `from` is read on `to`. */
async function carries(from: RealNode, to: RealNode, name: string): Promise<void> {
  assert.is(await from.write(name, name), undefined);
  await to.until(`it reads ${name}`, async () => (await to.read(name)) === name, 10_000);
}

const formed = (nodes: readonly RealNode[]) => nodes.map(({ output }) => output.split('A new membership').length);

/** Links of a node to all its peers, each as `link <number>: up, in use`. */
function linksOf(state: NodeDescription | undefined): readonly string[] {
  const links = state?.transport?.peers.flatMap((peer) => peer.links) ?? [];
  return [
    ...new Set(links.map(({ link, up, best }) => `link ${link}: ${up ? 'up' : 'down'}${best ? ', in use' : ''}`)),
  ].sort();
}

/** Datagrams received by all nodes on each of two links. */
async function receivedBy(nodes: readonly RealNode[]): Promise<readonly [number, number]> {
  const total: [number, number] = [0, 0];
  for (const node of nodes) {
    const state = await node.describe();
    for (const { link, received } of state?.transport?.peers.flatMap((peer) => peer.links) ?? []) {
      total[link as 0 | 1] += received;
    }
  }
  return total;
}

async function haveLinks(nodes: readonly RealNode[], wanted: readonly string[]): Promise<void> {
  for (const node of nodes) {
    await node.until(
      `it has ${wanted.join('; ')}`,
      async () => linksOf(await node.describe()).join() === wanted.join(),
      20_000,
    );
  }
}

function testNodes(name: string, body: () => Promise<void>): void {
  if (lacking === undefined) test(name, body);
  else test(name, () => reportSkip(name, lacking));
}

testNodes('a cluster over IPv6 alone: replicates, loses a node that is cut off, and takes it back', () =>
  withNodes(['IPv6'], [], async (nodes, network) => {
    const [first, second, third] = nodes;
    await carries(first, third, 'over-ipv6');
    const addresses = (await first.describe())?.transport?.peers.flatMap(({ links }) =>
      links.map((link) => link.address),
    );
    assert.equal(addresses, ['fd77:0::2', 'fd77:0::3']);
    assert.match((await first.command('pvecm', ['status'])).output, /fd77:0::1 \(local\)/);

    network.split(['n3'], ['n1', 'n2']);
    await third.until('it has lost quorum', async () => (await third.describe())?.quorate === false, 20_000);
    assert.match((await third.write('minority', 'x')) ?? 'written', /ermission denied/);
    await carries(first, second, 'majority');
    network.heal();
    await allIn(nodes);
    await carries(third, first, 'healed');
    assert.is(await third.read('majority'), 'majority');
  }),
);

testNodes('two links: the second carries all when the first dies, and the first again when it returns', () =>
  // A longer token than usual, so that a busy machine isn't taken for a dead one.
  withNodes(['IPv4', 'IPv6'], ['token: 3000'], async (nodes, network) => {
    const [first, , third] = nodes;
    await haveLinks(nodes, ['link 0: up, in use', 'link 1: up']);
    const rings = formed(nodes);

    network.breakLink(0);
    await carries(first, third, 'while-link-0-dies');
    await haveLinks(nodes, ['link 0: down', 'link 1: up, in use']);
    const before = await receivedBy(nodes);
    for (let n = 0; n < 10; n += 1) await carries(third, first, `on-link-1-${n}`);
    const after = await receivedBy(nodes);
    assert.is(after[0], before[0], 'nothing comes by the dead link');
    assert.ok(after[1] - before[1] > 30, `${after[1] - before[1]} datagrams by the second link`);
    for (const node of nodes) assert.match(node.output, /link: host: \d link: 0 is down/);

    network.restoreLink(0);
    await haveLinks(nodes, ['link 0: up, in use', 'link 1: up']);
    const back = await receivedBy(nodes);
    for (let n = 0; n < 10; n += 1) await carries(first, third, `on-link-0-${n}`);
    const last = await receivedBy(nodes);
    assert.ok(last[0] - back[0] > 30, `${last[0] - back[0]} datagrams by the first link`);
    assert.equal(formed(nodes), rings, 'no membership change');
  }),
);

testNodes('two links: both dead is a node cut off; either of them brings it back', () =>
  withNodes(['IPv4', 'IPv4'], [], async (nodes, network) => {
    const [first] = nodes;
    network.breakLink(0);
    network.breakLink(1);
    for (const node of nodes) {
      await node.until('it has lost quorum', async () => (await node.describe())?.quorate === false, 20_000);
    }
    assert.match((await first.write('nobody', 'x')) ?? 'written', /ermission denied/);
    network.restoreLink(1);
    await allIn(nodes);
    await haveLinks(nodes, ['link 0: down', 'link 1: up, in use']);
    await carries(first, nodes[1], 'by-link-1');
  }),
);

test.run();
