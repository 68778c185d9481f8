/**
 * One node's cluster daemons put together: Totem and quorum, the two replicas (dcdb and status), the tree with its store, the
 * file system and the answers of the IPC service. The same composition runs in the cluster process of a real node and in
 * every simulated node; only the ports differ.
 *
 * Whether a node is local or in a cluster is decided once, at start, by the presence of `corosync.conf` in its tree
 * (spec/pmxcfs.md §1.9 step 7).
 */
import { CLUSTER_CONFIG_PATH } from '../../machines/pmxcfs/dcdb/application.ts';
import type { DfsmTransition } from '../../machines/pmxcfs/dfsm/engine.ts';
import { type NodeFiles, nodeFiles } from '../../machines/pmxcfs/status/node-files.ts';
import { Status } from '../../machines/pmxcfs/status/status.ts';
import { StatusApplication } from '../../machines/pmxcfs/status/status-application.ts';
import { Memdb, type TreeMode } from '../../machines/pmxcfs/tree/memdb.ts';
import { FILE } from '../../machines/pmxcfs/tree/tree-entry.ts';
import { type Clock, wallSeconds } from '../../runtime/clock/clock.ts';
import type { DatagramPort } from '../../runtime/datagram/datagram.ts';
import type { FileSystem } from '../../runtime/file-system/file-system.ts';
import type { HostFile } from '../../runtime/file-system/host-file.ts';
import type { ClusterConfig } from '../../runtime/formats/cluster-config.ts';
import { formatConfProblem, readClusterConfig } from '../../runtime/formats/corosync-conf-read.ts';
import type { Log } from '../../runtime/log/log.ts';
import type { Random } from '../../runtime/random/random.ts';
import type { Store } from '../../runtime/store/store.ts';
import {
  createTotemNode,
  type ExpectedVotesStore,
  type QuorumView,
  type RingIdStore,
  type TotemNode,
} from '../cluster/totem-node.ts';
import { createFileSystem } from '../pmxcfs/file-system.ts';
import { createHostConfig, type HostConfig } from '../pmxcfs/host-config.ts';
import { createLocalSubmit } from '../pmxcfs/local-changes.ts';
import { Replica } from '../pmxcfs/replica.ts';
import { TreeReplica } from '../pmxcfs/replica-dcdb.ts';
import { createReplicatedSubmit } from '../pmxcfs/replicated-changes.ts';
import { QuorumClient } from './quorum-client.ts';

/** A kept losing side of a divergent rejoin (§13.2.2). */
export interface LosingSide {
  /** Name of the kept database. */
  readonly id: string;
  readonly time: number;
  readonly paths: readonly string[];
}

export interface LosingSides {
  /** Where the next one goes; a path that doesn't exist yet. */
  nextPath(): string;
  /** Remembers what was kept until it is dismissed. */
  note(path: string, paths: readonly string[]): void;
  list(): readonly LosingSide[];
  dismiss(id: string): boolean;
}

/** The cluster layer's ports; a local node has none. */
export interface ClusterPorts {
  readonly datagram: DatagramPort;
  readonly ringIds: RingIdStore;
  /** The last quorate ring whose round the tree has completed (§13.2.1). */
  readonly primaryRing: RingIdStore;
  readonly expectedVotes?: ExpectedVotesStore;
  /**
   * A newer configuration for the transport: names resolved, peers and addresses changed while running. `done` gets what applies now, and
   * sentences for what needs a restart (§13.2.10).
   */
  reconfigure(
    config: ClusterConfig,
    done: (
      result:
        | { readonly config: ClusterConfig; readonly problems: readonly string[] }
        | { readonly errors: readonly string[] },
    ) => void,
  ): void;
}

/** What a machine did, for trace and black box. */
export interface NodeTransition {
  readonly machine: string;
  readonly event: string;
  readonly detail: unknown;
}

export interface ClusterNodePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly store: Store;
  /** Host copy of `corosync.conf` (§5.8). */
  readonly hostConfig: HostFile;
  readonly losingSides: LosingSides;
  readonly debug: { get(): boolean; set(enabled: boolean): void };
  readonly cluster?: ClusterPorts | undefined;
  readonly trace?: ((transition: NodeTransition) => void) | undefined;
}

export interface ClusterNodeOptions {
  /** Up to the first dot. */
  readonly nodeName: string;
  readonly pid: number;
  /** Published as `nodeip`. */
  readonly address: string;
  /** Shown owner of all files (§13.2.6). */
  readonly owner: { readonly uid: number; readonly gid: number };
  readonly treeMode: TreeMode;
  readonly acknowledgement: 'majority' | 'local';
  /** Literal addresses; present exactly when `ports.cluster` is. */
  readonly config?: ClusterConfig | undefined;
}

