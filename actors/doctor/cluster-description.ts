/** What the files of an `/etc/pve` say that a cluster is: nodes, guests, HA resources and rules, states. Pure. */
import { type GroupSet, parseGroups } from '../../machines/ha/groups.ts';
import { parseResources, type ResourceSet } from '../../machines/ha/resources.ts';
import { parseRules, type RuleSet } from '../../machines/ha/rules/rule-set.ts';
import type { LrmStatus, ManagerStatus } from '../../machines/ha/state-files.ts';
import type { ClusterConfig } from '../../runtime/formats/cluster-config.ts';
import { optionOf, parseCorosyncConf, sectionOf } from '../../runtime/formats/corosync-conf.ts';
import { formatConfProblem, readClusterConfig } from '../../runtime/formats/corosync-conf-read.ts';
import { type DatacenterConfig, readDatacenterConfig } from '../../runtime/formats/datacenter-config.ts';
import { type GuestFacts, guestFacts } from './guest-facts.ts';
import { type Storages, storagesOf } from './storages.ts';
import type { TreeFiles } from './tree-files.ts';

export interface QuorumDevice {
  readonly model: string;
  readonly votes: number;
}

export interface NodeLoad {
  readonly memory_bytes: number;
  readonly used_bytes: number;
  readonly cpus: number;
}

export interface ClusterDescription {
  readonly files: TreeFiles;
  readonly config: ClusterConfig;
  readonly device: QuorumDevice | undefined;
  /** Names, sorted. */
  readonly nodes: readonly string[];
  /** By VMID. */
  readonly guests: ReadonlyMap<string, GuestFacts>;
  /** VMIDs that have a configuration on several nodes. */
  readonly doubles: ReadonlyMap<string, readonly string[]>;
  readonly resources: ResourceSet;
  readonly rules: RuleSet;
  readonly groups: GroupSet;
  readonly datacenter: DatacenterConfig;
  readonly manager: ManagerStatus;
  readonly lrm: ReadonlyMap<string, LrmStatus>;
  /** By `.members`; undefined where the tree has none. */
  readonly online: ReadonlyMap<string, boolean> | undefined;
  /** By `.rrd`, of nodes that have published theirs. */
  readonly loads: ReadonlyMap<string, NodeLoad>;
  readonly storages: Storages;
  readonly replicated: ReadonlyMap<string, ReadonlySet<string>>;
  /** Nodes that have a directory. */
  readonly directories: ReadonlySet<string>;
  /** What the files' readers had to say. */
  readonly warnings: readonly string[];
}

/** The description, or a sentence why there is none. */
export function describeCluster(files: TreeFiles): ClusterDescription | { readonly failure: string } {
  const conf = files.get('corosync.conf');
  if (conf === undefined) return { failure: 'there is no corosync.conf in it, so it is not the /etc/pve of a cluster' };
  const read = readClusterConfig(conf, 'corosync.conf');
  if (!('config' in read)) return { failure: read.errors.map(formatConfProblem).join('\n') };
  const warnings = read.warnings.map(formatConfProblem);
  const text = (path: string): string => files.get(path) ?? '';
  const json = (path: string): Readonly<Record<string, unknown>> => {
    const value = parsedObject(text(path));
    if (value === undefined) warnings.push(`${path} is no JSON object; it is ignored`);
    return value ?? {};
  };
  const resources = parseResources(text('ha/resources.cfg'));
  const rules = parseRules(text('ha/rules.cfg'));
  const groups = parseGroups(text('ha/groups.cfg'));
  const datacenter = readDatacenterConfig(text('datacenter.cfg'));
  warnings.push(...resources.warnings, ...rules.warnings, ...groups.warnings, ...datacenter.warnings);
  const directories = directoriesIn(files);
  const lrm = new Map([...directories].map((node) => [node, json(`nodes/${node}/lrm_status`) as LrmStatus]));
  const { guests, doubles } = guestsIn(files);
  return {
    files,
    config: read.config,
    device: deviceIn(conf),
    nodes: read.config.nodes.map(({ name }) => name).sort(),
    guests,
    doubles,
    resources: resources.resources,
    rules: rules.rules,
    groups: groups.groups,
    datacenter: datacenter.config,
    manager: json('ha/manager_status') as ManagerStatus,
    lrm,
    online: onlineIn(files.get('.members')),
    loads: loadsIn(text('.rrd')),
    storages: storagesOf(text('storage.cfg')),
    replicated: replicationIn(text('replication.cfg')),
    directories,
    warnings: warnings.map((warning) => warning.trim()),
  };
}

