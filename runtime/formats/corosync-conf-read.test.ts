import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { skipWithout } from '../test-support/shared-corpus.ts';
import type { ClusterConfig, ClusterNode } from './cluster-config.ts';
import { findLocalNode } from './corosync-conf-nodes.ts';
import { DEFAULT_NETMTU, formatConfProblem, readClusterConfig } from './corosync-conf-read.ts';

const good = `
totem {
  version: 2
  cluster_name: demo
  config_version: 5
  secauth: on
  # the token's coefficient
  token_coefficient: 125
  interface {
    linknumber: 1
    knet_link_priority: 20
    mcastport: 6000
  }
}
nodelist {
  node {
    name: a
    nodeid: 1
    quorum_votes: 1
    ring0_addr: 10.0.0.1
    ring1_addr: fd00::1
  }
  node {
    name: b
    nodeid: 2
    ring0_addr: 10.0.0.2
    ring1_addr: fd00::2
  }
}
quorum {
  provider: corosync_votequorum
}
logging {
  to_syslog: yes
  logger_subsys {
    subsys: QUORUM
  }
}
`;

function configOf(text: string): ClusterConfig {
  const result = readClusterConfig(text, 'f');
  if ('errors' in result) throw new Error(result.errors.map(formatConfProblem).join('\n'));
  return result.config;
}

/** Errors of the good text after a replacement, as `LINE MESSAGE`. */
function errorsAfter(from: string, to: string): string[] {
  assert.ok(good.includes(from), `'${from}' stands in the text`);
  const result = readClusterConfig(good.replace(from, to), 'f');
  return 'errors' in result ? result.errors.map(({ line, message }) => `${line} ${message}`) : [];
}

function warningsAfter(from: string, to: string): string[] {
  const result = readClusterConfig(good.replace(from, to), 'f');
  assert.ok('config' in result);
  return result.warnings.map(({ line, message }) => `${line} ${message}`);
}

test('a good file', () => {
  const config = configOf(good);
  assert.equal(readClusterConfig(good, 'f').warnings, []);
  assert.is(config.clusterName, 'demo');
  assert.is(config.configVersion, 5);
  assert.equal(config.nodes[1], { nodeid: 2, name: 'b', votes: 1, addresses: ['10.0.0.2', 'fd00::2'] });
  assert.is(config.timers.token_ms, 900);
  assert.is(config.netmtu, DEFAULT_NETMTU);
  assert.equal(
    [config.transport, config.ipVersion, config.linkMode, config.secauth],
    ['knet', 'ipv6-4', 'passive', true],
  );
  assert.equal(config.links, [
    { linknumber: 0, priority: 1, port: 5405, ping_interval_ms: 225, ping_timeout_ms: 450, pong_count: 2 },
    { linknumber: 1, priority: 20, port: 6000, ping_interval_ms: 225, ping_timeout_ms: 450, pong_count: 2 },
  ]);
});

test('an explicit token is obeyed as by the engine', () => {
  assert.is(configOf(good.replace('token_coefficient: 125', 'token: 5000')).timers.consensus_ms, 6000);
});

test(
  'the samples of the corpus: readable, or refused for what they are',
  skipWithout(['pmxcfs', 'corosync-conf'], 'samples', (folder) => {
    const read = (file: string) => readClusterConfig(readFileSync(join(folder, file), 'latin1'), file);
    for (const file of ['created-demo.conf', 'single-node.conf', 'old.conf']) assert.ok('config' in read(file), file);
    const multiple = read('multiple-nodes.conf');
    assert.ok('errors' in multiple);
    assert.equal(
      multiple.errors.map(({ line }) => line),
      [16, 23, 30],
    );
    assert.match(multiple.errors[0]!.message, "node 'prox2' has nodeid 1, which node 'prox1' has already");
  }),
);

test('errors name the line and say what to do', () => {
  const cases: [from: string, to: string, line: number, message: string][] = [
    ['version: 2', '', 2, 'totem.version is missing'],
    ['version: 2', 'version: 3', 3, "totem.version is '3', but must be 2"],
    ['  cluster_name: demo\n', '', 2, 'totem.cluster_name is missing'],
    ['token_coefficient: 125', 'token: 29', 8, "totem.token is '29', but must be a whole number from 30 to"],
    ['token_coefficient: 125', 'token: 9x', 8, 'totem.token'],
    ['config_version: 5', 'config_version: 9007199254740992', 5, 'totem.config_version'],
    ['secauth: on', 'secauth: maybe', 6, 'must be one of on, off'],
    ['linknumber: 1', 'linknumber: 8', 10, 'totem.interface.linknumber'],
    ['nodeid: 2', '', 23, "node 'b' has no nodeid"],
    ['nodeid: 2', 'nodeid: 0', 25, 'nodelist.node.nodeid'],
    ['nodeid: 2', 'nodeid: 1', 25, "node 'b' has nodeid 1, which node 'a' has already"],
    ['name: b', 'name: a', 24, "is named 'a'"],
    [
      '    ring1_addr: fd00::2\n',
      '',
      23,
      "node 'b' is missing link 1, which is configured on other nodes; add ring1_addr",
    ],
    ['10.0.0.2', '10.0.0.1', 26, "is node 'a''s already"],
    ['fd00::2', 'fd00:0::1', 27, "is node 'a''s already"],
    ['fd00::2', '10.1.0.2', 27, 'are of different IP versions'],
    ['10.0.0.2', '10.0.0.2222', 26, 'is neither an IP address nor a host name'],
    ['provider: corosync_votequorum', 'two_node: yes', 31, "quorum.two_node is 'yes', but must be 0 or 1"],
    ['provider: corosync_votequorum', 'auto_tie_breaker_node: 1 3', 31, 'list of nodeids'],
    ['provider: corosync_votequorum', 'what now', 31, "is neither 'key: value'"],
    ['logging {', '}\nlogging {', 33, 'closes no section'],
    ['logging {', 'totem {', 33, "section 'totem' stands a second time"],
  ];
  for (const [from, to, line, message] of cases) {
    const errors = errorsAfter(from, to);
    assert.ok(
      errors.some((error) => error.startsWith(`${line} `) && error.includes(message)),
      `${to}: expected ${line} ${message}, got ${JSON.stringify(errors)}`,
    );
  }
});

