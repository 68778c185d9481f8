/** `/cluster/ha/status/current` and `/manager_status` (spec/ha.md §13.2, §13.3): what the HA stack is doing, for people and programs. */
import { byBytes } from '../../../runtime/formats/byte-string.ts';
import type { HaResource } from '../resources.ts';
import { activeCount } from '../service-count.ts';
import { isTruthy, type LrmStatus, type ManagerStatus, type ServiceStatus, sortedKeys } from '../state-files.ts';
import { configuredNode, type HaState, requestedState } from './state.ts';

export interface StatusEntry {
  readonly id: string;
  readonly type: 'quorum' | 'master' | 'fencing' | 'lrm' | 'service';
  readonly node: string;
  /** For people. */
  readonly status: string;
  readonly quorate?: 0 | 1;
  readonly timestamp?: number;
  readonly 'armed-state'?: 'armed' | 'standby' | 'disarming' | 'disarmed';
  readonly resource_mode?: string;
  readonly sid?: string;
  readonly state?: string;
  readonly crm_state?: string;
  readonly request_state?: string;
  readonly group?: string;
  readonly max_restart?: number;
  readonly max_relocate?: number;
  readonly failback?: number;
  readonly comment?: string;
}

/** A point in time, in seconds, as C's `ctime` writes it in the local zone: `Wed Nov 23 11:07:23 2016`. */
export type LocalTime = (time_s: number) => string;

const OLD_AFTER_S = 30;
const DRIFT_S = 2;

/** Quorum, master, fencing, an LRM per node, a service per resource; in this order. */
export function currentStatus(state: HaState, localTime: LocalTime): readonly StatusEntry[] {
  const { managerStatus } = state;
  const nodes = sortedKeys(managerStatus.node_status ?? {});
  return [
    quorumEntry(state),
    ...masterEntry(state, localTime),
    fencingEntry(state),
    ...nodes.map((node) => lrmEntry(state, node, localTime)),
    ...serviceEntries(state),
  ];
}

function quorumEntry({ node, quorate }: HaState): StatusEntry {
  const status = quorate ? 'OK' : `No quorum on node '${node}'!`;
  return { id: 'quorum', type: 'quorum', node, status, quorate: quorate ? 1 : 0 };
}

function masterEntry(state: HaState, localTime: LocalTime): readonly StatusEntry[] {
  const { master_node: node, timestamp, disarm } = state.managerStatus;
  if (!isTruthy(node) || !isTruthy(timestamp)) return [];
  const age = ageWord(state.now_s, timestamp!);
  const isIdle = age !== 'active' && state.quorate && state.resources.ids.size === 0;
  const disarmed = disarm === undefined ? '' : ` - ${disarm.state}, resource mode: ${disarm.mode}`;
  const scheduler = state.schedulerMode === 'basic' ? '' : ` - ${state.schedulerMode} load CRS`;
  const status = `${node} (${isIdle ? 'idle' : age}, ${localTime(timestamp!)})${disarmed}${scheduler}`;
  return [{ id: 'master', type: 'master', node: node!, status, timestamp: timestamp! }];
}

function fencingEntry(state: HaState): StatusEntry {
  const { master_node, timestamp, disarm } = state.managerStatus;
  const entry = { id: 'fencing', type: 'fencing', node: master_node ?? state.node } as const;
  if (disarm !== undefined) {
    const { state: armed, mode } = disarm;
    const watchdog = armed === 'disarmed' ? 'released' : 'active';
    const status = `${armed}, resource mode: ${mode} (CRM watchdog ${watchdog})`;
    return { ...entry, status, 'armed-state': armed, resource_mode: mode };
  }
  const isActive = isTruthy(master_node) && isTruthy(timestamp) && ageWord(state.now_s, timestamp!) === 'active';
  if (isActive) return { ...entry, status: 'armed (CRM watchdog active)', 'armed-state': 'armed' };
  return { ...entry, status: 'standby (CRM watchdog standby)', 'armed-state': 'standby' };
}

