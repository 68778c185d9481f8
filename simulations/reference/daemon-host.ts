/**
 * Hosts one daemon in the round-robin world: gives it its ticks, carries out what it asks for at once (spec/ha.md §14.0.5), and
 * keeps it in its environment: clock, log, cluster file system (§1.3, §1.7 to §1.9).
 */
import { strict as assert } from 'node:assert';
import type { Crm } from '../../machines/ha/crm/crm.ts';
import type { Lrm } from '../../machines/ha/lrm/lrm.ts';
import { executeCommand } from '../../machines/ha/lrm-worker/command.ts';
import type { Ask, In, Out, Reply, Source } from '../../machines/ha/port.ts';
import type { LrmStatus, ManagerStatus } from '../../machines/ha/state-files.ts';
import { type Hardware, type HardwareNode, SimulationAbort } from './hardware.ts';
import type { ResourceAgents } from './resource-agents.ts';
import type { SimulationLog } from './simulation-log.ts';
import { guestStatistics } from './statistics.ts';

/** Clock of one daemon of one node: it outlives the daemon. */
export interface EnvironmentClock {
  now: number;
}

/** What a daemon did, for whoever watches the world. */
export interface Deed {
  readonly host: DaemonHost;
  readonly ask: Ask;
  readonly reply: Reply;
}

export interface Surroundings {
  readonly hardware: Hardware;
  readonly log: SimulationLog;
  readonly agents: ResourceAgents;
  /** An LRM has written its status. */
  statusWritten(): void;
  done?(deed: Deed): void;
  /** Whatever it gives out but asks. */
  said?(host: DaemonHost, out: Out): void;
}

const CFS_ERROR = 'cfs connection refused - not mounted?';
const settled: Reply = { ok: true, value: null };
const refused: Reply = { ok: false, error: CFS_ERROR };
const yes: Reply = { ok: true, value: true };
const no: Reply = { ok: true, value: false };

/** Sources that are files of the cluster file system. */
const files = new Set<Source>(['manager_status', 'lrm_status', 'resources', 'rules', 'groups', 'crmPending']);

export class DaemonHost {
  readonly node: string;
  readonly kind: 'crm' | 'lrm';
  readonly daemon: Crm | Lrm;
  /** It has ended and waits to be put away. */
  hasExited = false;
  readonly #around: Surroundings;
  readonly #clock: EnvironmentClock;
  readonly #id: string;
  readonly #hardwareNode: HardwareNode;
  #watchdog: number | undefined;

  constructor(kind: 'crm' | 'lrm', daemon: Crm | Lrm, clock: EnvironmentClock, around: Surroundings) {
    this.kind = kind;
    this.daemon = daemon;
    this.node = daemon.node;
    this.#clock = clock;
    this.#around = around;
    this.#id = `${daemon.node}/${kind}`;
    this.#hardwareNode = around.hardware.node(daemon.node);
    this.#carryOut(daemon.start());
  }

  get now(): number {
    return this.#clock.now;
  }

  /** The handle that it opened last, closed or not. */
  get watchdog(): number | undefined {
    return this.#watchdog;
  }

  get hasOpenWatchdog(): boolean {
    return this.#watchdog !== undefined && this.#around.hardware.watchdogs.isOpen(this.#watchdog);
  }

  log(level: string, text: string): void {
    this.#around.log.daemon(level, this.#clock.now, this.#id, text);
  }

  iterate(): void {
    const { hardware } = this.#around;
    assert(this.#clock.now <= hardware.clock, `the clock of ${this.#id} would go backwards`);
    this.#clock.now = hardware.clock;
    this.#give({ type: 'TICK', at: this.#clock.now });
    this.#clock.now++;
  }

  requestShutdown(): void {
    this.#give({ type: 'SHUTDOWN_REQUEST', marker: this.#hardwareNode.shutdown, at: this.#clock.now });
  }

  statusWritten(): void {
    this.#give({ type: 'STATUS_WRITTEN' });
  }

  #give(input: In): void {
    this.#carryOut(this.daemon.take(input));
  }

