import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseCorosyncConf, type Section } from '../../runtime/formats/corosync-conf.ts';
import { readClusterConfig } from '../../runtime/formats/corosync-conf-read.ts';
import { embeddedTotemTimers } from '../../runtime/formats/totem-timers.ts';
import { clusterBlock, nodesBlock, type QuorumState, quorumBlocks, timersBlock } from './status-report.ts';

function sections(text: string): Section {
  const parsed = parseCorosyncConf(text);
  if ('error' in parsed) throw new Error(parsed.error);
  return parsed.conf.sections;
}

function quorumOptions(options: string) {
  const text = `totem {
  version: 2
  cluster_name: c
}
nodelist {
  node {
    name: n1
    nodeid: 1
    ring0_addr: 10.0.0.1
  }
  node {
    name: n2
    nodeid: 2
    ring0_addr: 10.0.0.2
  }
}
quorum {
  provider: corosync_votequorum
${options}
}
`;
  const read = readClusterConfig(text, 'corosync.conf');
  if ('errors' in read) throw new Error(read.errors.map(({ message }) => message).join('\n'));
  return read.config.quorum;
}

const state: QuorumState = {
  wall_ms: new Date(2026, 10, 2, 5, 6, 7).getTime(),
  nodeid: 1,
  view: {
    quorate: true,
    ring: { rep: 1, seq: 9 },
    members: [1, 2, 10],
    present: [1, 2, 10],
    expected_votes: 3,
    highest_expected: 3,
    total_votes: 3,
    quorum: 2,
  },
  options: quorumOptions(''),
  nodes: [
    { nodeid: 1, name: 'n1', votes: 1, addresses: ['10.0.0.1'], online: true },
    { nodeid: 2, name: 'n2', votes: 1, addresses: ['10.0.0.2', '10.1.0.2'], online: true },
    { nodeid: 10, name: 'n10', votes: 12, addresses: [], online: true },
  ],
};

test('status: the header, with what stands in for missing options', () => {
  assert.is(
    clusterBlock(sections('totem { cluster_name: demo config_version: 4 transport: udp secauth: on }')),
    `Cluster information
-------------------
Name:             demo
Config Version:   4
Transport:        udp
Secure auth:      on
`,
  );
  assert.is(
    clusterBlock(sections('')),
    `Cluster information
-------------------
Name:             UNKOWN?
Config Version:   -1
Transport:        knet
Secure auth:      off
`,
  );
});

test('status: the report of a quorate node, to the blank', () => {
  const expected = [
    'Quorum information',
    '------------------',
    'Date:             Mon Nov  2 05:06:07 2026',
    'Quorum provider:  corosync_votequorum',
    'Nodes:            3',
    'Node ID:          0x00000001',
    'Ring ID:          1.9',
    'Quorate:          Yes',
    '',
    'Votequorum information',
    '----------------------',
    'Expected votes:   3',
    'Highest expected: 3',
    'Total votes:      3',
    'Quorum:           2  ',
    'Flags:            Quorate ',
    '',
    'Membership information',
    '----------------------',
    '    Nodeid      Votes Name',
    '0x00000001          1 10.0.0.1 (local)',
    '0x00000002          1 10.0.0.2',
    '0x0000000a         12 n10',
    '',
  ];
  assert.is(quorumBlocks(state), expected.join('\n'));
});

test('status: a node without quorum, and a large ring id', () => {
  const view = { ...state.view, quorate: false, members: [1], total_votes: 1, ring: { rep: 26, seq: 4095 } };
  const lines = quorumBlocks({ ...state, view }).split('\n');
  assert.ok(lines.includes('Nodes:            1'));
  assert.ok(lines.includes('Ring ID:          1a.fff'));
  assert.ok(lines.includes('Quorate:          No'));
  assert.ok(lines.includes('Quorum:           2 Activity blocked'));
  assert.ok(lines.includes('Flags:            '));
});

test('status: the flags of the options, in their order, each with a blank', () => {
  const flags = (options: string) =>
    quorumBlocks({ ...state, options: quorumOptions(options) })
      .split('\n')
      .find((line) => line.startsWith('Flags:'));
  assert.is(flags('  two_node: 1'), 'Flags:            2Node Quorate WaitForAll ');
  assert.is(flags('  two_node: 1\n  wait_for_all: 0'), 'Flags:            2Node Quorate ');
  assert.is(
    flags('  last_man_standing: 1\n  auto_tie_breaker: 1\n  allow_downscale: 1'),
    'Flags:            Quorate LastManStanding AutoTieBreaker AllowDownscale ',
  );
});

test('nodes: decimal ids and names', () => {
  assert.is(
    nodesBlock(state),
    `Membership information
----------------------
    Nodeid      Votes Name
         1          1 n1 (local)
         2          1 n2
        10         12 n10
`,
  );
});

test('the timers in force', () => {
  assert.is(
    timersBlock(embeddedTotemTimers({}, 3)),
    `Totem timers
------------
Token:            1025 ms
Token retransmit: 244 ms
Hold:             185 ms
Consensus:        1230 ms
Join:             50 ms
Merge:            200 ms
`,
  );
});

test.run();
