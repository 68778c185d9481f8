/** `corosync.conf` of the tree, as pvecm reads and replaces it (spec/pmxcfs.md §7.7). Text is a byte string. */
import { Buffer } from 'node:buffer';
import { CLUSTER_CONFIG_PATH } from '../../machines/pmxcfs/dcdb/application.ts';
import { type CorosyncConf, parseCorosyncConf, type Section } from '../../runtime/formats/corosync-conf.ts';
import { replacementText } from '../../runtime/formats/corosync-conf-edit.ts';
import { linksOf, nodesOf, type ResolvedName } from '../../runtime/formats/corosync-conf-verify.ts';
import { addressFamily } from '../../runtime/formats/host-address.ts';
import { addressesOf } from '../../runtime/node/host-identity.ts';
import { failWith, PvecmFailure } from './failure.ts';
import { errnoText, type NodeClient } from './node-client.ts';

/** The parsed file with its text; throws where there is none: this node is in no cluster. */
export async function readClusterConf(client: NodeClient): Promise<CorosyncConf & { readonly text: string }> {
  const content = await client.read(CLUSTER_CONFIG_PATH);
  if (content === undefined) {
    const path = client.fullPath(CLUSTER_CONFIG_PATH);
    throw new PvecmFailure(`Error: Corosync config '${path}' does not exist - is this node part of a cluster?`);
  }
  const text = content.toString('latin1');
  const parsed = parseCorosyncConf(text);
  if ('error' in parsed) throw new PvecmFailure(parsed.error);
  return { ...parsed.conf, text };
}

/** Writes `sections` with the next version beside the file, and activates it by a rename. The result is what was written. */
export async function replaceClusterConf(client: NodeClient, sections: Section): Promise<string> {
  const replacement = replacementText(sections);
  if ('errors' in replacement) return failWith(replacement.errors);
  const beside = `${CLUSTER_CONFIG_PATH}.new`;
  await client.write(beside, Buffer.from(replacement.text, 'latin1'));
  const errno = await client.tryRename(beside, CLUSTER_CONFIG_PATH);
  if (errno !== undefined) throw new PvecmFailure(`activating ${beside} failed - ${errnoText(errno)}`);
  return replacement.text;
}

/** Resolves every host name that stands as an address in `sections`. */
export async function resolveLinkNames(sections: Section): Promise<ResolvedName> {
  const names = nodesOf(sections).flatMap(([, node]) => linksOf(node).map(({ address }) => address));
  const resolved = new Map<string, string | undefined>();
  for (const name of names) {
    if (addressFamily(name) === 0 && !resolved.has(name)) resolved.set(name, (await addressesOf(name))[0]);
  }
  return (name) => resolved.get(name);
}
