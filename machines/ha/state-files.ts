/** What the daemons of all nodes share through files: the shapes of spec/ha.md §8, and the services' configuration. */

/** Perl truth: what an original daemon wrote may be a number, a string or a boolean. */
export type Flag = 0 | 1 | boolean | string | number;

const nodeStates = ['online', 'maintenance', 'unknown', 'fence', 'gone'] as const;
export type NodeState = (typeof nodeStates)[number];

export const serviceStates = [
  'stopped',
  'request_stop',
  'request_start',
  'request_start_balance',
  'started',
  'fence',
  'recovery',
  'migrate',
  'relocate',
  'freeze',
  'error',
] as const;
export type ServiceState = (typeof serviceStates)[number];

/** A command that waits for its service: `migrate` and `relocate` with a node, `stop` with a timeout in seconds. */
export type ServiceCommand = readonly [verb: string, argument: string];

/** Runtime status of a service without its state (§8.1 `sd`). */
export interface ServiceFields {
  readonly node: string;
  /** Links a wanted state with the LRM's result. */
  readonly uid?: string;
  /** In migrate, relocate and request_start_balance; null where no node could be selected (§3.7 request_start). */
  readonly target?: string | null;
  readonly timeout?: string;
  readonly cmd?: ServiceCommand;
  readonly failed_nodes?: readonly string[];
  readonly maintenance_node?: string;
  /** After a confirmed start in state started. */
  readonly running?: 1;
}

export interface ServiceStatus extends ServiceFields {
  readonly state: ServiceState;
}

export interface Disarm {
  readonly mode: string;
  readonly state: 'disarming' | 'disarmed';
}

export type NodeRequests = Readonly<Record<string, { readonly maintenance?: Flag }>>;

/** `ha/manager_status` (§8.1). */
export interface ManagerStatus {
  readonly master_node?: string;
  readonly timestamp?: number;
  readonly node_status?: Readonly<Record<string, NodeState>>;
  readonly service_status?: Readonly<Record<string, ServiceStatus>>;
  readonly node_request?: NodeRequests;
  readonly disarm?: Disarm;
}

/** What keeps this manager from taking the status over: a word that another software wrote. */
export function unknownWordIn({ node_status = {}, service_status = {} }: ManagerStatus): string | undefined {
  for (const [node, state] of Object.entries(node_status)) {
    if (!nodeStates.includes(state)) return `node '${node}' has the unknown state '${state}'`;
  }
  for (const [sid, { state }] of Object.entries(service_status)) {
    if (!serviceStates.includes(state)) return `service '${sid}' has the unknown state '${state}'`;
  }
  return undefined;
}

export type LrmState = 'wait_for_agent_lock' | 'active' | 'maintenance' | 'lost_agent_lock';
export type LrmMode = 'active' | 'restart' | 'shutdown' | 'maintenance' | 'disarm';

export interface CommandResult {
  readonly sid: string;
  readonly state: string;
  readonly exit_code: number;
}

/** `nodes/<node>/lrm_status` (§8.2). An absent file is `{}`, or mode `unknown` on real nodes. */
export interface LrmStatus {
  readonly state?: string;
  readonly mode?: string;
  readonly results?: Readonly<Record<string, CommandResult>>;
  readonly timestamp?: number;
}

/** Configuration of a service with its defaults filled in (§1.1, §8.4). */
export interface ServiceConfig {
  readonly node: string;
  /** Requested state: started, stopped, disabled, ignored, or what somebody wrote. */
  readonly state: string;
  readonly failback: boolean;
  readonly max_restart: number;
  readonly max_relocate: number;
  readonly group?: string;
}

export type ServiceConfigs = Readonly<Record<string, ServiceConfig>>;

/** Settings of `datacenter.cfg` that HA reads (§3.3, §8.6). */
export interface DatacenterSettings {
  readonly ha?: { readonly shutdown_policy?: string };
  readonly crs?: Readonly<Record<string, unknown>>;
  /** Commands that an LRM runs at once. */
  readonly max_workers?: number;
  /** Who may prove that a node is off (§11.1). */
  readonly fencing?: string;
}

/** The nodes of the cluster as one daemon sees them (§1.6). */
export interface Members {
  /** Is this daemon's node part of a quorate cluster? */
  readonly quorate: boolean;
  /** `node → connected`; nobody is where there is no quorum. */
  readonly online: Readonly<Record<string, boolean>>;
}

export function isTruthy(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== 0 && value !== '0' && value !== false;
}

/** Keys in ascending order of their bytes (names are latin1 strings, spec/ha.md §0). */
export function sortedKeys(table: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(table).sort();
}
