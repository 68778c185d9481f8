/**
 * What pvecm checks before it edits `corosync.conf` (spec/pmxcfs.md §7.7 "Verify"), with its exact error texts.
 */
import { itemsOf, optionOf, type Section, sectionOf } from './corosync-conf.ts';
import { addressFamily } from './host-address.ts';

export interface Verdict {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** Address of a host name, or undefined where it has none. Whoever calls resolves the names beforehand. */
export type ResolvedName = (name: string) => string | undefined;

/** `ring0_addr` to `ring7_addr`. */
export const LINK_COUNT = 8;

/** Link number and address of every `ringN_addr` of a node, ascending. */
export function linksOf(node: Section): { link: number; key: string; address: string }[] {
  return Array.from({ length: LINK_COUNT }, (_, link) => ({ link, key: `ring${link}_addr` })).flatMap((entry) => {
    const address = optionOf(node, entry.key);
    return address === undefined ? [] : [{ ...entry, address }];
  });
}

/** The nodes of a tree by key, ascending. */
export function nodesOf(sections: Section): [key: string, node: Section][] {
  return itemsOf(sectionOf(sectionOf(sections, 'nodelist'), 'node'));
}

/** Checks a parsed tree. Errors forbid an edit; warnings are shown. */
export function verifyCorosyncConf(sections: Section, resolve: ResolvedName): Verdict {
  const nodes = nodesOf(sections);
  if (nodes.length === 0) return { errors: ['no nodes found'], warnings: [] };
  const totem = sectionOf(sections, 'totem');
  if (!totem) return { errors: ['no totem found'], warnings: [] };
  return {
    errors: linkErrors(nodes, totem),
    warnings: [...authenticationWarnings(totem), ...addressWarnings(nodes, resolve)],
  };
}

function linkErrors(nodes: readonly [string, Section][], totem: Section): string[] {
  const interfaces = itemsOf(sectionOf(totem, 'interface')).map(([number]) => number);
  if (interfaces.length > 0) return nodes.flatMap(([name, node]) => interfaceErrors(name, node, interfaces));
  const used = new Set(nodes.flatMap(([, node]) => linksOf(node).map(({ link }) => link)));
  return nodes.flatMap(([name, node]) => {
    const own = new Set(linksOf(node).map(({ link }) => link));
    const missing = [...used].filter((link) => !own.has(link)).sort();
    return missing.map((link) => `node '${name}' is missing link ${link}, which is configured on other nodes`);
  });
}

function interfaceErrors(name: string, node: Section, interfaces: readonly string[]): string[] {
  const links = linksOf(node);
  const unknown = links.filter(({ link }) => !interfaces.includes(String(link)));
  const missing = interfaces.filter((number) => !links.some(({ link }) => String(link) === number));
  return [
    ...unknown.map(
      ({ link, key }) => `node '${name}' has '${key}', but there is no interface number ${link} configured`,
    ),
    // The missing blank is the original's.
    ...missing.map((number) => `node '${name}' is missing address forinterface number ${number}`),
  ];
}

function authenticationWarnings(totem: Section): string[] {
  const named = (key: string) => !['none', 'off', undefined].includes(optionOf(totem, key));
  if (named('secauth') || named('crypto_cipher') || named('crypto_hash')) return [];
  return ['warning: authentication is not enabled - set totem.secauth to on'];
}

function addressWarnings(nodes: readonly [string, Section][], resolve: ResolvedName): string[] {
  return nodes.flatMap(([name, node]) =>
    linksOf(node).flatMap(({ key, address }) => {
      if (addressFamily(address) !== 0) return [];
      const resolved = resolve(address);
      if (resolved === undefined)
        return [`warning: ${key} '${address}' for node '${name}' can't be resolved to an IP address`];
      return [
        `warning: ${key} '${address}' for node '${name}' resolves to '${resolved}' - consider replacing it with the currently resolved IP address for stability`,
      ];
    }),
  );
}
