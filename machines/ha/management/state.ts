/** What the operations of HA management look at: the files of spec/ha.md §8 and the state of the cluster, read once. */
import { byBytes, utf8ToText } from '../../../runtime/formats/byte-string.ts';
import { readDatacenterConfig } from '../../../runtime/formats/datacenter-config.ts';
import { type GroupSet, parseGroups } from '../groups.ts';
import { type HaResource, parseResources, type ResourceSet } from '../resources.ts';
import { parseRules, type RuleSet } from '../rules/rule-set.ts';
import type { LrmStatus, ManagerStatus } from '../state-files.ts';
import { type Refused, refused } from './outcome.ts';

export interface Guest {
  readonly node: string;
  readonly type: 'vm' | 'ct';
}

/** Texts are byte strings; a file that is not there is undefined. */
export interface HaTexts {
  /** This node. */
  readonly node: string;
  readonly now_s: number;
  /** The computed files `.members` and `.vmlist`. */
  readonly members: string | undefined;
  readonly vmlist: string | undefined;
  readonly resources: string | undefined;
  readonly rules: string | undefined;
  readonly groups: string | undefined;
  readonly managerStatus: string | undefined;
  readonly datacenter: string | undefined;
  /** By node. */
  readonly lrmStatus: ReadonlyMap<string, string | undefined>;
  /** Nodes whose `priv/lock/ha_agent_<node>_lock` is there. */
  readonly agentLocks: ReadonlySet<string>;
  /** What nodes have published as `version-info`: pve-manager's version by node. */
  readonly versions: ReadonlyMap<string, string>;
}

export interface HaState {
  readonly node: string;
  readonly now_s: number;
  /** Of the cluster, sorted. */
  readonly nodes: readonly string[];
  readonly online: ReadonlySet<string>;
  readonly quorate: boolean;
  /** By VMID. */
  readonly guests: ReadonlyMap<string, Guest>;
  readonly resources: ResourceSet;
  readonly rules: RuleSet;
  readonly groups: GroupSet;
  readonly managerStatus: ManagerStatus;
  readonly lrmStatus: ReadonlyMap<string, LrmStatus>;
  /** `ha` of `crs`. */
  readonly schedulerMode: string;
  readonly agentLocks: ReadonlySet<string>;
  readonly versions: ReadonlyMap<string, string>;
}

export const RESOURCES_FILE = 'ha/resources.cfg';
export const RULES_FILE = 'ha/rules.cfg';
export const GROUPS_FILE = 'ha/groups.cfg';

/** Warnings are those of the configuration files; only broken JSON is refused, since nothing can be said about it. */
export function readState(
  texts: HaTexts,
): Refused | { readonly ok: true; readonly state: HaState; readonly warnings: readonly string[] } {
  const resources = parseResources(texts.resources ?? '');
  const rules = parseRules(texts.rules ?? '');
  const groups = parseGroups(texts.groups ?? '');
  const datacenter = readDatacenterConfig(texts.datacenter ?? '');
  const broken: string[] = [];
  const json = <Value>(file: string, text: string | undefined): Partial<Value> => {
    if (text === undefined || text === '') return {};
    const value = parsedObject(text);
    if (value === undefined) broken.push(file);
    return (value ?? {}) as Partial<Value>;
  };
  const members = json<MembersFile>('.members', texts.members);
  const vmlist = json<GuestList>('.vmlist', texts.vmlist);
  const managerStatus = json<ManagerStatus>('ha/manager_status', texts.managerStatus);
  const lrmStatus = new Map<string, LrmStatus>();
  for (const [node, text] of texts.lrmStatus) {
    // One broken file of another node is in nobody's way: nothing is known of that LRM.
    lrmStatus.set(node, (text === '' ? {} : parsedObject(text ?? '')) ?? { mode: 'unknown' });
  }
  if (broken.length > 0) return refused('broken-file', `unable to read '${broken[0]}': not a JSON object`);
  return {
    ok: true,
    warnings: [...resources.warnings, ...rules.warnings, ...groups.warnings, ...datacenter.warnings],
    state: {
      node: texts.node,
      now_s: texts.now_s,
      ...clusterOf(members, texts.node),
      guests: guestsOf(vmlist),
      resources: resources.resources,
      rules: rules.rules,
      groups: groups.groups,
      managerStatus,
      lrmStatus,
      schedulerMode: String(datacenter.config.crs?.ha ?? 'basic'),
      agentLocks: texts.agentLocks,
      versions: texts.versions,
    },
  };
}

/** Nodes whose `lrm_status` belongs to a state: members, and nodes that the manager still knows. */
export function nodesOfInterest(texts: Pick<HaTexts, 'node' | 'members' | 'managerStatus'>): readonly string[] {
  const members = (parsedObject(texts.members ?? '') ?? {}) as Partial<MembersFile>;
  const status = (parsedObject(texts.managerStatus ?? '') ?? {}) as Partial<ManagerStatus>;
  const names = new Set([...clusterOf(members, texts.node).nodes, ...Object.keys(status.node_status ?? {})]);
  return [...names].filter((name) => /^[a-zA-Z0-9-]+$/.test(name)).sort(byBytes);
}

interface MembersFile {
  readonly cluster: { readonly quorate: number };
  readonly nodelist: Readonly<Record<string, { readonly online: number }>>;
}

interface GuestList {
  readonly ids: Readonly<Record<string, { readonly node: string; readonly type: string }>>;
}

/** Without cluster information the node is on its own, and quorate (spec/pmxcfs.md §6.7). */
function clusterOf({ cluster, nodelist }: Partial<MembersFile>, node: string) {
  if (nodelist === undefined) return { nodes: [node], online: new Set([node]), quorate: true };
  const nodes = Object.keys(nodelist).sort(byBytes);
  // The own node always counts as online (spec/ha.md §12).
  const online = new Set(nodes.filter((name) => name === node || nodelist[name]!.online === 1));
  return { nodes, online, quorate: cluster?.quorate === 1 };
}

function guestsOf({ ids = {} }: Partial<GuestList>): ReadonlyMap<string, Guest> {
  const guests = new Map<string, Guest>();
  for (const [vmid, { node, type }] of Object.entries(ids)) {
    if (type === 'qemu') guests.set(vmid, { node, type: 'vm' });
    else if (type === 'lxc') guests.set(vmid, { node, type: 'ct' });
  }
  return guests;
}

function parsedObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(utf8ToText(text));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Legacy groups are in force until there is none (§6.3). */
export function areGroupsMigrated({ groups }: HaState): boolean {
  return groups.ids.size === 0;
}

/** Where the guest of a resource is configured. */
export function configuredNode({ guests }: HaState, sid: string): string | undefined {
  const [type, vmid] = sid.split(':');
  const guest = guests.get(vmid ?? '');
  return guest?.type === type ? guest?.node : undefined;
}

/** The requested state in the manager's words (§8.4). */
export function requestedState({ state = 'started' }: HaResource): string {
  return state === 'enabled' ? 'started' : state;
}
