import { privilegeRefusal } from '../../../machines/access/permission-check.ts';
import { membersOf } from '../cluster-members.ts';
import { guestEntries, nodeFigures, poolEntries, storageEntries } from '../cluster-resources.ts';
import { datacenterValue } from '../datacenter.ts';
import { ApiFailure, parameterFailure } from '../failure.ts';
import { parsedJson } from '../json-text.ts';
import { identityOf, index, method, numberOf, textOf } from '../method.ts';
import type { Call } from '../world.ts';

const CHILDREN = [
  'acme',
  'backup',
  'backup-info',
  'bulk-action',
  'ceph',
  'config',
  'firewall',
  'ha',
  'jobs',
  'log',
  'mapping',
  'metrics',
  'nextid',
  'notifications',
  'options',
  'qemu',
  'replication',
  'resources',
  'sdn',
  'status',
  'tasks',
] as const;

async function clusterStatus({ world }: Call) {
  const { cluster } = await world.cluster.members();
  const nodes = (await membersOf(world)).map(({ name, id, isOnline, ip }) => ({
    type: 'node',
    id: `node/${name}`,
    name,
    nodeid: id,
    ...(ip !== undefined && { ip }),
    local: name === world.nodeName ? 1 : 0,
    online: isOnline ? 1 : 0,
    level: '',
  }));
  if (cluster === undefined) return nodes;
  const { name, nodes: count, version, quorate } = cluster;
  return [{ type: 'cluster', id: 'cluster', name, nodes: count, version, quorate }, ...nodes];
}

async function resources(call: Call) {
  const { world } = call;
  const type = textOf(call, 'type');
  const config = await world.userConfig();
  const question = { config, caller: identityOf(call) };
  const sees = (path: string, ...privileges: readonly string[]) =>
    privilegeRefusal(question, path, privileges, 'any') === undefined;
  const isWanted = (kind: string) => type === undefined || type === kind;
  const guests = type === undefined || type === 'vm' ? await guestEntries(world) : [];
  const visibleGuests = guests.filter(({ vmid }) => sees(`/vms/${vmid}`, 'VM.Audit'));
  const storages = isWanted('storage') ? await storageEntries(world) : [];
  const pools =
    type === undefined ? poolEntries(config, guests).filter(({ pool }) => sees(`/pool/${pool}`, 'Pool.Audit')) : [];
  return [
    ...pools,
    ...visibleGuests,
    ...(isWanted('node') ? await nodeEntries(call, sees) : []),
    ...storages.filter(({ storage }) => sees(`/storage/${storage}`, 'Datastore.Audit', 'Datastore.AllocateSpace')),
  ];
}

async function nodeEntries({ world }: Call, sees: (path: string, privilege: string) => boolean) {
  const figures = await nodeFigures(world);
  return (await membersOf(world)).map(({ name, isOnline }) => {
    const { level = '', ...numbers } = figures.get(name) ?? {};
    const isVisible = isOnline && sees(`/nodes/${name}`, 'Sys.Audit');
    return {
      id: `node/${name}`,
      type: 'node',
      node: name,
      status: isOnline ? 'online' : 'offline',
      level,
      ...(isVisible && numbers),
    };
  });
}

const DEFAULT_RANGE = { lower: 100, upper: 1_000_000 };

/** The lowest free number; `upper` is not given away, as in the original. */
async function nextId(call: Call) {
  const { world } = call;
  const guests = await world.cluster.guests();
  const wanted = textOf(call, 'vmid');
  if (wanted !== undefined) {
    if (guests.has(String(Number(wanted)))) throw parameterFailure({ vmid: `VM ${wanted} already exists` });
    return wanted;
  }
  const option = (await datacenterValue(world, 'next-id')) ?? '';
  const bound = (name: 'lower' | 'upper') =>
    Number(new RegExp(`(?:^|,)${name}=(\\d+)`).exec(option)?.[1] ?? DEFAULT_RANGE[name]);
  const [lower, upper] = [bound('lower'), bound('upper')];
  for (let vmid = lower; vmid < upper; vmid++) if (!guests.has(String(vmid))) return vmid;
  throw new ApiFailure(`unable to get any free VMID in range [${lower}, ${upper - 1}]`);
}

const DEFAULT_LOG_ENTRIES = 50;

interface LogEntry {
  readonly uid: number;
  readonly node: string;
  readonly [field: string]: unknown;
}

/** Without Sys.Syslog only the caller's own entries. */
async function clusterLog(call: Call) {
  const { world } = call;
  const caller = identityOf(call);
  const seesAll = privilegeRefusal({ config: await world.userConfig(), caller }, '/', ['Sys.Syslog']) === undefined;
  const text = await world.cluster.log(numberOf(call, 'max') ?? DEFAULT_LOG_ENTRIES, seesAll ? undefined : caller);
  const { data = [] } = (parsedJson(text) ?? {}) as { data?: readonly LogEntry[] };
  return data.map((entry) => ({ ...entry, id: `${entry.uid}:${entry.node}` }));
}

interface ListedTask {
  readonly upid: string;
  readonly user: string;
  readonly starttime: number;
  readonly tokenid?: string;
}

async function clusterTasks(call: Call) {
  const { world } = call;
  const caller = identityOf(call);
  const seesAll = privilegeRefusal({ config: await world.userConfig(), caller }, '/', ['Sys.Audit']) === undefined;
  const lists = await Promise.all(
    (await membersOf(world)).map(async ({ name }) => {
      const tasks = parsedJson((await world.cluster.nodeStatus('tasklist', name))?.toString('utf8'));
      return (Array.isArray(tasks) ? tasks : []) as readonly ListedTask[];
    }),
  );
  const isOwn = ({ user, tokenid }: ListedTask) =>
    user === caller || (tokenid !== undefined && `${user}!${tokenid}` === caller);
  return lists
    .flat()
    .filter((task) => seesAll || isOwn(task))
    .sort((one, other) => other.starttime - one.starttime || (one.upid < other.upid ? -1 : 1));
}

export const methods = [
  index('/cluster', CHILDREN),
  method('GET', '/cluster/status', clusterStatus),
  method('GET', '/cluster/resources', resources),
  method('GET', '/cluster/nextid', nextId),
  method('GET', '/cluster/log', clusterLog),
  method('GET', '/cluster/tasks', clusterTasks),
];
