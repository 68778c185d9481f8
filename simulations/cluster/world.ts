/**
 * A whole cluster in one thread: machines, cables and time. It does what it is told, records it, and lets the checkers
 * see it; what is done to it is decided in faults.ts and in the workload.
 */
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { type LinkConditions, SimulatedNetwork } from '../../runtime/datagram/simulated.ts';
import type { FileSystem } from '../../runtime/file-system/file-system.ts';
import { configVersionOf } from '../../runtime/formats/config-version.ts';
import { SeededRandom } from '../../runtime/random/seeded.ts';
import type { ClusterView, Request, RequestKind } from '../checkers/observation.ts';
import { clusterConfText, initialRows } from './cluster-files.ts';
import { SimulatedNode, type Surroundings } from './node.ts';
import { Observers } from './observers.ts';
import type { RunOptions } from './options.ts';
import { RunTrace } from './trace.ts';

const TICK_MS = 250;
/** An operator's way to a node that refuses its configuration. */
const MENDING_MS = 3000;

export interface RequestBody {
  readonly kind: RequestKind;
  readonly path: string;
  readonly to?: string;
  /** Whole content after a write; what the target holds after a rename. */
  readonly content?: string;
  readonly mtime?: number;
}

export class ClusterWorld implements ClusterView {
  readonly options: RunOptions;
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly trace: RunTrace;
  readonly observers: Observers;
  readonly nodes: readonly SimulatedNode[];
  /** How often rare things happened. */
  readonly marks = new Map<string, number>();
  #listeners: ((message: string) => boolean)[] = [];
  /** Directions that no datagram passes: `from>to`. */
  readonly #cut = new Set<string>();
  readonly #pending = new Map<Request, (request: Request) => void>();
  #requests = 0;
  #pids = 1000;

  constructor(options: RunOptions, sink?: (line: string) => void) {
    this.options = options;
    this.random = new SeededRandom(options.seed);
    this.network = new SimulatedNetwork({
      clock: this.clock,
      random: this.random.split('network'),
      conditions: this.usualConditions,
    });
    this.trace = new RunTrace(this.clock, sink);
    this.observers = new Observers(this);
    this.nodes = this.#makeNodes();
    this.observers.begin();
    this.trace.write(0, 'world', 'options', options);
    this.#armTick();
  }

  get now_ms(): number {
    return this.clock.monotonic_ms();
  }

  get profile(): RunOptions['profile'] {
    return this.options.profile;
  }

  get usualConditions(): LinkConditions {
    const { latency_ms, loss, duplication } = this.options;
    return { latency_min_ms: latency_ms[0], latency_max_ms: latency_ms[1], loss, duplication };
  }

  /** Requests that nobody has answered yet. */
  get pendingRequests(): number {
    return this.#pending.size;
  }

  get requests(): number {
    return this.#requests;
  }

  mark(name: string): void {
    this.marks.set(name, (this.marks.get(name) ?? 0) + 1);
  }

  node(nodeid: number): SimulatedNode {
    return this.nodes[nodeid - 1]!;
  }

  /** Runs until `instant_ms`. */
  runUntil(instant_ms: number): void {
    this.clock.runUntil(instant_ms);
  }

  /** Runs until `isReached`, asked twice a second, or until `limit_ms` have passed; true when it was reached. */
  runWhile(isReached: () => boolean, limit_ms: number): boolean {
    const end_ms = this.now_ms + limit_ms;
    while (!isReached()) {
      if (this.now_ms >= end_ms) return false;
      this.runUntil(Math.min(end_ms, this.now_ms + 500));
    }
    return true;
  }

  /** Calls `listener` for every log line of any node, until it returns false. It must not change the world at once. */
  onLine(listener: (message: string) => boolean): void {
    this.#listeners.push(listener);
  }

  // --- machines ----------------------------------------------------------------------------------------------------

  boot(node: SimulatedNode): void {
    node.boot();
    this.#rewired();
  }

  crash(node: SimulatedNode): void {
    this.#orphan(node);
    node.crash();
    this.#rewired();
  }

  losePower(node: SimulatedNode, keptCommits: number): void {
    this.#orphan(node);
    node.losePower(keptCommits);
    this.#rewired();
  }

  shutDown(node: SimulatedNode): void {
    if (node.process?.isStopped !== false) return;
    node.shutDown();
    this.#orphan(node);
    this.#rewired();
  }

  pause(node: SimulatedNode): void {
    node.pause();
    this.#rewired();
  }