test('missing sections and an unclosed one', () => {
  const result = readClusterConfig('', 'f');
  assert.ok('errors' in result && result.errors.length === 2);
  const unclosed = readClusterConfig('totem {\n version: 2\n', 'f');
  assert.ok(
    'errors' in unclosed && unclosed.errors.some(({ line, message }) => line === 1 && message.includes('not closed')),
  );
  const empty = readClusterConfig('totem {\nversion: 2\ncluster_name: x\n}\nnodelist {\n}\n', 'f');
  assert.ok('errors' in empty && empty.errors[0]!.message.startsWith('the node list is empty'));
});

test('what is not known is a warning', () => {
  assert.match(warningsAfter('secauth: on', 'frobnicate: on')[0]!, '6 totem.frobnicate is not an option');
  assert.match(warningsAfter('logging {', 'blogging {')[0]!, "33 section 'blogging' is not known here");
  assert.match(warningsAfter('secauth: on', 'config_version: 6')[0]!, '6 totem.config_version is given a second time');
  assert.equal(warningsAfter('secauth: on', 'crypto_cipher: aes256'), []);
});

test('quorum: what an option turns on, and what excludes what', () => {
  const quorum = (options: string) => configOf(good.replace('provider: corosync_votequorum', options)).quorum;
  assert.is(quorum('two_node: 1').wait_for_all, true);
  assert.is(quorum('two_node: 1\n wait_for_all: 0').wait_for_all, false);
  assert.is(quorum('allow_downscale: 1').expected_votes_tracking, true);
  assert.equal(quorum('auto_tie_breaker: 1\n auto_tie_breaker_node: 2 1').auto_tie_breaker_node, [2, 1]);
  assert.match(
    errorsAfter('provider: corosync_votequorum', 'two_node: 1\n auto_tie_breaker: 1')[0]!,
    'exclude each other',
  );
  const uneven = good
    .replace('quorum_votes: 1', 'quorum_votes: 2')
    .replace('quorum {', 'quorum {\n last_man_standing: 1');
  const result = readClusterConfig(uneven, 'f');
  assert.ok('errors' in result && result.errors[0]!.message.includes('needs exactly one vote per node'));
});

test('two_node is off with three nodes', () => {
  const third =
    '  node {\n name: c\n nodeid: 3\n ring0_addr: 10.0.0.3\n ring1_addr: fd00::3\n }\n}\nquorum {\n two_node: 1';
  const result = readClusterConfig(good.replace('}\nquorum {', third), 'f');
  assert.ok('config' in result);
  assert.is(result.config.quorum.two_node, false);
  assert.match(result.warnings[0]!.message, 'two_node is ignored with 3 nodes');
});

test('any text gives a configuration or sentences with lines inside the text', () => {
  const lines = good.split('\n');
  const mutation = fc.tuple(
    fc.nat({ max: lines.length - 1 }),
    fc.constantFrom('', '}', 'x {', 'nodeid: 1', 'token: -1', ':', '#'),
  );
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 6 }), (mutations) => {
      const text = [...lines];
      for (const [index, line] of mutations) text[index] = line;
      const result = readClusterConfig(text.join('\n'), 'f');
      if ('config' in result) return;
      assert.ok(result.errors.length > 0);
      for (const { line } of result.errors) assert.ok(line >= 1 && line <= text.length);
    }),
  );
});

test('the local node: full name, short name, qualified name of equal short form, interface address', () => {
  const node = (nodeid: number, name: string, ...addresses: string[]): ClusterNode => ({
    nodeid,
    name,
    votes: 1,
    addresses,
  });
  const nodes = [
    node(1, 'a', '10.0.0.1'),
    node(2, 'b.example.org', 'fd00::2'),
    node(3, 'c', 'a.other.org'),
    node(4, 'a.x.org', '10.0.0.4'),
  ];
  const find = (hostName: string, ...interfaceAddresses: string[]) =>
    findLocalNode(nodes, { hostName, interfaceAddresses })?.nodeid;
  assert.is(find('a.x.org'), 4);
  assert.is(find('a.y.org'), 1);
  assert.is(find('b'), 2);
  assert.is(find('b.elsewhere'), 2);
  assert.is(find('z', '10.0.0.4'), 4);
  assert.is(find('z', 'fd00:0:0::2'), 2);
  assert.is(find('a', '10.0.0.4'), 1);
  assert.is(find('z'), undefined);
});

test.run();
