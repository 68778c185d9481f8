/**
 * From the names in a node list to literal addresses, once at start and at each reload (spec/pmxcfs.md §7.7): names have
 * no place on the hot path, and a name service that fails must not take a running cluster with it.
 */
import { lookup } from 'node:dns/promises';
import type { ClusterConfig, ClusterNode } from '../formats/cluster-config.ts';
import { addressFamily, isLoopback } from '../formats/host-address.ts';

/** All addresses of a name, literal; empty or a rejection where it has none. */
export type ResolveName = (name: string) => Promise<readonly string[]>;

export type ResolvedConfig = { readonly config: ClusterConfig } | { readonly errors: readonly string[] };

/** The resolver of the system: `/etc/hosts`, then DNS. */
export const resolveBySystem: ResolveName = async (name) =>
  (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address);

/** `config` with every address literal, or a sentence for each name that can't be one. */
export async function resolveAddresses(config: ClusterConfig, resolve: ResolveName): Promise<ResolvedConfig> {
  const errors: string[] = [];
  const nodes: ClusterNode[] = [];
  for (const node of config.nodes) {
    const addresses: (string | undefined)[] = [];
    for (const [link, address] of node.addresses.entries()) {
      const literal = address === undefined ? undefined : await literalOf(address, config.ipVersion, resolve);
      if (address !== undefined && literal === undefined) {
        errors.push(
          `ring${link}_addr '${address}' of node '${node.name}' has no ${config.ipVersion} address; correct it, or write the address itself`,
        );
      }
      addresses.push(literal);
    }
    nodes.push({ ...node, addresses });
  }
  errors.push(...unusableLinks(nodes));
  return errors.length > 0 ? { errors } : { config: { ...config, nodes } };
}

/** The address of `candidates` that `ip_version` prefers; undefined where it allows none of them. */
export function chooseAddress(candidates: readonly string[], ipVersion: string): string | undefined {
  const preferred = { ipv4: [4], ipv6: [6], 'ipv4-6': [4, 6] }[ipVersion] ?? [6, 4];
  for (const family of preferred) {
    const found = candidates.find((candidate) => addressFamily(candidate) === family);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function literalOf(address: string, ipVersion: string, resolve: ResolveName): Promise<string | undefined> {
  if (addressFamily(address) !== 0) return address;
  try {
    return chooseAddress(await resolve(address), ipVersion);
  } catch {
    return undefined;
  }
}

/** Links that can't work: two IP versions, or loopback addresses beside real ones. */
function unusableLinks(nodes: readonly ClusterNode[]): string[] {
  const longest = Math.max(0, ...nodes.map(({ addresses }) => addresses.length));
  return Array.from({ length: longest }, (_, link) => link).flatMap((link) => {
    const ends = nodes.flatMap(({ name, addresses }) => {
      const address = addresses[link];
      return address === undefined ? [] : [{ name, address }];
    });
    if (new Set(ends.map(({ address }) => addressFamily(address))).size > 1) {
      return [
        `link ${link} mixes IPv4 and IPv6 addresses: set totem.ip_version to ipv4 or ipv6, or write addresses of one version`,
      ];
    }
    if (ends.every(({ address }) => isLoopback(address))) return [];
    return ends
      .filter(({ address }) => isLoopback(address))
      .map(
        ({ name, address }) =>
          `ring${link}_addr of node '${name}' is the loopback address ${address}, which other nodes can't reach: correct it, or its line in /etc/hosts`,
      );
  });
}
