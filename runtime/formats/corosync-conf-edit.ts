/**
 * The edits of pvecm on a parsed `corosync.conf` (spec/pmxcfs.md §8.1, §8.2, §8.4): pure, each gives a new tree or the
 * sentences why not. None raises the version: `replacementText` does it once, at the end, for whoever writes the file.
 */
import { copySection, newSection, optionOf, type Section, sectionOf, writeCorosyncConf } from './corosync-conf.ts';
import { LINK_COUNT, linksOf, nodesOf, type ResolvedName, verifyCorosyncConf } from './corosync-conf-verify.ts';
import { isAddressOrName } from './host-address.ts';

/** `errors` are sentences for people, in the order in which they were found. */
export type Refusal = { readonly errors: readonly string[] };
export type Edit = { readonly sections: Section; readonly notices: readonly string[] } | Refusal;

/** A link as given on a command line: `<addr>[,priority=<0..255>]`. */
export interface LinkAddress {
  readonly address: string;
  readonly priority?: number;
}

const nodeNameFormat = /^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/;
const MAXIMUM_CLUSTER_NAME_LENGTH = 15;

/** Parses `<addr>[,priority=<0..255>]` (also `address=<addr>`). */
export function parseLinkAddress(text: string): LinkAddress | Refusal {
  const refuse = (why: string): Refusal => ({ errors: [`link '${text}': ${why}`] });
  const [first = '', ...options] = text.split(',');
  const address = first.replace(/^address=/, '');
  if (!isAddressOrName(address)) return refuse(`'${address}' is neither an IP address nor a host name`);
  let priority: number | undefined;
  for (const option of options) {
    const value = /^priority=(\d{1,3})$/.exec(option)?.[1];
    if (value === undefined || Number(value) > 255) return refuse(`'${option}' is not priority=<0..255>`);
    priority = Number(value);
  }
  return priority === undefined ? { address } : { address, priority };
}

export interface NewCluster {
  readonly clusterName: string;
  readonly nodeName: string;
  readonly nodeid?: number;
  readonly votes?: number;
  readonly tokenCoefficient?: number;
  /** By link number; at least one. Without a choice of the user: link 0 at the node's address. */
  readonly links: ReadonlyMap<number, LinkAddress>;
}

/** The tree of a new cluster of one node, at version 0 (§8.1); `replacementText` makes it 1. */
export function newClusterConf(cluster: NewCluster): Edit {
  const errors = [
    ...clusterNameErrors(cluster.clusterName),
    ...(nodeNameFormat.test(cluster.nodeName) ? [] : [`'${cluster.nodeName}' is not a node name`]),
    ...(cluster.links.size > 0 ? [] : ['a cluster needs at least one link']),
    ...linkNumberErrors(cluster.links),
  ];
  if (errors.length > 0) return { errors };
  const interfaces = section({});
  for (const [link, { priority }] of cluster.links) {
    const given = priority === undefined ? {} : { knet_link_priority: String(priority) };
    interfaces[link] = section({ linknumber: String(link), ...given });
  }
  const node = nodeSection(cluster.nodeName, cluster.nodeid ?? 1, cluster.votes ?? 1, cluster.links);
  const sections = section({
    logging: section({ debug: 'off', to_syslog: 'yes' }),
    nodelist: section({ node: section({ [cluster.nodeName]: node }) }),
    quorum: section({ provider: 'corosync_votequorum' }),
    totem: section({
      cluster_name: cluster.clusterName,
      config_version: '0',
      interface: interfaces,
      ip_version: 'ipv4-6',
      link_mode: 'passive',
      secauth: 'on',
      token_coefficient: String(cluster.tokenCoefficient ?? 125),
      version: '2',
    }),
  });
  return { sections, notices: [] };
}

export interface NewNode {
  readonly name: string;
  /** Default: the smallest unused one from 1. */
  readonly nodeid?: number;
  readonly votes?: number;
  readonly links: ReadonlyMap<number, LinkAddress>;
  /** Used where no link is given and the cluster has exactly one. */
  readonly fallbackAddress?: string;
  readonly force?: boolean;
}

/** Adds a node (§8.2), or the sentences that forbid it: those of `verifyCorosyncConf` first, then pvecm's own. */
export function addNode(sections: Section, added: NewNode, resolve: ResolvedName): Edit {
  const { errors } = verifyCorosyncConf(sections, resolve);
  if (errors.length > 0) return { errors };
  if (!nodeNameFormat.test(added.name)) return refused(`'${added.name}' is not a node name`);
  const links = linksForNewNode(sections, added);
  if ('errors' in links) return links;
  const others = nodesOf(sections).filter(([name]) => name !== added.name);
  const used = addressErrors(others, links);
  if (used.length > 0) return { errors: used };

  const existing = nodesOf(sections).find(([name]) => name === added.name)?.[1];
  const votes = added.votes ?? 1;
  const notices: string[] = [];
  let nodeid = added.nodeid;
  if (existing) {
    nodeid ??= Number(optionOf(existing, 'nodeid'));
    const same =
      Number(optionOf(existing, 'nodeid')) === nodeid && Number(optionOf(existing, 'quorum_votes') ?? 1) === votes;
    if (!added.force || !same) return refused(`can't add existing node '${added.name}'`);
    notices.push(`forcing overwrite of configured node '${added.name}'`);
  }
  const taken = new Set(others.map(([, node]) => Number(optionOf(node, 'nodeid'))));
  nodeid ??= smallestUnused(taken);
  if (taken.has(nodeid)) return refused(`nodeid ${nodeid} is already used by another node`);

  const result = copySection(sections);
  sectionOf(sectionOf(result, 'nodelist'), 'node')![added.name] = nodeSection(added.name, nodeid, votes, links);
  return { sections: result, notices };
}

