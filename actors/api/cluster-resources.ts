/** What the cluster has, as entries of lists (spec/api.md §10.3): guests, storages, nodes, pools. */
import { readStorageConfig } from '../../machines/storage/storage-config.ts';
import type { UserConfig } from '../../runtime/formats/access/user-config.ts';
import { membersOf } from './cluster-members.ts';
import type { ApiWorld } from './world.ts';

export interface GuestEntry {
  readonly id: string;
  readonly type: 'qemu' | 'lxc';
  readonly vmid: number;
  readonly node: string;
  readonly name: string;
  readonly status: string;
  readonly template: 0 | 1;
  readonly pool?: string;
  readonly tags?: string;
  readonly lock?: string;
  readonly [figure: string]: unknown;
}

const STOPPED_FIGURES = { cpu: 0, mem: 0, uptime: 0, disk: 0, netin: 0, netout: 0, diskread: 0, diskwrite: 0 } as const;

/** All guests by number, with what their configurations tell. */
export async function guestEntries(world: ApiWorld): Promise<readonly GuestEntry[]> {
  const { vms } = await world.userConfig();
  const figures = await guestFigures(world);
  const entries = [...(await world.cluster.guests())].map(async ([vmid, { node, type }]): Promise<GuestEntry> => {
    const folder = type === 'qemu' ? 'qemu-server' : 'lxc';
    const config = (await world.cluster.read(`nodes/${node}/${folder}/${vmid}.conf`))?.toString('utf8') ?? '';
    const value = (key: string) => guestValue(config, key);
    const [tags, lock, pool] = [value('tags'), value('lock'), vms.get(vmid)];
    return {
      id: `${type}/${vmid}`,
      type,
      vmid: Number(vmid),
      node,
      name: value(type === 'qemu' ? 'name' : 'hostname') ?? `${type === 'qemu' ? 'VM' : 'CT'} ${vmid}`,
      status: 'unknown',
      template: value('template') === '1' ? 1 : 0,
      maxcpu: maxCpu(value, type),
      maxmem: Number(/\d+/.exec(value('memory') ?? '512')?.[0] ?? 512) * 1_048_576,
      maxdisk: 0,
      ...STOPPED_FIGURES,
      ...figures.get(vmid),
      ...(tags !== undefined && { tags }),
      ...(lock !== undefined && { lock }),
      ...(pool !== undefined && { pool }),
    };
  });
  return (await Promise.all(entries)).sort((one, other) => one.vmid - other.vmid);
}

function maxCpu(value: (key: string) => string | undefined, type: 'qemu' | 'lxc'): number {
  const cores = Number(value('cores') ?? 1);
  return type === 'qemu' ? Number(value('sockets') ?? 1) * cores : cores;
}

