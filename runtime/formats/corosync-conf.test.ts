import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { skipWithout } from '../test-support/shared-corpus.ts';
import { parseCorosyncConf, type Section, writeCorosyncConf } from './corosync-conf.ts';
import {
  addNode,
  type Edit,
  type NewNode,
  newClusterConf,
  parseLinkAddress,
  removeNode,
  replacementText,
} from './corosync-conf-edit.ts';
import { verifyCorosyncConf } from './corosync-conf-verify.ts';

const unresolved = () => undefined;

function sectionsOf(text: string): Section {
  const parsed = parseCorosyncConf(text);
  if ('error' in parsed) throw new Error(parsed.error);
  return parsed.conf.sections;
}

function errorOf(text: string): string | undefined {
  const parsed = parseCorosyncConf(text);
  return 'error' in parsed ? parsed.error : undefined;
}

function edited(edit: Edit): Section {
  if ('errors' in edit) throw new Error(edit.errors.join('; '));
  return edit.sections;
}

function refusals(edit: object): unknown {
  return (edit as { errors?: unknown }).errors;
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const threeNodes = `
totem { version: 2 secauth: on cluster_name: demo config_version: 7 }
nodelist {
  node { name: a nodeid: 1 quorum_votes: 1 ring0_addr: 10.0.0.1 ring1_addr: 10.1.0.1 }
  node { name: b nodeid: 2 quorum_votes: 1 ring0_addr: 10.0.0.2 ring1_addr: 10.1.0.2 }
  node { name: d nodeid: 4 quorum_votes: 1 ring0_addr: 10.0.0.4 ring1_addr: 10.1.0.4 }
}
quorum { provider: corosync_votequorum }
`;

const newcomer: NewNode = {
  name: 'c',
  links: new Map([
    [0, { address: '10.0.0.3' }],
    [1, { address: '10.1.0.3' }],
  ]),
};

test('parse: white space is all equal, comments end a line anywhere, values may hold colons', () => {
  const sections = sectionsOf('a { # x: y\n k: v l:\n\tfe80::1 }\r\nb\n{\n}');
  assert.equal(plain(sections), { a: { k: 'v', l: 'fe80::1' }, b: {} });
});

test('parse: the errors of pvecm', () => {
  assert.is(errorOf('a { } a { }'), "section 'a' already exists and not marked as array!");
  assert.is(errorOf('a { k v }'), "missing ':' after key 'k'");
  assert.is(errorOf('a { k: }'), "parse error - no value for 'k'");
  assert.is(errorOf('k:'), "parse error - no value for 'k'");
  assert.is(errorOf('a { } }'), "parse error - uncexpected '}'");
  assert.is(errorOf('a { b { }'), "parse error - missing '}' of section 'a'");
  assert.is(errorOf('a'), "missing ':' after key 'a'");
});

test('parse: empty text is an empty tree, and no key reaches a prototype', () => {
  assert.equal(plain(sectionsOf('')), {});
  assert.equal(Object.keys(sectionsOf('__proto__: x constructor { toString: y }')).sort(), [
    '__proto__',
    'constructor',
  ]);
});

test('parse: nodes go by name or ring0_addr, interfaces by linknumber or ringnumber or place', () => {
  const { nodelist, totem } = sectionsOf(
    'nodelist { node { name: n ring0_addr: q } node { ring0_addr: r } } totem { interface { linknumber: 4 } interface { ringnumber: 3 } interface { x: y } }',
  ) as { nodelist: Section; totem: Section };
  assert.equal(Object.keys(nodelist.node as Section), ['n', 'r']);
  assert.equal(Object.keys(totem.interface as Section).sort(), ['2', '3', '4']);
  assert.match(String(errorOf('nodelist { node { nodeid: 1 } }')), "neither 'name' nor 'ring0_addr'");
});

test('write, then parse: the same tree', () => {
  const word = fc.stringMatching(/^[a-z0-9_.]{1,6}$/);
  const { section } = fc.letrec<{ section: Section }>((tie) => ({
    section: fc.dictionary(
      word.filter((key) => !['node', 'interface', 'nodelist', 'totem'].includes(key)),
      fc.oneof(
        { depthSize: 'small' },
        word,
        fc.stringMatching(/^[!-z]{1,8}$/).filter((v) => !/[#{}]/.test(v)),
        tie('section'),
      ),
      { maxKeys: 5 },
    ) as fc.Arbitrary<Section>,
  }));
  fc.assert(
    fc.property(section, (tree) => {
      assert.equal(plain(sectionsOf(writeCorosyncConf(tree))), plain(tree));
    }),
  );
});

test('any text is parsed or refused with a sentence', () => {
  const text = fc.array(fc.constantFrom('a', 'b:', '{', '}', '#', '\n', ' ', 'node', 'nodelist', 'totem', 'interface'));
  fc.assert(
    fc.property(text, (tokens) => {
      const parsed = parseCorosyncConf(tokens.join(' '));
      if ('error' in parsed) assert.ok(parsed.error.length > 0);
      else assert.type(writeCorosyncConf(parsed.conf.sections), 'string');
    }),
  );
});

test('verify: nothing there', () => {
  assert.equal(verifyCorosyncConf(sectionsOf('totem { }'), unresolved).errors, ['no nodes found']);
  assert.equal(verifyCorosyncConf(sectionsOf('nodelist { node { name: a } }'), unresolved).errors, ['no totem found']);
});

test('verify: links against interfaces', () => {
  const text =
    'totem { secauth: on interface { linknumber: 0 } interface { linknumber: 2 } } nodelist { node { name: a ring0_addr: 1.1.1.1 ring1_addr: 1.1.1.2 } }';
  assert.equal(verifyCorosyncConf(sectionsOf(text), unresolved).errors, [
    "node 'a' has 'ring1_addr', but there is no interface number 1 configured",
    "node 'a' is missing address forinterface number 2",
  ]);
});

test('verify: links against other nodes', () => {
  const text = threeNodes.replace('ring1_addr: 10.1.0.2', '');
  assert.equal(verifyCorosyncConf(sectionsOf(text), unresolved).errors, [
    "node 'b' is missing link 1, which is configured on other nodes",
  ]);
});

test('verify: warnings for names and for missing authentication', () => {
  const text = 'totem { } nodelist { node { name: a ring0_addr: ha } node { name: b ring0_addr: hb } }';
  const { errors, warnings } = verifyCorosyncConf(sectionsOf(text), (name) => (name === 'ha' ? '10.9.9.9' : undefined));
  assert.equal(errors, []);
  assert.is(warnings.length, 3);
  assert.is(
    warnings[1],
    "warning: ring0_addr 'ha' for node 'a' resolves to '10.9.9.9' - consider replacing it with the currently resolved IP address for stability",
  );
});

test(
  'create: the text of a new cluster',
  skipWithout(['pmxcfs', 'corosync-conf'], 'create', (folder) => {
    const created = edited(
      newClusterConf({ clusterName: 'demo', nodeName: 'pve1', links: new Map([[0, { address: '10.0.0.1' }]]) }),
    );
    const expected = readFileSync(join(folder, 'created-demo.conf'), 'latin1');
    assert.equal(replacementText(created), { text: expected, version: 1 });
  }),
);

test('create: options, and what is refused', () => {
  const links = new Map([[1, { address: 'fd00::1', priority: 20 }]]);
  const created = edited(
    newClusterConf({ clusterName: 'demo', nodeName: 'n', nodeid: 9, votes: 2, tokenCoefficient: 300, links }),
  );
  const text = writeCorosyncConf(created);
  for (const line of [
    'knet_link_priority: 20',
    'linknumber: 1',
    'nodeid: 9',
    'quorum_votes: 2',
    'ring1_addr: fd00::1',
  ]) {
    assert.ok(text.includes(line), line);
  }
  assert.ok(refusals(newClusterConf({ clusterName: 'sixteen-letters-', nodeName: 'n', links })));
  assert.ok(
    refusals(newClusterConf({ clusterName: 'demo', nodeName: 'n', links: new Map([[8, { address: '1.1.1.1' }]]) })),
  );
  assert.ok(
    refusals(newClusterConf({ clusterName: 'demo', nodeName: 'n', links: new Map([[0, { address: 'a b' }]]) })),
  );
});

test('add: the smallest unused nodeid', () => {
  const before = sectionsOf(threeNodes);
  const after = edited(addNode(before, newcomer, unresolved));
  const nodes = (after.nodelist as Section).node as Section;
  assert.equal(plain(nodes.c), {
    name: 'c',
    nodeid: '3',
    quorum_votes: '1',
    ring0_addr: '10.0.0.3',
    ring1_addr: '10.1.0.3',
  });
  assert.is(((before.nodelist as Section).node as Section).c, undefined);
});

test('add: refusals', () => {
  const sections = sectionsOf(threeNodes);
  const add = (change: Partial<NewNode>) => refusals(addNode(sections, { ...newcomer, ...change }, unresolved));
  const links = (...entries: [number, string][]) => new Map(entries.map(([link, address]) => [link, { address }]));
  assert.equal(add({ links: links([0, '10.0.0.3']) }), [
    "corosync: link 1 exists in cluster config but wasn't specified for new node",
  ]);
  assert.equal(add({ links: links([0, '10.0.0.3'], [1, '10.1.0.3'], [2, '10.2.0.3']) }), [
    "corosync: link 2 specified for new node doesn't exist in cluster config",
  ]);
  assert.equal(add({ links: links([0, '10.0.0.3'], [1, '10.1.0.2']) }), [
    "corosync: address '10.1.0.2' already used on link ring1_addr by node 'b'",
  ]);
  assert.equal(add({ links: new Map(), fallbackAddress: '10.0.0.3' }), [
    'no links given but multiple links found on other nodes, fallback only supported on single-link clusters',
  ]);
  assert.equal(add({ name: 'b' }), ["can't add existing node 'b'"]);
  assert.equal(add({ name: 'b', force: true, nodeid: 3 }), ["can't add existing node 'b'"]);
  assert.equal(add({ nodeid: 4 }), ['nodeid 4 is already used by another node']);
});

test('add: force overwrites a node with the same nodeid and votes', () => {
  const edit = addNode(sectionsOf(threeNodes), { ...newcomer, name: 'b', nodeid: 2, force: true }, unresolved);
  assert.equal((edit as unknown as { notices: string[] }).notices, ["forcing overwrite of configured node 'b'"]);
  assert.is((((edited(edit).nodelist as Section).node as Section).b as Section).ring0_addr, '10.0.0.3');
});

test('add: the fallback address on a cluster of one link', () => {
  const one = sectionsOf(threeNodes.replace(/ring1_addr: \S+/g, ''));
  const after = edited(addNode(one, { name: 'c', links: new Map(), fallbackAddress: '10.0.0.3' }, unresolved));
  assert.is((((after.nodelist as Section).node as Section).c as Section).ring0_addr, '10.0.0.3');
});

test('remove: by name or address, never oneself', () => {
  const sections = sectionsOf(threeNodes);
  const removed = removeNode(sections, '10.1.0.2', 'a');
  assert.equal([(removed as { name: string }).name, (removed as { nodeid: number }).nodeid], ['b', 2]);
  assert.equal(Object.keys(((removed as { sections: Section }).sections.nodelist as Section).node as Section), [
    'a',
    'd',
  ]);
  assert.equal(refusals(removeNode(sections, 'x', 'a')), ['Node/IP: x is not a known host of the cluster.']);
  assert.equal(refusals(removeNode(sections, '10.0.0.1', 'a')), ['Cannot delete myself from cluster!']);
});

test('replace: the version rises by one, or there is none to raise', () => {
  const replaced = replacementText(sectionsOf(threeNodes));
  assert.is((replaced as { version: number }).version, 8);
  assert.ok((replaced as { text: string }).text.includes('  config_version: 8\n'));
  assert.equal(refusals(replacementText(sectionsOf('totem { }'))), [
    'invalid corosync config: unable to read config version',
  ]);
});

test('link addresses of a command line', () => {
  assert.equal(parseLinkAddress('10.0.0.1,priority=255'), { address: '10.0.0.1', priority: 255 });
  assert.equal(parseLinkAddress('fd00::1'), { address: 'fd00::1' });
  for (const bad of ['', '10.0.0.300', 'a b', '10.0.0.1,priority=256', '10.0.0.1,prio=1'])
    assert.ok(refusals(parseLinkAddress(bad)), bad);
});

test.run();
