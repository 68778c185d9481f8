/**
 * One node's cluster daemons put together: Totem and quorum, the two replicas (dcdb and status), the tree with its store, the
 * file system and the answers of the IPC service. The same composition runs in the cluster process of a real node and in
 * every simulated node; only the ports differ.
 *
 * Whether a node is local or in a cluster is decided once, at start, by the presence of `corosync.conf` in its tree
 * (spec/pmxcfs.md §1.9 step 7).
 */

import type { ProvenPort } from '../../machines/pmxcfs/dcdb/proven-history.ts';
import type { DfsmTransition } from '../../machines/pmxcfs/dfsm/engine.ts';
import type { LockTransition } from '../../machines/pmxcfs/lock/lock-table.ts';
import { type NodeFiles, nodeFiles } from '../../machines/pmxcfs/status/node-files.ts';
import { Status } from '../../machines/pmxcfs/status/status.ts';
import { StatusApplication } from '../../machines/pmxcfs/status/status-application.ts';
import { Memdb, type TreeMode } from '../../machines/pmxcfs/tree/memdb.ts';
import { wallSeconds } from '../../runtime/clock/clock.ts';
import type { FileSystem } from '../../runtime/file-system/file-system.ts';
import type { ClusterConfig } from '../../runtime/formats/cluster-config.ts';
import type { Inspector } from '../../runtime/trace/machine-steps.ts';
import { createTotemNode, type QuorumView, type TotemNode } from '../cluster/totem-node.ts';
import { createFileSystem } from '../pmxcfs/file-system.ts';
import { createLocalSubmit } from '../pmxcfs/local-changes.ts';
import { Replica } from '../pmxcfs/replica.ts';
import { TreeReplica } from '../pmxcfs/replica-dcdb.ts';
import { createReplicatedSubmit } from '../pmxcfs/replicated-changes.ts';
import type { ClusterNodeOptions, ClusterNodePorts, ClusterPorts, LockDetail } from './cluster-node-ports.ts';
import { LiveConfig } from './live-config.ts';
import { QuorumClient } from './quorum-client.ts';

export type {
  ClusterNodeOptions,
  ClusterNodePorts,
  ClusterPorts,
  LosingSide,
  LosingSides,
  NodeTransition,
} from './cluster-node-ports.ts';

export type ReplicaName = 'dcdb' | 'status';

export type Outcome = { readonly ok: true } | { readonly ok: false; readonly code: string; readonly message: string };