function lrmEntry(state: HaState, node: string, localTime: LocalTime): StatusEntry {
  const entry = { id: `lrm:${node}`, type: 'lrm', node } as const;
  const lrm = state.lrmStatus.get(node);
  if (lrm === undefined || !isTruthy(lrm.timestamp)) return { ...entry, status: `${node} (unable to read lrm status)` };
  const age = ageWord(state.now_s, lrm.timestamp!);
  const doing = lrmWord(lrm, age, state.managerStatus, node);
  const watchdog = watchdogWord(lrm, age);
  const status = `${node} (${doing}, ${watchdog}, ${localTime(lrm.timestamp!)})`;
  return { ...entry, status, timestamp: lrm.timestamp! };
}

function lrmWord({ state = '', mode = 'active' }: LrmStatus, age: string, status: ManagerStatus, node: string): string {
  if (age !== 'active') return mode === 'maintenance' || mode === 'disarm' ? `${mode} mode` : age;
  if (mode !== 'active') return `${mode} mode`;
  const isIdle = state === 'wait_for_agent_lock' && activeCount(status.service_status ?? {}, node) === 0;
  return isIdle ? 'idle' : state;
}

function watchdogWord({ state, mode }: LrmStatus, age: string): string {
  if (age === 'active' && (state === 'active' || state === 'maintenance')) return 'watchdog active';
  return mode === 'disarm' ? 'watchdog released' : 'watchdog standby';
}

function ageWord(now_s: number, timestamp: number): 'active' | 'old timestamp - dead?' | 'detected time drift!' {
  const age_s = now_s - timestamp;
  if (age_s > OLD_AFTER_S) return 'old timestamp - dead?';
  return age_s < -DRIFT_S ? 'detected time drift!' : 'active';
}

function serviceEntries(state: HaState): readonly StatusEntry[] {
  const services = state.managerStatus.service_status ?? {};
  const waiting = [...state.resources.ids.keys()].filter((sid) => !Object.hasOwn(services, sid)).sort(byBytes);
  return [...sortedKeys(services), ...waiting].map((sid) => serviceEntry(state, sid, services[sid]));
}

function serviceEntry(state: HaState, sid: string, service: ServiceStatus | undefined): StatusEntry {
  const resource = state.resources.ids.get(sid);
  const node = service?.node ?? configuredNode(state, sid) ?? '---';
  const word = serviceWord(state, sid, resource, service);
  return {
    id: `service:${sid}`,
    type: 'service',
    sid,
    node,
    status: `${sid} (${node}, ${word})`,
    state: word,
    ...(service !== undefined && { crm_state: service.state }),
    ...(resource !== undefined && configuredFields(resource)),
  };
}

function configuredFields(resource: HaResource) {
  const { group, comment, max_restart = 1, max_relocate = 1, failback = 1 } = resource;
  return {
    request_state: requestedState(resource),
    ...(group !== undefined && { group }),
    max_restart,
    max_relocate,
    failback,
    ...(comment !== undefined && { comment }),
  };
}

/** One word for what the manager does and what it is asked to do (§13.2, verbose state). */
function serviceWord(
  state: HaState,
  sid: string,
  resource: HaResource | undefined,
  service: ServiceStatus | undefined,
): string {
  if (state.managerStatus.disarm?.mode === 'ignore') return 'ignore';
  if (resource === undefined) return 'deleting';
  const wanted = requestedState(resource);
  if (wanted === 'ignored') return 'ignored';
  if (configuredNode(state, sid) === undefined) return 'not found';
  if (service === undefined) return 'queued';
  switch (service.state) {
    case 'stopped':
      return wanted === 'started' ? 'starting' : wanted === 'disabled' ? 'disabled' : 'stopped';
    case 'started':
      if (!isTruthy(service.running)) return 'starting';
      return wanted === 'stopped' || wanted === 'disabled' ? 'stopping' : 'started';
    case 'error':
      return wanted === 'disabled' ? 'clearing error flag' : 'error';
    default:
      return service.state;
  }
}

export interface ManagerStatusAnswer {
  readonly manager_status: ManagerStatus;
  readonly quorum: { readonly node: string; readonly quorate: 0 | 1 };
  readonly lrm_status: Readonly<Record<string, LrmStatus>>;
}

/** GET `/status/manager_status`. */
export function managerStatusAnswer({ managerStatus, node, quorate, lrmStatus }: HaState): ManagerStatusAnswer {
  return {
    manager_status: managerStatus,
    quorum: { node, quorate: quorate ? 1 : 0 },
    lrm_status: Object.fromEntries(lrmStatus),
  };
}
