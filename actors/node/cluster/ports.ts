/**
 * The real ports of the cluster process, and the steps of its start (spec/pmxcfs.md §1.9). What is wrong with the node's
 * files ends the start with one sentence.
 */
import { haTimes } from '../../../machines/ha/times.ts';
import { CLUSTER_CONFIG_PATH } from '../../../machines/pmxcfs/dcdb/application.ts';
import type { Memdb, TreeMode } from '../../../machines/pmxcfs/tree/memdb.ts';
import { FILE } from '../../../machines/pmxcfs/tree/tree-entry.ts';
import { wallSeconds } from '../../../runtime/clock/clock.ts';
import type { BasePorts } from '../../../runtime/comedy/actor-module.ts';
import { resolveAddresses, resolveBySystem } from '../../../runtime/datagram/addresses.ts';
import { readAuthkey } from '../../../runtime/datagram/authkey.ts';
import { openSealedUdp, type SealedUdp } from '../../../runtime/datagram/sealed-udp.ts';
import { type FuseMount, type MountFailure, mountFuse } from '../../../runtime/file-system/fuse-mount.ts';
import { type HostFile, hostFile } from '../../../runtime/file-system/host-file.ts';
import { entryOwner, groupId, OWNER_GROUP, type Owner } from '../../../runtime/file-system/owner.ts';
import type { ClusterConfig } from '../../../runtime/formats/cluster-config.ts';
import { findLocalNode } from '../../../runtime/formats/corosync-conf-nodes.ts';
import { formatConfProblem, readClusterConfig } from '../../../runtime/formats/corosync-conf-read.ts';
import type { Log } from '../../../runtime/log/log.ts';
import { takeInstanceLock } from '../../../runtime/node/instance-lock.ts';
import { type NodeLayout, nodeLayout } from '../../../runtime/node/layout.ts';
import { losingSidesIn } from '../../../runtime/node/losing-sides.ts';
import {
  interfaceAddresses,
  makeNodeDirectories,
  ownPid,
  ownUid,
  removeFile,
  setRestartFlag,
  writePidFile,
} from '../../../runtime/node/node-directories.ts';
import { numberFile } from '../../../runtime/node/number-file.ts';
import { openSqliteStore } from '../../../runtime/store/sqlite.ts';
import type { Store, StoreFailure } from '../../../runtime/store/store.ts';
import { ClusterNode, type ClusterPorts, openTree } from '../cluster-node.ts';
import { type NodeTrace, nodeTrace } from './trace.ts';

/** What `boot` hands to the cluster process. */
export interface ClusterParameters {
  /** Absolute path. */
  readonly root: string;
  readonly nodeName: string;
  /** `--node` was given: the name alone decides which entry of the node list is ours (§13.2.6). */
  readonly isNameGiven: boolean;
  /** `-l`: ignore the cluster configuration and force quorum. */
  readonly isLocal: boolean;
  readonly treeMode: TreeMode;
  readonly acknowledgement: 'majority' | 'local';
  readonly synchronous: 'normal' | 'full';
  /** Without it files are reached through the IPC and control sockets alone. */
  readonly mount: boolean;
  /** `.debug` is on from the start. */
  readonly isDebug?: boolean;
  /** Whom the pid file names, where that is another process: the one that ends this one. */
  readonly daemonPid?: number;
  /** For tests: a part of the times of high availability, and of the life of a lock. */
  readonly timeScale?: number;
  /** `process`: guests are processes that their configurations name. For tests. */
  readonly hypervisor?: 'none' | 'process';
  /** Absolute path: everything that happens in the cluster process is written there (actors/node/cluster/trace.ts). */
  readonly trace?: string;
}

/** What the members of the cluster process share. */
export interface ClusterProcessPorts {
  readonly node: ClusterNode;
  readonly layout: NodeLayout;
  readonly log: Log;
  readonly uid: number;
  readonly readOnlyGid: number | undefined;
  readonly mount: (() => Promise<FuseMount | MountFailure>) | undefined;
  transport(): object | undefined;
  /** The last steps of an orderly end. */
  close(): void;
}

const LOCK_RETRIES = 10;
const LOCK_RETRY_MS = 1000;

