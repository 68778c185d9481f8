/** The `basic` model: a node's score is the number of services that use it (spec/ha.md §7.2). */
import type { PlacementMessage, Scores, Usage } from './usage-model.ts';
import { type PlacedService, usedNodes } from './used-nodes.ts';

export class BasicUsage implements Usage {
  readonly kind = 'basic';
  readonly nodes: readonly string[];
  readonly online: ReadonlySet<string>;
  readonly balance = undefined;
  readonly #users: ReadonlyMap<string, Set<string>>;

  /** @param nodes online nodes, sorted */
  constructor(nodes: readonly string[]) {
    this.nodes = nodes;
    this.online = new Set(nodes);
    this.#users = new Map(nodes.map((node) => [node, new Set()]));
  }

  add(sid: string, service: PlacedService): readonly PlacementMessage[] {
    const { current, target } = usedNodes(service, this.online);
    for (const node of [current, target]) if (node !== undefined) this.#users.get(node)!.add(sid);
    return [];
  }

  remove(sid: string): void {
    for (const users of this.#users.values()) users.delete(sid);
  }

  scores(_sid: string): Scores {
    return { scores: new Map([...this.#users].map(([node, users]) => [node, users.size])) };
  }

  imbalance(): number {
    return 0;
  }
}
