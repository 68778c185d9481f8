/**
 * A world of cluster layers only: nodes with Totem, quorum and process groups on a simulated network, with faults drawn
 * from one seed, and the checkers of the group contract and of quorum.
 */
import { createTotemNode, type QuorumView, type TotemNode } from '../../actors/cluster/totem-node.ts';
import type { Clock, TimerHandle } from '../../runtime/clock/clock.ts';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import type { DatagramPort, DatagramReceiver } from '../../runtime/datagram/datagram.ts';
import { type LinkConditions, SimulatedNetwork } from '../../runtime/datagram/simulated.ts';
import type { ClusterConfig } from '../../runtime/formats/cluster-config.ts';
import type { GroupHandle } from '../../runtime/process-group/process-group.ts';
import { SeededRandom } from '../../runtime/random/seeded.ts';
import { ProcessGroupContract, type Violation } from '../checkers/process-group-contract.ts';

/** A process that can be stopped for a while: its timers are late and its datagrams wait, as on a real machine. */
class Pausable {
  #isPaused = false;
  #late: (() => void)[] = [];
  #unread: (() => void)[] = [];

  clock(inner: Clock): Clock {
    return {
      monotonic_ms: () => inner.monotonic_ms(),
      wall_ms: () => inner.wall_ms(),
      setTimeout: (callback, delay_ms) => {
        const state = { isCancelled: false };
        const run = (): void => {
          if (state.isCancelled) return;
          if (this.#isPaused) this.#late.push(run);
          else callback();
        };
        const handle = inner.setTimeout(run, delay_ms);
        return Object.assign({ id: handle.id }, { state, handle }) as TimerHandle;
      },
      clearTimeout: (handle) => {
        const own = handle as unknown as { state: { isCancelled: boolean }; handle: TimerHandle };
        own.state.isCancelled = true;
        inner.clearTimeout(own.handle);
      },
    };
  }

  receiver(inner: DatagramReceiver): DatagramReceiver {
    return (sender, payload) => {
      if (!this.#isPaused) inner(sender, payload);
      else if (this.#unread.length < 2000) this.#unread.push(() => inner(sender, payload));
    };
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** Timers first, as Node's event loop does. */
  resume(): void {
    this.#isPaused = false;
    const waiting = [...this.#late, ...this.#unread];
    this.#late = [];
    this.#unread = [];
    for (const run of waiting) if (!this.#isPaused) run();
  }
}

interface SimulatedProcess {
  readonly pid: number;
  readonly group: string;
  readonly handle: GroupHandle;
  sent: number;
  delivered: number;
}

export class SimulatedNode {
  readonly nodeid: number;
  ringSeq = 0;
  /** What the disk stores is refused. */
  isDiskFull = false;
  incarnation = 0;
  /** Processes started in this incarnation. */
  joins = 0;
  node: TotemNode | undefined;
  view: QuorumView | undefined;
  readonly processes: SimulatedProcess[] = [];
  pausable = new Pausable();
  isPaused = false;

  constructor(nodeid: number) {
    this.nodeid = nodeid;
  }

  get isUp(): boolean {
    return this.node !== undefined;
  }
}

export interface WorldOptions {
  readonly seed: number;
  readonly config: ClusterConfig;
  readonly conditions?: LinkConditions;
  readonly maxPayload?: number;
  readonly acknowledgement?: 'majority' | 'local';
  readonly log?: (line: string) => void;
}

const QUICK_LINK: LinkConditions = { latency_min_ms: 0.3, latency_max_ms: 0.6, loss: 0, duplication: 0 };

export class TotemWorld {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly contract = new ProcessGroupContract();
  readonly nodes: SimulatedNode[];
  readonly violations: Violation[] = [];
  config: ClusterConfig;
  readonly #options: WorldOptions;
  deliveries = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.config = options.config;
    this.random = new SeededRandom(options.seed);
    this.network = new SimulatedNetwork({
      clock: this.clock,
      random: this.random.split('network'),
      conditions: options.conditions ?? QUICK_LINK,
    });
    this.nodes = options.config.nodes.map((node) => new SimulatedNode(node.nodeid));
  }

  log(line: string): void {
    this.#options.log?.(`${this.clock.monotonic_ms().toFixed(2).padStart(10)} ${line}`);
  }

  start(node: SimulatedNode): void {
    if (node.isUp) return;
    node.incarnation++;
    node.joins = 1;
    node.pausable = new Pausable();
    node.isPaused = false;
    const { pausable } = node;
    const port = this.network.port(node.nodeid, this.#options.maxPayload ?? 8192);
    const datagram: DatagramPort = {
      nodeid: node.nodeid,
      maxPayload: port.maxPayload,
      send: (peer, payload) => port.send(peer, payload),
      multicast: (peers, payload) => port.multicast(peers, payload),
      onReceive: (receiver) => port.onReceive(pausable.receiver(receiver)),
      close: () => port.close(),
    };
    node.node = createTotemNode({
      nodeid: node.nodeid,
      pid: pidOf(node),
      config: this.config,
      datagram,
      clock: pausable.clock(this.clock),
      random: this.random.split(`node ${node.nodeid}/${node.incarnation}`),
      log: { write: (domain, level, message) => this.log(`n${node.nodeid} [${domain}] ${level}: ${message}`) },
      ringIds: {
        load: () => node.ringSeq,
        save: (seq) => {
          if (node.isDiskFull) return { message: 'no space left' };
          node.ringSeq = seq;
          return undefined;
        },
      },
      onRingUnsaved: (seq, { message }) => this.log(`n${node.nodeid} can't store ${seq}: ${message}`),
      acknowledgement: this.#options.acknowledgement ?? 'majority',
      onQuorum: (quorate, view) => this.#quorumChanged(node, quorate, view),
    });
    node.node.start();
    this.log(`start n${node.nodeid}`);
  }

  /** Joins `group` with a new process of `node`. */
  join(node: SimulatedNode, group: string): void {
    if (node.node === undefined) return;
    const pid = pidOf(node) + node.joins++;
    const member = { nodeid: node.nodeid, pid };
    const totem = node.node;
    const position = (): string => {
      const { view, progress } = totem.status();
      return `${view.ring.rep}.${view.ring.seq}/${progress.delivered} `;
    };
    this.contract.joined(group, member);
    const handle = totem.group.join(group, pid, {
      deliver: (sender, message) => {
        process.delivered++;
        this.deliveries++;
        this.contract.delivered(group, member, sender, message);
      },
      configurationChange: (change) => {
        this.log(`n${node.nodeid} ${group} members ${change.members.map((m) => `${m.nodeid}/${m.pid}`).join(' ')}`);
        this.contract.changed(group, member, change, position());
      },
      batchEnd: () => {},
      lost: () => {},
    });
    const process: SimulatedProcess = { pid, group, handle, sent: 0, delivered: 0 };
    node.processes.push(process);
  }

  leave(node: SimulatedNode, process: SimulatedProcess): void {
    process.handle.leave();
    this.contract.ended(process.group, process.handle.self);
    node.processes.splice(node.processes.indexOf(process), 1);
  }

  /** Sends a unique message of at least 16 bytes. */
  send(process: SimulatedProcess, size: number): boolean {
    const message = Buffer.alloc(Math.max(16, size), process.sent & 0xff);
    message.write(`${process.handle.self.nodeid}/${process.pid}/${process.sent} `, 'latin1');
    if (process.handle.mcast(message) !== 'sent') return false;
    process.sent++;
    this.contract.accepted(process.group, process.handle.self, message);
    return true;
  }

  crash(node: SimulatedNode): void {
    if (!node.isUp) return;
    this.log(`crash n${node.nodeid}`);
    this.network.crash(node.nodeid);
    node.pausable.pause();
    this.#end(node);
  }

  stop(node: SimulatedNode): void {
    if (!node.isUp) return;
    this.log(`stop n${node.nodeid}`);
    node.node!.stop();
    this.#end(node);
  }

  pause(node: SimulatedNode): void {
    this.log(`pause n${node.nodeid}`);
    node.isPaused = true;
    node.pausable.pause();
  }

  resume(node: SimulatedNode): void {
    if (!node.isPaused) return;
    this.log(`resume n${node.nodeid}`);
    node.isPaused = false;
    node.pausable.resume();
  }

  /** True when all nodes are up, in one ring, quorate, with nothing queued. */
  get isSettled(): boolean {
    const first = this.nodes[0]?.node?.status();
    if (first === undefined) return false;
    return this.nodes.every((node) => {
      const status = node.node?.status();
      return (
        status !== undefined &&
        status.state === 'operational' &&
        status.view.quorate &&
        status.view.members.length === this.nodes.length &&
        status.view.ring.seq === first.view.ring.seq &&
        status.queuedMessages === 0 &&
        status.progress.delivered === status.progress.high
      );
    });
  }

  /** Runs until `isSettled` or `limit_ms` have passed; the time it took, or undefined. */
  settle(limit_ms: number): number | undefined {
    const start_ms = this.clock.monotonic_ms();
    while (this.clock.monotonic_ms() - start_ms < limit_ms) {
      this.clock.advance(50);
      if (this.isSettled) return this.clock.monotonic_ms() - start_ms;
    }
    return undefined;
  }

  check(isQuiet: boolean): readonly Violation[] {
    return [...this.violations, ...this.contract.check(isQuiet)];
  }

  #end(node: SimulatedNode): void {
    for (const process of node.processes) this.contract.ended(process.group, process.handle.self);
    node.processes.length = 0;
    node.node = undefined;
    node.view = undefined;
  }

  #quorumChanged(node: SimulatedNode, quorate: boolean, view: QuorumView): void {
    this.log(
      `n${node.nodeid} ${quorate ? 'quorate' : 'not quorate'} ${view.total_votes}/${view.quorum} in ${view.members}`,
    );
    node.view = view;
    if (!quorate) return;
    // I1: two disjoint quorate rings at one instant.
    for (const other of this.nodes) {
      if (other.view?.quorate !== true || other === node) continue;
      if (other.view.members.some((member) => view.members.includes(member))) continue;
      const message = `n${node.nodeid} is quorate in ${view.members} and n${other.nodeid} in ${other.view.members}`;
      this.violations.push({ rule: 'I1', message });
    }
  }
}

function pidOf(node: SimulatedNode): number {
  return node.nodeid * 10_000 + node.incarnation * 100;
}
