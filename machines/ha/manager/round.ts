/** What one round of the manager works on (spec/ha.md §3.2): what it has read, and how far it has come. Plain data. */
import type { Usage } from '../placement/usage.ts';
import type { CommandResult, LrmStatus, Members, ServiceConfig } from '../state-files.ts';

export interface Round {
  readonly at: number;
  readonly members: Members;
  readonly hasNodeListChanged: boolean;
  readonly lrmStatus: Readonly<Record<string, LrmStatus>>;
  /** Modes of the LRMs of the nodes that were known before this round. */
  readonly modes: ReadonlyMap<string, string>;
  readonly results: Readonly<Record<string, CommandResult>>;
  /** Own copy: what the round writes it applies here too. */
  readonly configs: Record<string, ServiceConfig>;
  rules: string;
  groups: string;
  usage: Usage;
  /** Commands that wait for their turn. */
  commands: readonly string[];
  /** The only ones that a disarm lets go on. */
  deferred: readonly string[] | undefined;
}

/** One pass over all services, then over the nodes that must be fenced. */
export interface Pass {
  /** Services still to be stepped. */
  steps: readonly string[];
  /** Services of which the state is still to be looked at for fencing. */
  victims: readonly string[] | undefined;
  /** Nodes still to be looked at. */
  nodes: readonly string[] | undefined;
  /** Attempts of this pass: was the node fenced? */
  readonly fenced: Map<string, boolean>;
  isRepeated: boolean;
}

/** First entry of a list and the rest. */
export function split<Entry>(list: readonly Entry[]): readonly [Entry | undefined, readonly Entry[]] {
  return [list[0], list.slice(1)];
}

export function newPass(sids: readonly string[]): Pass {
  return { steps: sids, victims: undefined, nodes: undefined, fenced: new Map(), isRepeated: false };
}

/** The modes of those LRMs that are known; without one, an LRM is active. */
export function lrmModes(
  nodes: readonly string[],
  lrmStatus: Readonly<Record<string, LrmStatus>>,
): ReadonlyMap<string, string> {
  return new Map(nodes.map((node) => [node, lrmStatus[node]?.mode || 'active']));
}

export function lrmResults(
  nodes: readonly string[],
  lrmStatus: Readonly<Record<string, LrmStatus>>,
): Readonly<Record<string, CommandResult>> {
  const results: Record<string, CommandResult> = {};
  for (const node of nodes) Object.assign(results, lrmStatus[node]?.results);
  return results;
}
