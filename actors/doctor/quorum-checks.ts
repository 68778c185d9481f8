/** Votes and links: what the cluster can lose and still decide (spec/pmxcfs.md §7.3). */
import { countVotes, expectedOf } from '../../machines/cluster/votequorum.ts';
import type { ClusterDescription } from './cluster-description.ts';
import { type Finding, list } from './finding.ts';

export interface Votes {
  readonly expected: number;
  readonly quorum: number;
  /** Nodes that may be lost one after the other, whichever they are. */
  readonly losable: number;
}

/** With the device's votes, which count as long as it is reached. */
export function votesOf({ config, device }: ClusterDescription): Votes {
  const expected = expectedOf(config.quorum, config.nodes) + (device?.votes ?? 0);
  const { quorum } = countVotes({
    highest: expected,
    total: 0,
    atLeast: 0,
    isTwoNode: config.quorum.two_node,
    liveNodes: config.nodes.length,
  });
  const descending = config.nodes.map(({ votes }) => votes).sort((a, b) => b - a);
  let left = descending.reduce((sum, votes) => sum + votes, 0) + (device?.votes ?? 0);
  let losable = 0;
  for (const votes of descending) {
    left -= votes;
    if (left < quorum || losable + 1 >= descending.length) break;
    losable += 1;
  }
  return { expected, quorum, losable };
}

export function checkQuorum(cluster: ClusterDescription): readonly Finding[] {
  const { config, device } = cluster;
  const { nodes, quorum: options } = config;
  const findings: Finding[] = [];
  const hasHa = cluster.resources.ids.size > 0;
  const votes = votesOf(cluster);
  if (nodes.length === 2 && device === undefined && options.two_node) {
    findings.push({
      code: 'two-node-split',
      gravity: hasHa ? 'error' : 'warning',
      what: 'two_node is set: each of the two nodes is quorate alone',
      why: 'when only the network between them fails, both go on by themselves; HA on each side takes the other for dead, and guests can run twice on one disk',
      todo: 'add a third vote (`pvecm qdevice setup ADDRESS` on any small machine) and remove two_node',
    });
  } else if (nodes.length === 2 && device === undefined) {
    findings.push({
      code: 'two-nodes',
      gravity: hasHa ? 'error' : 'warning',
      what: 'two nodes and no tie-breaker: quorum needs both votes',
      why: 'when one node is lost the other has no quorum either: /etc/pve is read-only, HA recovers nothing, and with HA the survivor fences itself too',
      todo: 'add a third vote: `pvecm qdevice setup ADDRESS` on any small machine, or a third node',
    });
  } else if (nodes.length > 1 && votes.losable === 0) {
    findings.push({
      code: 'no-node-may-fail',
      gravity: 'error',
      what: `the loss of one node can cost the quorum (${votes.quorum} of ${votes.expected} votes are needed)`,
      why: 'without quorum nothing can be changed and HA recovers nothing',
      todo: 'look at quorum_votes and expected_votes in corosync.conf, or add a node or a quorum device',
    });
  }
  if (nodes.length > 2 && nodes.length % 2 === 0 && device === undefined && !options.auto_tie_breaker) {
    findings.push({
      code: 'even-number',
      gravity: 'note',
      what: `${nodes.length} nodes: no more of them may fail than of ${nodes.length - 1} (${votes.losable}), and two equal halves are both without quorum`,
      why: 'a fault that splits the cluster in the middle (a switch, a room) stops all of it',
      todo: 'a quorum device gives the vote that decides between halves',
    });
  }
  const unequal = nodes.filter((node) => node.votes !== 1);
  if (unequal.length > 0) {
    findings.push({
      code: 'unequal-votes',
      gravity: unequal.some((node) => node.votes === 0) ? 'warning' : 'note',
      what: `not every node has one vote: ${list(unequal.map((node) => `${node.name} has ${node.votes}`))}`,
      why: 'which nodes may fail depends on which they are',
      todo: 'set quorum_votes: 1 unless that is meant',
    });
  }
  if (device !== undefined) {
    findings.push({
      code: 'device-uncounted',
      gravity: 'note',
      what: `a quorum device (${device.model}) has ${device.votes} vote${device.votes === 1 ? '' : 's'}`,
      why: "stock nodes count it; this software's own transport doesn't, there the nodes alone decide",
      todo: 'on nodes of this software take a third node in its place',
    });
  }
  const sum = nodes.reduce((total, node) => total + node.votes, 0);
  if (options.expected_votes !== undefined && options.expected_votes < sum) {
    findings.push({
      code: 'expected-votes-low',
      gravity: 'error',
      what: `expected_votes is ${options.expected_votes}, but the nodes have ${sum} votes`,
      why: 'two parts of the cluster could be quorate at once',
      todo: 'remove expected_votes from corosync.conf: the sum is the default',
    });
  }
  if (options.provider === undefined) {
    findings.push({
      code: 'no-quorum-provider',
      gravity: 'error',
      what: 'quorum.provider is not set',
      why: 'without corosync_votequorum nobody counts votes',
      todo: "add 'provider: corosync_votequorum' to the section quorum of corosync.conf",
    });
  }
  return findings;
}

export function checkLinks({ config }: ClusterDescription): readonly Finding[] {
  const { nodes } = config;
  if (nodes.length < 2) return [];
  const findings: Finding[] = [];
  const count = Math.min(...nodes.map(({ addresses }) => addresses.filter((address) => address !== undefined).length));
  if (count < 2) {
    findings.push({
      code: 'one-link',
      gravity: 'warning',
      what: 'the nodes speak over one link only',
      why: 'a switch or a cable that fails, or a backup that fills the link, costs the quorum; with HA nodes are then fenced',
      todo: 'add ring1_addr on another network to every node (and increase config_version)',
    });
  }
  const networks = sharedNetworks(nodes.map(({ addresses }) => addresses));
  for (const [a, b] of networks) {
    findings.push({
      code: 'links-share-network',
      gravity: 'warning',
      what: `links ${a} and ${b} of the nodes are in the same network`,
      why: 'what breaks one of them is likely to break the other',
      todo: 'use another subnet on other cards and switches for the second link',
    });
  }
  return findings;
}

/** Pairs of links whose IPv4 addresses share their first three numbers on every node. */
function sharedNetworks(nodes: readonly (readonly (string | undefined)[])[]): readonly (readonly [number, number])[] {
  const network = (address: string | undefined): string | undefined =>
    /^(\d+\.\d+\.\d+)\.\d+$/.exec(address ?? '')?.[1];
  const pairs: [number, number][] = [];
  const links = Math.max(...nodes.map((addresses) => addresses.length));
  for (let a = 0; a < links; a += 1) {
    for (let b = a + 1; b < links; b += 1) {
      const isShared = nodes.every(
        (addresses) => network(addresses[a]) !== undefined && network(addresses[a]) === network(addresses[b]),
      );
      if (isShared) pairs.push([a, b]);
    }
  }
  return pairs;
}
