/**
 * A cluster of tree replicas for tests: in-process bus, virtual clock, memory disks. Watches the invariants that can be
 * seen from outside (spec/pmxcfs.md 10.1): I4, I5, I6, I9, I10, I12. A violation is an entry of `violations`.
 */
import {
  CREATE,
  DELETE,
  encodeFileMessage,
  MKDIR,
  RENAME,
  WRITE,
} from '../../machines/pmxcfs/messages/file-message.ts';
import { decodeBase, decodeState, STATE } from '../../machines/pmxcfs/messages/header.ts';
import { Memdb, type TreeMode } from '../../machines/pmxcfs/tree/memdb.ts';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { InProcessBus, type InProcessBusOptions } from '../../runtime/process-group/in-process-bus.ts';
import type { GroupListener, ProcessGroup } from '../../runtime/process-group/process-group.ts';
import { MemoryDisk } from '../../runtime/store/memory.ts';
import { TreeReplica } from './replica-dcdb.ts';

export type Operation =
  | { readonly kind: 'create' | 'mkdir' | 'delete'; readonly path: string }
  | { readonly kind: 'write'; readonly path: string; readonly data: string }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string };

export interface WorldNode {
  readonly nodeid: number;
  readonly pid: number;
  readonly memdb: Memdb;
  readonly replica: TreeReplica;
  isQuorate: boolean;
  /** Results of `request`, in the order in which they came. */
  readonly results: number[];
  requested: number;
}

export interface WorldOptions extends InProcessBusOptions {
  readonly mode: TreeMode;
}

const SUBTYPES = { create: CREATE, mkdir: MKDIR, delete: DELETE, write: WRITE, rename: RENAME } as const;

export class ReplicaTestWorld {
  readonly clock = new VirtualClock();
  readonly bus: InProcessBus;
  readonly nodes = new Map<number, WorldNode>();
  readonly disks = new Map<number, MemoryDisk>();
  /** `<nodeid> [<domain>] <level>: <message>` */
  readonly log: string[] = [];
  readonly violations: string[] = [];
  private readonly mode: TreeMode;
  private lastPid = 1000;
  private backups = 0;
  /** STATE blobs by epoch and sender. */
  private readonly states = new Map<string, Buffer>();

  constructor(options: WorldOptions) {
    this.mode = options.mode;
    this.bus = new InProcessBus(options);
  }

  /** Starts a node's process on its disk; a new pid each time. */
  boot(nodeid: number): WorldNode {
    const disk = this.disks.get(nodeid) ?? new MemoryDisk();
    this.disks.set(nodeid, disk);
    const store = disk.open();
    const memdb = new Memdb({ mode: this.mode });
    const loaded = store.load();
    if ('failure' in loaded) throw new Error(loaded.failure.message);
    const opened = memdb.open(loaded.rows, { wall_s: 1_700_000_000, monotonic_s: this.clock.monotonic_ms() / 1000 });
    if ('failure' in opened) throw new Error(opened.failure);
    store.commit(opened.changes);
    this.lastPid += 1;
    const pid = this.lastPid;
    let lastVersion = memdb.root.version;
    let lastEpoch = '';
    let isCommitting = false;
    const group = this.watched(this.bus.addNode(nodeid), (epoch) => {
      lastEpoch = epoch;
    });
    const replica = new TreeReplica({
      group,
      pid,
      clock: this.clock,
      log: {
        write: (domain, level, message) => {
          this.log.push(`${nodeid} [${domain}] ${level}: ${message}`);
          if (message.startsWith('update complete')) isCommitting = true;
        },
      },
      memdb,
      store,
      mode: this.mode,
      isQuorate: () => node.isQuorate,
      ring: () => 1,
      primaryRing: { load: () => 1, save: () => {} },
      hostConfig: (notify) => {
        // Within a commit this is the first thing after the tree was adopted.
        if (notify || !isCommitting) return;
        isCommitting = false;
        const leader = replica.leader;
        const index = this.states.get(`${lastEpoch} ${leader?.nodeid}/${leader?.pid}`);
        if (index?.equals(memdb.encodeIndex()) !== true)
          this.violations.push(`I12: node ${nodeid} differs from its leader`);
        lastVersion = memdb.root.version;
      },
      losingDatabasePath: () => {
        this.backups += 1;
        return `backup/${nodeid}-${this.backups}`;
      },
      onTransition: ({ event }) => {
        isCommitting = false;
        const isRoundEnd = event.type === 'COMMITTED';
        if (
          isRoundEnd &&
          replica.state().mode === 'synced' &&
          !replica.state().members.every(({ isSynced }) => isSynced)
        ) {
          this.violations.push(`I12: node ${nodeid} holds a member for unsynced after a round`);
        }
        if (event.type === 'RECOVERED') lastVersion = memdb.root.version;
        if (memdb.root.version < lastVersion) this.violations.push(`I4: version of node ${nodeid} fell`);
        lastVersion = memdb.root.version;
      },
    });
    const node: WorldNode = { nodeid, pid, memdb, replica, isQuorate: true, results: [], requested: 0 };
    this.nodes.set(nodeid, node);
    replica.start();
    return node;
  }

