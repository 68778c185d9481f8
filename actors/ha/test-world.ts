/** For tests: a cluster of machines in memory, each with a CRM and an LRM, in virtual time. */
import type { ShutdownMarker } from '../../machines/ha/port.ts';
import type { ManagerStatus } from '../../machines/ha/state-files.ts';
import type { HaTimes } from '../../machines/ha/times.ts';
import type { Clock } from '../../runtime/clock/clock.ts';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { SeededRandom } from '../../runtime/random/seeded.ts';
import { type DaemonEnd, DaemonHost, type DaemonKind, type HaTrace } from './daemon-host.ts';
import { MemoryCluster } from './memory-cluster.ts';
import { MemoryMachine } from './memory-machine.ts';
import type { ClusterFiles, FencePrograms, Notification } from './ports.ts';

interface Daemon {
  readonly host: DaemonHost;
  readonly lose: () => void;
}

export interface TestWorldOptions {
  readonly nodes?: readonly string[];
  readonly latency_ms?: number;
  readonly times?: HaTimes;
  readonly programs?: FencePrograms;
  readonly trace?: HaTrace;
  /** Puts itself between a daemon (`n1/lrm`) and its files. */
  readonly between?: (daemon: string, files: ClusterFiles, clock: Clock) => ClusterFiles;
}

/** A guest's life on a node: from, to (Infinity: still runs). Seconds. */
export interface Stay {
  readonly node: string;
  readonly from_s: number;
  to_s: number;
}

const noPrograms: FencePrograms = {
  run: (_, done) => {
    done(-1);
    return () => {};
  },
};

export class HaTestWorld {
  readonly clock = new VirtualClock();
  readonly nodes: readonly string[];
  readonly cluster: MemoryCluster;
  readonly machines: ReadonlyMap<string, MemoryMachine>;
  /** `12 n1/crm info text`, time in whole seconds. */
  readonly lines: string[] = [];
  readonly mails: Notification[] = [];
  readonly ends: string[] = [];
  readonly resets: string[] = [];
  readonly stays = new Map<string, Stay[]>();
  readonly #daemons = new Map<string, Daemon>();
  readonly #options: TestWorldOptions;

