/**
 * A whole cluster in one thread: machines, cables and time. It does what it is told, records it, and lets the checkers
 * see it; what befalls it are acts (act.ts), drawn by faults.ts or written in a schedule, and the requests of the workload.
 */
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { type LinkConditions, SimulatedNetwork } from '../../runtime/datagram/simulated.ts';
import type { FileSystem } from '../../runtime/file-system/file-system.ts';
import { configVersionOf } from '../../runtime/formats/config-version.ts';
import type { LogLevel } from '../../runtime/log/log.ts';
import { SeededRandom } from '../../runtime/random/seeded.ts';
import type { ClusterView, Request, RequestKind } from '../checkers/observation.ts';
import type { TakenStep } from '../schedule/step.ts';
import { clusterConfText, initialRows } from './cluster-files.ts';
import { HaWorld } from './ha/ha-world.ts';
import { HA_DIRECTORIES, initialFiles, versionInfo } from './ha/initial-files.ts';
import { type NodeParameters, SimulatedNode, type Surroundings } from './node.ts';
import { type ExtraCheckers, Observers } from './observers.ts';
import type { RunOptions } from './options.ts';
import { RunEnded } from './run-ended.ts';
import { RunTrace } from './trace.ts';
import { initialDirectories } from './workload/initial-directories.ts';

const TICK_MS = 250;
/** An operator looks at the machines. */
const TICKS_BETWEEN_LOOKS = 20;
/** An operator's way to a node that refuses its configuration. */
const MENDING_MS = 3000;

export interface RequestBody {
  readonly kind: RequestKind;
  readonly path: string;
  readonly to?: string;
  /** Whole content after a write; what the target holds after a rename. */
  readonly content?: string;
  readonly mtime?: number;
  /** Of the file after a truncate. */
  readonly size?: number;
}

export interface WorldSettings {
  /** Takes every line of the trace. */
  readonly sink?: ((line: string) => void) | undefined;
  readonly checkers?: ExtraCheckers | undefined;
  /** Nothing happens after it. */
  readonly until_ms?: number | undefined;
}

export class ClusterWorld implements ClusterView {
  readonly options: RunOptions;
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly trace: RunTrace;
  readonly observers: Observers;
  /** Nodes of the cluster, by number. */
  nodes: readonly SimulatedNode[];
  /** Undefined where the cluster has no high availability. */
  readonly ha: HaWorld | undefined;
  /** So few they have been at some time. */
  leastNodes: number;
  /** An operator has told nodes to expect fewer votes: from then on two halves may be quorate. */
  areVotesLowered = false;
  /** How often rare things happened. */
  readonly marks = new Map<string, number>();
  /** What was done to it so far. */
  readonly script: TakenStep[] = [];
  #faults = 0;
  #listeners: ((message: string, nodeid: number) => boolean)[] = [];
  /** Directions that no datagram passes: `from>to`. */
  readonly #cut = new Set<string>();
  readonly #pending = new Map<Request, (request: Request) => void>();
  /** Those of the cluster, and those that were. */
  readonly #machines = new Map<number, SimulatedNode>();
  readonly #around: Surroundings;
  readonly #until_ms: number;
  /** Nodes that had an old file when somebody looked last. */
  #outdated: readonly number[] = [];
  #ticks = 0;
  #requests = 0;
  #pids = 1000;