export async function realPorts(base: BasePorts, given: unknown): Promise<ClusterProcessPorts> {
  const parameters = given as ClusterParameters;
  const { clock, random, log } = base;
  const layout = nodeLayout(parameters.root);
  const owner = entryOwner();
  if ('failure' in owner) throw new Error(owner.failure);
  prepareFolders(layout, owner);
  const lock = await instanceLock(layout, base);
  const store = openSqliteStore(layout.database, { synchronous: parameters.synchronous });
  if ('message' in store) throw new Error(databaseComplaint(layout, store));

  const hostConfig = hostFile(layout.hostConfig, { mode: 0o644 });
  const imported = store.isNew && !parameters.isLocal ? readHostConfig(hostConfig) : undefined;
  // What can't be used must not get into a new tree: the next start would find a database that is not new any more.
  let joined = imported && (await joinCluster(parameters, layout, imported, base));
  const memdb = openTree({ store, log, clock }, parameters.treeMode);
  if ('failure' in memdb) throw new Error(databaseComplaint(layout, { code: 'CONTENT', message: memdb.failure }));
  if (imported !== undefined) importHostConfig(memdb, store, imported, base);
  memdb.locks.lifetime_s = haTimes(parameters.timeScale).lock_lifetime_s;
  const config = memdb.lookup(CLUSTER_CONFIG_PATH);
  if (config?.type === FILE) {
    if (parameters.isLocal) log.write('main', 'notice', 'forcing local mode (although corosync.conf exists)');
    else joined ??= await joinCluster(parameters, layout, readHostConfig(hostConfig) ?? config.data, base);
  }
  if (joined === undefined || store.isNew) takeBackProof(layout);
  const address = joined?.address ?? localAddress();
  log.write(
    'main',
    'notice',
    `resolved node name '${parameters.nodeName}' to '${address}' for default node IP address`,
  );

  let isDebug = parameters.isDebug === true;
  const debug = {
    get: () => isDebug,
    set: (enabled: boolean) => {
      isDebug = enabled;
    },
  };
  const { nodeName, trace: file } = parameters;
  const trace = nodeTrace({ node: nodeName, clock, log, blackBox: layout.blackBox, file });
  const node = new ClusterNode(
    memdb,
    {
      clock: trace.clock,
      random,
      log: {
        write: (domain, level, message) =>
          level === 'debug' && !isDebug ? undefined : trace.log.write(domain, level, message),
      },
      store,
      hostConfig,
      losingSides: losingSidesIn(layout.backupDirectory, () => wallSeconds(clock)),
      debug,
      cluster: joined && tracedPorts(joined, trace),
      inspect: trace.inspect,
      trace: trace.transition,
    },
    {
      nodeName: parameters.nodeName,
      pid: ownPid(),
      address,
      owner,
      treeMode: parameters.treeMode,
      acknowledgement: parameters.acknowledgement,
      config: joined?.config,
    },
  );
  writePidFile(layout.pidFile, parameters.daemonPid);
  removeFile(layout.restartFlag);
  return {
    node,
    layout,
    log,
    uid: ownUid(),
    readOnlyGid: groupId(OWNER_GROUP),
    mount: parameters.mount
      ? () => mountFuse({ mountPoint: layout.mountPoint, fileSystem: node.fileSystem, ...owner, log })
      : undefined,
    transport: () => joined?.udp.stats(),
    close: () => {
      closeAll(layout, owner, joined?.udp, lock);
      trace.close();
    },
  };
}

function closeAll(layout: NodeLayout, owner: Owner, udp: SealedUdp | undefined, lock: { release(): void }): void {
  udp?.close();
  setRestartFlag(layout.restartFlag, owner.gid);
  removeFile(layout.pidFile);
  lock.release();
}

/** Peers that come with a later configuration are named by their number. */
function tracedPorts({ config, ports }: JoinedCluster, trace: NodeTrace): ClusterPorts {
  const names = new Map(config.nodes.map(({ nodeid, name }) => [nodeid, name]));
  return { ...ports, datagram: trace.datagram(ports.datagram, (nodeid) => names.get(nodeid) ?? `node ${nodeid}`) };
}

/** A new database, and what is changed in local mode, is not the cluster's history (`machines/pmxcfs/dcdb/proven-history.ts` H1). */
function takeBackProof({ provenMark }: NodeLayout): void {
  const mark = numberFile(provenMark);
  const failure = mark.load() === 0 ? undefined : mark.save(0);
  if (failure !== undefined) throw new Error(`${failure.message}; is the disk full, or not writable?`);
}

/** §1.9 step 4: a daemon that is just ending gets ten seconds. */
async function instanceLock(layout: NodeLayout, { clock, log }: BasePorts): Promise<{ release(): void }> {
  for (let attempt = 0; ; attempt++) {
    const lock = takeInstanceLock(layout.lockFile);
    if ('release' in lock) return lock;
    if (lock.failure === 'unusable' || attempt === LOCK_RETRIES) {
      throw new Error(
        lock.failure === 'unusable'
          ? lock.message
          : `unable to acquire pmxcfs lock: ${lock.message}; stop the other instance, or use another --root`,
      );
    }
    if (attempt === 0) log.write('main', 'notice', 'unable to acquire pmxcfs lock - trying again');
    await new Promise<void>((resolve) => {
      clock.setTimeout(resolve, LOCK_RETRY_MS);
    });
  }
}

function prepareFolders(layout: NodeLayout, { gid }: Owner): void {
  try {
    makeNodeDirectories(layout, gid);
  } catch (error) {
    throw new Error(
      `cannot make the folders of the node below ${layout.root}: ${(error as Error).message}; is it writable?`,
    );
  }
}