  #carryOut(outs: readonly Out[]): void {
    let todo = outs;
    while (todo.length > 0) {
      let next: readonly Out[] = [];
      for (const out of todo) {
        if (out.out === 'ask') next = this.#answer(out.id, out.ask);
        else this.#perform(out);
      }
      todo = next;
    }
  }

  #perform(out: Exclude<Out, { out: 'ask' }>) {
    this.#around.said?.(this, out);
    switch (out.out) {
      case 'log':
        return this.log(out.level, out.text);
      case 'notify':
        return this.log('email', `${out.prefix}: ${out.subject}`);
      case 'exit':
        this.hasExited = true;
        return;
      case 'failed':
        throw new SimulationAbort(out.error);
    }
  }

  #answer(id: number, ask: Ask): readonly Out[] {
    const reply = this.#reply(ask);
    this.#around.done?.({ host: this, ask, reply });
    return this.daemon.take({ type: 'REPLY', id, ...reply });
  }

  #reply(ask: Ask): Reply {
    switch (ask.op) {
      case 'refresh':
        return this.#hardwareNode.isRefreshBroken ? no : yes;
      case 'read':
        return this.#read(ask.what);
      case 'lock':
        return ask.do === 'acquire' ? this.#acquire(ask.name) : this.#release(ask.name);
      case 'watchdog':
        return this.#useWatchdog(ask.do);
      case 'write':
        return this.#isCfsBroken ? refused : this.#write(ask.what, ask.value);
      case 'takeCrmCommands':
        if (this.#isCfsBroken) return refused;
        return { ok: true, value: this.#around.hardware.crmCommands.splice(0) };
      case 'statistics':
        return { ok: true, value: this.#statistics(ask.mode) };
      case 'patchService':
        this.#around.hardware.patchService(ask.sid, ask.set);
        return settled;
      case 'removeLock':
        return { ok: true, value: this.#removeLock(ask.sid, ask.locks) };
      case 'steal':
        return this.#isCfsBroken ? refused : this.#steal(ask.sid, ask.from, ask.to);
      case 'exec':
        return { ok: true, value: this.#execute(ask) };
      case 'wait':
        return assert.fail('nothing has to be waited for here');
    }
  }

  get #isCfsBroken(): boolean {
    return this.#hardwareNode.isCfsBroken;
  }

  #read(what: readonly Source[]): Reply {
    if (this.#isCfsBroken && what.some((source) => files.has(source))) return refused;
    return { ok: true, value: what.map((source) => this.#source(source)) };
  }

  #source(source: Source): unknown {
    const { hardware } = this.#around;
    switch (source) {
      case 'members':
        return hardware.members(this.node);
      case 'manager_status':
        return hardware.managerStatus;
      case 'lrm_status':
        return ofEachNode(hardware, ({ lrmStatus }) => lrmStatus);
      case 'resources':
        return hardware.configs;
      case 'rules':
        return hardware.rules;
      case 'groups':
        return hardware.groups;
      case 'datacenter':
        return hardware.datacenter;
      case 'versions':
        return ofEachNode(hardware, ({ version }) => version);
      case 'crmPending':
        return hardware.crmCommands.length > 0;
    }
  }

  #acquire(name: string): Reply {
    const { hardware } = this.#around;
    if (!hardware.members(this.node).quorate) return no;
    const outcome = hardware.locks.acquire(name, this.node, this.#clock.now);
    if (outcome === 'got') this.log('info', `got lock '${name}'`);
    return outcome === 'refused' ? no : yes;
  }

  #release(name: string): Reply {
    const { hardware } = this.#around;
    if (!hardware.members(this.node).quorate) return no;
    return hardware.locks.release(name, this.node, this.#clock.now) ? yes : no;
  }

  #useWatchdog(deed: 'open' | 'feed' | 'close'): Reply {
    const { clock, watchdogs } = this.#around.hardware;
    if (deed === 'open') {
      this.#watchdog = watchdogs.open(this.node, clock);
      return settled;
    }
    const id = this.#watchdog ?? 0;
    const isDone = deed === 'feed' ? watchdogs.feed(id, clock) : watchdogs.close(id, clock);
    return isDone ? settled : { ok: false, error: 'watchdog handle has expired' };
  }

  #write(what: 'manager_status' | 'lrm_status' | 'rules' | 'groups', value: unknown): Reply {
    const { hardware } = this.#around;
    switch (what) {
      case 'manager_status':
        hardware.managerStatus = value as ManagerStatus;
        break;
      case 'lrm_status':
        this.#hardwareNode.lrmStatus = value as LrmStatus;
        this.#around.statusWritten();
        break;
      case 'rules':
        hardware.rules = value as string;
        break;
      case 'groups':
        hardware.groups = value as string;
    }
    return settled;
  }

  #statistics(mode: Extract<Ask, { op: 'statistics' }>['mode']) {
    const { hardware, log } = this.#around;
    return guestStatistics(hardware, mode, (text) => log.hardware('warning', hardware.clock, 'hardware', text));
  }

  #removeLock(sid: string, locks: readonly string[]): string | null {
    const { hardware } = this.#around;
    const lock = hardware.lockOf(sid);
    if (lock === undefined || !locks.includes(lock)) return null;
    hardware.patchService(sid, { lock: null });
    return lock;
  }

  #steal(sid: string, from: string, to: string): Reply {
    try {
      this.#around.hardware.moveService(sid, from, to);
      return settled;
    } catch (error) {
      return refusal(error);
    }
  }

  /** Runs a worker to its end; an error of its agent is its own, and logged. */
  #execute({ cmd, params, sid }: Extract<Ask, { op: 'exec' }>): number {
    const { agents, hardware } = this.#around;
    const log = (level: string, text: string) => this.log(level, text);
    const configuredOn = hardware.configs[sid]?.node;
    const worker = executeCommand({ node: this.node, sid, cmd, params, configuredOn, hasAgent: true, log });
    try {
      let step = worker.next();
      while (!step.done) step = worker.next(agents.call(this.node, sid, step.value, log));
      return step.value;
    } catch (error) {
      const failure = refusal(error);
      this.log('err', failure.error);
      return -1;
    }
  }
}

function refusal(error: unknown): { readonly ok: false; readonly error: string } {
  if (!(error instanceof SimulationAbort)) throw error;
  return { ok: false, error: error.message };
}

function ofEachNode<Value>(hardware: Hardware, of: (node: HardwareNode) => Value): Record<string, Value> {
  const values: Record<string, Value> = {};
  for (const [name, node] of hardware.nodes) values[name] = of(node);
  return values;
}
