/**
 * One node's cluster layer: Totem, process groups and quorum composed over the Datagram port.
 *
 * Order at a ring change (spec/pmxcfs.md §7.5):
 *  1. messages that were stable in the old ring;
 *  2. quorum by the votes of the transitional members alone: only a loss is told now;
 *  3. the rest of the old ring's messages, so that a minority's layer above refuses its writes instead of applying them;
 *  4. the new ring is current; the members exchange group members and votes as ordered messages;
 *  5. when all reports are delivered: group changes, then quorum, then the queued messages of clients leave.
 */
import {
  decodeEnvelope,
  decodeNumber,
  decodeSync,
  decodeVotes,
  encodeEnvelope,
  encodeNumber,
  encodeSync,
  encodeVotes,
  GROUP_KIND,
  type SyncReport,
} from '../../machines/cluster/group-messages.ts';
import { GroupTable } from '../../machines/cluster/process-group.ts';
import { type RingId, sameRing } from '../../machines/cluster/totem/messages.ts';
import { union, without } from '../../machines/cluster/totem/node-set.ts';
import type { RingCounters } from '../../machines/cluster/totem/ring-port.ts';
import { type ExpectedRefusal, quorumOptionErrors, type VoteInfo } from '../../machines/cluster/votequorum.ts';
import type { Clock } from '../../runtime/clock/clock.ts';
import type { DatagramPort } from '../../runtime/datagram/datagram.ts';
import type { ClusterConfig, TotemTimers } from '../../runtime/formats/cluster-config.ts';
import type { Log } from '../../runtime/log/log.ts';
import type { SaveFailure } from '../../runtime/node/number-file.ts';
import type { GroupHandle, GroupListener, ProcessGroup } from '../../runtime/process-group/process-group.ts';
import type { Random } from '../../runtime/random/random.ts';
import type { Inspector } from '../../runtime/trace/machine-steps.ts';
import { nodesLine, syncLines } from './membership-log.ts';
import { type ExpectedVotesStore, QuorumService, type QuorumView } from './quorum-service.ts';
import type { RingChange } from './ring-host.ts';
import { type EngineCounters, TotemEngine } from './totem-engine.ts';

export type { ExpectedVotesStore, QuorumView } from './quorum-service.ts';

/** Storage of the highest ring sequence that this node took part in; written before the ring is used. */
export interface RingIdStore {
  load(): number;
  save(seq: number): SaveFailure | undefined;
}

export interface TotemNodeOptions {
  readonly nodeid: number;
  /** Kept for status and log; group members name their own pid at `join`. */
  readonly pid: number;
  readonly config: ClusterConfig;
  readonly datagram: DatagramPort;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly ringIds: RingIdStore;
  readonly expectedVotes?: ExpectedVotesStore | undefined;
  /** `majority` (default of the product): delivery once members with a majority of the expected votes have the message. */
  readonly acknowledgement: 'majority' | 'local';
  /** Called at every change of the quorate flag or of the view, and once after `start`. */
  readonly onQuorum: (quorate: boolean, view: QuorumView) => void;
  /** First contact showed another config version (spec/pmxcfs.md §7.5, last paragraph); the caller decides whether to exit. */
  readonly onConfigVersionMismatch?: ((received: number, own: number) => void) | undefined;
  /** A node's list of nodes differs from ours, so that no ring forms with it; a sentence. */
  readonly onUnknownNodes?: ((sentence: string) => void) | undefined;
  /** Another node has ended this engine (`killNode`): it has stopped. */
  readonly onKilled?: (() => void) | undefined;
  /** The sequence of a new ring could not be stored: the engine has left, and must not be used any more. */
  readonly onRingUnsaved?: ((seq: number, failure: SaveFailure) => void) | undefined;
  /** Sees the actor of the membership machine. */
  readonly inspect?: Inspector | undefined;
  readonly trace?:
    | ((record: { readonly machine: string; readonly event: string; readonly detail: unknown }) => void)
    | undefined;
}

export type Result = { readonly ok: true } | { readonly ok: false; readonly code: string; readonly message: string };

