/**
 * The round-robin world (spec/ha.md §1.4): all daemons of a cluster take turns, a second each, on simulated hardware. The same
 * machines as on real nodes; each answer comes at once.
 */
import { Crm } from '../../machines/ha/crm/crm.ts';
import type { Inspection } from '../../machines/ha/inspect.ts';
import { Lrm } from '../../machines/ha/lrm/lrm.ts';
import type { Out } from '../../machines/ha/port.ts';
import { type Inspector, inspectedBy, type MachineStep, machineSteps } from '../../runtime/trace/machine-steps.ts';
import { Commands, type Daemons } from './commands.ts';
import { DaemonHost, type Deed, type EnvironmentClock, type Surroundings } from './daemon-host.ts';
import { Hardware, SimulationAbort } from './hardware.ts';
import { ResourceAgents } from './resource-agents.ts';
import type { Scenario } from './scenario.ts';
import { SimulationLog } from './simulation-log.ts';

/** An event that one machine of a daemon took. */
export interface WorldTransition {
  readonly node: string;
  readonly actor: 'crm' | 'lrm';
  /** `crm`, `ha-resource vm:101`, … */
  readonly machine: string;
  /** Hardware clock, seconds. */
  readonly at: number;
  readonly step: MachineStep;
}

/** Whoever watches the world; each call comes at once. */
export interface WorldObserver {
  /** Looks into a machine that is being made. */
  inspect?(node: string, actor: 'crm' | 'lrm', machine: string): Inspector;
  /** After each event that a machine took. */
  onTransition?(transition: WorldTransition): void;
  /** After each effect that a daemon asked for. */
  onDeed?(deed: Deed, world: RoundRobinWorld): void;
  /** What a daemon says and decides. */
  onOut?(host: DaemonHost, out: Out): void;
  beforeIteration?(host: DaemonHost, world: RoundRobinWorld): void;
  afterIteration?(host: DaemonHost, world: RoundRobinWorld): void;
  beforeCommand?(text: string, world: RoundRobinWorld): void;
  afterCommand?(text: string, world: RoundRobinWorld): void;
}

type Skipping = { crm: number; lrm: number };

const ROUND_S = 20;
const MAX_TIME_S = 10_000;
/** The run ends when nothing was commanded for so long. */
const QUIET_S = 500;
const ROUNDS_PER_BATCH = 5;
const LONGEST_ROUND_S = 60;

export class RoundRobinWorld {
  readonly hardware: Hardware;
  readonly log = new SimulationLog();
  readonly #batches: Scenario['batches'];
  readonly #observer: WorldObserver;
  readonly #commands: Commands;
  readonly #around: Surroundings;
  readonly #clocks = new Map<string, EnvironmentClock>();
  readonly #crms = new Map<string, DaemonHost>();
  readonly #lrms = new Map<string, DaemonHost>();
  readonly #skipping: Skipping = { crm: 0, lrm: 0 };
  /** One LRM's success counts for all (§1.12). */
  #isAnyStatusWritten = false;
  #lastCommandAt = 0;
  #nextCommandAt = 0;