  node(nodeid: number): WorldNode {
    const node = this.nodes.get(nodeid);
    if (node === undefined) throw new Error(`node ${nodeid} is down`);
    return node;
  }

  crash(nodeid: number): void {
    this.bus.crash(nodeid);
    // Its timers still run, as a dead process's would not: stopping it now only silences it.
    this.node(nodeid).replica.stop();
    this.nodes.delete(nodeid);
  }

  request(nodeid: number, operation: Operation): void {
    const node = this.node(nodeid);
    const at = node.requested;
    node.requested += 1;
    const { kind, path } = operation;
    const payload = encodeFileMessage({
      path,
      ...(operation.kind === 'rename' ? { to: operation.to } : {}),
      ...(operation.kind === 'write' ? { data: Buffer.from(operation.data) } : {}),
    });
    let isDone = false;
    node.replica.request(SUBTYPES[kind], payload, (result) => {
      if (isDone) this.violations.push(`I10: request ${at} of node ${nodeid} has two results`);
      isDone = true;
      node.results.push(result);
    });
  }

  /** Delivers everything and lets time pass, second by second. */
  settle(seconds: number): void {
    for (let n = 0; n < seconds; n += 1) {
      this.bus.run();
      this.clock.advance(1000);
    }
    this.bus.run();
  }

  /** I5, I6 and I9 of every node. */
  checkTrees(): void {
    for (const { nodeid, memdb, replica } of this.nodes.values()) {
      const problem = treeProblem(memdb);
      if (problem !== undefined) this.violations.push(`node ${nodeid}: ${problem}`);
      if (replica.state().mode === 'error' || memdb.errorFlag) continue;
      const reloaded = new Memdb({ mode: this.mode });
      reloaded.open(this.disks.get(nodeid)!.rows, { wall_s: 0, monotonic_s: 0 });
      const isFresh = memdb.root.version === 1;
      if (!isFresh && !reloaded.encodeIndex().equals(memdb.encodeIndex())) {
        this.violations.push(`I9: disk and memory of node ${nodeid} differ`);
      }
    }
  }

  private watched(group: ProcessGroup, onState: (epoch: string) => void): ProcessGroup {
    const watchedListener = (listener: GroupListener): GroupListener => ({
      ...listener,
      deliver: (sender, message) => {
        const base = decodeBase(message);
        const state = 'failure' in base || base.type !== STATE ? undefined : decodeState(base, message);
        if (state !== undefined && !('failure' in state)) {
          const epoch = state.epoch.toString('hex');
          this.states.set(`${epoch} ${sender.nodeid}/${sender.pid}`, state.payload);
          onState(epoch);
        }
        listener.deliver(sender, message);
      },
    });
    return { nodeid: group.nodeid, join: (name, pid, listener) => group.join(name, pid, watchedListener(listener)) };
  }
}

/** I5: inodes and versions fit; I6: parents are directories, names unique, no cycles. */
function treeProblem(memdb: Memdb): string | undefined {
  const names = new Set<string>();
  for (const entry of memdb.entries()) {
    if (entry.inode === 0) continue;
    if (entry.version > memdb.root.version || entry.inode > entry.version) return `I5: inode ${entry.inode}`;
    const parent = memdb.entryByInode(entry.parent);
    if (parent?.type !== 4) return `I6: parent of inode ${entry.inode}`;
    const place = `${entry.parent}/${entry.name}`;
    if (names.has(place)) return `I6: ${place} twice`;
    names.add(place);
    if (memdb.lookup(memdb.pathOf(entry))?.inode !== entry.inode) return `I6: inode ${entry.inode} is not reached`;
  }
  return undefined;
}
