/** The section `nodelist { node { … } … }` (spec/pmxcfs.md §6.10, §7.7), and which of the nodes this one is. */
import type { ClusterNode } from './cluster-config.ts';
import type { Complain, ConfSection } from './corosync-conf-lines.ts';
import { nodeRules, readOptions } from './corosync-conf-options.ts';
import { addressFamily, canonicalAddress, isAddressOrName } from './host-address.ts';

interface ReadNode {
  readonly node: ClusterNode;
  readonly line: number;
  readonly lineOf: (key: string) => number;
}

const ringKeys = [
  'ring0_addr',
  'ring1_addr',
  'ring2_addr',
  'ring3_addr',
  'ring4_addr',
  'ring5_addr',
  'ring6_addr',
  'ring7_addr',
] as const;

/** The nodes in the order of the file; what is wrong with one or between two of them is complained about. */
export function readNodes(nodelist: ConfSection, complain: Complain, warn: Complain): readonly ClusterNode[] {
  for (const { key, line } of nodelist.options)
    warn(line, `nodelist.${key} is not an option that is known here; it is ignored`);
  const nodes: ReadNode[] = [];
  for (const section of nodelist.sections) {
    if (section.name === 'node') nodes.push(readNode(section, complain, warn));
    else warn(section.line, `section 'nodelist.${section.name}' is not known here; it is ignored`);
  }
  if (nodes.length === 0) complain(nodelist.line, 'the node list is empty; add a node { } for each member');
  const named = ({ name }: ClusterNode) => name || undefined;
  const numbered = ({ nodeid }: ClusterNode) => nodeid || undefined;
  refuseTwins(nodes, complain, named, ['name', 'ring0_addr'], (name) => `is named '${name}'`);
  refuseTwins(nodes, complain, numbered, ['nodeid'], (nodeid) => `has nodeid ${nodeid}`);
  for (const [link, key] of ringKeys.entries()) checkLink(nodes, link, key, complain);
  return nodes.map(({ node }) => node);
}

function readNode(section: ConfSection, complain: Complain, warn: Complain): ReadNode {
  const { values, lineOf } = readOptions(section, 'nodelist.node', nodeRules, complain, warn);
  for (const child of section.sections) {
    warn(child.line, `section 'nodelist.node.${child.name}' is not known here; it is ignored`);
  }
  const name = values.name ?? values.ring0_addr;
  const label = name === undefined ? 'this node' : `node '${name}'`;
  const given = new Set(section.options.map(({ key }) => key));
  if (name === undefined) complain(section.line, "this node has neither name nor ring0_addr; add 'name: HOSTNAME'");
  if (!given.has('nodeid'))
    complain(section.line, `${label} has no nodeid; add 'nodeid: N' with a number that no other node has`);
  const addresses = ringKeys.map((key) => values[key]);
  while (addresses.length > 0 && addresses.at(-1) === undefined) addresses.pop();
  if (addresses.length === 0) complain(section.line, `${label} has no address; add 'ring0_addr: ADDRESS'`);
  for (const [link, address] of addresses.entries()) {
    if (address === undefined || isAddressOrName(address)) continue;
    complain(
      lineOf(`ring${link}_addr`),
      `'${address}' of ${label} is neither an IP address nor a host name; correct it`,
    );
  }
  return {
    node: { nodeid: values.nodeid ?? 0, name: name ?? '', votes: values.quorum_votes ?? 1, addresses },
    line: section.line,
    lineOf,
  };
}

/** Complains about each node that shares with an earlier one what must be its own. */
function refuseTwins(
  nodes: readonly ReadNode[],
  complain: Complain,
  identity: (node: ClusterNode) => string | number | undefined,
  keys: readonly string[],
  describe: (identity: string | number) => string,
): void {
  const first = new Map<string | number, ClusterNode>();
  for (const { node, lineOf, line } of nodes) {
    const value = identity(node);
    if (value === undefined) continue;
    const twin = first.get(value);
    const at = keys.map(lineOf).find((found) => found !== line) ?? line;
    if (twin)
      complain(at, `node '${node.name}' ${describe(value)}, which node '${twin.name}' has already; give each its own`);
    else first.set(value, node);
  }
}

function checkLink(nodes: readonly ReadNode[], link: number, key: string, complain: Complain): void {
  const users = nodes.filter(({ node }) => node.addresses[link] !== undefined);
  if (users.length === 0) return;
  for (const { node, line } of nodes) {
    if (node.addresses[link] !== undefined) continue;
    complain(line, `node '${node.name}' is missing link ${link}, which is configured on other nodes; add ${key}`);
  }
  const owners = new Map<string, ClusterNode>();
  let first: ReadNode | undefined;
  for (const user of users) {
    const { node, lineOf } = user;
    const address = node.addresses[link]!;
    const twin = owners.get(canonicalAddress(address));
    if (twin)
      complain(lineOf(key), `${key} '${address}' of node '${node.name}' is node '${twin.name}''s already; correct one`);
    owners.set(canonicalAddress(address), node);
    if (addressFamily(address) === 0) continue;
    first ??= user;
    if (addressFamily(address) === addressFamily(first.node.addresses[link]!)) continue;
    complain(
      lineOf(key),
      `${key} '${address}' of node '${node.name}' and '${first.node.addresses[link]}' of node '${first.node.name}' are of different IP versions; use one version per link`,
    );
  }
}

/** What a node knows about itself when it looks for its entry. */
export interface LocalIdentity {
  /** The kernel's host name, or the name given by `--node`, which replaces it. */
  readonly hostName: string;
  /** Addresses of the interfaces; leave empty where the name alone may decide (`--node`). */
  readonly interfaceAddresses: readonly string[];
}

/**
 * The entry of this node (§7.7): the full host name, then its short form, then a listed fully-qualified name with that
 * short form, then an interface address. A node answers to its name and to its `ringN_addr`.
 */
export function findLocalNode(nodes: readonly ClusterNode[], local: LocalIdentity): ClusterNode | undefined {
  const namesOf = ({ name, addresses }: ClusterNode) => [name, ...addresses];
  const short = shortForm(local.hostName);
  const own = new Set(local.interfaceAddresses.map(canonicalAddress));
  const rules: ((name: string) => boolean)[] = [
    (name) => name === local.hostName,
    (name) => name === short,
    (name) => addressFamily(name) === 0 && name.includes('.') && shortForm(name) === short,
    (name) => addressFamily(name) !== 0 && own.has(canonicalAddress(name)),
  ];
  for (const matches of rules) {
    const found = nodes.find((node) => namesOf(node).some((name) => name !== undefined && matches(name)));
    if (found) return found;
  }
  return undefined;
}

function shortForm(hostName: string): string {
  return hostName.split('.')[0]!;
}