export interface TotemNode {
  readonly group: ProcessGroup;
  readonly quorate: boolean;
  /** The ring that is installed. */
  readonly ring: RingId;
  start(): void;
  /** Leaves cleanly: peers needn't wait for the token timeout. Every listener gets `lost`. */
  stop(): void;
  /** `pvecm expected` (spec/pmxcfs.md §7.3): volatile, for all nodes of the partition. */
  setExpected(votes: number): Result;
  /** Node list, votes and timers of a newer configuration, without a restart (§13.2.10). */
  reconfigure(config: ClusterConfig): void;
  /** `pvecm delnode`: tells the engine of `nodeid` to leave. */
  killNode(nodeid: number): Result;
  status(): TotemStatus;
}

export interface TotemStatus {
  readonly nodeid: number;
  readonly pid: number;
  readonly state: string;
  readonly view: QuorumView;
  readonly waitingForAll: boolean;
  readonly nodes: readonly { readonly nodeid: number; readonly votes: number; readonly live: boolean }[];
  readonly timers: TotemTimers;
  readonly counters: EngineCounters & RingCounters;
  readonly rotation_p50_ms: number;
  readonly rotation_p99_ms: number;
  readonly deferredTimeouts: number;
  readonly queued_bytes: number;
  readonly queuedMessages: number;
  readonly progress: { readonly delivered: number; readonly stable: number; readonly high: number };
}

/** Builds a node; nothing is sent before `start`. Groups may be joined before or after. */
export function createTotemNode(options: TotemNodeOptions): TotemNode {
  return new Node(options);
}

interface Client {
  readonly listener: GroupListener;
  touched: boolean;
}

class Node implements TotemNode {
  readonly group: ProcessGroup;
  readonly #options: TotemNodeOptions;
  readonly #self: number;
  readonly #engine: TotemEngine;
  readonly #groups: GroupTable<Client>;
  readonly #quorum: QuorumService;
  #config: ClusterConfig;
  /** Clients that got something in this turn. */
  readonly #touched: Client[] = [];
  /** Nodes that announced their leaving since the last service synchronisation. */
  #leaving: readonly number[] = [];
  #isAlone = true;
  #isStopped = false;
  #isKilled = false;

