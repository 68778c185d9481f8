/** What the daemons of all nodes share, and what outlives them (spec/ha.md §1.2, §1.6). */
import type {
  LrmStatus,
  ManagerStatus,
  Members,
  ServiceConfig,
  ServiceConfigs,
} from '../../machines/ha/state-files.ts';
import { isTruthy, sortedKeys } from '../../machines/ha/state-files.ts';
import { ClusterLocks } from './cluster-locks.ts';
import type { DynamicFigures, RawService, Scenario, StaticFigures } from './scenario.ts';
import { Watchdogs } from './watchdogs.ts';

/** Text of an error that ends the simulation; it is printed with a line feed. */
export class SimulationAbort extends Error {}

export interface HardwareNode {
  power: boolean;
  network: boolean;
  shutdown: '' | 'shutdown' | 'reboot';
  /** Every access to a file fails. */
  isCfsBroken: boolean;
  /** The refresh of the cluster file system's state fails. */
  isRefreshBroken: boolean;
  isLrmRestarting: boolean;
  isCrmStopping: boolean;
  version: string;
  readonly maxcpu: number | undefined;
  readonly maxmem: number | undefined;
  lrmStatus: LrmStatus;
  /** sid → is it running? */
  running: Map<string, boolean>;
}

const DEFAULT_VERSION = '9.0.0~2';
const sidForm = /^(?:vm|ct|fa):\d+$/;

export class Hardware {
  readonly locks = new ClusterLocks();
  readonly watchdogs = new Watchdogs();
  readonly nodes = new Map<string, HardwareNode>();
  readonly nodeNames: readonly string[];
  readonly crmCommands: string[] = [];
  readonly datacenter: Scenario['datacenter'];
  readonly staticStats: Record<string, StaticFigures>;
  readonly dynamicStats: Record<string, DynamicFigures>;
  managerStatus: ManagerStatus;
  rules: string;
  groups: string;
  clock = 0;
  readonly #services: Record<string, RawService>;
  #configs: ServiceConfigs | undefined;
  #members: { readonly quorate: Members; readonly isolated: Members } | undefined;

  constructor(scenario: Scenario) {
    for (const [name, { maxcpu, maxmem, network, power, version }] of Object.entries(scenario.hardware)) {
      const running = Object.entries(scenario.running[name] ?? {}).map(([sid, is]) => [sid, isTruthy(is)] as const);
      this.nodes.set(name, {
        power,
        network,
        shutdown: '',
        isCfsBroken: false,
        isRefreshBroken: false,
        isLrmRestarting: false,
        isCrmStopping: false,
        version: version ?? DEFAULT_VERSION,
        maxcpu,
        maxmem,
        lrmStatus: {},
        running: new Map(running),
      });
    }
    this.nodeNames = [...this.nodes.keys()].sort();
    this.managerStatus = scenario.managerStatus;
    this.#services = { ...scenario.services };
    this.rules = scenario.rules;
    this.groups = scenario.groups;
    this.datacenter = scenario.datacenter;
    this.staticStats = { ...scenario.staticStats };
    this.dynamicStats = { ...scenario.dynamicStats };
  }

  node(name: string): HardwareNode {
    return this.nodes.get(name)!;
  }

  /** As the daemons of the node see the cluster. */
  members(name: string): Members {
    this.#members ??= this.#countMembers();
    const { isolated, quorate } = this.#members;
    return this.#isConnected(name) ? quorate : isolated;
  }

  /** To be called after power or network of a node has changed. */
  connectionChanged(): void {
    this.#members = undefined;
  }

  #isConnected(name: string): boolean {
    const { network, power } = this.node(name);
    return power && network;
  }

  #countMembers() {
    const connected = this.nodeNames.filter((name) => this.#isConnected(name));
    const isQuorate = connected.length > Math.floor(this.nodeNames.length / 2);
    const online = Object.fromEntries(this.nodeNames.map((name) => [name, isQuorate && connected.includes(name)]));
    return { quorate: { quorate: isQuorate, online }, isolated: { quorate: false, online } };
  }

  // Service configuration

  /** With its defaults; one object until something changes. */
  get configs(): ServiceConfigs {
    this.#configs ??= Object.fromEntries(
      sortedKeys(this.#services).map((sid) => [sid, serviceConfig(sid, this.#services[sid]!)]),
    );
    return this.#configs;
  }

  service(sid: string): RawService | undefined {
    return this.#services[sid];
  }

  setService(sid: string, service: RawService | undefined): void {
    if (service === undefined) delete this.#services[sid];
    else this.#services[sid] = service;
    this.#configs = undefined;
  }

  /** null deletes a key. */
  patchService(sid: string, set: Readonly<Record<string, unknown>>): void {
    const entries = Object.entries({ ...this.#services[sid], ...set }).filter(([, value]) => value !== null);
    this.setService(sid, Object.fromEntries(entries));
  }

  lockOf(sid: string): string | undefined {
    const lock = this.#services[sid]?.lock;
    return isTruthy(lock) ? String(lock) : undefined;
  }

  /** Moves a service's configuration. */
  moveService(sid: string, from: string, to: string): void {
    const service = this.#services[sid];
    if (service === undefined) throw new SimulationAbort(`no such service '${sid}'`);
    if (service.node !== from) {
      throw new SimulationAbort(`current_node for '${sid}' does not match (${from} != ${service.node})`);
    }
    this.setService(sid, { ...service, node: to });
  }
}

function serviceConfig(sid: string, service: RawService): ServiceConfig {
  if (!sidForm.test(sid)) throw new SimulationAbort(`got unexpected service ID '${sid}'`);
  const { failback, group, max_relocate, max_restart, node, state } = service;
  if (!isTruthy(node)) throw new SimulationAbort(`service '${sid}' has no node`);
  const requested = state === undefined || state === null ? 'disabled' : String(state);
  return {
    node: String(node),
    state: requested === 'enabled' ? 'started' : requested,
    failback: failback === undefined ? true : isTruthy(failback),
    max_restart: max_restart === undefined ? 1 : Number(max_restart),
    max_relocate: max_relocate === undefined ? 1 : Number(max_relocate),
    ...(isTruthy(group) && { group: String(group) }),
  };
}
