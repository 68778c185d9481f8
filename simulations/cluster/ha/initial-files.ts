/** What a cluster with high availability has in its tree at the start. */
import { FIRST_VMID, type HaOptions, serviceIds } from './options.ts';

/** Of `pve-manager`, as nodes publish it. */
export const MANAGER_VERSION = '9.2.11';

export function versionInfo(softwareVersion: number): string {
  return JSON.stringify({ release: '9.2', repoid: `simulated${softwareVersion}`, version: MANAGER_VERSION });
}

export const HA_DIRECTORIES: readonly string[] = ['ha'];

export function guestPath(node: string, sid: string): string {
  return `nodes/${node}/qemu-server/${sid.slice(sid.indexOf(':') + 1)}.conf`;
}

/** Path → content. */
export function initialFiles(options: HaOptions, nodeCount: number): ReadonlyMap<string, string> {
  const { fencing, policy, rules, scheduler, services } = options;
  const sids = serviceIds(services);
  const crs = scheduler === '' ? '' : `crs: ${scheduler}\n`;
  const files = new Map([
    ['datacenter.cfg', `${crs}fencing: ${fencing}\nha: shutdown_policy=${policy}\n`],
    ['ha/resources.cfg', resourcesText(sids)],
  ]);
  if (rules !== '') files.set('ha/rules.cfg', rules.replaceAll('|', '\n'));
  if (fencing !== 'watchdog') files.set('ha/fence.cfg', fenceText(nodeCount));
  for (const [at, sid] of sids.entries()) files.set(guestPath(`n${1 + (at % nodeCount)}`, sid), guestText(sid));
  return files;
}

export function resourcesText(sids: readonly string[]): string {
  return sids.map((sid) => `${sid.replace(':', ': ')}\n\tstate started\n\n`).join('');
}

function guestText(sid: string): string {
  return `cores: 1\nmemory: 512\nname: guest${Number(sid.slice(3)) - FIRST_VMID}\n`;
}

function fenceText(nodeCount: number): string {
  const nodes = Array.from({ length: nodeCount }, (_, at) => `n${at + 1}`);
  return `device strip fence_simulated verbose\n${nodes.map((node) => `connect strip node=${node} plug=${node}\n`).join('')}`;
}
