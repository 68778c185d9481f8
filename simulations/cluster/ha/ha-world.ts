/** High availability in a simulated cluster: its machines, and what happens between them. */

import type { ShutdownMarker } from '../../../machines/ha/port.ts';
import type { SeededRandom } from '../../../runtime/random/seeded.ts';
import { LOCK_LIFETIME_S, type LockEntry, LockLedger, MANAGER_LOCK } from '../../checkers/ha/lock-ledger.ts';
import type { HaView } from '../../checkers/ha/observation.ts';
import type { TreeChange } from '../../checkers/observation.ts';
import type { SimulatedNode } from '../node.ts';
import { HaMachine } from './machine.ts';
import type { HaOptions } from './options.ts';
import type { HaSurroundings } from './surroundings.ts';
import { HaTools } from './tools.ts';

const FENCE_MS = 1500;
const STATUS_ON = 0;
const STATUS_OFF = 2;
const KILLED = -1;
/** Of one switch, now and then: it doesn't answer. */
const UNANSWERED = 1;

export class HaWorld implements HaView {
  readonly options: HaOptions;
  readonly machines: readonly HaMachine[];
  readonly #world: HaSurroundings;
  readonly #random: SeededRandom;
  readonly #byName: ReadonlyMap<string, HaMachine>;
  readonly #locks = new LockLedger();
  /** Locks that nobody has, and who had them last. */
  readonly #freed = new Map<string, LockEntry | undefined>();
  /** Fence devices that answer nothing. */
  readonly deadSwitches = new Set<number>();

  constructor(world: HaSurroundings, nodes: readonly SimulatedNode[], options: HaOptions) {
    this.options = options;
    this.#world = world;
    this.#random = world.random.split('ha');
    this.machines = nodes.map(
      (node) =>
        new HaMachine(
          node,
          {
            world,
            machine: (name) => this.#byName.get(name),
            reset: (machine) => this.#reset(machine, 'watchdog reset'),
            hung: (machine) => this.#reset(machine, 'power cut after a shutdown that hung'),
            ended: (machine, marker) => this.#ended(machine, marker),
            runFenceCommand: (_machine, commandLine, done) => this.#runFenceCommand(commandLine, done),
          },
          this.#random.split(`machine ${node.nodeid}`),
        ),
    );
    this.#byName = new Map(this.machines.map((machine) => [machine.name, machine]));
  }

  get fencing(): HaOptions['fencing'] {
    return this.options.fencing;
  }

  get isCalm(): boolean {
    return this.machines.every(({ isCalm }) => isCalm);
  }

  machine(name: string): HaMachine | undefined {
    return this.#byName.get(name);
  }

  /** Counts how locks pass from node to node. */
  noteLock(change: TreeChange): void {
    const event = this.#locks.note(change, this.#world.now_ms);
    if (event === undefined || event.event === 'renewed') return;
    const kind = event.lock === MANAGER_LOCK ? 'manager' : 'agent';
    if (event.event === 'removed') this.#freed.set(event.lock, event.before);
    else {
      const before = this.#freed.get(event.lock);
      const isOld = before !== undefined && this.#world.now_ms - before.renewed_ms > LOCK_LIFETIME_S * 1000;
      if (before !== undefined && before.owner !== event.by)
        this.#world.mark(`${kind} lock passed by ${isOld ? 'expiry' : 'release'}`);
    }
  }

  /** Somebody on a node changes a file under the domain lock, or gives the manager a line. */
  tools(nodeid: number): HaTools {
    return new HaTools(this.#world, nodeid, this.#random.split(`tools ${this.#world.now_ms}`));
  }

  of(nodeid: number): HaMachine {
    return this.machines[nodeid - 1]!;
  }

  /** pmxcfs of the node is gone. */
  filesLost(nodeid: number): void {
    this.of(nodeid).openCalls.cutOff();
  }

  /** It fires though it was fed. */
  resetSpuriously(nodeid: number): void {
    if (this.of(nodeid).isOn) this.#reset(this.of(nodeid), 'spurious reset');
  }

  /** Ends what faults have done; `boot` of the cluster's nodes brings the power back. */
  heal(): void {
    this.deadSwitches.clear();
    for (const machine of this.machines) {
      machine.thaw();
      machine.rebootInstead();
      machine.watchdogLate_ms = this.options.watchdogLate_ms;
      for (const kind of ['crm', 'lrm'] as const) machine.resumeDaemon(kind);
    }
  }

  #reset(machine: HaMachine, why: string): void {
    this.#world.mark(why);
    this.#cutPower(machine, why);
    this.#bootLater(machine);
  }

  #cutPower({ node }: HaMachine, why: string): void {
    this.#world.trace.write(node.nodeid, 'machine', why);
    this.#world.losePower(node, this.#random.below(node.disk.unsyncedCommits + 1));
  }

  #bootLater(machine: HaMachine): void {
    const { starts } = machine;
    this.#world.clock.setTimeout(() => {
      if (machine.starts === starts && !machine.isOn) this.#world.boot(machine.node);
    }, this.options.boot_ms);
  }

  /** The daemons are gone: pmxcfs ends in order, then the power goes. */
  #ended(machine: HaMachine, marker: ShutdownMarker): void {
    const { node } = machine;
    this.#world.mark(marker === 'reboot' ? 'node rebooted' : 'node shut down');
    this.#world.trace.write(node.nodeid, 'machine', marker);
    this.#world.resume(node);
    this.#world.shutDown(node);
    this.#world.losePower(node, node.disk.unsyncedCommits);
    if (marker === 'reboot') this.#bootLater(machine);
  }

  /** A simulated agent: `fence_simulated … --plug=n2 … --action=off`. Exit codes as §11.1 has them. */
  #runFenceCommand(commandLine: string, done: (code: number) => void): () => void {
    const machine = this.#byName.get(/--plug=(\S+)/.exec(commandLine)?.[1] ?? '');
    const isStatus = commandLine.includes('--action=status');
    let isOver = false;
    const end = (code: number): void => {
      if (isOver) return;
      isOver = true;
      done(code);
    };
    this.#world.clock.setTimeout(() => {
      if (isOver) return;
      if (machine === undefined) end(KILLED);
      else if (this.deadSwitches.has(machine.nodeid)) end(UNANSWERED);
      else if (isStatus) end(machine.isOn ? STATUS_ON : STATUS_OFF);
      else {
        if (machine.isOn) {
          this.#world.mark('powered off by a fence device');
          this.#cutPower(machine, 'fence device');
        }
        end(0);
      }
    }, FENCE_MS);
    return () => end(KILLED);
  }
}
