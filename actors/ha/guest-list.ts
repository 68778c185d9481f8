/** The guests of the cluster as pmxcfs lists them in `.vmlist`, and the configuration file of each (spec/pmxcfs.md §2.7, §6.7). */
import { isObject, readObject } from './cluster-files.ts';
import { type Outcome, succeeded } from './outcome.ts';
import type { Answer, ClusterFiles } from './ports.ts';

export interface Guest {
  readonly node: string;
  /** `qemu`, `lxc` or `openvz`. */
  readonly type: string;
}

/** By VMID. */
export type GuestList = ReadonlyMap<string, Guest>;

const folders: Readonly<Record<string, string>> = { qemu: 'qemu-server', lxc: 'lxc', openvz: 'openvz' };

export function readGuestList(files: ClusterFiles, done: Answer<Outcome<GuestList>>): void {
  readObject(files, '.vmlist', (read) => (read.ok ? done(succeeded(guestsOf(read.value?.ids))) : done(read)));
}

function guestsOf(ids: unknown): GuestList {
  const guests = new Map<string, Guest>();
  for (const [vmid, entry] of Object.entries(isObject(ids) ? ids : {})) {
    if (!isObject(entry)) continue;
    const { node, type } = entry;
    if (typeof node === 'string' && typeof type === 'string') guests.set(vmid, { node, type });
  }
  return guests;
}

/** `vm:100` is the guest 100. */
export function vmidOf(sid: string): string {
  return sid.slice(sid.indexOf(':') + 1);
}

export function sidOf(vmid: string, { type }: Guest): string {
  return `${type === 'qemu' ? 'vm' : 'ct'}:${vmid}`;
}

export function guestConfigPath(node: string, vmid: string, { type }: Pick<Guest, 'type'>): string {
  return `nodes/${node}/${folders[type] ?? type}/${vmid}.conf`;
}
