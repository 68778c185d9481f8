/**
 * A simulated machine: a disk, a host file, a wall clock and power, and on it the process that real nodes run
 * (`actors/node/cluster-node.ts`), with simulated ports. What outlives the process lies in this class; everything
 * else is built anew at each boot.
 */

import type { RingIdStore } from '../../actors/cluster/totem-node.ts';
import { ClusterNode, type LosingSide, type LosingSides, openTree } from '../../actors/node/cluster-node.ts';
import { KIND, kindOf } from '../../machines/cluster/totem/messages.ts';
import type { Memdb } from '../../machines/pmxcfs/tree/memdb.ts';
import type { Clock } from '../../runtime/clock/clock.ts';
import type { DatagramPort } from '../../runtime/datagram/datagram.ts';
import type { SimulatedNetwork } from '../../runtime/datagram/simulated.ts';
import type { HostFile } from '../../runtime/file-system/host-file.ts';
import type { LogLevel } from '../../runtime/log/log.ts';
import type { SeededRandom } from '../../runtime/random/seeded.ts';
import { MemoryDisk } from '../../runtime/store/memory.ts';
import type { Store, StoreRow } from '../../runtime/store/store.ts';
import type { ObservedNode, ObservedProcess, TreeChange } from '../checkers/observation.ts';
import { CONFIG_PATH, readConfig } from './cluster-files.ts';
import { MachineClock } from './machine-clock.ts';
import { observeTree } from './observed-tree.ts';
import type { Observers } from './observers.ts';
import { SimulatedProcess } from './process.ts';
import type { RunTrace } from './trace.ts';

/** What the machines of one world share. */
export interface Surroundings {
  readonly clock: Clock;
  readonly network: SimulatedNetwork;
  readonly random: SeededRandom;
  readonly trace: RunTrace;
  readonly observers: Observers;
  readonly maxPayload: number;
  nextPid(): number;
  /** What a node of this software says of its version. */
  versionText(softwareVersion: number): string;
  /** Something worth counting has happened. */
  mark(name: string): void;
  /** An ordered operation was carried out on the tree of a node. */
  treeChanged(change: TreeChange): void;
  /** A node has written a line to its log. */
  heard(message: string, nodeid: number): void;
  /** The node's engine has stopped, since its corosync.conf is older than the others'. */
  configRefused(node: SimulatedNode): void;
}

export interface NodeParameters {
  readonly nodeid: number;
  readonly rows: readonly StoreRow[];
  readonly confText: string;
  /** A database that an operator falls back to. */
  readonly oldCopy: readonly StoreRow[];
  readonly wallOffset_ms: number;
}

const NO_INODE = 0x7fffffff;
const NO_TYPE = 6;

/** How a row rots. */
const ROTS: Readonly<Record<string, (row: StoreRow) => StoreRow>> = {
  parent: (row) => ({ ...row, parent: NO_INODE }),
  type: (row) => ({ ...row, type: NO_TYPE }),
  data: (row) => {
    const data = Buffer.from(row.data ?? []);
    if (data.length > 0) data[data.length >> 1] = (data[data.length >> 1] ?? 0) ^ 0x10;
    return { ...row, data: row.data === null ? null : data };
  },
  mtime: (row) => ({ ...row, mtime: row.mtime ^ 0x10 }),
};
export const ROT_FIELDS: readonly string[] = Object.keys(ROTS);
/** Must be noticed when the database is opened (spec/pmxcfs.md §3.5), which has no check of the other fields. */
const CONTRADICTIONS: readonly string[] = ['parent', 'type'];

/** A running daemon. */
export class Daemon implements ObservedProcess {
  readonly pid: number;
  readonly process: SimulatedProcess;
  readonly memdb: Memdb;
  readonly node: ClusterNode;
  committedVersion = 0;

  constructor(pid: number, process: SimulatedProcess, memdb: Memdb, node: ClusterNode) {
    this.pid = pid;
    this.process = process;
    this.memdb = memdb;
    this.node = node;
    this.committedVersion = memdb.root.version;
  }

