/** What each daemon has read last: it may know no more than that. */
import type { ManagerStatus, Members } from '../../../machines/ha/state-files.ts';
import type { Deed, ObservedDaemon } from './observation.ts';

export interface Reads {
  members?: Members;
  status?: ManagerStatus;
  /** Sids that are configured. */
  services?: readonly string[];
}

export class LastReads {
  readonly #reads = new WeakMap<ObservedDaemon, Reads>();

  of(daemon: ObservedDaemon): Readonly<Reads> {
    return this.#reads.get(daemon) ?? {};
  }

  note({ ask, daemon, reply }: Deed): void {
    if (ask.op !== 'read' || !reply.ok) return;
    const reads = this.#reads.get(daemon) ?? {};
    for (const [at, source] of ask.what.entries()) {
      const value = (reply.value as readonly unknown[])[at];
      if (source === 'members') reads.members = value as Members;
      else if (source === 'manager_status') reads.status = value as ManagerStatus;
      else if (source === 'resources') reads.services = Object.keys(value as object);
    }
    this.#reads.set(daemon, reads);
  }
}
