/** What a manager knows (spec/ha.md §3.1): nodes, services, requests; the rest of it is gone with its role. */

import type { Outbox } from '../dialogue.ts';
import type { Inspection } from '../inspect.ts';
import { NodeTable } from '../node-status/node-table.ts';
import type { LogLevel } from '../port.ts';
import { HaResource } from '../resource/resource.ts';
import {
  type Disarm,
  type ManagerStatus,
  type NodeRequests,
  type ServiceCommand,
  type ServiceFields,
  type ServiceStatus,
  sortedKeys,
} from '../state-files.ts';
import type { HaTimes } from '../times.ts';

export class ManagerMemory {
  /** Own node. */
  readonly node: string;
  readonly nodes: NodeTable;
  disarm: Disarm | undefined;
  nodeRequests: NodeRequests | undefined;
  /** Set in a round in which all LRMs have let go; unset in one that isn't disarmed (§3.9). */
  isFullyDisarmed = false;
  readonly #resources = new Map<string, HaResource>();
  readonly #statuses: Record<string, ServiceStatus> = {};
  readonly #out: Outbox;
  readonly #inspection: Inspection;
  readonly #epoch: string;
  #uids = 0;
  #sorted: readonly string[] = [];

  /** @param at when the manager was built: with the node, it makes its uids differ from those of all managers before */
  constructor(
    node: string,
    status: ManagerStatus,
    at: number,
    out: Outbox,
    { inspection, times }: { readonly inspection: Inspection; readonly times: HaTimes },
  ) {
    this.node = node;
    this.#out = out;
    this.#inspection = inspection;
    this.#epoch = `${node}.${at}`;
    this.nodes = new NodeTable(status.node_status ?? {}, (level, text) => out.log(level, text), { inspection, times });
    this.disarm = status.disarm;
    this.nodeRequests = status.node_request;
    for (const sid of sortedKeys(status.service_status ?? {})) {
      const { state, ...fields } = status.service_status![sid]!;
      this.#put(new HaResource(sid, fields, state, inspection(`ha-resource ${sid}`)));
    }
    this.#sort();
  }

  log(level: LogLevel, text: string): void {
    this.#out.log(level, text);
  }

  newUid(): string {
    this.#uids++;
    return `${this.#epoch}.${this.#uids}`;
  }

  /** Sorted. */
  get sids(): readonly string[] {
    return this.#sorted;
  }

  has(sid: string): boolean {
    return this.#resources.has(sid);
  }

  resource(sid: string): HaResource {
    return this.#resources.get(sid)!;
  }

  /** As in `manager_status`. The record is one object for the manager's life; its entries are replaced. */
  get services(): Readonly<Record<string, ServiceStatus>> {
    return this.#statuses;
  }

  /** To be called after a resource has changed. */
  refresh(resource: HaResource): void {
    this.#statuses[resource.sid] = resource.status;
  }

  amend(sid: string, set: Partial<Record<keyof ServiceFields, unknown>>): void {
    const resource = this.resource(sid);
    resource.amend(set);
    this.refresh(resource);
  }

  queue(sid: string, cmd: ServiceCommand): void {
    this.amend(sid, { cmd });
  }

  add(sid: string, node: string, wanted: 'started' | 'request_stop'): void {
    const resource = new HaResource(sid, { node }, undefined, this.#inspection(`ha-resource ${sid}`));
    resource.configure(this.newUid(), wanted);
    this.#put(resource);
    this.#sort();
  }

  remove(sid: string): void {
    this.resource(sid).remove();
    this.#resources.delete(sid);
    delete this.#statuses[sid];
    this.#sort();
  }

  requestMaintenance(node: string): void {
    this.nodeRequests = { ...this.nodeRequests, [node]: { ...this.nodeRequests?.[node], maintenance: 1 } };
  }

  clearMaintenance(node: string): void {
    const request = this.nodeRequests?.[node];
    if (request === undefined) return;
    const { maintenance: _, ...rest } = request;
    this.nodeRequests = { ...this.nodeRequests, [node]: rest };
  }

  /** A copy for `manager_status`. */
  toStatus(timestamp: number): ManagerStatus {
    return {
      master_node: this.node,
      timestamp,
      node_status: this.nodes.status,
      service_status: { ...this.#statuses },
      ...(this.nodeRequests !== undefined && { node_request: this.nodeRequests }),
      ...(this.disarm !== undefined && { disarm: this.disarm }),
    };
  }

  #put(resource: HaResource): void {
    this.#resources.set(resource.sid, resource);
    this.refresh(resource);
  }

  #sort(): void {
    this.#sorted = [...this.#resources.keys()].sort();
  }
}