  constructor(options: TotemNodeOptions) {
    this.#options = options;
    this.#self = options.nodeid;
    this.#config = options.config;
    const { nodes, timers } = options.config;
    this.#quorum = new QuorumService({
      nodeid: options.nodeid,
      config: options.config,
      clock: options.clock,
      log: options.log,
      expectedVotes: options.expectedVotes,
      ring: () => ({ id: this.#engine.ring, members: this.#engine.members }),
      reweigh: () => this.#engine.reweigh(),
      onQuorum: options.onQuorum,
    });
    this.#groups = new GroupTable<Client>(options.nodeid, {
      deliver: (to, sender, body) => this.#touch(to.client).listener.deliver(sender, body),
      change: (to, change) => this.#touch(to.client).listener.configurationChange(change),
    });
    this.#engine = new TotemEngine({
      nodeid: options.nodeid,
      nodes: nodes.map((node) => node.nodeid),
      timers,
      datagram: options.datagram,
      clock: options.clock,
      log: options.log,
      ringIds: options.ringIds,
      acknowledgement: options.acknowledgement,
      weigh: (members) => this.#quorum.weigh(members),
      listener: {
        deliver: (sender, message) => this.#deliver(sender, message),
        batchEnd: () => this.#batchEnd(),
        transitional: (members) => this.#quorum.transitional(members),
        ringInstalled: (change) => this.#ringInstalled(change),
      },
      onRingUnsaved: options.onRingUnsaved,
      onUnknownNodes: (sender, nodeids) => this.#tellUnknownNodes(sender, nodeids),
      trace: options.trace,
      inspect: options.inspect,
    });
    this.group = { nodeid: options.nodeid, join: (group, pid, listener) => this.#join(group, pid, listener) };
  }

  get quorate(): boolean {
    return this.#quorum.quorate && !this.#isStopped;
  }

  get ring(): RingId {
    return this.#engine.ring;
  }

  start(): void {
    for (const error of quorumOptionErrors(this.#config.quorum, this.#config.nodes)) {
      this.#options.log.write('QUORUM', 'crit', `configuration error: ${error}`);
    }
    this.#engine.start();
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#engine.stop();
    this.#quorum.close();
    for (const local of [...this.#groups.locals]) local.client.listener.lost();
  }

  setExpected(votes: number): Result {
    const refusal = this.#quorum.refusal(votes);
    if (refusal !== undefined) return { ok: false, code: 'CS_ERR_INVALID_PARAM', message: REFUSALS[refusal] };
    return this.#sendControl(encodeNumber(GROUP_KIND.expected, votes));
  }

  killNode(nodeid: number): Result {
    if (!this.#engine.members.includes(nodeid)) {
      return { ok: false, code: 'CS_ERR_NOT_EXIST', message: `node ${nodeid} is not a member of the ring` };
    }
    return this.#sendControl(encodeNumber(GROUP_KIND.kill, nodeid));
  }

  reconfigure(config: ClusterConfig): void {
    if (this.#isStopped) return;
    this.#config = config;
    this.#quorum.reconfigure(config);
    this.#engine.reconfigure(
      config.nodes.map((node) => node.nodeid),
      config.timers,
    );
    this.#sendControl(encodeVotes(this.#quorum.ownInfo));
  }

  status(): TotemStatus {
    const engine = this.#engine;
    return {
      nodeid: this.#self,
      pid: this.#options.pid,
      state: engine.state,
      view: { ...this.#quorum.view, quorate: this.quorate },
      waitingForAll: this.#quorum.isWaitingForAll,
      nodes: this.#config.nodes.map(({ nodeid }) => ({
        nodeid,
        votes: this.#quorum.votesOf(nodeid),
        live: engine.members.includes(nodeid),
      })),
      timers: engine.timers,
      counters: { ...engine.counters, ...engine.ringCounters },
      rotation_p50_ms: engine.rotation.percentile_ms(0.5),
      rotation_p99_ms: engine.rotation.percentile_ms(0.99),
      deferredTimeouts: engine.deferredTimeouts,
      queued_bytes: engine.queue.bytes,
      queuedMessages: engine.queue.length,
      progress: engine.progress,
    };
  }

  // Groups

  #join(group: string, pid: number, listener: GroupListener): GroupHandle {
    const local = this.#groups.register(group, pid, { listener, touched: false });
    const envelope = encodeEnvelope(GROUP_KIND.message, group, pid);
    this.#sendControl(encodeEnvelope(GROUP_KIND.join, group, pid));
    return {
      self: { nodeid: this.#self, pid },
      mcast: (message) => {
        if (this.#isStopped || local.state === 'leaveStarted' || local.state === 'left') return 'not-joined';
        if (!this.#engine.queue.push(envelope, message)) return 'try-again';
        this.#engine.wake();
        return 'sent';
      },
      leave: () => {
        if (this.#isStopped || local.state === 'leaveStarted' || local.state === 'left') return;
        this.#groups.startLeave(local);
        this.#sendControl(encodeEnvelope(GROUP_KIND.leave, group, pid));
      },
    };
  }

  /** Control messages keep their order with the messages of the same node, and aren't refused for a full queue. */
  #sendControl(message: Buffer): Result {
    if (this.#isStopped) return { ok: false, code: 'CS_ERR_LIBRARY', message: 'the group engine is stopped' };
    this.#engine.queue.pushAlways(message);
    this.#engine.wake();
    return { ok: true };
  }

  #touch(client: Client): Client {
    if (!client.touched) {
      client.touched = true;
      this.#touched.push(client);
    }
    return client;
  }

  #batchEnd(): void {
    for (let client = this.#touched.shift(); client !== undefined; client = this.#touched.shift()) {
      client.touched = false;
      client.listener.batchEnd();
    }
    if (!this.#isKilled || this.#isStopped) return;
    this.stop();
    this.#options.onKilled?.();
  }

  // The ring's stream

  #deliver(sender: number, message: Buffer): void {
    if (this.#isStopped) return;
    switch (message[0]) {
      case GROUP_KIND.message: {
        const envelope = decodeEnvelope(message);
        if (envelope !== undefined) this.#groups.deliverMessage(sender, envelope.group, envelope.pid, envelope.body);
        return;
      }
      case GROUP_KIND.join: {
        const envelope = decodeEnvelope(message);
        if (envelope !== undefined) this.#groups.deliverJoin(sender, envelope.group, envelope.pid);
        return;
      }
      case GROUP_KIND.leave: {
        const envelope = decodeEnvelope(message);
        if (envelope !== undefined) this.#groups.deliverLeave(sender, envelope.group, envelope.pid);
        return;
      }
      case GROUP_KIND.sync: {
        const report = decodeSync(message);
        if (report !== undefined) this.#deliverReport(sender, report);
        return;
      }
      case GROUP_KIND.votes: {
        const info = decodeVotes(message);
        if (info === undefined) return;
        this.#quorum.infoChanged(sender, info);
        return;
      }
      case GROUP_KIND.expected: {
        const votes = decodeNumber(message);
        if (votes !== undefined) this.#quorum.expectedSet(votes);
        return;
      }
      case GROUP_KIND.kill:
        if (decodeNumber(message) !== this.#self) return;
        this.#options.log.write('CFG', 'notice', `Killed by node ${sender}: killed by administrator`);
        this.#isKilled = true;
        return;
      default:
        this.#options.log.write('TOTEM', 'warning', `message of unknown kind ${message[0]} from node ${sender}`);
    }
  }

  // Membership and quorum, in the order of spec/pmxcfs.md §7.5

  #ringInstalled(change: RingChange): void {
    this.#leaving = union(this.#leaving, change.leaving);
    this.#groups.ringChanged(change.members, change.transitional);
    for (const line of syncLines(change, this.#engine.counters.ringsFormed === 1)) this.#log('QUORUM', line);
    this.#engine.queue.pushUrgent(
      encodeSync({
        ring: change.ring,
        votes: this.#quorum.ownInfo,
        configVersion: this.#config.configVersion,
        processes: this.#groups.joinedProcesses(),
      }),
    );
    this.#engine.wake();
  }

  #deliverReport(sender: number, report: SyncReport): void {
    if (!sameRing(report.ring, this.#engine.ring)) return;
    if (!this.#groups.takeReport(sender, report)) return;
    // Groups first, then quorum (§7.5).
    const infos = new Map<number, VoteInfo>();
    for (const [nodeid, { votes }] of this.#groups.reports) infos.set(nodeid, votes);
    this.#quorum.membersChanged(infos, without(this.#leaving, this.#engine.members));
    this.#leaving = [];
    this.#log('QUORUM', nodesLine('Members', this.#engine.members));
    this.#log('MAIN', 'Completed service synchronization, ready to provide service.');
    this.#checkConfigVersion();
    this.#engine.openQueue();
  }

  /** First contact: a node with an old configuration shouldn't take part (§7.5). */
  #checkConfigVersion(): void {
    if (!this.#isAlone || this.#engine.members.length === 1) return;
    this.#isAlone = false;
    const own = this.#config.configVersion;
    const highest = Math.max(...[...this.#groups.reports.values()].map((report) => report.configVersion));
    if (own === 0 || own === highest) return;
    const text = `Received config version (${highest}) is different than my config version (${own})! Exiting`;
    this.#options.log.write('MAIN', 'error', text);
    this.#options.onConfigVersionMismatch?.(highest, own);
  }

  #tellUnknownNodes(sender: number, nodeids: readonly number[]): void {
    const sentence = `node ${sender} counts on nodes that are not in the configuration of this node: ${nodeids.join(' ')}`;
    this.#options.log.write('TOTEM', 'warning', sentence);
    this.#options.onUnknownNodes?.(sentence);
  }

  #log(domain: string, message: string): void {
    this.#options.log.write(domain, 'notice', message);
  }
}

const REFUSALS: Record<ExpectedRefusal, string> = {
  zero: 'expected votes must be a positive whole number',
  'below-total': 'expected votes are below the votes that are present',
  'loses-quorum': 'the cluster would lose quorum with these expected votes',
};
