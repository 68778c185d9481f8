/**
 * One simulated machine as high availability knows it: power, watchdog, guests, and the two daemons, each a process of its own
 * that dies, stops and starts apart from pmxcfs.
 */

import type { ShutdownMarker } from '../../../machines/ha/port.ts';
import type { SeededRandom } from '../../../runtime/random/seeded.ts';
import type { DaemonKind, ObservedMachine } from '../../checkers/ha/observation.ts';
import type { SimulatedNode } from '../node.ts';
import { SimulatedProcess } from '../process.ts';
import { HaDaemon } from './daemon.ts';
import { OpenCalls, simulatedFiles } from './files.ts';
import { Hypervisor, type MoveOutcome } from './hypervisor.ts';
import { guestPath } from './initial-files.ts';
import type { HaSurroundings } from './surroundings.ts';
import { MachineWatchdog } from './watchdog.ts';

/** From the machine's start, or from the end of a daemon, to its next start. */
const START_MS: Readonly<Record<DaemonKind, number>> = { crm: 3000, lrm: 4000 };
/** Machines don't boot at the same instant. */
const STAGGER_MS = 20;
const RESTART_MS = 5000;
const END_PATIENCE_MS = 600_000;
const UNKNOWN_RESULTS: readonly number[] = [-1, -5, -16, -103, -110];

export interface MachineSurroundings {
  readonly world: HaSurroundings;
  /** Machine of a node, by name. */
  machine(name: string): HaMachine | undefined;
  /** The device has fired. */
  reset(machine: HaMachine): void;
  /** The daemons have ended in an orderly way, as somebody wanted before the power goes. */
  ended(machine: HaMachine, marker: ShutdownMarker): void;
  /** Its orderly end doesn't come. */
  hung(machine: HaMachine): void;
  runFenceCommand(machine: HaMachine, commandLine: string, done: (code: number) => void): () => void;
}

/** What a machine has while it has power. */
interface Running {
  readonly processes: readonly [watchdog: SimulatedProcess, guests: SimulatedProcess];
  readonly watchdog: MachineWatchdog;
  readonly guests: Hypervisor;
}

const NO_GUESTS: ReadonlySet<string> = new Set();

export class HaMachine implements ObservedMachine {
  readonly node: SimulatedNode;
  readonly openCalls = new OpenCalls();
  /** The device fires later than it should by this. */
  watchdogLate_ms: number;
  #running: Running | undefined;
  readonly #daemons = new Map<DaemonKind, HaDaemon>();
  readonly #around: MachineSurroundings;
  readonly #random: SeededRandom;
  #isFrozen = false;
  /** What it is on its way to. */
  #marker: ShutdownMarker = '';
  /** Times that it got power. */
  #starts = 0;

  constructor(node: SimulatedNode, around: MachineSurroundings, random: SeededRandom) {
    this.node = node;
    this.#around = around;
    this.#random = random;
    this.watchdogLate_ms = around.world.options.ha?.watchdogLate_ms ?? 0;
  }

  get nodeid(): number {
    return this.node.nodeid;
  }

  get name(): string {
    return this.node.name;
  }

  get isOn(): boolean {
    return this.#running !== undefined;
  }

  get guests(): ReadonlySet<string> {
    return this.#running?.guests.running ?? NO_GUESTS;
  }

  get starts(): number {
    return this.#starts;
  }

  /** On its way to be off, in order. */
  get isEnding(): boolean {
    return this.#marker !== '';
  }

  /** It will be reset, whatever anybody does. */
  get isDoomed(): boolean {
    return this.#running?.watchdog.isFailing === true;
  }