  constructor(options: RunOptions, { sink, checkers, until_ms = Number.POSITIVE_INFINITY }: WorldSettings = {}) {
    this.#until_ms = until_ms;
    this.options = options;
    this.random = new SeededRandom(options.seed);
    this.network = new SimulatedNetwork({
      clock: this.clock,
      random: this.random.split('network'),
      conditions: this.usualConditions,
    });
    this.trace = new RunTrace(this.clock, options, sink);
    this.network.onLost = (from, to, payload, reason) =>
      this.trace.dropped(from, to, payload, reason, this.network.companion);
    this.observers = new Observers(this, ({ rule, message }) => this.trace.violation(rule, message));
    this.#around = this.#makeSurroundings();
    this.nodes = this.#makeNodes();
    this.ha = options.ha && new HaWorld(this, this.nodes, options.ha);
    this.leastNodes = this.nodes.length;
    this.observers.begin(checkers);
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

  nextPid(): number {
    this.#pids += 1;
    return this.#pids;
  }

  /** A process beside pmxcfs writes to the log of its node. */
  haLog(nodeid: number, domain: string, level: LogLevel, message: string): void {
    this.trace.log(nodeid, domain, level, message);
    this.observers.tell('logged', this.node(nodeid), domain, message);
    this.#around.heard(message, nodeid);
  }

  /** Counts a fault; its name in the script. */
  nextFault(kind: string): string {
    this.mark(`fault ${kind}`);
    this.#faults += 1;
    return `${kind} ${this.#faults}`;
  }

  node(nodeid: number): SimulatedNode {
    return this.#machines.get(nodeid)!;
  }

  /** It has a daemon, which may be stopped. */
  isRunning(nodeid: number): boolean {
    return this.#machines.get(nodeid)?.process !== undefined;
  }

  hasMachine(nodeid: number): boolean {
    return this.#machines.has(nodeid);
  }

  /** Runs until `instant_ms`. Throws `RunEnded` where the run ends before. */
  runUntil(instant_ms: number): void {
    this.clock.runUntil(Math.min(instant_ms, this.#until_ms));
    if (instant_ms > this.#until_ms) throw new RunEnded();
  }

  /** Runs until `isReached`, asked every `grain_ms`, or until `limit_ms` have passed; true when it was reached. */
  runWhile(isReached: () => boolean, limit_ms: number, grain_ms = 500): boolean {
    const end_ms = this.now_ms + limit_ms;
    while (!isReached()) {
      if (this.now_ms >= end_ms) return false;
      this.runUntil(Math.min(end_ms, this.now_ms + grain_ms));
    }
    return true;
  }

  /** Calls `listener` for every log line of any node, until it returns false. It must not change the world at once. */
  onLine(listener: (message: string, nodeid: number) => boolean): void {
    this.#listeners.push(listener);
  }

  // --- machines ----------------------------------------------------------------------------------------------------

  /** Does nothing where the node is no longer of the cluster. */
  boot(node: SimulatedNode): void {
    if (!this.nodes.includes(node)) return;
    this.ha?.of(node.nodeid).powerOn();
    node.boot();
    this.#rewired();
  }

  crash(node: SimulatedNode): void {
    this.#orphan(node);
    node.crash();
    this.ha?.filesLost(node.nodeid);
    this.#rewired();
  }

  losePower(node: SimulatedNode, keptCommits: number): void {
    this.#orphan(node);
    node.losePower(keptCommits);
    this.ha?.filesLost(node.nodeid);
    this.ha?.of(node.nodeid).powerOff();
    this.#rewired();
  }

  shutDown(node: SimulatedNode): void {
    if (node.process?.isStopped !== false) return;
    node.shutDown();
    this.#orphan(node);
    this.ha?.filesLost(node.nodeid);
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

  /** A new machine comes to the cluster with an empty database, as `pvecm add` leaves it, and starts. */
  join(nodeid: number, confText: string): void {
    const wall_s = Math.floor(this.clock.wall_ms() / 1000);
    const rows = initialRows(confText, [], wall_s);
    const node = this.#addMachine({ nodeid, rows, oldCopy: rows, confText, wallOffset_ms: 0 });
    this.nodes = [...this.nodes, node].sort((a, b) => a.nodeid - b.nodeid);
    this.mark('node added');
    this.trace.write(0, 'world', 'join', { node: nodeid });
    this.boot(node);
  }

  /** A machine is switched off, and comes back never. */
  retire(nodeid: number): void {
    const node = this.node(nodeid);
    this.nodes = this.nodes.filter((other) => other !== node);
    this.leastNodes = Math.min(this.leastNodes, this.nodes.length);
    this.mark('node removed');
    this.trace.write(0, 'world', 'retire', { node: nodeid });
    if (node.process?.isStopped === false) this.shutDown(node);
    else this.crash(node);
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

  /**
   * Nodes that have missed a change of the node list, and can't join those that they don't know: not quorate, with an older file.
   * (Nobody tells them, since no ring is formed.)
   */
  get #outdatedNow(): readonly number[] {
    const newest = this.#newestConfig();
    return this.nodes
      .filter(({ process, hostConfig }) => {
        return process?.node.quorate === false && !process.isStopped && versionOf(hostConfig) < versionOf(newest);
      })
      .map(({ nodeid }) => nodeid);
  }

  /** Somebody looks after the machines, and gives the newest file to nodes that have had an old one for a while. */
  #mendOutdated(): void {
    const outdated = this.#outdatedNow;
    for (const nodeid of outdated) if (this.#outdated.includes(nodeid)) this.#mendConfig(this.node(nodeid));
    this.#outdated = outdated;
  }

  #newestConfig(): Buffer | undefined {
    return this.nodes.map(({ hostConfig }) => hostConfig).reduce((a, b) => (versionOf(b) > versionOf(a) ? b : a));
  }

  /** What an operator does then: copies the file of a member, and starts the daemon again. */
  #mendConfig(node: SimulatedNode): void {
    const pid = node.process?.pid;
    this.clock.setTimeout(() => {
      if (node.process === undefined || node.process.pid !== pid || !this.nodes.includes(node)) return;
      if (node.process.isStopped) {
        this.#mendConfig(node);
        return;
      }
      this.mark('stale configuration mended');
      node.hostConfig = this.#newestConfig();
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

  mend(from: number, to: number): void {
    this.#cut.delete(`${from}>${to}`);
    this.network.unblock(from, to);
    this.#rewired();
  }

  /** All cables are whole, and the network is as it usually is. */
  healNetwork(): void {
    this.#cut.clear();
    this.network.heal();
    const machines = [...this.#machines.values()];
    for (const from of machines) {
      for (const to of machines) if (from !== to) this.network.setLink(from.nodeid, to.nodeid, undefined);
    }
    this.#rewired();
  }

  reachedFrom(nodeid: number): readonly number[] {
    return this.#spread(nodeid, (from, to) => !this.#cut.has(`${from}>${to}`));
  }

  heardBy(nodeid: number): readonly number[] {
    const heard = this.#spread(nodeid, (from, to) => !this.#cut.has(`${to}>${from}`));
    return heard.filter((other) => this.#isAwake(other));
  }

  /** A stopped process still has its socket, but hands nothing on. */
  #spread(start: number, isOpen: (from: number, to: number) => boolean): readonly number[] {
    const found = new Set(this.node(start).process === undefined ? [] : [start]);
    for (const from of found) {
      if (!this.#isAwake(from)) continue;
      for (const { nodeid, process } of this.nodes)
        if (process !== undefined && isOpen(from, nodeid)) found.add(nodeid);
    }
    return [...found];
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
    const { kind, path, to = '', content = '', size = 0 } = made;
    const request: Request = {
      id,
      client,
      nodeid,
      pid: daemon.pid,
      kind,
      path,
      to,
      content,
      size,
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
    const asked = this.trace.request(nodeid, kind, { id, client, path, ...(to === '' ? {} : { to }) });
    const call = (): void => {
      // It begins when the process takes it: until then nothing was asked of the cluster.
      (request as { invoked_ms: number }).invoked_ms = this.now_ms;
      this.observers.tell('invoked', request);
      CALLS[kind](daemon.node.fileSystem, made, answer);
    };
    daemon.process.run(() => this.trace.within(asked, call));
    return true;
  }

  /** A client reads what is mounted on `nodeid`, if its daemon answers now. */
  look(nodeid: number, see: (fileSystem: FileSystem) => void): void {
    const daemon = this.node(nodeid).process;
    if (daemon !== undefined && !daemon.process.isHeld) see(daemon.node.fileSystem);
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

  /** All of the cluster are. */
  get isSettled(): boolean {
    return this.isSettledAmong(this.nodes);
  }

  /** `nodes` are up, in one quorate ring, with both replicas synced among them alone and nothing waiting. */
  isSettledAmong(nodes: readonly SimulatedNode[]): boolean {
    return nodes.every(
      ({ process }) => process !== undefined && !process.isStopped && isSynced(process.node, nodes.length),
    );
  }

  #armTick(): void {
    this.clock.setTimeout(() => {
      this.observers.tell('tick');
      this.#ticks += 1;
      if (this.options.growth && this.#ticks % TICKS_BETWEEN_LOOKS === 0) this.#mendOutdated();
      this.#armTick();
    }, TICK_MS);
  }

  #makeSurroundings(): Surroundings {
    const { clock, network, random, trace, observers } = this;
    const { maxPayload } = this.options;
    return {
      clock,
      network,
      random,
      trace,
      observers,
      maxPayload,
      nextPid: () => this.nextPid(),
      versionText: (softwareVersion) =>
        this.options.ha === undefined ? String(softwareVersion) : versionInfo(softwareVersion),
      mark: (name) => this.mark(name),
      heard: (message, nodeid) => {
        this.#listeners = this.#listeners.filter((listener) => listener(message, nodeid));
      },
      treeChanged: (change) => this.ha?.noteLock(change),
      configRefused: (node) => this.#mendConfig(node),
    };
  }

  #addMachine(parameters: NodeParameters): SimulatedNode {
    const node = new SimulatedNode(this.#around, parameters);
    this.#machines.set(parameters.nodeid, node);
    return node;
  }

  #makeNodes(): readonly SimulatedNode[] {
    const { clock, random } = this;
    const { nodeCount, freshNodes, skew_ms, idleRotations } = this.options;
    const nodeids = Array.from({ length: nodeCount }, (_, at) => at + 1);
    const confText = clusterConfText({ nodeids, idleRotations, version: 1 });
    const wall_s = Math.floor(clock.wall_ms() / 1000);
    const { ha } = this.options;
    const directories = [...initialDirectories(this.options), ...(ha === undefined ? [] : HA_DIRECTORIES)];
    const full = initialRows(confText, directories, wall_s, ha && initialFiles(ha, nodeCount));
    const fresh = initialRows(confText, [], wall_s);
    // A majority of nodes that know nothing would begin a history of its own.
    const freshCount = freshNodes ? Math.floor((nodeCount - 1) / 2) : 0;
    const disks = random.split('disks');
    return nodeids.map((nodeid, at) => {
      const isFresh = at >= nodeCount - freshCount;
      const wallOffset_ms = Math.floor((disks.unit() * 2 - 1) * skew_ms);
      return this.#addMachine({ nodeid, rows: isFresh ? fresh : full, oldCopy: full, confText, wallOffset_ms });
    });
  }
}

type Call = (fileSystem: FileSystem, body: RequestBody, done: (result: number) => void) => void;

const CALLS: Readonly<Record<RequestKind, Call>> = {
  create: (fileSystem, { path }, done) => fileSystem.create(path, done),
  write: (fileSystem, { path, content = '' }, done) => fileSystem.write(path, Buffer.from(content, 'latin1'), 0, done),
  truncate: (fileSystem, { path, size = 0 }, done) => fileSystem.truncate(path, size, done),
  mkdir: (fileSystem, { path }, done) => fileSystem.mkdir(path, done),
  unlink: (fileSystem, { path }, done) => fileSystem.unlink(path, done),
  rmdir: (fileSystem, { path }, done) => fileSystem.rmdir(path, done),
  rename: (fileSystem, { path, to = '' }, done) => fileSystem.rename(path, to, done),
  mtime: (fileSystem, { path, mtime = 0 }, done) => fileSystem.utimens(path, mtime, done),
};

interface Synchronised {
  readonly isReady: boolean;
  describeReplica(name: 'dcdb' | 'status'): object | undefined;
}

/** With both replicas, in groups of `size` members. */
function isSynced(node: Synchronised, size: number): boolean {
  if (!node.isReady) return false;
  return (['dcdb', 'status'] as const).every((name) => {
    const state = node.describeReplica(name) as ReplicaState;
    const isWaiting = state.queuedMessages + state.queuedSyncMessages + state.heldRequests + state.waiters > 0;
    const members = state.members.filter(({ synced }) => synced).length;
    return state.mode === 'synced' && !isWaiting && members === size;
  });
}

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
