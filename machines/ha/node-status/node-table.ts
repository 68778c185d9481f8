/**
 * All nodes that a manager knows: a machine each, the rounds over them, and who is offline for how long (spec/ha.md §3.4).
 *
 *  N3  A node's clock is the last round that saw it online, or the first question about a node that this manager has never
 *      seen; only a deletion takes it back.
 */
import { type Actor, createActor } from 'xstate';
import { type Inspection, uninspected } from '../inspect.ts';
import type { LogLevel } from '../port.ts';
import { type Members, type NodeState, sortedKeys } from '../state-files.ts';
import { type HaTimes, haTimes } from '../times.ts';
import { type NodeEvent, nodeMachine } from './machine.ts';

type Log = (level: LogLevel, text: string) => void;

interface KnownNode {
  readonly actor: Actor<typeof nodeMachine>;
  state: NodeState;
}

export class NodeTable {
  readonly #nodes = new Map<string, KnownNode>();
  /** Also of names that have no entry: a service may be on a node that was deleted. */
  readonly #seenAt = new Map<string, number>();
  readonly #log: Log;
  readonly #inspection: Inspection;
  readonly #times: HaTimes;
  #sorted: readonly string[] = [];
  #at = 0;

  constructor(
    status: Readonly<Record<string, NodeState>>,
    log: Log,
    {
      inspection = uninspected,
      times = haTimes(),
    }: { readonly inspection?: Inspection; readonly times?: HaTimes } = {},
  ) {
    this.#log = log;
    this.#times = times;
    this.#inspection = inspection;
    for (const name of sortedKeys(status)) this.#add(name, status[name]!);
  }

  /** Sorted. */
  get names(): readonly string[] {
    return this.#sorted;
  }

  /** As in `manager_status`. */
  get status(): Record<string, NodeState> {
    return Object.fromEntries(this.#sorted.map((name) => [name, this.state(name)]));
  }

  get online(): readonly string[] {
    return this.#sorted.filter((name) => this.state(name) === 'online');
  }

  has(name: string): boolean {
    return this.#nodes.has(name);
  }

  /** A node without an entry counts as unknown. */
  state(name: string): NodeState {
    return this.#nodes.get(name)?.state ?? 'unknown';
  }

  /** Is the list of members another than that of the nodes known? */
  differsFrom({ online }: Members): boolean {
    for (const name of Object.keys(online)) if (!this.#nodes.has(name)) return true;
    return this.#sorted.some((name) => online[name] === undefined);
  }

  /** One round: who is seen, who isn't. `mode` gives the mode of an LRM where it is known. */
  update({ online }: Members, at: number, mode: (node: string) => string | undefined): void {
    this.#at = at;
    for (const name of sortedKeys(online)) {
      if (!online[name]) continue;
      if (!this.#nodes.has(name)) this.#add(name, 'unknown');
      this.#seenAt.set(name, at);
      // In the normal case there is nothing to decide, and no event for the machine.
      const isAsBefore = this.state(name) === 'online' && mode(name) !== 'maintenance';
      if (!isAsBefore) this.#send(name, { type: 'SEEN', mode: mode(name) });
    }
    for (const name of this.#sorted) {
      if (online[name]) continue;
      const isForgotten = this.state(name) === 'gone' && this.#isOfflineFor(name, this.#times.forget_delay_s);
      this.#send(name, { type: 'NOT_SEEN', isMember: online[name] !== undefined, mode: mode(name), isForgotten });
      if (isForgotten) this.#forget(name);
    }
  }

  /** Not online for so long that it may be fenced. Asking about a node never seen starts its clock. */
  isOffline(name: string): boolean {
    return this.#isOfflineFor(name, this.#times.fence_delay_s);
  }

  #isOfflineFor(name: string, delay_s: number): boolean {
    if (this.state(name) === 'online') return false;
    const since = this.#since(name);
    return since !== undefined && this.#at - since >= delay_s;
  }

  /** To state `fence`; false where it is there already. */
  startFencing(name: string): boolean {
    if (this.state(name) === 'fence') return false;
    if (!this.#nodes.has(name)) this.#add(name, 'unknown');
    this.#send(name, { type: 'FENCE' });
    return true;
  }

  endFencing(name: string): void {
    this.#send(name, { type: 'FENCED' });
  }

  #since(name: string): number | undefined {
    const since = this.#seenAt.get(name);
    if (since === undefined) this.#seenAt.set(name, this.#at);
    return since;
  }

  #add(name: string, state: NodeState): void {
    const snapshot = nodeMachine.resolveState({ value: state });
    const actor = createActor(nodeMachine, { ...this.#inspection(`ha-node ${name}`), snapshot });
    actor.start();
    this.#nodes.set(name, { actor, state });
    this.#sorted = [...this.#nodes.keys()].sort();
  }

  #send(name: string, event: NodeEvent): void {
    const node = this.#nodes.get(name)!;
    node.actor.send(event);
    const value = node.actor.getSnapshot().value;
    if (value === 'deleted' || value === node.state) return;
    const before = node.state;
    node.state = value;
    this.#log('info', `node '${name}': state changed from '${before}' => '${value}'`);
  }

  #forget(name: string): void {
    this.#nodes.delete(name);
    this.#seenAt.delete(name);
    this.#sorted = this.#sorted.filter((other) => other !== name);
    this.#log('notice', `deleting gone node '${name}', not a cluster member anymore.`);
  }
}