/** A value of a guest's current configuration: before the first section of a snapshot. */
export function guestValue(config: string, key: string): string | undefined {
  const current = config.split(/^\[/m)[0]!;
  return new RegExp(`^${key}:\\s*(.*?)\\s*$`, 'm').exec(current)?.[1];
}

const GUEST_FIGURES = [
  'maxcpu',
  'cpu',
  'maxmem',
  'mem',
  'maxdisk',
  'disk',
  'netin',
  'netout',
  'diskread',
  'diskwrite',
  'memhost',
] as const;

/** Figures that the nodes have broadcast, by VMID (spec/status.md §2). */
async function guestFigures(world: ApiWorld): Promise<ReadonlyMap<string, Record<string, unknown>>> {
  const figures = new Map<string, Record<string, unknown>>();
  for (const line of (await world.cluster.rrd()).split('\n')) {
    const [key = '', uptime, name, status, template, _ctime, ...values] = line.split(':');
    const vmid = /^pve(?:2\.3-vm|-vm-9\.0)\/(\d+)$/.exec(key)?.[1];
    if (vmid === undefined || status === undefined) continue;
    const numbers = GUEST_FIGURES.map((figure, place) => [figure, Number(values[place])] as const);
    figures.set(vmid, {
      uptime: Number(uptime) || 0,
      ...(name && { name }),
      status,
      template: template === '1' ? 1 : 0,
      ...Object.fromEntries(numbers.filter(([, number]) => Number.isFinite(number))),
    });
  }
  return figures;
}

export interface StorageEntry {
  readonly id: string;
  readonly type: 'storage';
  readonly storage: string;
  readonly node: string;
  readonly plugintype: string;
  readonly content: string;
  readonly shared: 0 | 1;
  readonly status: string;
  readonly disk: number;
  readonly maxdisk: number;
}

/** One entry per node and storage that it may use. */
export async function storageEntries(world: ApiWorld): Promise<readonly StorageEntry[]> {
  const { ids } = readStorageConfig((await world.cluster.read('storage.cfg'))?.toString('latin1') ?? '');
  const members = await membersOf(world);
  const figures = await storageFigures(world);
  const entries: StorageEntry[] = [];
  for (const [storage, definition] of ids) {
    if (definition === null || definition.values.get('disable') === 1) continue;
    const { type, values } = definition;
    const nodes = values.get('nodes') as ReadonlySet<string> | undefined;
    for (const { name: node } of members) {
      if (nodes !== undefined && !nodes.has(node)) continue;
      const figure = figures.get(`${node}/${storage}`);
      entries.push({
        id: `storage/${node}/${storage}`,
        type: 'storage',
        storage,
        node,
        plugintype: type,
        content: [...((values.get('content') as ReadonlySet<string> | undefined) ?? [])].sort().join(','),
        shared: values.get('shared') === 1 ? 1 : 0,
        status: figure === undefined ? 'unknown' : 'available',
        disk: figure?.used ?? 0,
        maxdisk: figure?.total ?? 0,
      });
    }
  }
  return entries.sort((one, other) => (one.id < other.id ? -1 : 1));
}

async function storageFigures(world: ApiWorld) {
  const figures = new Map<string, { readonly total: number; readonly used: number }>();
  for (const line of (await world.cluster.rrd()).split('\n')) {
    const [key = '', _ctime, total, used] = line.split(':');
    const place = /^pve(?:2-storage|-storage-9\.0)\/(.+\/.+)$/.exec(key)?.[1];
    if (place !== undefined) figures.set(place, { total: Number(total) || 0, used: Number(used) || 0 });
  }
  return figures;
}

/** Pools with the sums of their guests. */
export function poolEntries({ pools }: UserConfig, guests: readonly GuestEntry[]) {
  return [...pools.keys()].sort().map((pool) => {
    const own = guests.filter((guest) => guest.pool === pool && guest.template === 0);
    const sum = (figure: string) => own.reduce((total, guest) => total + (Number(guest[figure]) || 0), 0);
    const maxcpu = sum('maxcpu');
    const load = own.reduce((total, guest) => total + Number(guest.cpu ?? 0) * Number(guest.maxcpu ?? 0), 0);
    return {
      id: `/pool/${pool}`,
      type: 'pool',
      pool,
      ...(own.length > 0 && {
        cpu: maxcpu > 0 ? load / maxcpu : 0,
        maxcpu,
        mem: sum('mem'),
        maxmem: sum('maxmem'),
        uptime: Math.max(0, ...own.map((guest) => Number(guest.uptime) || 0)),
      }),
    };
  });
}

const NODE_FIGURES = [
  'loadavg',
  'maxcpu',
  'cpu',
  'iowait',
  'maxmem',
  'mem',
  'swaptotal',
  'swapused',
  'maxdisk',
  'disk',
] as const;
const SHOWN_FIGURES = new Set(['maxcpu', 'cpu', 'maxmem', 'mem', 'maxdisk', 'disk']);

/** Figures that nodes have broadcast, by node. */
export async function nodeFigures(world: ApiWorld): Promise<ReadonlyMap<string, Record<string, number | string>>> {
  const figures = new Map<string, Record<string, number | string>>();
  for (const line of (await world.cluster.rrd()).split('\n')) {
    const [key = '', uptime, level, _ctime, ...values] = line.split(':');
    const node = /^pve(?:2-node|-node-9\.0)\/(.+)$/.exec(key)?.[1];
    if (node === undefined) continue;
    const numbers = NODE_FIGURES.map((figure, place) => [figure, Number(values[place])] as const);
    const shown = numbers.filter(([figure, number]) => SHOWN_FIGURES.has(figure) && Number.isFinite(number));
    figures.set(node, {
      uptime: Number(uptime) || 0,
      level: level === 'U' ? '' : (level ?? ''),
      ...Object.fromEntries(shown),
    });
  }
  return figures;
}