export type ReplicaName = 'dcdb' | 'status';

export type Outcome = { readonly ok: true } | { readonly ok: false; readonly code: string; readonly message: string };

const NOT_IN_A_CLUSTER: Outcome = { ok: false, code: 'local-mode', message: 'this node is not part of a cluster' };

/** Opens the tree from the store; the failure is a sentence whose log lines were written. */
export function openTree(
  ports: Pick<ClusterNodePorts, 'store' | 'log' | 'clock'>,
  mode: TreeMode,
): Memdb | { readonly failure: string } {
  const memdb = new Memdb({ mode });
  const failure = loadTree(memdb, ports);
  return failure === undefined ? memdb : { failure };
}

function loadTree(
  memdb: Memdb,
  { store, log, clock }: Pick<ClusterNodePorts, 'store' | 'log' | 'clock'>,
): string | undefined {
  const loaded = store.load();
  if ('failure' in loaded) {
    log.write('database', 'crit', `select returned error: ${loaded.failure.message}`);
    return loaded.failure.message;
  }
  const opened = memdb.open(loaded.rows, { wall_s: wallSeconds(clock), monotonic_s: clock.monotonic_ms() / 1000 });
  if ('failure' in opened) {
    for (const line of opened.logs) log.write(line.domain, line.level, line.message);
    return opened.failure;
  }
  const refused = opened.changes.length === 0 ? undefined : store.commit(opened.changes);
  return refused?.message;
}

export class ClusterNode {
  readonly fileSystem: FileSystem;
  /** For the IPC service. */
  readonly status: Status;
  readonly memdb: Memdb;
  readonly #ports: ClusterNodePorts;
  readonly #options: ClusterNodeOptions;
  readonly #files: NodeFiles;
  readonly #hostConfig: HostConfig;
  readonly #totem: TotemNode | undefined;
  readonly #dcdb: TreeReplica | undefined;
  readonly #kvstore: Replica | undefined;
  readonly #quorum: QuorumClient;
  #config: ClusterConfig | undefined;
  #restartNeeded: readonly string[] = [];
  #view: QuorumView | undefined;
  #isStopping = false;

  /** `memdb` comes from `openTree` over the same store. */
  constructor(memdb: Memdb, ports: ClusterNodePorts, options: ClusterNodeOptions) {
    this.memdb = memdb;
    this.#ports = ports;
    this.#options = options;
    this.#config = options.config;
    const { clock, log } = ports;
    this.status = new Status({
      nodeName: options.nodeName,
      pid: options.pid,
      wall_s: () => wallSeconds(clock),
      monotonic_s: () => clock.monotonic_ms() / 1000,
      log: (level, message) => log.write('status', level, message),
    });
    this.#quorum = new QuorumClient(log, (quorate) => this.status.setQuorate(quorate));
    this.#files = nodeFiles(this.status, memdb);
    this.#hostConfig = createHostConfig({ file: ports.hostConfig, clock, log, notify: (done) => this.#reload(done) });
    if (ports.cluster !== undefined && options.config !== undefined) {
      this.#totem = this.#createTotem(ports.cluster, options.config);
      this.#dcdb = this.#createTreeReplica(this.#totem, ports.cluster);
      this.#kvstore = this.#createStatusReplica(this.#totem);
    }
    this.fileSystem = this.#createFileSystem();
  }

  get isLocal(): boolean {
    return this.#totem === undefined;
  }

  get quorate(): boolean {
    return this.#quorum.quorate;
  }