  constructor(options: TestWorldOptions = {}) {
    const { latency_ms = 0, nodes = ['n1', 'n2', 'n3'] } = options;
    const { clock } = this;
    this.#options = options;
    this.nodes = nodes;
    this.cluster = new MemoryCluster({ clock, nodes, latency_ms });
    this.machines = new Map(nodes.map((node) => [node, this.#newMachine(node)]));
  }

  get now_s(): number {
    return this.clock.monotonic_ms() / 1000;
  }

  get status(): ManagerStatus {
    return JSON.parse(this.cluster.text('ha/manager_status') ?? '{}') as ManagerStatus;
  }

  get master(): string | undefined {
    return this.nodes.find((node) => this.state(node, 'crm') === 'master');
  }

  /** A guest with its resource. */
  addService(sid: string, node: string, options = ''): void {
    const [type, vmid] = sid.split(':');
    this.cluster.put(`nodes/${node}/${type === 'vm' ? 'qemu-server' : 'lxc'}/${vmid}.conf`, 'memory: 512\n');
    const before = this.cluster.text('ha/resources.cfg') ?? '';
    this.cluster.put('ha/resources.cfg', `${before}${type}: ${vmid}\n\tstate started\n${options}\n`);
  }

  bootAll(): void {
    for (const node of this.nodes) this.boot(node);
  }

  boot(node: string): void {
    for (const kind of ['crm', 'lrm'] as const) this.startDaemon(node, kind);
  }

  startDaemon(node: string, kind: DaemonKind): void {
    const machine = this.machines.get(node)!;
    const watchdog = machine.watchdog();
    const id = `${node}/${kind}`;
    const host = new DaemonHost({
      kind,
      ...(this.#options.times !== undefined && { times: this.#options.times }),
      trace: this.#options.trace,
      ports: {
        node,
        clock: this.clock,
        random: new SeededRandom(1),
        log: { write: (_, level, text) => void this.lines.push(`${Math.floor(this.now_s)} ${id} ${level} ${text}`) },
        files: this.#options.between?.(id, this.cluster.files(node), this.clock) ?? this.cluster.files(node),
        watchdog,
        hypervisor: machine.hypervisor(),
        fencePrograms: this.#options.programs ?? noPrograms,
        notify: (mail, done) => {
          this.mails.push(mail);
          done(undefined);
        },
      },
      onEnd: (end) => this.#ended(id, end, watchdog.lose),
    });
    this.#daemons.set(id, { host, lose: watchdog.lose });
    host.start();
  }

  /** kill -9 of one daemon. */
  kill(node: string, kind: DaemonKind): void {
    const daemon = this.#daemons.get(`${node}/${kind}`);
    daemon?.host.abandon();
    daemon?.lose();
    this.#daemons.delete(`${node}/${kind}`);
  }

  powerOff(node: string): void {
    this.machines.get(node)!.losePower();
    this.#down(node);
  }

  shutdown(node: string, kind: DaemonKind, marker: ShutdownMarker = ''): void {
    this.#daemons.get(`${node}/${kind}`)?.host.requestShutdown(marker);
  }

  state(node: string, kind: DaemonKind): string | undefined {
    return this.#daemons.get(`${node}/${kind}`)?.host.state;
  }

  host(node: string, kind: DaemonKind): DaemonHost {
    return this.#daemons.get(`${node}/${kind}`)!.host;
  }

  run(seconds: number): void {
    this.clock.advance(seconds * 1000);
  }

  /** Runs until it is true; throws after so many seconds. */
  until(isTrue: () => boolean, within_s = 400): void {
    const end_s = this.now_s + within_s;
    while (!isTrue()) {
      if (this.now_s > end_s) throw new Error(`not within ${within_s} s\n${this.lines.slice(-40).join('\n')}`);
      this.run(1);
    }
  }

  /** Nodes on which it runs. */
  whereRuns(sid: string): readonly string[] {
    return this.nodes.filter((node) => this.machines.get(node)!.running.includes(sid));
  }

  /** Pairs of stays of one service that overlap: there must be none. */
  overlaps(): readonly string[] {
    const found: string[] = [];
    for (const [sid, stays] of this.stays) {
      stays.forEach((one, index) => {
        for (const other of stays.slice(index + 1)) {
          if (one.node !== other.node && other.from_s < one.to_s && one.from_s < other.to_s) {
            found.push(`${sid} on ${one.node} until ${one.to_s} and on ${other.node} from ${other.from_s}`);
          }
        }
      });
    }
    return found;
  }

  said(text: string): boolean {
    return this.lines.some((line) => line.includes(text));
  }

  command(line: string): void {
    this.cluster.put('ha/crm_commands', `${this.cluster.text('ha/crm_commands') ?? ''}${line}\n`);
  }

  #newMachine(node: string): MemoryMachine {
    const { clock, cluster } = this;
    return new MemoryMachine({
      node,
      clock,
      cluster,
      ...(this.#options.times !== undefined && { times: this.#options.times }),
      duration_ms: this.#options.latency_ms ?? 0,
      onReset: () => {
        this.resets.push(node);
        this.#down(node);
      },
      onGuest: (sid, isRunning) => this.#noteGuest(sid, node, isRunning),
    });
  }

  #noteGuest(sid: string, node: string, isRunning: boolean): void {
    const stays = this.stays.get(sid) ?? [];
    this.stays.set(sid, stays);
    if (isRunning) stays.push({ node, from_s: this.now_s, to_s: Number.POSITIVE_INFINITY });
    else {
      const stay = stays.findLast((one) => one.node === node);
      if (stay !== undefined) stay.to_s = this.now_s;
    }
  }

  #down(node: string): void {
    this.cluster.connect(node, false);
    for (const kind of ['crm', 'lrm'] as const) {
      this.#daemons.get(`${node}/${kind}`)?.host.abandon();
      this.#daemons.delete(`${node}/${kind}`);
    }
  }

  #ended(id: string, end: DaemonEnd, lose: () => void): void {
    this.ends.push(`${id} ${end.how}`);
    this.#daemons.delete(id);
    lose();
  }
}