  /** Nothing of it stands still or is about to change. */
  get isCalm(): boolean {
    if (this.#running === undefined || this.isEnding || this.isDoomed) return false;
    return (['crm', 'lrm'] as const).every((kind) => this.#daemons.get(kind)?.process.isHeld === false);
  }

  daemon(kind: DaemonKind): HaDaemon | undefined {
    return this.#daemons.get(kind);
  }

  hasWatchdogOpen(kind: DaemonKind): boolean {
    return this.#running?.watchdog.isOpen(kind) === true;
  }

  get hypervisor(): Hypervisor | undefined {
    return this.#running?.guests;
  }

  powerOn(): void {
    if (this.#running !== undefined) return;
    this.#starts += 1;
    this.#isFrozen = false;
    this.#marker = '';
    const processes = [new SimulatedProcess(this.node.clock), new SimulatedProcess(this.node.clock)] as const;
    this.#running = {
      processes,
      watchdog: this.#makeWatchdog(processes[0]),
      guests: this.#makeHypervisor(processes[1]),
    };
    this.#around.world.observers.tell('power', this, true);
    for (const kind of ['crm', 'lrm'] as const) this.#startSoon(kind, START_MS[kind] + this.nodeid * STAGGER_MS);
  }

  powerOff(): void {
    const running = this.#running;
    if (running === undefined) return;
    for (const kind of [...this.#daemons.keys()]) this.#forget(kind);
    running.guests.end();
    running.watchdog.end();
    for (const process of running.processes) process.kill();
    this.#running = undefined;
    this.#marker = '';
    this.#around.world.observers.tell('power', this, false);
  }

  /** SIGKILL; whoever looks after the daemons starts it again. */
  killDaemon(kind: DaemonKind): void {
    if (!this.#daemons.has(kind)) return;
    this.#forget(kind);
    this.#startSoon(kind, RESTART_MS);
  }

  pauseDaemon(kind: DaemonKind): void {
    this.#daemons.get(kind)?.process.stop();
  }

  resumeDaemon(kind: DaemonKind): void {
    if (!this.#isFrozen) this.#daemons.get(kind)?.process.continue();
  }

  /** All of the machine stands still, but for the device that watches over it. */
  freeze(): void {
    if (this.#running === undefined || this.#isFrozen) return;
    this.#isFrozen = true;
    for (const process of this.#processes) process.stop();
  }

  thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    for (const process of this.#processes) process.continue();
  }

  /** An orderly end of the machine: the LRM goes first, then the CRM, then the power. */
  requestEnd(marker: Exclude<ShutdownMarker, ''>): void {
    if (this.#running === undefined || this.isEnding) return;
    this.#marker = marker;
    this.#watchEnd();
    const lrm = this.#daemons.get('lrm');
    if (lrm === undefined) this.#lrmEnded();
    else lrm.requestShutdown(marker);
  }

  /** Somebody who waits for it loses patience. */
  #watchEnd(): void {
    const { starts } = this;
    this.#around.world.clock.setTimeout(() => {
      if (this.isEnding && starts === this.starts) this.#around.hung(this);
    }, END_PATIENCE_MS);
  }

  /** Who was to switch it off for good lets it start again. */
  rebootInstead(): void {
    if (this.#marker === 'shutdown') this.#marker = 'reboot';
  }

  restartDaemon(kind: DaemonKind): void {
    if (!this.isEnding) this.#daemons.get(kind)?.requestShutdown('');
  }

  /** Every process of the machine but pmxcfs. */
  get #processes(): readonly SimulatedProcess[] {
    return [...(this.#running?.processes ?? []), ...[...this.#daemons.values()].map(({ process }) => process)];
  }

  #startSoon(kind: DaemonKind, delay_ms: number): void {
    const { starts } = this;
    this.#around.world.clock.setTimeout(() => {
      if (starts !== this.starts || !this.isOn || this.#daemons.has(kind) || this.isEnding) return;
      if (this.#isFrozen) this.#startSoon(kind, RESTART_MS);
      else this.#start(kind);
    }, delay_ms);
  }

  #start(kind: DaemonKind): void {
    const { world } = this.#around;
    const running = this.#running!;
    const process = new SimulatedProcess(this.node.clock);
    const pid = world.nextPid();
    const random = this.#random.split(`${kind} ${pid}`);
    const daemon: HaDaemon = new HaDaemon({
      kind,
      pid,
      process,
      machine: this,
      world,
      random,
      watchdog: running.watchdog.client(kind, pid),
      files: simulatedFiles(
        {
          world,
          nodeid: this.nodeid,
          process,
          pid,
          random: random.split('files'),
          called: (call) => world.observers.tell('fileCall', daemon, call),
        },
        this.openCalls,
      ),
      runFenceCommand: (commandLine, done) => this.#around.runFenceCommand(this, commandLine, done),
      ended: (isOrderly) => this.#ended(kind, isOrderly),
    });
    this.#daemons.set(kind, daemon);
    daemon.start();
  }

  /** The process is gone, whatever the cause. */
  #forget(kind: DaemonKind): void {
    const daemon = this.#daemons.get(kind);
    if (daemon === undefined) return;
    this.#daemons.delete(kind);
    daemon.die();
  }

  #ended(kind: DaemonKind, isOrderly: boolean): void {
    this.#forget(kind);
    if (!isOrderly || !this.isEnding) this.#startSoon(kind, isOrderly ? 1 : RESTART_MS);
    else if (kind === 'lrm') this.#lrmEnded();
    else this.#around.ended(this, this.#marker);
  }

  #lrmEnded(): void {
    const crm = this.#daemons.get('crm');
    if (crm === undefined) this.#around.ended(this, this.#marker);
    else crm.requestShutdown('');
  }

  #makeWatchdog(process: SimulatedProcess): MachineWatchdog {
    const { world, reset } = this.#around;
    return new MachineWatchdog({
      clock: this.node.clock,
      process,
      late_ms: () => this.watchdogLate_ms,
      log: (text) => world.haLog(this.nodeid, 'watchdog-mux', 'info', text),
      reset: () => reset(this),
    });
  }

  #makeHypervisor(process: SimulatedProcess): Hypervisor {
    const { world, machine } = this.#around;
    return new Hypervisor({
      clock: process.clock,
      random: this.#random.split(`guests ${this.#starts}`),
      startFailures: world.options.ha?.startFailures ?? 0,
      isConfigured: (sid) => {
        const daemon = this.node.process;
        if (daemon === undefined || daemon.process.isHeld) return false;
        return typeof daemon.node.fileSystem.getattr(guestPath(this.name, sid)) !== 'number';
      },
      moveConfig: (sid, target, done) => this.#moveConfig(process, sid, target, done),
      reach: (target) => {
        const other = machine(target);
        const isReached = other !== undefined && world.reachedFrom(this.nodeid).includes(other.nodeid);
        return isReached ? other.hypervisor : undefined;
      },
      changed: (sid, isRunning) => {
        world.trace.write(this.nodeid, 'guests', isRunning ? 'runs' : 'ends', { sid });
        world.observers.tell('guest', this, sid, isRunning);
      },
      mark: (name) => world.mark(name),
    });
  }

  #moveConfig(process: SimulatedProcess, sid: string, target: string, done: (outcome: MoveOutcome) => void): void {
    const { world } = this.#around;
    const place = { world, nodeid: this.nodeid, process, pid: 0, random: this.#random };
    const [from, to] = [guestPath(this.name, sid), guestPath(target, sid)];
    world.observers.tell('configMoves', this, sid, target);
    simulatedFiles(place, this.openCalls).rename(from, to, (result) => {
      if (result >= 0) done('moved');
      else done(UNKNOWN_RESULTS.includes(result) ? 'unknown' : 'refused');
    });
  }
}