  /** The tree is up to date and may be written to. */
  get isReady(): boolean {
    return this.isLocal || (this.#mayWrite() && this.#dcdb?.state().mode === 'synced');
  }

  /**
   * Quorate, and so are the replicas of the tree's group, as far as their nodes are sure to see what is delivered now. The ring counts
   * engines; where a replica is out of its group (a full disk, a write refused at a ring change) its engine still receives,
   * but nothing is applied there. A change that only such nodes have received beside this one would be acknowledged, and lost
   * with this node (§13.2.1).
   */
  #mayWrite(): boolean {
    if (!this.quorate) return false;
    const [view, config] = [this.#view, this.#config];
    if (this.#options.acknowledgement === 'local' || view === undefined || config === undefined) return true;
    const votesOf = (nodeid: number): number =>
      view.present.includes(nodeid) ? (config.nodes.find((node) => node.nodeid === nodeid)?.votes ?? 0) : 0;
    const inGroup = this.#dcdb?.memberVotes(votesOf) ?? 0;
    const present = view.present.reduce((sum, nodeid) => sum + votesOf(nodeid), 0);
    // A tie breaker makes a ring quorate with fewer votes than `quorum`: then all of it must be in the group.
    return inGroup >= Math.min(view.quorum, present);
  }

  /** Starts all parts in their order; a local node is ready at once. */
  start(): void {
    this.startMembership();
    this.startReplica('dcdb');
    this.startReplica('status');
  }

  /** Begins to form rings; a local node publishes its address and is quorate for ever. */
  startMembership(): void {
    if (this.#totem === undefined || this.#config === undefined) {
      this.#quorum.send({ type: 'LOCAL_MODE' });
      this.status.publishAddress(this.#options.address);
      return;
    }
    this.#synchroniseHostConfig();
    this.status.installClusterInfo(this.#config);
    this.#quorum.send({ type: 'CONNECTED' });
    this.#totem.start();
  }

  startReplica(name: ReplicaName): void {
    this.#replicaOf(name)?.start();
  }

  /** Leaves the group; whoever waits gets EBUSY. */
  stopReplica(name: ReplicaName): void {
    this.#replicaOf(name)?.stop();
  }

  /** Leaves the ring cleanly and closes the store. */
  stopMembership(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#hostConfig.stop();
    this.#quorum.send({ type: 'SHUTDOWN' });
    this.#totem?.stop();
    this.status.shutDown();
    this.#ports.store.close();
  }

  /** Stops all parts; nothing is answered afterwards. */
  stop(): void {
    this.stopReplica('status');
    this.stopReplica('dcdb');
    this.stopMembership();
  }

  #replicaOf(name: ReplicaName): Replica | undefined {
    return name === 'dcdb' ? this.#dcdb : this.#kvstore;
  }

  setExpected(votes: number): Outcome {
    return this.#totem?.setExpected(votes) ?? NOT_IN_A_CLUSTER;
  }

  killNode(nodeid: number): Outcome {
    return this.#totem?.killNode(nodeid) ?? NOT_IN_A_CLUSTER;
  }

  dismissLosingSide(id: string): Outcome {
    if (this.#ports.losingSides.dismiss(id)) return { ok: true };
    return { ok: false, code: 'not-found', message: `there is no kept database '${id}'` };
  }

  /** What `pve-actors status` shows; JSON values only. */
  describe(): object {
    const { memdb } = this;
    return {
      node: this.#options.nodeName,
      pid: this.#options.pid,
      mode: this.isLocal ? 'local' : 'cluster',
      quorate: this.quorate,
      ready: this.isReady,
      cluster: this.#config && {
        name: this.#config.clusterName,
        config_version: this.#config.configVersion,
        transport: this.#config.transport,
        secauth: this.#config.secauth,
        nodes: this.#describeNodes(this.#config),
        timers: this.#config.timers,
        restart_needed: this.#restartNeeded,
      },
      quorum: this.#view,
      totem: this.#totem?.status(),
      dcdb: this.describeReplica('dcdb'),
      leader: this.#dcdb?.leader && memberText(this.#dcdb.leader),
      kept_changes: this.#dcdb?.keptChanges,
      status: this.describeReplica('status'),
      database: {
        version: memdb.root.version,
        entries: memdb.entryCount,
        bytes: memdb.totalBytes,
        error_flag: memdb.errorFlag,
        checksum: memdb.checksum().toString('hex'),
      },
      losing_sides: this.#ports.losingSides.list(),
    };
  }

  #describeNodes(config: ClusterConfig): readonly object[] {
    const alive = new Set(this.#view?.members ?? []);
    return config.nodes.map(({ nodeid, name, votes, addresses }) => ({
      nodeid,
      name,
      votes,
      addresses: addresses.filter((address) => address !== undefined),
      online: alive.has(nodeid),
    }));
  }

  /** Synchronisation state of one replica; undefined in local mode. */
  describeReplica(name: ReplicaName): object | undefined {
    const replica = this.#replicaOf(name);
    if (replica === undefined) return undefined;
    const { members, epoch: _epoch, ...state } = replica.state();
    return {
      ...state,
      members: members.map(({ member, isSynced }) => ({ member: memberText(member), synced: isSynced })),
    };
  }

  #createTotem({ datagram, ringIds, expectedVotes }: ClusterPorts, config: ClusterConfig): TotemNode {
    const { clock, random, log, trace } = this.#ports;
    return createTotemNode({
      nodeid: datagram.nodeid,
      pid: this.#options.pid,
      config,
      datagram,
      clock,
      random,
      log,
      ringIds,
      expectedVotes,
      acknowledgement: this.#options.acknowledgement,
      trace,
      onKilled: () => this.#engineLost(),
      onConfigVersionMismatch: (received, own) => this.#refuseStaleConfig(received, own),
      onQuorum: (quorate, view) => {
        this.#view = view;
        this.#quorum.send({ type: 'NOTIFY', quorate });
      },
    });
  }

  /**
   * §7.5: an engine with an older node list must not take part, or it would form rings without nodes that it doesn't know.
   * Where the original's engine exits, this one stops; files stay readable and the state says what to do.
   */
  #refuseStaleConfig(received: number, own: number): void {
    const { clock, hostConfig } = this.#ports;
    this.#restartNeeded = [
      `the cluster has config version ${received}, this node ${own}: copy corosync.conf of a member to ${hostConfig.path} and restart`,
    ];
    clock.setTimeout(() => {
      this.#totem?.stop();
      this.#engineLost();
    }, 0);
  }

