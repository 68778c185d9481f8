/**
 * The `static` and `dynamic` models: CPU and memory per node (spec/ha.md §7.2, §7.3). Static counts what services may
 * take; dynamic starts from what nodes were measured to carry.
 */
import { byBytes } from '../../../runtime/formats/byte-string.ts';
import { criteriaOf, criteriaWeights, imbalanceOf, type Load, type NodeLoad } from './node-load.ts';
import { closenesses } from './topsis.ts';
import type { BalanceView, Figures, PlacementMessage, Scores, Usage } from './usage-model.ts';
import { type PlacedService, usedNodes } from './used-nodes.ts';

type Kind = 'static' | 'dynamic';

interface Recorded {
  readonly current: string;
  readonly target?: string;
  readonly running: boolean;
  readonly figures: Figures;
}

/** The nodes with what they carry before any service is counted; the error names the first node that lacks something. */
export function nodeCapacities(
  kind: Kind,
  nodes: readonly string[],
  statistics: Readonly<Record<string, Figures>>,
): { readonly nodes: ReadonlyMap<string, NodeLoad> } | { readonly error: string } {
  const capacities = new Map<string, NodeLoad>();
  for (const node of nodes) {
    const figures = ownEntry(statistics, node);
    if (figures === undefined) return { error: `did not get ${kind} node usage information for '${node}'` };
    const { maxcpu, maxmem, cpu = 0, mem = 0 } = figures;
    const lacking = (what: string) => ({ error: `${kind} node usage information for '${node}' missing ${what}` });
    if (!maxcpu) return lacking('cpu count');
    if (!maxmem) return lacking('memory');
    capacities.set(node, { maxcpu, maxmem, cpu: kind === 'dynamic' ? cpu : 0, mem: kind === 'dynamic' ? mem : 0 });
  }
  return { nodes: capacities };
}

export class ResourceUsage implements Usage {
  readonly kind: Kind;
  readonly nodes: readonly string[];
  readonly online: ReadonlySet<string>;
  readonly balance: BalanceView;
  readonly #capacities: ReadonlyMap<string, NodeLoad>;
  readonly #statistics: Readonly<Record<string, Figures>>;
  readonly #recorded = new Map<string, Recorded>();
  /** Loads for start placement and for balance; forgotten when a record changes. */
  #startLoads: readonly NodeLoad[] | undefined;
  #balanceLoads: readonly NodeLoad[] | undefined;

  /** @param nodes online nodes, sorted @param statistics of the services, by sid */
  constructor(
    kind: Kind,
    nodes: readonly string[],
    capacities: ReadonlyMap<string, NodeLoad>,
    statistics: Readonly<Record<string, Figures>>,
  ) {
    this.kind = kind;
    this.nodes = nodes;
    this.online = new Set(nodes);
    this.#capacities = capacities;
    this.#statistics = statistics;
    this.balance = {
      loads: () => this.#loadsForBalance(),
      placeOf: (sid) => this.#recorded.get(sid),
      runningLoadOf: (sid) => this.#runningLoad(sid),
    };
  }

  add(sid: string, service: PlacedService): readonly PlacementMessage[] {
    const { current, target } = usedNodes(service, this.online);
    const place = current ?? target;
    if (place === undefined) return [];
    const figures = this.#figuresOf(sid);
    if ('error' in figures) {
      return [{ level: 'warning', text: `unable to add service '${sid}' - ${figures.error}` }];
    }
    const running = service.state === 'started' ? isTruthy(service.running) : current !== undefined;
    const movesTo = current === undefined ? undefined : target;
    this.#recorded.set(sid, { current: place, ...(movesTo !== undefined && { target: movesTo }), running, figures });
    this.#forgetLoads();
    return [];
  }

  remove(sid: string): void {
    if (this.#recorded.delete(sid)) this.#forgetLoads();
  }

  scores(sid: string): Scores {
    const figures = this.#figuresOf(sid);
    if ('error' in figures) {
      const what = `unable to score nodes according to ${this.kind} usage for service '${sid}'`;
      return { scores: new Map(), failure: `${what} - ${figures.error}` };
    }
    const loads = this.#loadsForStart();
    const alternatives = loads.map((_load, i) =>
      criteriaOf(loads.map((load, j) => (i === j ? started(load, figures) : load))),
    );
    const closeness = closenesses(alternatives, criteriaWeights);
    return { scores: new Map(this.nodes.map((node, i) => [node, -closeness[i]!])) };
  }

  imbalance(): number {
    return imbalanceOf(this.#loadsForBalance());
  }

  #figuresOf(sid: string): Figures | { readonly error: string } {
    const figures = ownEntry(this.#statistics, sid);
    if (figures === undefined) return { error: `did not get ${this.kind} service usage information for '${sid}'` };
    const needed = this.kind === 'static' ? staticFigures : dynamicFigures;
    const missing = needed.find((figure) => figures[figure] === undefined);
    return missing === undefined ? figures : { error: `missing field \`${missing}\`` };
  }

  #runningLoad(sid: string): Load {
    const { cpu = 0, mem = 0, maxcpu = 0, maxmem = 0 } = this.#recorded.get(sid)?.figures ?? {};
    return this.kind === 'dynamic' ? { cpu, mem } : { cpu: maxcpu, mem: maxmem };
  }

  #loadsForBalance(): readonly NodeLoad[] {
    if (this.kind === 'static') return this.#loadsForStart();
    this.#balanceLoads ??= this.nodes.map((node) => this.#capacities.get(node)!);
    return this.#balanceLoads;
  }

  /** Dynamic: what runs is in the measured load already. */
  #loadsForStart(): readonly NodeLoad[] {
    this.#startLoads ??= this.#sumLoads((record) => this.kind === 'static' || !record.running);
    return this.#startLoads;
  }

  #sumLoads(counts: (record: Recorded) => boolean): readonly NodeLoad[] {
    const loads = new Map(this.#capacities);
    for (const sid of [...this.#recorded.keys()].sort(byBytes)) {
      const record = this.#recorded.get(sid)!;
      if (!counts(record)) continue;
      for (const node of [record.current, record.target]) {
        if (node !== undefined) loads.set(node, started(loads.get(node)!, record.figures));
      }
    }
    return this.nodes.map((node) => loads.get(node)!);
  }

  #forgetLoads(): void {
    this.#startLoads = undefined;
  }
}

const staticFigures = ['maxcpu', 'maxmem'] as const;
const dynamicFigures = ['maxcpu', 'maxmem', 'cpu', 'mem'] as const;

/** The node with a service started on it. A service without CPU limit may take all of the node. */
function started(node: NodeLoad, { maxcpu = 0, maxmem = 0 }: Figures): NodeLoad {
  return { ...node, cpu: node.cpu + (maxcpu === 0 ? node.maxcpu : maxcpu), mem: node.mem + maxmem };
}

/** Names come from configurations: `constructor` must not be found. */
function ownEntry<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Perl's truth, since the value may come from a status file that the original wrote. */
function isTruthy(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== '' && value !== 0 && value !== '0';
}
