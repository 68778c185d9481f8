/** What the manager and placement ask of a usage model; usage.ts builds one (spec/ha.md §7.2). */
import type { Load, NodeLoad } from './node-load.ts';
import type { PlacedService } from './used-nodes.ts';

/** CPU in cores, memory in bytes; `cpu` and `mem` are measured. */
export interface Figures {
  readonly maxcpu?: number;
  readonly maxmem?: number;
  readonly cpu?: number;
  readonly mem?: number;
}

export interface UsageStatistics {
  readonly nodes: Readonly<Record<string, Figures>>;
  /** By sid. */
  readonly services: Readonly<Record<string, Figures>>;
}

/** A line for the manager's log, without line feed. */
export interface PlacementMessage {
  readonly level: 'err' | 'warning';
  readonly text: string;
}

export interface Scores {
  /** Lower is better. Empty after a failure: then all nodes count as equal. */
  readonly scores: ReadonlyMap<string, number>;
  /** The line of level err (§7.3). */
  readonly failure?: string;
}

/** What automatic rebalancing looks at (§7.5). */
export interface BalanceView {
  /** The loads that count for balance, of the online nodes in name order. */
  loads(): readonly NodeLoad[];
  /** Where a recorded service runs, and where it is moving to. */
  placeOf(sid: string): { readonly current: string; readonly target?: string } | undefined;
  /** What a recorded service carries with it when it is moved. */
  runningLoadOf(sid: string): Load;
}

export interface Usage {
  readonly kind: 'basic' | 'static' | 'dynamic';
  /** Online nodes, sorted. */
  readonly nodes: readonly string[];
  readonly online: ReadonlySet<string>;
  /** Undefined in the basic model, which knows no balance. */
  readonly balance: BalanceView | undefined;
  /** Records what the service uses now. Who changes a service's state calls `remove`, then `add` again. */
  add(sid: string, service: PlacedService): readonly PlacementMessage[];
  remove(sid: string): void;
  scores(sid: string): Scores;
  imbalance(): number;
}