  resume(node: SimulatedNode): void {
    node.resume();
    this.#rewired();
  }

  /** Their process is gone: nobody will answer. */
  #orphan({ nodeid }: SimulatedNode): void {
    for (const [request, done] of this.#pending) {
      if (request.nodeid !== nodeid) continue;
      request.isOrphaned = true;
      this.#pending.delete(request);
      this.clock.setTimeout(() => done(request), 0);
    }
  }

  /** What an operator does then: copies the file of a member, and starts the daemon again. */
  #mendConfig(node: SimulatedNode): void {
    const pid = node.process?.pid;
    this.clock.setTimeout(() => {
      if (node.process === undefined || node.process.pid !== pid) return;
      if (node.process.isStopped) {
        this.#mendConfig(node);
        return;
      }
      this.mark('stale configuration mended');
      const newest = this.nodes
        .map(({ hostConfig }) => hostConfig)
        .reduce((a, b) => (versionOf(b) > versionOf(a) ? b : a));
      node.hostConfig = newest;
      this.crash(node);
      this.boot(node);
    }, MENDING_MS);
  }

  // --- cables ------------------------------------------------------------------------------------------------------

  cut(from: number, to: number): void {
    this.#cut.add(`${from}>${to}`);
    this.network.block(from, to);
    this.#rewired();
  }

  /** All cables are whole, and the network is as it usually is. */
  healNetwork(): void {
    this.#cut.clear();
    this.network.heal();
    for (const from of this.nodes) {
      for (const to of this.nodes) if (from !== to) this.network.setLink(from.nodeid, to.nodeid, undefined);
    }
    this.#rewired();
  }

  connectedWith(nodeid: number): readonly number[] {
    if (!this.#isAwake(nodeid)) return [];
    const there = this.#reachable(nodeid, (from, to) => !this.#cut.has(`${from}>${to}`));
    const back = this.#reachable(nodeid, (from, to) => !this.#cut.has(`${to}>${from}`));
    return [...there].filter((other) => back.has(other));
  }

  #reachable(start: number, isOpen: (from: number, to: number) => boolean): ReadonlySet<number> {
    const found = new Set([start]);
    for (const from of found) {
      for (const { nodeid } of this.nodes) if (this.#isAwake(nodeid) && isOpen(from, nodeid)) found.add(nodeid);
    }
    return found;
  }

  #isAwake(nodeid: number): boolean {
    return this.node(nodeid).process?.isStopped === false;
  }

  #rewired(): void {
    this.observers.tell('rewired');
  }

  // --- requests ----------------------------------------------------------------------------------------------------

  /**
   * A client's call on the mount of `nodeid`; false when nothing is mounted. `done` gets the request with its result, or without
   * one when the process has died.
   */
  request(
    client: string,
    nodeid: number,
    body: (id: number) => RequestBody,
    done: (request: Request) => void,
  ): boolean {
    const daemon = this.node(nodeid).process;
    if (daemon === undefined) return false;
    this.#requests += 1;
    const id = this.#requests;
    const made = body(id);
    const { kind, path, to = '', content = '' } = made;
    const request: Request = {
      id,
      client,
      nodeid,
      pid: daemon.pid,
      kind,
      path,
      to,
      content,
      invoked_ms: this.now_ms,
      returned_ms: Number.POSITIVE_INFINITY,
      result: undefined,
      isOrphaned: false,
    };
    const answer = (result: number): void => {
      if (daemon.process.isDead) return;
      this.#pending.delete(request);
      request.result = result;
      request.returned_ms = this.now_ms;
      this.trace.write(nodeid, 'client', 'answer', [id, result]);
      this.mark(result >= 0 ? 'acknowledged' : `error ${result}`);
      this.observers.tell('returned', request);
      done(request);
    };
    this.#pending.set(request, done);
    this.trace.write(nodeid, 'client', kind, [id, client, path, to]);
    daemon.process.run(() => {
      // It begins when the process takes it: until then nothing was asked of the cluster.
      (request as { invoked_ms: number }).invoked_ms = this.now_ms;
      this.observers.tell('invoked', request);
      CALLS[kind](daemon.node.fileSystem, made, answer);
    });
    return true;
  }

  /** A client sets a key of its node's status. */
  publish(nodeid: number, key: string, value: string): void {
    const node = this.node(nodeid);
    const daemon = node.process;
    daemon?.process.run(() => {
      daemon.node.status.set(key, Buffer.from(value, 'latin1'));
      this.observers.tell('published', node, key, value);
    });
  }

  // --- what holds --------------------------------------------------------------------------------------------------

  /** All nodes are up, in one quorate ring, with both replicas synced and nothing waiting. */
  get isSettled(): boolean {
    return this.nodes.every(
      ({ process }) => process !== undefined && !process.isStopped && this.#isSynced(process.node),
    );
  }

  #isSynced(node: {
    readonly isReady: boolean;
    describeReplica(name: 'dcdb' | 'status'): object | undefined;
  }): boolean {
    if (!node.isReady) return false;
    return (['dcdb', 'status'] as const).every((name) => {
      const state = node.describeReplica(name) as ReplicaState;
      const isWaiting = state.queuedMessages + state.queuedSyncMessages + state.heldRequests + state.waiters > 0;
      const members = state.members.filter(({ synced }) => synced).length;
      return state.mode === 'synced' && !isWaiting && members === this.nodes.length;
    });
  }

  #armTick(): void {
    this.clock.setTimeout(() => {
      this.observers.tell('tick');
      this.#armTick();
    }, TICK_MS);
  }

  #makeNodes(): SimulatedNode[] {
    const { nodeCount, freshNodes, skew_ms, clientsPerNode, maxPayload, idleRotations } = this.options;
    const { clock, network, random, trace, observers } = this;
    const around: Surroundings = {
      clock,
      network,
      random,
      trace,
      observers,
      maxPayload,
      nextPid: () => ++this.#pids,
      mark: (name) => this.mark(name),
      heard: (message) => {
        this.#listeners = this.#listeners.filter((listener) => listener(message));
      },
      configRefused: (node) => this.#mendConfig(node),
    };
    const confText = clusterConfText({ nodeCount, idleRotations, version: 1 });
    const wall_s = Math.floor(clock.wall_ms() / 1000);
    const full = initialRows(confText, initialDirectories(nodeCount, clientsPerNode), wall_s);
    const fresh = initialRows(confText, [], wall_s);
    // A majority of nodes that know nothing would begin a history of its own.
    const freshCount = freshNodes ? Math.floor((nodeCount - 1) / 2) : 0;
    const disks = random.split('disks');
    return Array.from({ length: nodeCount }, (_, at) => {
      const isFresh = at >= nodeCount - freshCount;
      const wallOffset_ms = Math.floor((disks.unit() * 2 - 1) * skew_ms);
      return new SimulatedNode(around, { nodeid: at + 1, rows: isFresh ? fresh : full, confText, wallOffset_ms });
    });
  }
}

