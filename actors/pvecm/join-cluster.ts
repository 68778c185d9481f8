/**
 * `pvecm add HOST --via COMMAND` on the node that joins (spec/pmxcfs.md §8.3). COMMAND reaches pvecm of a member, as ssh did for
 * the original: `ssh root@n1 pvecm`.
 *
 * Invariants:
 *  I1 a node with guests, a key or a configuration of its own is refused, unless forced, before anything is asked or changed;
 *  I2 the old database is only given up when it is backed up or set aside, and while no process has it open.
 */
import { Buffer } from 'node:buffer';
import { wallSeconds } from '../../runtime/clock/clock.ts';
import { isLoopback } from '../../runtime/formats/host-address.ts';
import {
  backUpDatabase,
  backupPath,
  deleteDatabase,
  holdsGuests,
  setDatabaseAside,
} from '../../runtime/node/database-backup.ts';
import { hasHostEntry, makeParentDirectory, replaceHostFile } from '../../runtime/node/host-files.ts';
import { addressesOf, isOwnAddress, ownAddress } from '../../runtime/node/host-identity.ts';
import { takeInstanceLock } from '../../runtime/node/instance-lock.ts';
import { removeFile } from '../../runtime/node/node-directories.ts';
import { JOIN_API_VERSION, type JoinInformation } from './admit-node.ts';
import { PvecmFailure } from './failure.ts';
import { type LinkTexts, parseLinks } from './links.ts';
import { withLocalLock } from './locks.ts';
import type { MemberCommand } from './member-command.ts';
import { type PvecmPorts, printLine } from './ports.ts';
import { updateCertificates } from './update-certs.ts';
import { waitUntilReady } from './wait-until-ready.ts';

export interface JoinRequest {
  readonly nodeName: string;
  readonly member: MemberCommand;
  readonly links: LinkTexts;
  readonly nodeid?: number | undefined;
  readonly votes?: number | undefined;
  readonly force?: boolean | undefined;
  /** Of the calling process. */
  readonly workingDirectory: string;
}

const AUTHKEY_MODE = 0o400;
const CONFIG_MODE = 0o644;

export async function joinCluster(ports: PvecmPorts, request: JoinRequest): Promise<void> {
  const { mountPoint } = ports.layout;
  const { workingDirectory: here } = request;
  if (here === mountPoint || here.startsWith(`${mountPoint}/`)) {
    throw new PvecmFailure(`the working directory must not be below '${mountPoint}': it is taken away while joining`);
  }
  return withLocalLock(ports, async () => {
    await refuseUnfit(ports, request);
    await refuseUnsupervised(ports);
    const information = await requestAddition(ports, request);
    for (const warning of information.warnings) ports.warn(warning);
    printLine(ports, 'Join request OK, finishing setup locally');
    await finish(ports, request, information);
  });
}

/** I1. */
async function refuseUnfit(ports: PvecmPorts, request: JoinRequest): Promise<void> {
  const faults = await faultsOf(ports, request);
  if (faults.length === 0) return;
  ports.warn(['detected the following error(s):', ...faults.map((fault) => `* ${fault}`)].join('\n'));
  if (!request.force) throw new PvecmFailure('Check if node may join a cluster failed!');
}

/** A process that can't be stopped from here would keep the database open (I2). */
async function refuseUnsupervised({ client }: PvecmPorts): Promise<void> {
  if ((await client.describeIfRunning()) === undefined || (await client.isSupervised())) return;
  throw new PvecmFailure(
    `the cluster process of this node runs without a supervisor; end it, or run the node with: ${client.bootCommand()}`,
  );
}

async function faultsOf({ layout, client }: PvecmPorts, { links }: JoinRequest): Promise<string[]> {
  const faults: string[] = [];
  const running = await client.describeIfRunning();
  if (hasHostEntry(layout.authkey)) faults.push(`authentication key '${layout.authkey}' already exists`);
  if (hasHostEntry(layout.hostConfig)) faults.push(`cluster config '${layout.hostConfig}' already exists`);
  if (running === undefined ? holdsGuests(layout.database) : hasGuests(await client.read('.vmlist'))) {
    faults.push('this host already contains virtual guests');
  }
  if (running?.mode === 'cluster') faults.push('corosync is running already: this node is in a cluster');
  for (const [link, { address }] of parseLinks(links)) {
    const own = (await addressesOf(address)).some((found) => isUsable(layout.root, found));
    if (!own) faults.push(`link ${link}: '${address}' is not an address of this node`);
  }
  return faults;
}