  constructor(scenario: Scenario, observer: WorldObserver = {}) {
    this.hardware = new Hardware(scenario);
    this.#batches = scenario.batches;
    this.#observer = observer;
    this.#around = {
      hardware: this.hardware,
      log: this.log,
      agents: new ResourceAgents(this.hardware),
      statusWritten: () => this.#statusWritten(),
      ...(observer.onDeed !== undefined && { done: (deed: Deed) => observer.onDeed!(deed, this) }),
      ...(observer.onOut !== undefined && { said: (host: DaemonHost, out: Out) => observer.onOut!(host, out) }),
    };
    this.#commands = new Commands(this.hardware, this.#daemons, this.log);
    for (const name of this.hardware.nodeNames) {
      for (const kind of ['crm', 'lrm']) this.#clocks.set(`${name}/${kind}`, { now: 0 });
    }
  }

  crm(node: string): DaemonHost | undefined {
    return this.#crms.get(node);
  }

  lrm(node: string): DaemonHost | undefined {
    return this.#lrms.get(node);
  }

  /** Runs to the end; the error that ended it early, or undefined. */
  run(): string | undefined {
    this.#say('hardware', 'starting simulation');
    try {
      this.#runRounds();
      this.#say('hardware', 'exit simulation - done');
      return undefined;
    } catch (error) {
      if (!(error instanceof SimulationAbort)) throw error;
      // The error's own line feed stays in the line, so the blank behind it makes one of its own.
      this.log.hardware('err', this.hardware.clock, 'hardware', `exit simulation - ${error.message}\n `);
      return error.message;
    }
  }

  #runRounds(): void {
    const { hardware } = this;
    const duration = Math.max(ROUND_S, 2 * hardware.nodeNames.length);
    if (duration >= LONGEST_ROUND_S) {
      throw new SimulationAbort('unable to simulate so many nodes. You need to increase watchdog/lock timeouts.');
    }
    const batches = [...this.#batches];
    for (let loop = 0; ; ) {
      const startedAt = hardware.clock;
      for (const name of hardware.nodeNames) this.#nodeSlot(name);
      for (const kind of ['crm', 'lrm'] as const) if (this.#skipping[kind] > 0) this.#skipping[kind]--;
      hardware.clock = Math.max(hardware.clock, startedAt + duration);
      if (hardware.clock > MAX_TIME_S) {
        throw new SimulationAbort(`simulation exceeded maximum time (${MAX_TIME_S}) - force end`);
      }
      for (const clock of this.#clocks.values()) clock.now = hardware.clock;
      if (hardware.clock < this.#nextCommandAt) continue;
      if (loop % ROUNDS_PER_BATCH === 0) {
        const batch = batches.shift();
        if (batch === undefined && hardware.clock - this.#lastCommandAt > QUIET_S) return;
        for (const text of batch ?? []) this.#execute(text);
      }
      loop++;
    }
  }

  #nodeSlot(name: string): void {
    const crm = this.#crms.get(name);
    if (crm !== undefined && this.#mayRun('crm', name)) this.#turn(crm);
    const lrm = this.#lrms.get(name);
    if (lrm !== undefined && this.#mayRun('lrm', name)) this.#turn(lrm);
    this.#sweepWatchdogs();
  }

  #mayRun(kind: 'crm' | 'lrm', name: string): boolean {
    if (this.#skipping[kind] === 0) return true;
    if (name === this.hardware.nodeNames[0]) this.#say('run-loop', `skipping ${kind.toUpperCase()} round`);
    return false;
  }

  #turn(host: DaemonHost): void {
    this.#observer.beforeIteration?.(host, this);
    host.iterate();
    this.hardware.clock = Math.max(this.hardware.clock, host.now);
    if (host.hasExited) {
      host.log('info', 'exit (loop end)');
      this.#daemons.drop(host.node, host.kind);
      if (host.kind === 'crm') this.#crmExited(host.node);
      else this.#lrmExited(host.node);
    }
    this.#observer.afterIteration?.(host, this);
  }

  #crmExited(name: string): void {
    const node = this.hardware.node(name);
    const { shutdown } = node;
    if (shutdown !== '') this.#commands.execute(`power ${name} off`, shutdown);
    else if (!node.isCrmStopping) throw new SimulationAbort('unexpected CRM exit - not implemented');
    if (shutdown === 'reboot') this.#commands.execute(`power ${name} on`, shutdown);
    node.isCrmStopping = false;
  }

  #lrmExited(name: string): void {
    const node = this.hardware.node(name);
    if (node.isLrmRestarting) {
      if (node.shutdown !== '') throw new SimulationAbort('lrm restart during shutdown - not implemented');
      node.isLrmRestarting = false;
      this.#daemons.startLrm(name);
    } else if (node.shutdown !== '') {
      // The LRM leaves before the CRM.
      this.#commands.execute(`crm ${name} stop`, node.shutdown);
    } else {
      throw new SimulationAbort('unexpected LRM exit - not implemented');
    }
  }

  #sweepWatchdogs(): void {
    for (const name of [...this.hardware.watchdogs.sweep(this.hardware.clock)].sort()) {
      this.#commands.execute(`power ${name} off`, 'watchdog');
      this.#say('hardware', `server '${name}' stopped by poweroff (watchdog)`);
      this.#daemons.drop(name, 'crm');
      this.#daemons.drop(name, 'lrm');
    }
  }

  #execute(text: string): void {
    this.#observer.beforeCommand?.(text, this);
    this.#lastCommandAt = this.hardware.clock;
    const [name, first = '', count = '1'] = text.trim().split(/\s+/);
    if (name === 'delay') {
      this.#say('cmdlist', `execute ${text}`);
      this.#nextCommandAt = this.hardware.clock + Number(first);
    } else if (name === 'skip-round') {
      this.#say('cmdlist', `execute ${text}`);
      if (first !== 'crm' && first !== 'lrm') throw new SimulationAbort(`sim_hardware_cmd: unknown command '${text}'`);
      this.#skipping[first] += Number(count);
    } else {
      this.#commands.execute(text, 'cmdlist');
    }
    this.#observer.afterCommand?.(text, this);
  }

  readonly #daemons: Daemons = {
    crm: (node) => this.#crms.get(node),
    lrm: (node) => this.#lrms.get(node),
    startCrm: (node) => {
      const crm = new Crm(node, { inspection: this.#inspection(node, 'crm'), hasQuirks: true });
      this.#crms.set(node, this.#host('crm', crm));
    },
    startLrm: (node) => {
      const lrm = new Lrm(node, {
        maxWorkers: 0,
        hasQuirks: true,
        isStatusWritten: this.#isAnyStatusWritten,
        inspection: this.#inspection(node, 'lrm'),
      });
      this.#lrms.set(node, this.#host('lrm', lrm));
    },
    drop: (node, kind) => {
      (kind === 'crm' ? this.#crms : this.#lrms).delete(node);
    },
  };

  #host(kind: 'crm' | 'lrm', daemon: Crm | Lrm): DaemonHost {
    return new DaemonHost(kind, daemon, this.#clocks.get(`${daemon.node}/${kind}`)!, this.#around);
  }

  #inspection(node: string, actor: 'crm' | 'lrm'): Inspection {
    const { inspect, onTransition } = this.#observer;
    if (inspect === undefined && onTransition === undefined) return () => ({});
    return (machine) => {
      const look = inspect?.(node, actor, machine);
      if (onTransition === undefined) return inspectedBy(look);
      const ended = (step: MachineStep) => onTransition({ node, actor, machine, at: this.hardware.clock, step });
      const tell = machineSteps({ begins: () => {}, ended });
      return {
        inspect: (inspection) => {
          look?.(inspection);
          tell(inspection);
        },
      };
    };
  }

  #statusWritten(): void {
    if (this.#isAnyStatusWritten) return;
    this.#isAnyStatusWritten = true;
    for (const host of this.#lrms.values()) host.statusWritten();
  }

  #say(id: string, text: string): void {
    this.log.hardware('info', this.hardware.clock, id, text);
  }
}
