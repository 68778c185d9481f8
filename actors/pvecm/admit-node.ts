/**
 * `pvecm addnode NODE` and `delnode NODE` on a member (spec/pmxcfs.md §8.2, §8.4): the membership of the configuration
 * changes under the node's lock file and, with more than one node, under a cluster lock.
 */
import type { Section } from '../../runtime/formats/corosync-conf.ts';
import { addNode, removeNode } from '../../runtime/formats/corosync-conf-edit.ts';
import { nodesOf, verifyCorosyncConf } from '../../runtime/formats/corosync-conf-verify.ts';
import { readHostFile } from '../../runtime/node/host-files.ts';
import { readClusterConf, replaceClusterConf, resolveLinkNames } from './cluster-config-file.ts';
import { failWith, PvecmFailure } from './failure.ts';
import { type LinkTexts, parseLinks } from './links.ts';
import { fileLockId, withClusterLock, withLocalLock } from './locks.ts';
import type { NodeDescription } from './node-client.ts';
import type { PvecmPorts } from './ports.ts';
import { mergeRootKeys } from './ssh-keys.ts';

/** Of the exchange between a joining node and a member. */
export const JOIN_API_VERSION = 1;

export interface NodeRequest {
  readonly name: string;
  readonly links: LinkTexts;
  readonly nodeid?: number | undefined;
  readonly votes?: number | undefined;
  /** Address of the only link where none was given. */
  readonly newNodeAddress?: string | undefined;
  readonly force?: boolean | undefined;
  /** The joiner's; version 0 had no such parameter. */
  readonly apiVersion?: number | undefined;
}

/** What the joining node needs; the same fields as the API's answer. */
export interface JoinInformation {
  /** Base64. */
  readonly corosync_authkey: string;
  readonly corosync_conf: string;
  readonly warnings: readonly string[];
}

/** Adds a node to the configuration, or throws what forbids it. */
export async function admitNode(ports: PvecmPorts, request: NodeRequest): Promise<JoinInformation> {
  const { apiVersion = 0 } = request;
  if (apiVersion > JOIN_API_VERSION) {
    throw new PvecmFailure(
      `the joining node asks for join API version ${apiVersion}, this member knows ${JOIN_API_VERSION} at most; update this member first`,
    );
  }
  const links = parseLinks(request.links);
  return changeMembership(ports, async (sections) => {
    const resolve = await resolveLinkNames(sections);
    const present = verifyCorosyncConf(sections, resolve).errors;
    if (present.length > 0) return failWith(['invalid corosync.conf', ...present]);
    const authkey = readHostFile(ports.layout.authkey);
    if (authkey === undefined) throw new PvecmFailure(`${ports.layout.authkey} is missing on this member`);
    const { name, nodeid, votes, newNodeAddress, force } = request;
    const edit = addNode(
      sections,
      {
        name,
        links,
        ...(nodeid === undefined ? {} : { nodeid }),
        ...(votes === undefined ? {} : { votes }),
        ...(newNodeAddress === undefined ? {} : { fallbackAddress: newNodeAddress }),
        ...(force === undefined ? {} : { force }),
      },
      resolve,
    );
    if ('errors' in edit) return failWith(edit.errors);
    for (const notice of edit.notices) ports.warn(notice);
    await makeNodeDirectories(ports, name);
    await mergeRootKeys(ports);
    await ports.client.log(`adding node ${name} to cluster`);
    const corosync_conf = await replaceClusterConf(ports.client, edit.sections);
    const { warnings } = verifyCorosyncConf(edit.sections, await resolveLinkNames(edit.sections));
    return { corosync_authkey: authkey.toString('base64'), corosync_conf, warnings };
  });
}

/**
 * Removes the node of that name or address from the configuration; its directory in the tree stays.
 *
 * A live node is told to leave before, unless the others would then have no quorum to write with: two live nodes could never part
 * by this command otherwise.
 */
export async function dismissNode(ports: PvecmPorts, nameOrAddress: string, localName: string): Promise<void> {
  const { client } = ports;
  const remaining = await changeMembership(ports, async (sections) => {
    const edit = removeNode(sections, nameOrAddress, localName);
    if ('errors' in edit) return failWith(edit.errors);
    await client.log(`deleting node ${edit.name} from cluster`);
    const isKilledFirst = isQuorateWithout(edit.nodeid, await client.describe());
    if (isKilledFirst) await killNode(ports, edit.nodeid);
    await replaceClusterConf(client, edit.sections);
    return isKilledFirst ? undefined : edit.nodeid;
  });
  await killNode(ports, remaining);
}

/** A node that is off can't be told, which is the usual case: a failure is ignored (§8.4). */
async function killNode({ client }: PvecmPorts, nodeid: number | undefined): Promise<void> {
  if (nodeid !== undefined) await client.call('kill-node', { nodeid }).catch(() => undefined);
}

function isQuorateWithout(nodeid: number | undefined, { quorum, cluster }: NodeDescription): boolean {
  const node = cluster?.nodes.find((candidate) => candidate.nodeid === nodeid);
  if (quorum === undefined || node === undefined || !node.online) return true;
  return quorum.total_votes - node.votes >= quorum.quorum;
}

/** The directories that every node has below `nodes/` (§8.2, §8.6). */
export async function makeNodeDirectories({ client }: Pick<PvecmPorts, 'client'>, name: string): Promise<void> {
  for (const folder of ['lxc', 'qemu-server', 'openvz', 'priv'])
    await client.makeDirectories(`nodes/${name}/${folder}`);
}

/** Runs `change` on the configuration as it is under the locks. */
async function changeMembership<T>(ports: PvecmPorts, change: (sections: Section) => Promise<T>): Promise<T> {
  const { client } = ports;
  await requireQuorum(ports);
  return withLocalLock(ports, async () => {
    const changeCurrent = async () => change((await readClusterConf(client)).sections);
    const { sections } = await readClusterConf(client);
    if (nodesOf(sections).length <= 1) return changeCurrent();
    return withClusterLock(ports, fileLockId('corosync.conf'), changeCurrent);
  });
}

async function requireQuorum({ client }: PvecmPorts): Promise<void> {
  const { quorate } = await client.describe();
  if (!quorate) throw new PvecmFailure('cluster not ready - no quorum?');
}
