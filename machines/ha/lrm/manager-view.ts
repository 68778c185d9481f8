/** What an LRM knows of the manager's status, as last read (spec/ha.md §4.1). */
import { activeCount, isAnyConfigured, isFenceRequested } from '../service-count.ts';
import { isTruthy, type ManagerStatus, type ServiceStatus } from '../state-files.ts';

export class ManagerView {
  readonly #node: string;
  #services: Readonly<Record<string, ServiceStatus>> = {};
  /** Unset until a read has succeeded. */
  #nodeState: string | undefined;
  #wish: 'maintenance' | 'disarm' | 'none' = 'none';

  constructor(node: string) {
    this.#node = node;
  }

  note({ disarm, node_request, node_status, service_status }: ManagerStatus): void {
    this.#services = service_status ?? {};
    this.#nodeState = node_status?.[this.#node] ?? 'unknown';
    const isMaintenanceAsked = isTruthy(node_request?.[this.#node]?.maintenance);
    this.#wish = isMaintenanceAsked ? 'maintenance' : disarm === undefined ? 'none' : 'disarm';
  }

  get services(): Readonly<Record<string, ServiceStatus>> {
    return this.#services;
  }

  /** What the manager asks of this node. */
  get wish(): 'maintenance' | 'disarm' | 'none' {
    return this.#wish;
  }

  /** Services that this node has to do with. */
  get active(): number {
    return activeCount(this.#services, this.#node);
  }

  get isAnyConfigured(): boolean {
    return isAnyConfigured(this.#services, this.#node);
  }

  get isFenceRequested(): boolean {
    return this.#nodeState === 'fence' || isFenceRequested(this.#services, this.#node);
  }

  /** Services on this node, in any state, sorted. */
  get own(): readonly string[] {
    return Object.keys(this.#services)
      .filter((sid) => this.#services[sid]!.node === this.#node)
      .sort();
  }
}
