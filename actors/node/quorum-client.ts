/** The quorum client of a node (spec/pmxcfs.md §9.2): hosts its machine, and keeps the flag that everybody asks for. */
import { createActor } from 'xstate';
import { type QuorumClientEvent, quorumClientMachine } from '../../machines/cluster/quorum-client.ts';
import type { Log } from '../../runtime/log/log.ts';
import { type Inspector, inspectedBy } from '../../runtime/trace/machine-steps.ts';

export class QuorumClient {
  readonly #actor;
  #quorate = false;
  #crash: unknown;

  /** `changed` hears every change of the flag. */
  constructor(log: Log, changed: (quorate: boolean) => void, inspect?: Inspector) {
    this.#actor = createActor(
      quorumClientMachine.provide({
        actions: {
          log: (_, { domain, level, message }) => log.write(domain, level, message),
          changed: (_, { quorate }) => {
            this.#quorate = quorate;
            changed(quorate);
          },
        },
      }),
      inspectedBy(inspect),
    );
    // Without an observer xstate would throw an error of an action from a real timer.
    this.#actor.subscribe({
      error: (error) => {
        this.#crash = error;
      },
    });
    this.#actor.start();
  }

  get quorate(): boolean {
    return this.#quorate;
  }

  /** For traces. */
  get state(): string {
    return this.#actor.getSnapshot().value;
  }

  send(event: QuorumClientEvent): void {
    this.#actor.send(event);
    if (this.#crash !== undefined) throw this.#crash;
  }
}