/** Failures of the disk, not of the database's content. */
const DISK_FAILURE = /^(SQLITE_(IOERR|FULL|READONLY|CANTOPEN|BUSY|LOCKED)|E[A-Z]+$)/;

function databaseComplaint({ database, backupDirectory }: NodeLayout, { code, message }: StoreFailure): string {
  const advice = DISK_FAILURE.test(code)
    ? 'is its disk full, or not writable?'
    : `restore it (backups: ${backupDirectory}), or move it away to start with an empty one`;
  return `memdb_open failed - unable to open database '${database}': ${message}; ${advice}`;
}

/** The host copy of `corosync.conf`; undefined where there is none. */
function readHostConfig(file: HostFile): Buffer | undefined {
  const content = file.read();
  if (content === undefined || !('failure' in content)) return content;
  throw new Error(`unable to read cluster config file '${file.path}' - ${content.failure.cause}`);
}

/** §1.9 step 6. */
function importHostConfig(memdb: Memdb, store: Store, content: Buffer, { clock }: BasePorts): void {
  const stamp = { writer: 0, time: wallSeconds(clock), monotonic_s: clock.monotonic_ms() / 1000 };
  const isImported =
    memdb.create(CLUSTER_CONFIG_PATH, stamp) === 0 &&
    memdb.write(CLUSTER_CONFIG_PATH, content, 0, true, stamp) >= 0 &&
    store.commit(memdb.takeChanges()) === undefined;
  if (!isImported) throw new Error('memdb_write failed - unable to import corosync.conf');
}

interface JoinedCluster {
  readonly config: ClusterConfig;
  readonly address: string;
  readonly udp: SealedUdp;
  readonly ports: ClusterPorts;
}

/** `content` is the host copy, which the cluster layer reads; the tree's where a restored database comes to a new host. */
async function joinCluster(
  { nodeName, isNameGiven }: ClusterParameters,
  layout: NodeLayout,
  content: Buffer,
  { clock, random, log }: BasePorts,
): Promise<JoinedCluster> {
  const config = await usableConfig(content.toString('utf8'), layout, log);
  const addresses = isNameGiven ? [] : interfaceAddresses();
  const own = findLocalNode(config.nodes, { hostName: nodeName, interfaceAddresses: addresses });
  if (own === undefined) {
    throw new Error(
      `${layout.hostConfig}: no node of the list is '${nodeName}'; correct the node list, or give --node NAME`,
    );
  }
  const key = readAuthkey(layout.authkey);
  if ('error' in key) throw new Error(key.error);
  if (key.warning !== undefined) log.write('main', 'warning', key.warning);
  const udp = await openSealedUdp({
    nodeid: own.nodeid,
    config,
    authkey: key.authkey,
    clock,
    random,
    log,
    configFile: layout.hostConfig,
  });
  const ports: ClusterPorts = {
    datagram: udp,
    ringIds: numberFile(`${layout.ringDirectory}/ringid_${own.nodeid}`),
    primaryRing: numberFile(layout.primaryRing),
    provenMark: numberFile(layout.provenMark),
    expectedVotes: numberFile(`${layout.ringDirectory}/ev_tracking`),
    reconfigure: (newer, done) => {
      applyConfig(udp, newer).then(done, (error: Error) => done({ errors: [error.message] }));
    },
  };
  return { config, address: own.addresses.find((address) => address !== undefined) ?? nodeName, udp, ports };
}

async function usableConfig(text: string, layout: NodeLayout, log: Log): Promise<ClusterConfig> {
  const read = readClusterConfig(text, layout.hostConfig);
  for (const warning of read.warnings) log.write('confdb', 'warning', formatConfProblem(warning));
  if (!('config' in read)) throw firstOf(read.errors.map(formatConfProblem), log);
  const resolved = await resolveAddresses(read.config, resolveBySystem);
  if ('config' in resolved) return resolved.config;
  throw firstOf(
    resolved.errors.map((error) => `${layout.hostConfig}: ${error}`),
    log,
  );
}

/** One sentence for whoever started the node; the log has them all. */
function firstOf(sentences: readonly string[], log: Log): Error {
  for (const sentence of sentences) log.write('confdb', 'crit', sentence);
  const more = sentences.length - 1;
  return new Error(more > 0 ? `${sentences[0]} (and ${more} more in the log)` : sentences[0]);
}

async function applyConfig(udp: SealedUdp, newer: ClusterConfig) {
  const resolved = await resolveAddresses(newer, resolveBySystem);
  if ('errors' in resolved) return resolved;
  const { problems } = await udp.reconfigure(resolved.config);
  return { config: resolved.config, problems };
}

/** A node that is alone publishes its first address that others could reach, or the loopback one. */
function localAddress(): string {
  return interfaceAddresses().find((address) => !address.startsWith('127.') && address !== '::1') ?? '127.0.0.1';
}
