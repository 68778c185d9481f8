/**
 * A process of pve-ha-crm or pve-ha-lrm on a simulated machine: the host that real nodes run, over simulated ports. It dies without a
 * word; then its handle of the watchdog is closed by the kernel, and nobody is answered any more.
 */

import { DaemonHost } from '../../../actors/ha/daemon-host.ts';
import type { ClusterFiles, HaPorts, Watchdog } from '../../../actors/ha/ports.ts';
import type { Ask, In, Out, ShutdownMarker } from '../../../machines/ha/port.ts';
import type { LogLevel } from '../../../runtime/log/log.ts';
import type { SeededRandom } from '../../../runtime/random/seeded.ts';
import type { DaemonKind, ObservedDaemon, ObservedMachine } from '../../checkers/ha/observation.ts';
import type { SimulatedProcess } from '../process.ts';
import type { Hypervisor } from './hypervisor.ts';
import type { HaSurroundings } from './surroundings.ts';

/** The machine that it runs on. */
export interface DaemonMachine extends ObservedMachine {
  readonly hypervisor: Hypervisor | undefined;
}

export interface DaemonPlace {
  readonly kind: DaemonKind;
  readonly pid: number;
  readonly process: SimulatedProcess;
  readonly machine: DaemonMachine;
  readonly world: HaSurroundings;
  readonly random: SeededRandom;
  readonly watchdog: Watchdog & { vanish(): void };
  readonly files: ClusterFiles;
  runFenceCommand(commandLine: string, done: (code: number) => void): () => void;
  /** It has come to its end: in order, or since it could not go on. */
  ended(isOrderly: boolean): void;
}

/** Log lines that say that something rare has happened. */
const MARKED_LINES: readonly (readonly [part: RegExp, mark: string])[] = [
  [/^status change .* => master$/, 'CRM became master'],
  [/^status change .* => lost_manager_lock$/, 'manager lock lost'],
  [/^status change .* => lost_agent_lock$/, 'agent lock lost'],
  [/^status change active => maintenance$/, 'LRM in maintenance'],
  [/^fencing: acknowledged/, 'node fenced'],
  [/^recover service .* from fenced node/, 'service recovered'],
  [/state changed from '\w+' to 'error'/, 'service in error'],
  [/state changed from '\w+' to 'freeze'/, 'service frozen'],
  [/^moving service .* came back from maintenance/, 'maintenance moved back'],
  [/^HA stack fully disarmed/, 'disarmed'],
  [/^re-arming HA stack/, 'armed again'],
  [/^restart policy: retry number/, 'start tried again'],
  [/failed, relocating service/, 'start tried elsewhere'],
  [/^watchdog not (opened|updated)/, 'watchdog refused after a late renewal'],
  [/^cluster file system update failed/, 'file system not there'],
  [/^temporary inconsistent cluster state/, 'round skipped'],
  [/^got unexpected error/, 'round failed'],
];

export class HaDaemon implements ObservedDaemon {
  readonly kind: DaemonKind;
  readonly pid: number;
  readonly process: SimulatedProcess;
  readonly #place: DaemonPlace;
  readonly #host: DaemonHost;
  #ask: Ask | undefined;

  constructor(place: DaemonPlace) {
    const { kind, machine, pid, process, world } = place;
    this.#place = place;
    this.kind = kind;
    this.pid = pid;
    this.process = process;
    const inspect = world.trace.inspector(machine.nodeid);
    this.#host = new DaemonHost({
      kind,
      ports: this.#ports(),
      trace: {
        inspect: (name) => inspect(kind, name),
        note: (event, detail) => void world.trace.write(machine.nodeid, kind, event, detail),
      },
      observe: (event) => this.#saw(event),
      onEnd: ({ how }) => {
        world.clock.setTimeout(() => {
          if (!process.isDead) place.ended(how === 'exit');
        }, 0);
      },
    });
  }

  get machine(): DaemonMachine {
    return this.#place.machine;
  }

  get core(): ObservedDaemon['core'] {
    return this.#host.core;
  }

  get now_ms(): number {
    return this.process.clock.monotonic_ms();
  }

  start(): void {
    this.#place.world.observers.tell('daemonStarted', this);
    this.#host.start();
  }

  requestShutdown(marker: ShutdownMarker): void {
    this.process.run(() => this.#host.requestShutdown(marker));
  }

  die(): void {
    if (this.process.isDead) return;
    const { watchdog, world } = this.#place;
    this.#host.abandon();
    this.process.kill();
    watchdog.vanish();
    world.observers.tell('daemonEnded', this);
  }

  #ports(): HaPorts {
    const { files, kind, machine, process, random, runFenceCommand, watchdog, world } = this.#place;
    return {
      node: machine.name,
      clock: world.trace.causing(process.clock),
      random,
      log: { write: (domain, level, message) => this.#log(domain, level, message) },
      files,
      watchdog,
      hypervisor: {
        call: (sid, call, done) => {
          const { hypervisor } = machine;
          world.observers.tell('agentCall', this, sid, call);
          const cause = world.trace.current;
          hypervisor?.call(sid, call, (answer) => process.run(() => world.trace.within(cause, () => done(answer))));
        },
      },
      fencePrograms: {
        run: (commandLine, done) => runFenceCommand(commandLine, (code) => process.run(() => done(code))),
      },
      notify: ({ prefix, subject }, done) => {
        world.mark(`mail ${prefix}`);
        world.trace.write(machine.nodeid, kind, 'mail', { prefix, subject });
        world.observers.tell('notified', this, subject);
        done(undefined);
      },
    };
  }

  #log(domain: string, level: LogLevel, message: string): void {
    const { machine, process, world } = this.#place;
    if (process.isDead) return;
    for (const [part, mark] of MARKED_LINES) if (part.test(message)) world.mark(mark);
    world.haLog(machine.nodeid, domain, level, message);
  }

  #saw(event: In | Out): void {
    const { observers } = this.#place.world;
    if ('out' in event) {
      if (event.out === 'ask') {
        this.#ask = event.ask;
        observers.tell('asked', this, event.ask);
      } else if (event.out === 'nextTickIn') observers.tell('iterated', this);
    } else if (event.type === 'REPLY' && this.#ask !== undefined) {
      const { id: _id, type: _type, ...reply } = event;
      const deed = { daemon: this, ask: this.#ask, reply };
      this.#ask = undefined;
      observers.tell('answered', deed);
    }
  }
}