  get isStopped(): boolean {
    return this.process.isStopped;
  }

  get now_ms(): number {
    return this.process.clock.monotonic_ms();
  }
}

/** Log lines that say that something rare has happened. */
const MARKED_LINES: readonly (readonly [start: string, mark: string])[] = [
  ['A new membership', 'ring formed'],
  ['A processor failed', 'token lost'],
  ['update complete - trying to commit', 'state transfer'],
  ['the database with these changes is kept', 'losing side kept'],
  ['received write while not quorate', 'write delivered without quorum'],
  ['queue not emtpy', 'queue sent again'],
  ['dfsm_deliver_queue', 'message queue delivered'],
  ['dfsm_deliver_sync_queue', 'sync queue delivered'],
  ['commit transaction failed', 'commit refused'],
  ['the database accepts changes again', 'store recovered'],
  ['wrote new corosync config', 'host configuration written'],
  ['local corosync.conf is newer', 'old configuration refused'],
  ['node lost quorum', 'quorum lost'],
];

/** Longer than any usual latency. */
const LAST_WORDS_MS = 50;
const VERSION_KEY = 'version-info';
const CONFIG_REFUSED = /^Received config version .* Exiting$/;

export class SimulatedNode implements ObservedNode {
  readonly nodeid: number;
  readonly name: string;
  disk: MemoryDisk;
  hostConfig: Buffer | undefined;
  readonly clock: MachineClock;
  /** Restarts of the daemon and the machine. */
  boots = 0;
  #daemon: Daemon | undefined;
  readonly #ringIds = durableNumber();
  readonly #primaryRing = durableNumber();
  readonly #provenMark = durableNumber();
  readonly #around: Surroundings;
  readonly #kept = new Map<string, LosingSide>();
  #backup: readonly StoreRow[] | undefined;
  /** Its rows contradict each other, which a start must notice. */
  #isRotten = false;
  readonly #oldCopy: readonly StoreRow[];
  /** Of the software that starts next. */
  softwareVersion = 1;

  constructor(around: Surroundings, { nodeid, rows, confText, oldCopy, wallOffset_ms }: NodeParameters) {
    this.#oldCopy = oldCopy;
    this.#around = around;
    this.nodeid = nodeid;
    this.name = `n${nodeid}`;
    this.disk = new MemoryDisk({ rows });
    this.hostConfig = Buffer.from(confText, 'latin1');
    this.clock = new MachineClock(around.clock, wallOffset_ms);
  }

  get process(): Daemon | undefined {
    return this.#daemon;
  }

  get rows(): readonly StoreRow[] {
    return this.disk.rows;
  }