/** An empty text is an empty object; undefined where it is no object. */
function parsedObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'latin1').toString('utf8').replace(/\0+$/, ''));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function directoriesIn(files: TreeFiles): ReadonlySet<string> {
  const names = [...files.keys()].flatMap((path) => /^nodes\/([^/]+)\/$/.exec(path)?.[1] ?? []);
  return new Set(names);
}

const guestPath = /^nodes\/([^/]+)\/(qemu-server|lxc)\/([1-9]\d*)\.conf$/;

function guestsIn(files: TreeFiles): Pick<ClusterDescription, 'guests' | 'doubles'> {
  const guests = new Map<string, GuestFacts>();
  const places = new Map<string, string[]>();
  for (const [path, text] of files) {
    const match = guestPath.exec(path);
    if (match === null) continue;
    const [, node, folder, vmid] = match;
    guests.set(vmid!, guestFacts(node!, folder === 'lxc' ? 'ct' : 'vm', vmid!, text));
    places.set(vmid!, [...(places.get(vmid!) ?? []), node!]);
  }
  return { guests, doubles: new Map([...places].filter(([, nodes]) => nodes.length > 1)) };
}

function deviceIn(conf: string): QuorumDevice | undefined {
  const parsed = parseCorosyncConf(conf);
  if (!('conf' in parsed)) return undefined;
  const device = sectionOf(sectionOf(parsed.conf.sections, 'quorum'), 'device');
  if (device === undefined) return undefined;
  return { model: optionOf(device, 'model') ?? '', votes: Number(optionOf(device, 'votes') ?? 1) };
}

function onlineIn(members: string | undefined): ClusterDescription['online'] {
  const list = parsedObject(members ?? '')?.nodelist;
  if (typeof list !== 'object' || list === null) return undefined;
  return new Map(
    Object.entries(list as Readonly<Record<string, { readonly online?: unknown }>>).map(([name, { online }]) => [
      name,
      Number(online) === 1,
    ]),
  );
}

/** Columns behind the name: uptime, level, time, load, CPUs, CPU, wait, memory, used memory (spec/status.md §2). */
function loadsIn(rrd: string): ReadonlyMap<string, NodeLoad> {
  const loads = new Map<string, NodeLoad>();
  for (const line of rrd.split('\n')) {
    const match = /^pve(?:2|-)-?node(?:-[^/]*)?\/([^:]+):(.*)$/.exec(line);
    if (match === null) continue;
    const columns = match[2]!.split(':');
    const [cpus, memory_bytes, used_bytes] = [columns[4], columns[7], columns[8]].map(Number);
    if (memory_bytes! > 0)
      loads.set(match[1]!, { cpus: cpus || 0, memory_bytes: memory_bytes!, used_bytes: used_bytes || 0 });
  }
  return loads;
}

/** Guests with replicas of their disks, and on which nodes. */
function replicationIn(text: string): ReadonlyMap<string, ReadonlySet<string>> {
  const replicated = new Map<string, Set<string>>();
  for (const block of text.split(/\n(?=\S)/)) {
    const vmid = /^local:\s*(\d+)-\d+/.exec(block)?.[1];
    const target = /^\s+target\s+(\S+)/m.exec(block)?.[1];
    if (vmid === undefined || target === undefined || /^\s+disable(\s+1)?\s*$/m.test(block)) continue;
    replicated.set(vmid, (replicated.get(vmid) ?? new Set()).add(target));
  }
  return replicated;
}
