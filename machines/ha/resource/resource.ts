/** One HA resource of a manager: the machine of `machine.ts`, its status in the form of `manager_status`, and its log line. */
import { strict as assert } from 'node:assert';
import { type Actor, createActor } from 'xstate';
import type { InspectOptions } from '../inspect.ts';
import type { ServiceFields, ServiceState, ServiceStatus } from '../state-files.ts';
import { type ResourceChange, type ResourceEvent, resourceMachine } from './machine.ts';

export class HaResource {
  readonly sid: string;
  readonly #actor: Actor<typeof resourceMachine>;
  #status: ServiceStatus;

  /** A service that was found in `manager_status`, or, without a state, a new one on `fields.node`. */
  constructor(sid: string, fields: ServiceFields, state?: ServiceState, inspect: InspectOptions = {}) {
    this.sid = sid;
    this.#actor = createActor(resourceMachine, {
      ...inspect,
      input: { node: fields.node },
      ...(state !== undefined && { snapshot: resourceMachine.resolveState({ value: state, context: fields }) }),
    });
    this.#actor.start();
    this.#status = this.#read();
  }

  /** As in `manager_status`; a new object after each event. */
  get status(): ServiceStatus {
    return this.#status;
  }

  get state(): ServiceState {
    return this.#status.state;
  }

  /** Changes the state; returns the line for the log (§3.6). A change that the chart doesn't know is a broken invariant. */
  change(change: ResourceChange): string {
    const { state } = this.#status;
    this.#take(change);
    assert.notEqual(this.#status.state, state, `${this.sid}: ${change.type} in state ${state}`);
    const params = Object.entries(change.params ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    const words = params.map(([key, value]) => `${key} = ${value ?? ''}`);
    const suffix = words.length === 0 ? '' : `  (${words.join(', ')})`;
    return `service '${this.sid}': state changed from '${state}' to '${this.#status.state}'${suffix}`;
  }

  /** The first change of a new service, which has no log line. */
  configure(uid: string, wanted: 'started' | 'request_stop'): void {
    this.#take({ type: 'CONFIGURED', uid, wanted });
  }

  /** Freezes it for a disarm; the caller logs. */
  disarm(uid: string): void {
    this.#take({ type: 'DISARMED', uid });
  }

  /** Changes fields and not the state; undefined deletes a field. */
  amend(set: Partial<Record<keyof ServiceFields, unknown>>): void {
    this.#take({ type: 'AMENDED', set });
  }

  remove(): void {
    this.#actor.send({ type: 'REMOVED' });
  }

  #take(event: ResourceEvent): void {
    this.#actor.send(event);
    this.#status = this.#read();
  }

  #read(): ServiceStatus {
    const { value, context } = this.#actor.getSnapshot();
    const status: Record<string, unknown> = { state: value };
    for (const [name, field] of Object.entries(context)) if (field !== undefined) status[name] = field;
    return status as unknown as ServiceStatus;
  }
}