/** Several nodes on one machine have loopback addresses (§13.2.6). */
function isUsable(root: string, address: string): boolean {
  return isOwnAddress(address) && (root !== '/' || !isLoopback(address));
}

/** `.vmlist` has no `ids` where there are none (§6.7). */
function hasGuests(vmlist: Buffer | undefined): boolean {
  const { ids = {} } = JSON.parse(vmlist?.toString() ?? '{}') as { readonly ids?: object };
  return Object.keys(ids).length > 0;
}

async function requestAddition(ports: PvecmPorts, request: JoinRequest): Promise<JoinInformation> {
  const { member, nodeName, links, nodeid, votes, force } = request;
  printLine(ports, 'check cluster join API version');
  const version = await member.joinApiVersion();
  if (version > JOIN_API_VERSION) {
    throw new PvecmFailure(
      `the cluster has join API version ${version}, this node knows ${JOIN_API_VERSION} at most; update this node first`,
    );
  }
  const address = links.size > 0 ? undefined : await ownAddress(nodeName);
  if (links.size === 0 && address === undefined) {
    throw new PvecmFailure(`node '${nodeName}' has no address that others could reach; give --link0 ADDRESS`);
  }
  if (address !== undefined) {
    printLine(ports, `No cluster network links passed explicitly, fallback to local node IP '${address}'`);
  }
  printLine(ports, 'Request addition of this node');
  return member.addNode({ name: nodeName, links, nodeid, votes, force, newNodeAddress: address, apiVersion: version });
}

async function finish(ports: PvecmPorts, request: JoinRequest, information: JoinInformation): Promise<void> {
  const { layout, client } = ports;
  replaceHostFile(layout.authkey, Buffer.from(information.corosync_authkey, 'base64'), AUTHKEY_MODE);
  replaceHostFile(layout.hostConfig, Buffer.from(information.corosync_conf, 'latin1'), CONFIG_MODE);
  printLine(ports, 'stopping pve-cluster service');
  const isSupervised = await client.changeLife('stop');
  client.close();
  giveUpDatabase(ports);
  if (!isSupervised) {
    printLine(ports, `node '${request.nodeName}' is a member; start it with: ${client.bootCommand()}`);
    return;
  }
  await client.changeLife('start');
  ports.print('waiting for quorum...');
  await waitUntilReady(ports, "this node was added to the cluster's configuration");
  printLine(ports, 'OK');
  await makeFiles(ports, request);
  printLine(ports, `successfully added node '${request.nodeName}' to cluster.`);
}

/** I2: the daemon's own lock is held meanwhile, so that none can start. */
function giveUpDatabase(ports: PvecmPorts): void {
  const { layout, clock } = ports;
  if (!hasHostEntry(layout.database)) return;
  makeParentDirectory(layout.lockFile);
  const lock = takeInstanceLock(layout.lockFile);
  if (!('release' in lock)) {
    throw new PvecmFailure(`${lock.message}: end that process, then run this command again with --force`);
  }
  try {
    const wall_s = wallSeconds(clock);
    const backup = backupPath(layout.backupDirectory, wall_s);
    printLine(ports, `backup old database to '${backup}'`);
    try {
      backUpDatabase(layout.database, backup);
    } catch (error) {
      const aside = setDatabaseAside(layout.database, wall_s);
      ports.warn(`backup failed: ${(error as Error).message}; the old database is now '${aside}'`);
      return;
    }
    deleteDatabase(layout.database);
    // The rings of the cluster before mean nothing in this one.
    removeFile(layout.primaryRing);
    removeFile(layout.provenMark);
  } finally {
    lock.release();
  }
}

async function makeFiles(ports: PvecmPorts, { nodeName }: JoinRequest): Promise<void> {
  try {
    await updateCertificates(ports, { nodeName, force: true, silent: true });
    printLine(ports, 'generated new node certificate, restart pveproxy and pvedaemon services');
  } catch (error) {
    ports.warn(`${(error as Error).message}; run 'pvecm updatecerts --force' later`);
  }
}
