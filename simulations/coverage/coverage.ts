/**
 * Which states and transitions of the hosted machines a run has been through, by the names that the definitions give them
 * (`dcdb dfsm: synced`, `membership: gather JOIN [joinAgrees]`).
 */
import type { AnyTransitionDefinition } from 'xstate';
import { type MachineStep, transitionName } from '../../runtime/trace/machine-steps.ts';

/** Names with how often each was met; runs are merged by adding. */
export type CoverageCounts = Readonly<Record<string, number>>;

export class Coverage {
  readonly #counts = new Map<string, number>();
  readonly #names = new WeakMap<AnyTransitionDefinition, string>();

  /** A counter for the steps of one machine. */
  of(machine: string): (step: MachineStep) => void {
    return ({ before, after, transitions }) => {
      if (before !== after) this.#count(`${machine}: ${after}`);
      for (const transition of transitions) this.#count(`${machine}: ${this.#name(transition)}`);
    };
  }

  counts(): CoverageCounts {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  #name(transition: AnyTransitionDefinition): string {
    let name = this.#names.get(transition);
    if (name === undefined) {
      name = transitionName(transition);
      this.#names.set(transition, name);
    }
    return name;
  }
}