/** How often a node tries to store what its disk has refused. */
const PROBE_RING_ID_MS = 5000;

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
  readonly #config: LiveConfig;
  readonly #totem: TotemNode | undefined;
  readonly #dcdb: TreeReplica | undefined;
  readonly #kvstore: Replica | undefined;
  readonly #quorum: QuorumClient;
  #view: QuorumView | undefined;
  #isStopping = false;
  /** What keeps this node out of its cluster, as a sentence. */
  #hindrance: string | undefined;
  /** Ends the process, so that its supervisor starts it anew; set by whoever can. */
  onRestartWanted: ((reason: string) => void) | undefined;

  /** `memdb` comes from `openTree` over the same store. */
  constructor(memdb: Memdb, ports: ClusterNodePorts, options: ClusterNodeOptions) {
    this.memdb = memdb;
    this.#ports = ports;
    this.#options = options;
    const { clock, log } = ports;
    this.status = new Status({
      nodeName: options.nodeName,
      pid: options.pid,
      wall_s: () => wallSeconds(clock),
      monotonic_s: () => clock.monotonic_ms() / 1000,
      log: (level, message) => log.write('status', level, message),
    });
    this.#quorum = new QuorumClient(
      log,
      (quorate) => this.status.setQuorate(quorate),
      ports.inspect?.('quorum', 'quorum-client'),
    );
    this.#files = nodeFiles(this.status, memdb);
    this.#config = new LiveConfig({
      ports,
      memdb,
      config: options.config,
      applied: (config) => {
        this.#totem?.reconfigure(config);
        this.status.installClusterInfo(config);
      },
    });
    if (ports.cluster !== undefined && options.config !== undefined) {
      this.#totem = this.#createTotem(ports.cluster, options.config);
      this.#dcdb = this.#createTreeReplica(this.#totem, ports.cluster);
      this.#kvstore = this.#createStatusReplica(this.#totem);
    }
    this.fileSystem = this.#createFileSystem();
    const { inspect } = ports;
    if (inspect !== undefined) memdb.locks.inspect = (path) => inspect(path, 'lock');
    if (ports.trace !== undefined) memdb.locks.onTransition = (transition) => this.#traceLock(transition);
  }

  get isLocal(): boolean {
    return this.#totem === undefined;
  }

  get quorate(): boolean {
    return this.#quorum.quorate;
  }

  /** The tree is up to date and may be written to. */
  get isReady(): boolean {
    return this.isLocal || (this.#mayWrite() && this.#dcdb?.mode === 'synced');
  }

  /**
   * Quorate, and so are the replicas of the tree's group, as far as their nodes are sure to see what is delivered now. The ring counts
   * engines; where a replica is out of its group (a full disk, a write refused at a ring change) its engine still receives,
   * but nothing is applied there. A change that only such nodes have received beside this one would be acknowledged, and lost
   * with this node (§13.2.1).
   */
  #mayWrite(): boolean {
    if (!this.quorate) return false;
    const [view, config] = [this.#view, this.#config.current];
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
    const config = this.#config.current;
    if (this.#totem === undefined || config === undefined) {
      this.#quorum.send({ type: 'LOCAL_MODE' });
      this.status.publishAddress(this.#options.address);
      return;
    }
    this.#config.synchronise();
    this.status.installClusterInfo(config);
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
    this.#config.stop();
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
    const { current: config, restartNeeded } = this.#config;
    return {
      node: this.#options.nodeName,
      pid: this.#options.pid,
      mode: this.isLocal ? 'local' : 'cluster',
      quorate: this.quorate,
      ready: this.isReady,
      cluster: config && {
        name: config.clusterName,
        config_version: config.configVersion,
        transport: config.transport,
        secauth: config.secauth,
        nodes: this.#describeNodes(config),
        timers: config.timers,
        restart_needed: restartNeeded,
      },
      hindrance: this.#hindrance,
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

  /** Messages that one replica has sent so far; 0 in local mode. */
  sentMessages(name: ReplicaName): number {
    return this.#replicaOf(name)?.sentMessages ?? 0;
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
    const { clock, random, log, trace, inspect } = this.#ports;
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
      inspect: inspect?.('membership', 'membership'),
      onKilled: () => this.#engineLost(),
      onRingUnsaved: (seq, failure) => this.#refuseUnsavedRing(seq, failure.message),
      onConfigVersionMismatch: (received, own) => this.#refuseStaleConfig(received, own),
      onUnknownNodes: (sentence) => {
        const { path } = this.#ports.hostConfig;
        this.#config.restartNeeded = [
          `${sentence}: unless its list is the older one, copy its corosync.conf to ${path} and restart`,
        ];
      },
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
    this.#config.restartNeeded = [
      `the cluster has config version ${received}, this node ${own}: copy corosync.conf of a member to ${hostConfig.path} and restart`,
    ];
    clock.setTimeout(() => {
      this.#totem?.stop();
      this.#engineLost();
    }, 0);
  }

  /**
   * I2 of membership.ts: a ring whose id could be forgotten must not be used, so that the engine has left. Files stay readable; once the
   * disk takes the number, the process starts anew and rejoins, as after a full disk under the tree (§13.2.9).
   */
  #refuseUnsavedRing(seq: number, reason: string): void {
    const { clock, log, cluster } = this.#ports;
    const sentence = `unable to store the id of a new ring: ${reason} - this node leaves the cluster until it can be written`;
    log.write('TOTEM', 'crit', sentence);
    this.#hindrance = sentence;
    clock.setTimeout(() => {
      this.#totem?.stop();
      this.#engineLost();
    }, 0);
    const probe = (): void => {
      if (this.#isStopping) return;
      if (cluster?.ringIds.save(seq) !== undefined) {
        clock.setTimeout(probe, PROBE_RING_ID_MS);
        return;
      }
      log.write('TOTEM', 'notice', 'ring ids can be stored again - starting anew');
      this.onRestartWanted?.('ring ids can be stored again');
    };
    clock.setTimeout(probe, PROBE_RING_ID_MS);
  }

  #engineLost(): void {
    this.#view = undefined;
    this.#quorum.send({ type: 'ENGINE_LOST', reason: 'CS_ERR_LIBRARY' });
  }

  /** For `machines/pmxcfs/dcdb/proven-history.ts`; what is configured counts, whatever quorum was found with. */
  #provenPort({ provenMark }: ClusterPorts): ProvenPort | undefined {
    if (provenMark === undefined) return undefined;
    const nodes = () => this.#config.current?.nodes ?? [];
    const votesOf = (nodeids: readonly number[] | undefined) =>
      nodes().reduce(
        (sum, { nodeid, votes }) => sum + (nodeids === undefined || nodeids.includes(nodeid) ? votes : 0),
        0,
      );
    return {
      mark: provenMark,
      hasMajority: () =>
        this.#options.acknowledgement === 'majority' && 2 * votesOf(this.#view?.present ?? []) > votesOf(undefined),
      isWhole: (nodeids) => nodes().every(({ nodeid }) => nodeids.includes(nodeid)),
    };
  }

  #createTreeReplica(totem: TotemNode, ports: ClusterPorts): TreeReplica {
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
      primaryRing: ports.primaryRing,
      proven: this.#provenPort(ports),
      hostConfig: () => this.#config.synchronise(),
      losingDatabasePath: () => losingSides.nextPath(),
      onLosingDatabase: ({ path, lost }) => losingSides.note(path, lost),
      onTransition: (transition) => this.#traceReplica('dcdb', transition),
      inspect: this.#inspectorOf('dcdb'),
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
      inspect: this.#inspectorOf('status'),
    });
  }

  #inspectorOf(name: ReplicaName): ((machine: string) => Inspector | undefined) | undefined {
    const { inspect } = this.#ports;
    return inspect && ((machine) => inspect(name, machine));
  }

  #traceReplica(machine: ReplicaName, { event, before, after }: DfsmTransition): void {
    this.#ports.trace?.({ machine, event: event.type, detail: { before, after } });
  }

  #traceLock({ path, event, before, after, verdict }: LockTransition): void {
    const { holder } = this.memdb.locks.stateOf(path);
    const detail: LockDetail = { path, holder, before, after, verdict };
    this.#ports.trace?.({ machine: 'lock', event: event.type, detail });
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
      promptTime: () => (this.#dcdb?.isPrompt ? wallSeconds(clock) : undefined),
      submit,
    });
  }
}

function memberText(member: { readonly nodeid: number; readonly pid: number }): string {
  return `${member.nodeid}/${member.pid}`;
}
