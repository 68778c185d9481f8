/** What-if: the life of one node: power, network, its HA daemons. */

import { type DaemonEnd, DaemonHost, type DaemonKind } from '../../actors/ha/daemon-host.ts';
import type { FencePrograms, HaPorts } from '../../actors/ha/ports.ts';
import type { Next } from '../../machines/ha/dialogue.ts';
import type { ShutdownMarker } from '../../machines/ha/port.ts';
import type { Clock, TimerHandle } from '../../runtime/clock/clock.ts';
import type { SeededRandom } from '../../runtime/random/seeded.ts';
import type { Machine } from './machine.ts';
import type { Membership } from './membership.ts';

export interface NodeLifeOptions {
  readonly node: string;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly machine: Machine;
  readonly membership: Membership;
  readonly fencePrograms: FencePrograms;
  readonly boot_s: number;
  readonly onLog: (kind: DaemonKind, text: string) => void;
  readonly onDecision: (sid: string, reasons: unknown) => void;
  readonly onUp: () => void;
  readonly onDown: (how: 'power' | 'reset' | 'shutdown') => void;
}

type State = 'off' | 'booting' | 'up' | 'leaving';

/** systemd starts a daemon again that has failed. */
const restart_ms = 1000;
const daemonKinds: readonly DaemonKind[] = ['crm', 'lrm'];

export class NodeLife {
  readonly #options: NodeLifeOptions;
  readonly #daemons = new Map<DaemonKind, { readonly host: DaemonHost; readonly lose: () => void }>();
  #state: State = 'off';
  #isConnected = true;
  #marker: ShutdownMarker = '';
  #timer: TimerHandle | undefined;
  /** Delays of the daemons' first ticks: where in their rounds they are later. */
  #offsets_ms: Readonly<Record<DaemonKind, number>> = { crm: 0, lrm: 0 };

  constructor(options: NodeLifeOptions) {
    this.#options = options;
  }

  get state(): State {
    return this.#state;
  }

  isAt(kind: DaemonKind, state: string): boolean {
    return this.#daemons.get(kind)?.host.state === state;
  }

  /** Has been running for long. */
  beginUp(offsets_ms: Readonly<Record<DaemonKind, number>>): void {
    this.#offsets_ms = offsets_ms;
    this.#come();
  }

  powerOn(): void {
    if (this.#state === 'off') this.#boot();
  }

  powerOff(how: 'power' | 'reset' | 'shutdown' = 'power'): void {
    const { clock, machine, membership, node, onDown } = this.#options;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#state === 'off') return;
    const wasUp = this.#state !== 'booting';
    this.#state = 'off';
    this.#marker = '';
    for (const { host } of this.#daemons.values()) host.abandon();
    this.#daemons.clear();
    if (wasUp) membership.stop(node, how === 'shutdown' ? 'left' : 'silent');
    if (wasUp) onDown(how);
    machine.powerOff();
  }

  /** The watchdog: the machine starts again by itself. */
  reset(): void {
    this.powerOff('reset');
    this.#boot();
  }

  connect(isConnected: boolean): void {
    this.#isConnected = isConnected;
    this.#options.membership.connect(this.#options.node, isConnected);
  }

  /** As an operator does it: the LRM first, then the CRM, then the machine (spec/ha.md §4.6). False where it isn't up. */
  shutDown(marker: 'shutdown' | 'reboot'): boolean {
    if (this.#state !== 'up') return false;
    this.#state = 'leaving';
    this.#marker = marker;
    this.#daemons.get('lrm')?.host.requestShutdown(marker);
    return true;
  }

  #boot(): void {
    const { boot_s, clock, random } = this.#options;
    this.#state = 'booting';
    this.#offsets_ms = { crm: random.unit() * 10_000, lrm: random.unit() * 10_000 };
    this.#timer = clock.setTimeout(() => this.#come(), boot_s * 1000);
  }

  #come(): void {
    const { machine, membership, node, onUp } = this.#options;
    this.#state = 'up';
    machine.powerOn();
    membership.start(node, this.#isConnected);
    onUp();
    for (const kind of daemonKinds) this.#startLater(kind, this.#offsets_ms[kind]);
  }

  #startLater(kind: DaemonKind, delay_ms: number): void {
    const { clock, membership, node } = this.#options;
    const life = membership.replicaOf(node) && this.#state;
    clock.setTimeout(() => {
      if (this.#state === life && !this.#daemons.has(kind)) this.#startDaemon(kind);
    }, delay_ms);
  }

  #startDaemon(kind: DaemonKind): void {
    const { clock, fencePrograms, machine, membership, node, onDecision, onLog, random } = this.#options;
    const watchdog = machine.watchdog();
    const ports: HaPorts = {
      node,
      clock,
      random,
      log: { write: (_, _level, message) => onLog(kind, message) },
      files: membership.filesOf(node),
      watchdog,
      hypervisor: machine.hypervisor(),
      fencePrograms,
      notify: (_, done) => done(undefined),
    };
    const note = (event: string, detail: object): void => {
      if (event !== 'decision') return;
      const { reasons, sid } = detail as { readonly sid: string; readonly reasons: unknown };
      onDecision(sid, reasons);
    };
    const host = new DaemonHost({
      kind,
      ports,
      trace: { inspect: () => undefined, note },
      onEnd: (end) => this.#ended(kind, end, watchdog.lose),
    });
    this.#daemons.set(kind, { host, lose: watchdog.lose });
    host.start();
  }

  #ended(kind: DaemonKind, { how }: DaemonEnd, lose: () => void): Next {
    this.#daemons.delete(kind);
    lose();
    if (how === 'failed') return this.#startLater(kind, restart_ms);
    if (kind === 'lrm') {
      const crm = this.#daemons.get('crm');
      if (crm === undefined) this.#leave();
      else crm.host.requestShutdown(this.#marker);
    } else this.#leave();
  }

  #leave(): void {
    const marker = this.#marker;
    // Within the last words of a daemon its node can't go yet.
    this.#options.clock.setTimeout(() => {
      if (this.#state !== 'leaving') return;
      this.powerOff('shutdown');
      if (marker === 'reboot') this.#boot();
    }, 1000);
  }
}
