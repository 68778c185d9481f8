/** `pvecm create NAME` (spec/pmxcfs.md §8.1): this node becomes a cluster of one. */
import { Buffer } from 'node:buffer';
import { CLUSTER_CONFIG_PATH } from '../../machines/pmxcfs/dcdb/application.ts';
import { type LinkAddress, newClusterConf } from '../../runtime/formats/corosync-conf-edit.ts';
import { hasHostEntry, replaceHostFile } from '../../runtime/node/host-files.ts';
import { ownAddress } from '../../runtime/node/host-identity.ts';
import { replaceClusterConf } from './cluster-config-file.ts';
import { failWith, PvecmFailure } from './failure.ts';
import { type LinkTexts, parseLinks } from './links.ts';
import { withLocalLock } from './locks.ts';
import { type PvecmPorts, printLine } from './ports.ts';
import { updateCertificates } from './update-certs.ts';
import { waitUntilReady } from './wait-until-ready.ts';

export interface CreateRequest {
  readonly clusterName: string;
  readonly nodeName: string;
  readonly links: LinkTexts;
  readonly nodeid?: number | undefined;
  readonly votes?: number | undefined;
  readonly tokenCoefficient?: number | undefined;
}

/** The size that corosync's own key generator gives. */
const AUTHKEY_BYTES = 256;
const AUTHKEY_MODE = 0o400;
const CONFIG_MODE = 0o644;

/** Throws a sentence; nothing is changed by what is refused. */
export function createCluster(ports: PvecmPorts, request: CreateRequest): Promise<void> {
  return withLocalLock(ports, async () => {
    const { layout, client } = ports;
    const path = client.fullPath(CLUSTER_CONFIG_PATH);
    if (await client.exists(CLUSTER_CONFIG_PATH)) throw new PvecmFailure(`cluster config '${path}' already exists`);
    const edit = newClusterConf({
      clusterName: request.clusterName,
      nodeName: request.nodeName,
      links: await linksOf(request),
      ...(request.nodeid === undefined ? {} : { nodeid: request.nodeid }),
      ...(request.votes === undefined ? {} : { votes: request.votes }),
      ...(request.tokenCoefficient === undefined ? {} : { tokenCoefficient: request.tokenCoefficient }),
    });
    if ('errors' in edit) return failWith(edit.errors);

    if (!hasHostEntry(layout.authkey)) writeAuthkey(ports, layout.authkey);
    printLine(ports, `Writing corosync config to ${path}`);
    const text = await replaceClusterConf(client, edit.sections);
    // A local node keeps no host copy up to date; without this one its engine would start from the tree's.
    replaceHostFile(layout.hostConfig, Buffer.from(text, 'latin1'), CONFIG_MODE);
    await updateCertificates(ports, { nodeName: request.nodeName, silent: true }).catch((error: Error) =>
      ports.warn(`${error.message}; run 'pvecm updatecerts' later`),
    );

    printLine(ports, 'Restart corosync and cluster filesystem');
    if (await client.changeLife('restart')) await waitUntilReady(ports, 'the cluster was created');
    else ports.warn(`this node's cluster process is not supervised; start the node with: ${client.bootCommand()}`);
  });
}

/** `pvecm keygen FILE` (§8.6). */
export function generateKey(ports: Pick<PvecmPorts, 'random'>, path: string): void {
  if (hasHostEntry(path)) throw new PvecmFailure(`key file '${path}' already exists`);
  writeAuthkey(ports, path);
}

function writeAuthkey({ random }: Pick<PvecmPorts, 'random'>, path: string): void {
  replaceHostFile(path, random.bytes(AUTHKEY_BYTES), AUTHKEY_MODE);
}

async function linksOf({ links, nodeName }: CreateRequest): Promise<ReadonlyMap<number, LinkAddress>> {
  if (links.size > 0) return parseLinks(links);
  const address = await ownAddress(nodeName);
  if (address !== undefined) return new Map([[0, { address }]]);
  throw new PvecmFailure(`node '${nodeName}' has no address that others could reach; give --link0 ADDRESS`);
}