type Call = (fileSystem: FileSystem, body: RequestBody, done: (result: number) => void) => void;

const CALLS: Readonly<Record<RequestKind, Call>> = {
  create: (fileSystem, { path }, done) => fileSystem.create(path, done),
  write: (fileSystem, { path, content = '' }, done) => fileSystem.write(path, Buffer.from(content, 'latin1'), 0, done),
  mkdir: (fileSystem, { path }, done) => fileSystem.mkdir(path, done),
  unlink: (fileSystem, { path }, done) => fileSystem.unlink(path, done),
  rmdir: (fileSystem, { path }, done) => fileSystem.rmdir(path, done),
  rename: (fileSystem, { path, to = '' }, done) => fileSystem.rename(path, to, done),
  mtime: (fileSystem, { path, mtime = 0 }, done) => fileSystem.utimens(path, mtime, done),
};

interface ReplicaState {
  readonly mode: string;
  readonly members: readonly { readonly synced: boolean }[];
  readonly queuedMessages: number;
  readonly queuedSyncMessages: number;
  readonly heldRequests: number;
  readonly waiters: number;
}

function versionOf(config: Buffer | undefined): bigint {
  return config === undefined ? 0n : configVersionOf(config.toString('latin1'));
}

export function clientName(nodeid: number, at: number): string {
  return `c${nodeid}-${at}`;
}

function initialDirectories(nodeCount: number, clientsPerNode: number): readonly string[] {
  const paths = ['nodes', 'priv', 'priv/lock', 'clients', 'shared'];
  for (let nodeid = 1; nodeid <= nodeCount; nodeid += 1) {
    paths.push(`nodes/n${nodeid}`, `nodes/n${nodeid}/qemu-server`);
    for (let at = 0; at < clientsPerNode; at += 1) paths.push(`clients/${clientName(nodeid, at)}`);
  }
  return paths;
}