/** Removes the node named by name, `ring0_addr` or `ring1_addr` (§8.4); never the node that this runs on. */
export function removeNode(
  sections: Section,
  nameOrAddress: string,
  localName: string,
): { readonly sections: Section; readonly name: string; readonly nodeid: number | undefined } | Refusal {
  const found = nodesOf(sections).find(
    ([name, node]) =>
      name === nameOrAddress || ['ring0_addr', 'ring1_addr'].some((key) => optionOf(node, key) === nameOrAddress),
  );
  if (!found) return refused(`Node/IP: ${nameOrAddress} is not a known host of the cluster.`);
  const [name, node] = found;
  if (name === localName) return refused('Cannot delete myself from cluster!');
  const result = copySection(sections);
  delete sectionOf(sectionOf(result, 'nodelist'), 'node')![name];
  const nodeid = optionOf(node, 'nodeid');
  return { sections: result, name, nodeid: nodeid === undefined ? undefined : Number(nodeid) };
}

/** The text to write: `sections` with `totem.config_version` raised by one. */
export function replacementText(sections: Section): { readonly text: string; readonly version: number } | Refusal {
  const current = optionOf(sectionOf(sections, 'totem'), 'config_version');
  if (current === undefined || !/^\d{1,15}$/.test(current)) {
    return refused('invalid corosync config: unable to read config version');
  }
  const version = Number(current) + 1;
  const result = copySection(sections);
  sectionOf(result, 'totem')!.config_version = String(version);
  return { text: writeCorosyncConf(result), version };
}

function linksForNewNode(sections: Section, added: NewNode): ReadonlyMap<number, LinkAddress> | Refusal {
  const configured = configuredLinks(sections);
  if (added.links.size === 0 && added.fallbackAddress !== undefined) {
    const [only] = configured;
    if (only === undefined || configured.length > 1) {
      return refused(
        'no links given but multiple links found on other nodes, fallback only supported on single-link clusters',
      );
    }
    return new Map([[only, { address: added.fallbackAddress }]]);
  }
  const errors = [
    ...linkNumberErrors(added.links),
    ...configured
      .filter((link) => !added.links.has(link))
      .map((link) => `corosync: link ${link} exists in cluster config but wasn't specified for new node`),
    ...[...added.links.keys()]
      .filter((link) => !configured.includes(link))
      .map((link) => `corosync: link ${link} specified for new node doesn't exist in cluster config`),
  ];
  return errors.length > 0 ? { errors } : added.links;
}

function configuredLinks(sections: Section): number[] {
  return [...new Set(nodesOf(sections).flatMap(([, node]) => linksOf(node).map(({ link }) => link)))].sort();
}

function addressErrors(nodes: readonly [string, Section][], links: ReadonlyMap<number, LinkAddress>): string[] {
  return [...links.values()].flatMap(({ address }) =>
    nodes.flatMap(([name, node]) =>
      linksOf(node)
        .filter((link) => link.address === address)
        .map(({ key }) => `corosync: address '${address}' already used on link ${key} by node '${name}'`),
    ),
  );
}

function linkNumberErrors(links: ReadonlyMap<number, LinkAddress>): string[] {
  return [...links].flatMap(([link, { address }]) => {
    if (link < 0 || link >= LINK_COUNT)
      return [`link ${link} doesn't exist: links are numbered 0 to ${LINK_COUNT - 1}`];
    return isAddressOrName(address) ? [] : [`link ${link}: '${address}' is neither an IP address nor a host name`];
  });
}

function clusterNameErrors(name: string): string[] {
  if (nodeNameFormat.test(name) && name.length <= MAXIMUM_CLUSTER_NAME_LENGTH) return [];
  return [`'${name}' is not a cluster name: letters, digits and inner hyphens, at most ${MAXIMUM_CLUSTER_NAME_LENGTH}`];
}

function nodeSection(name: string, nodeid: number, votes: number, links: ReadonlyMap<number, LinkAddress>): Section {
  const node = section({ name, nodeid: String(nodeid), quorum_votes: String(votes) });
  for (const [link, { address }] of links) node[`ring${link}_addr`] = address;
  return node;
}

function smallestUnused(taken: ReadonlySet<number>): number {
  let nodeid = 1;
  while (taken.has(nodeid)) nodeid++;
  return nodeid;
}

function section(entries: Section): Section {
  return Object.assign(newSection(), entries);
}

function refused(error: string): Refusal {
  return { errors: [error] };
}