  #engineLost(): void {
    this.#view = undefined;
    this.#quorum.send({ type: 'ENGINE_LOST', reason: 'CS_ERR_LIBRARY' });
  }

  #createTreeReplica(totem: TotemNode, { primaryRing }: ClusterPorts): TreeReplica {
    const { clock, log, store, losingSides } = this.#ports;
    const { pid, treeMode } = this.#options;
    return new TreeReplica({
      group: totem.group,
      pid,
      clock,
      log,
      memdb: this.memdb,
      store,
      mode: treeMode,
      isQuorate: () => this.#mayWrite(),
      ring: () => totem.ring.seq,
      primaryRing,
      hostConfig: () => this.#synchroniseHostConfig(),
      losingDatabasePath: () => losingSides.nextPath(),
      onLosingDatabase: ({ path, lost }) => losingSides.note(path, lost),
      onTransition: (transition) => this.#traceReplica('dcdb', transition),
    });
  }

  #createStatusReplica({ group }: TotemNode): Replica {
    const { clock, log } = this.#ports;
    const { pid, address } = this.#options;
    return new Replica({
      group,
      pid,
      clock,
      log,
      application: new StatusApplication({ status: this.status, address }),
      holdWhileUnsynced: false,
      onTransition: (transition) => this.#traceReplica('status', transition),
    });
  }

  #traceReplica(machine: ReplicaName, { event, before, after }: DfsmTransition): void {
    this.#ports.trace?.({ machine, event: event.type, detail: { before, after } });
  }

  #createFileSystem(): FileSystem {
    const { clock, log, store, debug } = this.#ports;
    const { memdb } = this;
    const submit =
      this.#dcdb === undefined ? createLocalSubmit({ memdb, store, clock, log }) : createReplicatedSubmit(this.#dcdb);
    return createFileSystem({
      memdb,
      treeMode: this.#options.treeMode,
      hostName: this.#options.nodeName,
      plugs: { ...this.#files, debug },
      ...this.#options.owner,
      log,
      isQuorate: () => this.quorate,
      submit,
    });
  }

  /** §5.8. Every node reloads its own engine, so that each counts as the one that has to be notified. */
  #synchroniseHostConfig(): void {
    const entry = this.memdb.lookup(CLUSTER_CONFIG_PATH);
    this.#hostConfig.synchronise(entry?.type === FILE ? entry.data : undefined, true);
  }

  /** Reads the host copy and applies it; `done` gets 0 or 1. */
  #reload(done: (exitCode: number) => void): void {
    const { log, cluster } = this.#ports;
    const config = this.#readHostConfig();
    if (this.#isStopping || cluster === undefined || config === undefined) {
      done(1);
      return;
    }
    cluster.reconfigure(config, (result) => {
      if (this.#isStopping) return;
      const sentences = 'errors' in result ? result.errors : result.problems;
      for (const sentence of sentences) log.write('confdb', 'crit', sentence);
      if ('config' in result) this.#apply(result.config, result.problems);
      done('config' in result ? 0 : 1);
    });
  }

  #readHostConfig(): ClusterConfig | undefined {
    const { log, hostConfig } = this.#ports;
    const text = hostConfig.read();
    if (text === undefined || 'failure' in text) return undefined;
    const read = readClusterConfig(text.toString('utf8'), hostConfig.path);
    if ('config' in read) return read.config;
    for (const problem of read.errors) log.write('confdb', 'crit', formatConfProblem(problem));
    return undefined;
  }

  #apply(config: ClusterConfig, problems: readonly string[]): void {
    this.#config = config;
    this.#restartNeeded = problems;
    this.#totem?.reconfigure(config);
    this.status.installClusterInfo(config);
  }
}

function memberText(member: { readonly nodeid: number; readonly pid: number }): string {
  return `${member.nodeid}/${member.pid}`;
}
