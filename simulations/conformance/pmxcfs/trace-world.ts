/**
 * The world of the pmxcfs traces: nodes in one process, a virtual clock, one queue of multicasts for all, and a map from
 * node to partition (conformance README, "Traces"). Nothing happens by itself; every stimulus is a method.
 */
import { DcdbApplication } from '../../../machines/pmxcfs/dcdb/application.ts';
import { Dfsm } from '../../../machines/pmxcfs/dfsm/engine.ts';
import type { DfsmMember } from '../../../machines/pmxcfs/dfsm/members.ts';
import { Memdb, type TreeMode } from '../../../machines/pmxcfs/tree/memdb.ts';

/** What a node did, in the order in which it happened over all nodes. */
export type Recorded =
  | { readonly ev: 'mcast'; readonly node: number; readonly hex: string }
  | {
      readonly ev: 'log';
      readonly node: number;
      readonly domain: string;
      readonly level: string;
      readonly msg: string;
    };

interface TraceNode {
  readonly self: DfsmMember;
  readonly memdb: Memdb;
  readonly dfsm: Dfsm;
  isQuorate: boolean;
  partition: number | undefined;
}

interface QueuedMulticast {
  readonly sender: DfsmMember;
  readonly message: Buffer;
}

const FIRST_PID = 1000;

export class TraceWorld {
  private readonly mode: TreeMode;
  private readonly nodes = new Map<number, TraceNode>();
  private readonly queue: QueuedMulticast[] = [];
  private recorded: Recorded[] = [];
  private now_s = 0;

  /** `solo` holds requests back while their node is not synced; `upstream` sends them at once (§13.1.7). */
  constructor(mode: TreeMode) {
    this.mode = mode;
  }

  get queueLength(): number {
    return this.queue.length;
  }

  /** Everything recorded since the last call. */
  takeRecorded(): readonly Recorded[] {
    const recorded = this.recorded;
    this.recorded = [];
    return recorded;
  }

  setTime(now_s: number): void {
    this.now_s = now_s;
  }

  setQuorate(nodeid: number, isQuorate: boolean): void {
    this.node(nodeid).isQuorate = isQuorate;
  }

  /** Moves the members into the partition, then hands the change to each in order. */
  changeConfiguration(partition: number, members: readonly DfsmMember[], hasJoined: boolean): void {
    for (const { nodeid } of members) this.node(nodeid).partition = partition;
    for (const { nodeid } of members) {
      const { dfsm } = this.node(nodeid);
      dfsm.configurationChanged({ members, hasJoined });
      dfsm.batchEnd();
    }
  }

  /** Delivers the oldest message to the sender's partition; false when there is none. */
  deliverOne(): boolean {
    const next = this.queue.shift();
    if (next === undefined) return false;
    const { partition } = this.node(next.sender.nodeid);
    const receivers = [...this.nodes.values()]
      .filter((node) => partition !== undefined && node.partition === partition)
      .sort((a, b) => a.self.nodeid - b.self.nodeid);
    for (const { dfsm } of receivers) {
      dfsm.receive(next.sender, next.message);
      dfsm.batchEnd();
    }
    return true;
  }

  request(nodeid: number, subtype: number, payload: Buffer): void {
    this.node(nodeid).dfsm.submit(subtype, payload);
  }

  fireVerifyTimer(nodeid: number): void {
    this.node(nodeid).dfsm.verifyTimer();
  }

  /** The tree of a node, in the words of a `state` record. */
  treeState(nodeid: number) {
    const { memdb } = this.node(nodeid);
    const { version, writer, mtime } = memdb.root;
    return { version, writer, mtime, entries: memdb.entryCount, checksum: memdb.checksum().toString('hex') };
  }

  private node(nodeid: number): TraceNode {
    const known = this.nodes.get(nodeid);
    if (known !== undefined) return known;
    const made = this.makeNode({ nodeid, pid: FIRST_PID + nodeid });
    this.nodes.set(nodeid, made);
    made.dfsm.open();
    return made;
  }

  private makeNode(self: DfsmMember): TraceNode {
    const { mode } = this;
    const memdb = new Memdb({ mode });
    const application = new DcdbApplication({
      memdb,
      mode,
      port: {
        isQuorate: () => this.node(self.nodeid).isQuorate,
        ring: () => 0,
        primaryRing: { load: () => 0, save: () => undefined },
        monotonic_s: () => this.now_s,
        commit: () => undefined,
        hostConfig: () => {},
        keepLosingDatabase: () => undefined,
      },
    });
    const dfsm = new Dfsm({
      self,
      application,
      holdWhileUnsynced: mode === 'solo',
      port: {
        mcast: (message) => this.multicast(self, message()),
        leaveGroup: () => {},
        left: () => {},
        log: (domain, level, msg) => {
          if (level !== 'debug') this.recorded.push({ ev: 'log', node: self.nodeid, domain, level, msg });
        },
        now_s: () => this.now_s,
      },
    });
    return { self, memdb, dfsm, isQuorate: true, partition: undefined };
  }

  private multicast(sender: DfsmMember, message: Buffer | undefined): void {
    if (message === undefined) return;
    this.queue.push({ sender, message });
    this.recorded.push({ ev: 'mcast', node: sender.nodeid, hex: message.toString('hex') });
  }
}