  /** Starts the daemon, as its unit would after a crash. Does nothing while it runs. */
  boot(): void {
    if (this.#daemon !== undefined) return;
    const { random, observers, trace, nextPid, mark } = this.#around;
    this.boots += 1;
    const pid = nextPid();
    trace.write(this.nodeid, 'machine', 'boot', { pid });
    const process = new SimulatedProcess(this.clock);
    const ports = { clock: trace.causing(process.clock), log: this.#log(process), store: this.#store(process) };
    const memdb = openTree(ports, 'solo');
    if ('failure' in memdb) {
      process.kill();
      if (this.disk.isUnreadable) mark('database unreadable');
      else if (this.#isRotten) this.#replaceDatabase();
      else observers.fail('boot', `${this.name} can't open its database: ${memdb.failure}`);
      return;
    }
    if (this.#isRotten) {
      observers.fail('boot', `${this.name} has opened a database whose rows contradict each other`);
      return;
    }
    observeTree(memdb, {
      changed: (change) => {
        trace.treeChange(this.nodeid, change);
        observers.tell('changed', this, change);
        this.#around.treeChanged(change);
      },
      replaced: (replacement) => {
        trace.treeReplaced(this.nodeid, replacement);
        observers.tell('replaced', this, replacement);
      },
    });
    const config = readConfig(
      (this.hostConfig ?? memdb.lookup(CONFIG_PATH)?.data ?? Buffer.alloc(0)).toString('latin1'),
    );
    const node = new ClusterNode(
      memdb,
      {
        ...ports,
        random: random.split(`node ${this.nodeid}/${this.boots}`),
        hostConfig: this.#hostFile(),
        losingSides: this.#losingSides(),
        debug: { get: () => false, set: () => {} },
        cluster: {
          datagram: this.#datagram(process),
          ringIds: this.#ringIds,
          primaryRing: this.#primaryRing,
          provenMark: this.#provenMark,
          reconfigure: (newer, done) => {
            process.clock.setTimeout(() => done({ config: newer, problems: [] }), 1);
          },
        },
        trace: (transition) => {
          observers.tell('transition', this, transition);
        },
        inspect: trace.inspector(this.nodeid),
      },
      {
        nodeName: this.name,
        pid,
        address: `10.0.0.${this.nodeid}`,
        owner: { uid: 0, gid: 33 },
        treeMode: 'solo',
        acknowledgement: 'majority',
        config,
      },
    );
    this.#daemon = new Daemon(pid, process, memdb, node);
    observers.tell('booted', this);
    node.start();
    const version = this.#around.versionText(this.softwareVersion);
    node.status.set(VERSION_KEY, Buffer.from(version, 'latin1'));
    observers.tell('published', this, VERSION_KEY, version);
  }

  /** The daemon is gone without a word; its database and its machine stay. */
  crash(): void {
    this.#end('crash');
  }

  /** The machine is gone: of the commits that the disk hadn't made safe, the first `keptCommits` survive. */
  losePower(keptCommits: number): void {
    this.#end('power loss');
    this.disk.crash(keptCommits);
    this.#around.observers.tell('powerLost', this);
  }

  /** An orderly end. */
  shutDown(): void {
    const daemon = this.#daemon;
    if (daemon === undefined || daemon.isStopped) return;
    daemon.node.stop();
    this.#end('stop', LAST_WORDS_MS);
  }

  /** A row is no longer what was written; does nothing while the daemon runs. */
  rot(inode: number, field: string): void {
    const change = ROTS[field];
    if (this.#daemon !== undefined || change === undefined) return;
    const isFilled = this.disk.rows.some((row) => row.inode === inode && row.data !== null);
    if (field === 'data' && !isFilled) return;
    if (!this.disk.rot(inode, change)) return;
    this.#around.mark(`bit rot in ${field}`);
    if (CONTRADICTIONS.includes(field)) this.#isRotten = true;
    this.#around.observers.tell('powerLost', this);
  }

  /** What an operator does with a damaged database: puts it aside, and starts the daemon with an old copy. */
  #replaceDatabase(): void {
    this.#around.mark('damaged database refused');
    this.#isRotten = false;
    this.disk = new MemoryDisk({ rows: this.#oldCopy });
    this.#around.observers.tell('powerLost', this);
    this.boot();
  }

  /** A copy of the database is put aside. */
  backUp(): void {
    this.#backup = this.disk.rows;
  }

  /** Puts the copy in the place of the database; does nothing while the daemon runs. */
  restore(): void {
    if (this.#daemon !== undefined || this.#backup === undefined) return;
    this.disk = new MemoryDisk({ rows: this.#backup });
    this.#around.observers.tell('powerLost', this);
  }

  pause(): void {
    if (this.#daemon === undefined || this.#daemon.isStopped) return;
    this.#around.trace.write(this.nodeid, 'machine', 'pause');
    this.#daemon.process.stop();
  }

  resume(): void {
    if (this.#daemon?.isStopped !== true) return;
    this.#around.trace.write(this.nodeid, 'machine', 'resume');
    this.#daemon.process.continue();
  }

  /** `lastWords_ms`: what it has sent before may arrive for so long, unless it is started again. */
  #end(how: string, lastWords_ms = 0): void {
    const daemon = this.#daemon;
    if (daemon === undefined) return;
    const { boots } = this;
    const { clock, network, observers, trace } = this.#around;
    trace.write(this.nodeid, 'machine', how, { version: daemon.memdb.root.version });
    observers.tell('died', this);
    daemon.process.kill();
    this.#daemon = undefined;
    if (lastWords_ms === 0) network.crash(this.nodeid);
    else {
      clock.setTimeout(() => {
        if (this.boots === boots) network.crash(this.nodeid);
      }, lastWords_ms);
    }
  }

  #log(process: SimulatedProcess) {
    const { trace, observers, mark } = this.#around;
    return {
      write: (domain: string, level: LogLevel, message: string): void => {
        if (process.isDead) return;
        trace.log(this.nodeid, domain, level, message);
        for (const [start, name] of MARKED_LINES) if (message.startsWith(start)) mark(name);
        observers.tell('logged', this, domain, message);
        this.#around.heard(message, this.nodeid);
        if (CONFIG_REFUSED.test(message)) this.#around.configRefused(this);
      },
    };
  }

  #store(process: SimulatedProcess): Store {
    const inner = this.disk.open();
    return {
      ...inner,
      commit: (changes) => {
        if (process.isDead) throw new Error('a dead process commits');
        const failure = inner.commit(changes);
        if (this.disk.commit_ms > 0) process.stall(this.disk.commit_ms);
        if (failure !== undefined || this.#daemon === undefined) return failure;
        for (const change of changes) {
          if (change.kind === 'replace' && change.row.inode === 0) this.#daemon.committedVersion = change.row.version;
        }
        return undefined;
      },
    };
  }

  #datagram(process: SimulatedProcess): DatagramPort {
    const { network, observers, trace, maxPayload } = this.#around;
    const port = network.port(this.nodeid, maxPayload);
    /** Sendings of what waits in the socket of a stopped process. */
    const unread = new WeakMap<Buffer, number>();
    return {
      nodeid: port.nodeid,
      maxPayload: port.maxPayload,
      send: (peer, payload) => {
        if (mayCarryFrame(payload)) observers.tell('frame', this, payload);
        network.companion = trace.sent(this.nodeid, [peer], payload);
        port.send(peer, payload);
      },
      multicast: (peers, payload) => {
        if (mayCarryFrame(payload)) observers.tell('frame', this, payload);
        network.companion = trace.sent(this.nodeid, peers, payload);
        port.multicast(peers, payload);
      },
      onReceive: (receiver) => {
        const take = process.receiver((sender, payload) => {
          const send = unread.get(payload) ?? network.companion;
          trace.received(this.nodeid, sender, payload, send, () => {
            if (mayCarryFrame(payload)) observers.tell('frame', this, payload);
            receiver(sender, payload);
          });
        });
        port.onReceive((sender, payload) => {
          if (process.isStopped) unread.set(payload, network.companion);
          take(sender, payload);
        });
      },
      close: () => port.close(),
    };
  }

  #hostFile(): HostFile {
    return {
      path: '/etc/corosync/corosync.conf',
      read: () => this.hostConfig,
      replace: (content) => {
        this.#around.observers.tell('hostConfigWritten', this, this.hostConfig, content);
        this.hostConfig = Buffer.from(content);
        return undefined;
      },
    };
  }

  #losingSides(): LosingSides {
    const time = Math.floor(this.clock.wall_ms() / 1000);
    return {
      nextPath: () => `backup/losing-side-${this.boots}-${this.disk.backups.size}`,
      note: (path, paths) => this.#kept.set(path, { id: path, time, paths }),
      list: () => [...this.#kept.values()],
      dismiss: (id) => this.#kept.delete(id),
    };
  }
}

/** Durable at `save`. */
function durableNumber(): RingIdStore {
  let kept = 0;
  return {
    load: () => kept,
    save: (value) => {
      kept = value;
    },
  };
}

/** The last frame of a visit goes with the token. */
function mayCarryFrame(payload: Buffer): boolean {
  const kind = kindOf(payload);
  return kind === KIND.frame || kind === KIND.token;
}
