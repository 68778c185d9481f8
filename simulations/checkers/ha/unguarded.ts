/**
 * Machines whose LRM has put its watchdog away in order while guests ran on: after `disarm-ha`, and while it is restarted. Nothing resets
 * them when they are cut off, and their free lock passes for a proof that they were fenced. Both are the original's own making
 * (spec/ha.md §3.9, §4.2); what follows from them is counted, and no violation.
 */
import type { Checker } from '../observation.ts';
import type { ObservedMachine } from './observation.ts';

export class Unguarded {
  readonly #machines = new Set<ObservedMachine>();

  has(machine: ObservedMachine): boolean {
    return this.#machines.has(machine);
  }

  /** To be spread into a checker. */
  readonly hooks: Pick<Checker, 'answered' | 'power'> = {
    answered: ({ ask, daemon, reply }) => {
      if (ask.op !== 'watchdog' || daemon.kind !== 'lrm' || !reply.ok) return;
      const { machine } = daemon;
      if (ask.do === 'open') this.#machines.delete(machine);
      if (ask.do === 'close' && machine.guests.size > 0) this.#machines.add(machine);
    },
    power: (machine) => this.#machines.delete(machine),
  };
}
